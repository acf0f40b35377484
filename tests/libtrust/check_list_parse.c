#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const *good, *const *bad;
static size_t good_count, bad_count;

/* ---- Lists that other software wrote, against what that software says of them */

/* One line of a listing that is about a record (or the header, if record is NULL). */
static void compare_line(const struct trust_list *list, const struct trust_list_record *record,
                         const char *key, const char *value)
{
    const struct trust_bytes subject = record != NULL ? record->subject : list->header.signer_name;
    const struct trust_bytes issuer = record != NULL ? record->issuer : list->header.ca_name;
    const struct trust_bytes serial = record != NULL ? record->serial : list->header.serial;
    char hex[2 * 64 + 1];
    if (strcmp(key, "Subject Name") == 0 || strcmp(key, "Signer Name") == 0) {
        ck_assert_msg(helper_is(subject, value), "subject is not \"%s\"", value);
    } else if (strcmp(key, "Issuer Name") == 0) {
        ck_assert_msg(helper_is(issuer, value), "issuer is not \"%s\"", value);
    } else if (strcmp(key, "Serial Numer") == 0 || strcmp(key, "Serial Number") == 0) {
        ck_assert_str_eq(trust_hex(serial, 0, false, hex), value);
    } else if (strcmp(key, "Role") == 0) {
        ck_assert_str_eq(trust_role_short_name(record->function), value);
    } else if (strcmp(key, "Certificate Hash") == 0) {
        uint8_t hash[TRUST_DIGEST_MAX];
        ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA1, &record->certificate, 1, hash, NULL), 0);
        ck_assert_str_eq(trust_hex((struct trust_bytes){hash, 20}, 0, false, hex), value);
    } else if (strcmp(key, "Record Length") == 0) {
        ck_assert_int_eq(record->length, atoi(value));
    } else if (strcmp(key, "Header Length") == 0) {
        ck_assert_int_eq(list->header.length, atoi(value));
    } else if (strcmp(key, "Public Key") == 0) {
        ck_assert_int_eq((int)record->public_key.len, atoi(value));
    } else if (strcmp(key, "Certificate") == 0) {
        ck_assert_int_eq((int)record->certificate.len, atoi(value));
    } else if (strcmp(key, "Signature") == 0) {
        ck_assert_int_eq((int)(record != NULL ? record->signature.len : list->header.signature.len),
                         atoi(value));
    } else if (strcmp(key, "Digest Algorithm") == 0) {
        ck_assert_int_eq(list->header.digest, trust_digest_by_name(value));
    } else if (strcmp(key, "Filename") == 0) {
        ck_assert(helper_is(list->header.filename, value));
    } else if (strcmp(key, "Timestamp") == 0) {
        struct tm tm = {0};
        ck_assert_ptr_nonnull(strptime(value, "%Y-%m-%d %H:%M:%S", &tm));
        ck_assert_int_eq((int64_t)list->header.timestamp, (int64_t)timegm(&tm));
    }
}

static void compare_listing(const struct trust_list *list, const char *list_name)
{
    char name[256], line[1024];
    snprintf(name, sizeof name, "%.*s.listing.txt", (int)(strlen(list_name) - strlen(".tlv")), list_name);
    FILE *file = fopen(fixture_path(name), "r");
    if (file == NULL)
        return; /* one of our own */
    size_t lines = 0, records = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strstr(line, ": ");
        if (value == NULL)
            continue;
        *value = '\0';
        value += 2 + strspn(value + 2, " ");
        if (strcmp(line, "Record Length") == 0)
            ck_assert_uint_le(++records, list->record_count);
        compare_line(list, records > 0 ? &list->records[records - 1] : NULL, line, value);
        lines++;
    }
    fclose(file);
    ck_assert_uint_eq(records, list->record_count);
    ck_assert_uint_gt(lines, 20);
}

