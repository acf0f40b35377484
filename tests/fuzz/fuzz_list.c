/* Trust lists and signed files. Input is a file; or, from FUZZ_EDIT on, one of the good lists and what is
 * changed in it. */
#include "fuzz.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_EDIT 0xe0
#define SIZE_MOST 20000

/* ---- What always holds */

static struct trust_signer *signer(void)
{
    static struct trust_signer *made; /* lives as long as the program */
    const struct trust_cert_request request = {
        .common_name = "fuzz", .days = 100, .digest = TRUST_DIGEST_SHA1, .now = 1700000000};
    struct trust_error err = {0};
    struct trust_key *key;
    struct trust_cert *cert;
    if (made != NULL)
        return made;
    struct trust_bytes pem = fixture_read("keys/rsa-512.pem");
    fuzz_ok(trust_key_parse(pem, NULL, &key, &err), &err);
    fuzz_ok(trust_cert_generate(&request, key, &cert, &err), &err);
    fuzz_ok(trust_signer_from_key(cert, key, &made, &err), &err);
    trust_cert_free(cert);
    trust_key_free(key);
    fixture_free(pem);
    return made;
}

static void check_elements(const struct trust_list *list, const struct trust_element *elements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_lt(elements[i].offset, list->file.len);
        ck_assert_int_eq(list->file.data[elements[i].offset], elements[i].tag);
        ck_assert(fuzz_inside(elements[i].value, list->file));
    }
}

/* Written out of its elements it is the file. */
static void check_whole(const struct trust_list *list)
{
    struct trust_error err = {0};
    struct trust_bytes pieces[2];
    uint8_t *bytes;
    size_t len;
    fuzz_ok(trust_list_encode(list, &bytes, &len, &err), &err);
    ck_assert(fuzz_same((struct trust_bytes){bytes, len}, list->file));
    free(bytes);
    check_elements(list, list->header.elements, list->header.element_count);
    for (size_t i = 0; i < list->record_count; i++)
        check_elements(list, list->records[i].elements, list->records[i].element_count);
    ck_assert(fuzz_inside(list->payload, list->file));
    trust_list_signed_pieces(list, pieces);
    ck_assert(fuzz_inside(pieces[0], list->file) && fuzz_inside(pieces[1], list->file));
    ck_assert_uint_eq(pieces[0].len + pieces[1].len + 3 + list->header.signature.len, list->file.len);
}

/* Signed anew its records stand there byte for byte, and the signature is good. */
static void check_resigned(const struct trust_list *list)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .timestamp = 1700000000, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    struct trust_error err = {0};
    struct trust_list *fresh;
    int rc = trust_list_resign(list, &header, NULL, 0, signer(), &fresh, &err);
    fuzz_error(rc, &err);
    if (rc == TRUST_ETOOLARGE)
        return;
    fuzz_ok(rc, &err);
    ck_assert_uint_eq(fresh->record_count, list->record_count);
    const size_t old_header = list->header.length, new_header = fresh->header.length;
    ck_assert(fuzz_same((struct trust_bytes){list->file.data + old_header, list->file.len - old_header},
                        (struct trust_bytes){fresh->file.data + new_header, fresh->file.len - new_header}));
    fuzz_ok(trust_list_verify(fresh, trust_signer_cert(signer()), &err), &err);
    check_whole(fresh);
    trust_list_free(fresh);
}

/* ---- Nobody but the signer makes it good */

struct good {
    const char *name;
    struct trust_bytes file;
    struct trust_cert *signer;
};

/* The last is a signed file, by the signer of the one before it. */
static struct good goods[] = {{.name = "good/own-itl-hashes.tlv"}, {.name = "good/peer-ctl-sha1.tlv"},
                              {.name = "good/own-ctl-tokens.tlv"}, {.name = "good/peer-ctl-etokens.tlv"},
                              {.name = "good/peer-itl-ec.tlv"},    {.name = "SEP0011215A1AE3.cnf.xml.sgn"}};
#define GOODS (sizeof goods / sizeof goods[0])

static void read_goods(void)
{
    struct trust_error err = {0};
    struct trust_list *list;
    if (goods[0].file.data != NULL)
        return;
    for (size_t i = 0; i < GOODS; i++)
        goods[i].file = fixture_read(goods[i].name);
    for (size_t i = 0; i + 1 < GOODS; i++) {
        fuzz_ok(trust_list_parse(goods[i].file, &list, &err), &err);
        fuzz_ok(trust_list_verify_self(list, &goods[i].signer, &err), &err);
        trust_list_free(list);
    }
    goods[GOODS - 1].signer = goods[GOODS - 2].signer;
    fuzz_ok(trust_signed_file_parse(goods[GOODS - 1].file, &list, &err), &err);
    fuzz_ok(trust_list_verify(list, goods[GOODS - 1].signer, &err), &err);
    trust_list_free(list);
}