START_TEST(good_list)
{
    struct trust_error err = {0};
    struct trust_cert *signer;
    struct trust_bytes file = fixture_read(good[_i]);
    struct trust_list *list = helper_parse(file);
    helper_ok(trust_list_verify_self(list, &signer, &err), &err);
    ck_assert(trust_list_signer_is(list, signer));
    ck_assert_int_eq(trust_list_is_itl(list), strstr(helper_base(good[_i]), "itl") != NULL);
    helper_round_trip(list);
    compare_listing(list, good[_i]);
    trust_cert_free(signer);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

/* A list that a CUCM of 2015 wrote. It belongs to others, so it is no part of the project. */
START_TEST(cucm_list)
{
    const char *path = helper_extra_list("cisco-built-ctl.tlv");
    if (path == NULL)
        return;
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read(path), pieces[2];
    struct trust_list *list = helper_parse(file);
    uint8_t hash[TRUST_DIGEST_MAX];
    char hex[41];
    size_t tokens = 0;
    ck_assert_uint_eq(list->record_count, 6);
    for (size_t i = 0; i < list->record_count; i++)
        tokens += list->records[i].function == TRUST_ROLE_SAST;
    ck_assert_uint_eq(tokens, 2);
    trust_list_signed_pieces(list, pieces);
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA1, pieces, 2, hash, &err), &err);
    ck_assert_str_eq(trust_hex((struct trust_bytes){hash, 20}, 0, false, hex),
                     "fa268ab1d9cf393332d159978cb185caeed0559c");
    helper_ok(trust_list_verify_self(list, NULL, &err), &err);
    helper_round_trip(list);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

/* ---- Bad ones fail with the code in their names */