static void check_verdict(const struct trust_list *list)
{
    struct trust_error err = {0};
    for (size_t i = 0; i < GOODS; i++) {
        int rc = trust_list_verify(list, goods[i].signer, &err);
        fuzz_error(rc, &err);
        if (rc != 0)
            continue;
        bool known = false; /* one signer may have signed several of them */
        for (size_t k = 0; k < GOODS; k++)
            known |= fuzz_same(list->file, goods[k].file);
        ck_assert_msg(known, "what was changed verifies by the signer of %s", goods[i].name);
    }
    struct trust_cert *self;
    int rc = trust_list_verify_self(list, &self, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (self != NULL));
    if (rc == 0)
        ck_assert(trust_list_signer_is(list, self) && trust_list_holds(list, self));
    trust_cert_free(self);
}

static void check_file(struct trust_bytes file)
{
    struct trust_error err = {0};
    struct trust_list *list;
    int rc = trust_list_parse(file, &list, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (list != NULL));
    if (rc == 0) {
        ck_assert(fuzz_same(list->file, file));
        check_whole(list);
        check_resigned(list);
        check_verdict(list);
    }
    trust_list_free(list);
    rc = trust_signed_file_parse(file, &list, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (list != NULL));
    if (rc == 0) {
        check_whole(list);
        check_verdict(list);
    }
    trust_list_free(list);
}

/* ---- Changes */

struct text {
    uint8_t bytes[SIZE_MOST];
    size_t len;
};

static void text_remove(struct text *text, size_t at, size_t len)
{
    memmove(text->bytes + at, text->bytes + at + len, text->len - at - len);
    text->len -= len;
}

static void text_insert(struct text *text, size_t at, const uint8_t *bytes, size_t len)
{
    if (len == 0 || text->len + len > sizeof text->bytes)
        return;
    memmove(text->bytes + at + len, text->bytes + at, text->len - at);
    memcpy(text->bytes + at, bytes, len);
    text->len += len;
}

static size_t at_most(size_t number, size_t most)
{
    return number < most ? number : most;
}

static void text_change(struct text *text, struct trust_bytes *script)
{
    uint8_t piece[2048];
    const uint8_t how = fuzz_take_byte(script);
    const size_t at = at_most(fuzz_take_word(script), text->len);
    const size_t len = at_most(fuzz_take_word(script) % sizeof piece, text->len - at);
    if (at == text->len && how % 6 != 3)
        return;
    switch (how % 6) {
    case 0:
        text->bytes[at] = fuzz_take_byte(script);
        break;
    case 1: /* a length or another number of two bytes */
        text->bytes[at] = (uint8_t)(text->bytes[at] + (int8_t)fuzz_take_byte(script));
        break;
    case 2:
        text_remove(text, at, len);
        break;
    case 3: {
        struct trust_bytes more = fuzz_take(script, fuzz_take_byte(script));
        text_insert(text, at, more.data, more.len);
        break;
    }
    case 4: /* moved */
    case 5: /* doubled */
        memcpy(piece, text->bytes + at, len);
        if (how % 6 == 4)
            text_remove(text, at, len);
        text_insert(text, at_most(fuzz_take_word(script), text->len), piece, len);
        break;
    }
}

static void check_changed(const struct good *good, struct trust_bytes script)
{
    static struct text text;
    ck_assert_uint_le(good->file.len, sizeof text.bytes);
    memcpy(text.bytes, good->file.data, good->file.len);
    text.len = good->file.len;
    for (int changes = 0; changes < 16 && script.len > 0; changes++)
        text_change(&text, &script);
    uint8_t *exact = malloc(text.len + 1); /* so that a sanitizer sees every step past the end */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text.bytes, text.len);
    check_file((struct trust_bytes){exact, text.len});
    free(exact);
}

void fuzz_one(struct trust_bytes input)
{
    read_goods();
    if (input.len > 0 && input.data[0] >= FUZZ_EDIT) {
        uint8_t which = fuzz_take_byte(&input);
        check_changed(&goods[(which - FUZZ_EDIT) % GOODS], input);
    } else {
        check_file(input);
    }
}