START_TEST(bad_list)
{
    struct trust_error err = {0};
    struct trust_list *list;
    struct trust_bytes file = fixture_read(bad[_i]);
    int rc = trust_list_parse(file, &list, &err);
    if (rc == 0)
        rc = trust_list_verify_self(list, NULL, &err);
    else
        ck_assert_ptr_null(list);
    helper_openssl_is_quiet();
    ck_assert_msg(rc == helper_promised_code(bad[_i]), "%s: %s: %s", helper_base(bad[_i]),
                  trust_error_name(rc), err.text);
    ck_assert_int_eq(err.code, rc);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    ck_assert_uint_gt(strlen(err.text), 10);
    ck_assert(err.offset == TRUST_NO_OFFSET || err.offset <= file.len);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

/* A list that is cut anywhere but behind a record does not parse, and none verifies. */
START_TEST(cut_list)
{
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    struct trust_list *whole = helper_parse(file);
    struct trust_cert *signer;
    ck_assert_int_eq(trust_list_verify_self(whole, &signer, NULL), 0);
    for (size_t len = 0; len < file.len; len++) {
        struct trust_error err = {0};
        struct trust_list *list;
        bool boundary = len == whole->header.length;
        for (size_t i = 0; i < whole->record_count; i++)
            boundary = boundary || len == whole->records[i].offset;
        int rc = trust_list_parse((struct trust_bytes){file.data, len}, &list, &err);
        ck_assert_msg((rc == 0) == boundary, "cut after %zu bytes: %s", len, err.text);
        if (rc == 0)
            ck_assert_int_eq(trust_list_verify(list, signer, &err), TRUST_ESIGNATURE);
        else
            ck_assert_int_eq(rc, len == 0 ? TRUST_EEMPTY : TRUST_ETRUNCATED);
        trust_list_free(list);
    }
    trust_cert_free(signer);
    trust_list_free(whole);
    fixture_free(file);
}
END_TEST

START_TEST(too_large)
{
    struct trust_error err = {0};
    struct trust_list *list;
    uint8_t *bytes = calloc(1, TRUST_SIGNED_FILE_MAX + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(trust_list_parse((struct trust_bytes){bytes, TRUST_LIST_MAX + 1}, &list, &err),
                     TRUST_ETOOLARGE);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(
        trust_signed_file_parse((struct trust_bytes){bytes, TRUST_SIGNED_FILE_MAX + 1}, &list, NULL),
        TRUST_ETOOLARGE);
    free(bytes);
}
END_TEST

START_TEST(empty_files)
{
    struct trust_error err = {0};
    struct trust_list *list;
    ck_assert_int_eq(trust_list_parse((struct trust_bytes){NULL, 0}, &list, &err), TRUST_EEMPTY);
    ck_assert_str_eq(err.text, "an empty file is no trust list");
    ck_assert_int_eq(trust_signed_file_parse((struct trust_bytes){NULL, 0}, &list, &err), TRUST_EEMPTY);
    ck_assert_str_eq(err.text, "an empty file is no signed file");
    trust_list_free(NULL);
}
END_TEST

/* ---- What the parts hold */

START_TEST(elements)
{
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    struct trust_list *list = helper_parse(file);
    ck_assert_int_eq(list->header.major, 1);
    ck_assert_int_eq(list->header.minor, 2);
    ck_assert_int_eq(list->header.modulus, 1);
    ck_assert_int_eq(list->header.algorithm, 0);
    size_t next = 0;
    for (size_t i = 0; i < list->header.element_count; i++) {
        const struct trust_element *element = &list->header.elements[i];
        ck_assert_uint_eq(element->offset, next);
        ck_assert_int_eq(element->tag, file.data[element->offset]);
        next += element->tag == TRUST_HEADER_PADDING ? 1 : 3 + element->value.len;
        if (element->tag == TRUST_HEADER_SIGNERID)
            ck_assert_int_eq(element->length, 149);
    }
    ck_assert_uint_eq(next, list->header.length);
    for (size_t i = 0; i < list->record_count; i++) {
        ck_assert_uint_eq(list->records[i].offset, next);
        ck_assert_uint_eq(list->records[i].elements[0].offset, next);
        ck_assert(!list->records[i].has_address);
        next += list->records[i].length;
    }
    ck_assert_uint_eq(next, file.len);
    ck_assert_uint_eq(list->payload.len, 0);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

START_TEST(tag_names)
{
    ck_assert_str_eq(trust_header_tag_name(8), "DIGESTALGORTITHM");
    ck_assert_str_eq(trust_header_tag_name(10), "SIGNATUREALGORTITHM");
    ck_assert_str_eq(trust_record_tag_name(12), "HASH ALGORITHM");
    ck_assert_str_eq(trust_record_tag_name(1), "RECORDLENGTH");
    static const uint8_t silent[] = {0, 1, 2, 13, 16, 28, 255};
    for (size_t i = 0; i < sizeof silent; i++)
        ck_assert_ptr_null(trust_header_tag_name(silent[i]));
    ck_assert_ptr_null(trust_record_tag_name(0));
    ck_assert_ptr_null(trust_record_tag_name(13));
}
END_TEST

/* ---- Signed configuration files */

START_TEST(signed_file)
{
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read("SEP0011215A1AE3.cnf.xml.sgn");
    struct trust_cert *pub = helper_cert_file("pub.crt"), *old = helper_cert_file("pub-old.crt");
    struct trust_list *list;
    helper_ok(trust_signed_file_parse(file, &list, &err), &err);
    ck_assert(helper_is(list->payload, "<device><sipProfile/></device>\n"));
    ck_assert(helper_is(list->header.filename, "SEP0011215A1AE3.cnf.xml.sgn"));
    ck_assert_uint_eq(list->record_count, 0);
    ck_assert_int_eq(list->header.minor, 0);
    helper_ok(trust_list_verify(list, pub, &err), &err);
    ck_assert_int_eq(trust_list_verify(list, old, &err), TRUST_ESIGNER);
    ck_assert(!trust_list_is_itl(list));
    helper_round_trip(list);
    trust_list_free(list);
    /* A changed payload. */
    uint8_t *changed = malloc(file.len);
    memcpy(changed, file.data, file.len);
    changed[file.len - 2] ^= 1;
    helper_ok(trust_signed_file_parse((struct trust_bytes){changed, file.len}, &list, &err), &err);
    ck_assert_int_eq(trust_list_verify(list, pub, &err), TRUST_ESIGNATURE);
    helper_openssl_is_quiet();
    trust_list_free(list);
    free(changed);
    trust_cert_free(pub);
    trust_cert_free(old);
    fixture_free(file);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("list_parse");
    TCase *tcase = tcase_create("parse");
    good = helper_files("good/*.tlv", &good_count);
    bad = helper_files("bad/*.tlv", &bad_count);
    tcase_add_loop_test(tcase, good_list, 0, (int)good_count);
    tcase_add_test(tcase, cucm_list);
    tcase_add_loop_test(tcase, bad_list, 0, (int)bad_count);
    tcase_add_test(tcase, cut_list);
    tcase_add_test(tcase, too_large);
    tcase_add_test(tcase, empty_files);
    tcase_add_test(tcase, elements);
    tcase_add_test(tcase, tag_names);
    tcase_add_test(tcase, signed_file);
    suite_add_tcase(suite, tcase);
    return suite;
}
