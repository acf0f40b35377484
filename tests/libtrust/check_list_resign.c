#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdlib.h>
#include <string.h>

static struct trust_key *old_key, *new_key;
static struct trust_cert *old_cert, *new_cert, *other_cert;
static struct trust_signer *old_signer, *new_signer;
static const uint8_t address[4] = {10, 48, 47, 155};

static void setup(void)
{
    old_key = helper_key("rsa:1024");
    new_key = helper_key("rsa:2048");
    old_cert = helper_cert(&(struct helper_plan){.subject = "CN=old", .serial = "01", .key = old_key});
    new_cert = helper_cert(&(struct helper_plan){.subject = "CN=new", .serial = "02", .key = new_key});
    other_cert = helper_cert(&(struct helper_plan){.subject = "CN=CAPF", .serial = "03", .key = new_key});
    old_signer = helper_signer(old_cert, old_key);
    new_signer = helper_signer(new_cert, new_key);
}

static void teardown(void)
{
    trust_signer_free(old_signer);
    trust_signer_free(new_signer);
    trust_cert_free(old_cert);
    trust_cert_free(new_cert);
    trust_cert_free(other_cert);
    trust_key_free(old_key);
    trust_key_free(new_key);
}

static const struct trust_header_spec ctl_header = {
    .filename = "CTLFile.tlv", .timestamp = 1425667513, .digest = TRUST_DIGEST_SHA512, .minor = 2};
static const struct trust_header_spec itl_header = {
    .filename = "ITLFile.tlv", .timestamp = 1311776184, .digest = TRUST_DIGEST_SHA1, .minor = 2};

/* Other signer, other digest, other time: the records stay what they were, behind the new ones. */
START_TEST(records_stay)
{
    struct trust_error err = {0};
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, old_cert, .dns_name = "a"},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_CAPF, other_cert, .dns_name = "b", .address = address},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, other_cert, "c", .hash = TRUST_DIGEST_SHA1},
        {TRUST_RECORD_BLANK, 0x1234, NULL, .dns_name = NULL},
    };
    const struct trust_record_spec first[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, new_cert, .dns_name = "new"},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, new_cert, "new", .hash = TRUST_DIGEST_SHA256},
    };
    struct trust_list *list = helper_build(&itl_header, records, 4, old_signer), *again;
    for (size_t count = 0; count <= 2; count++) {
        helper_ok(trust_list_resign(list, &ctl_header, first, count, new_signer, &again, &err), &err);
        helper_round_trip(again);
        helper_ok(trust_list_verify(again, new_cert, &err), &err);
        ck_assert_int_eq(trust_list_verify(again, old_cert, &err), TRUST_ESIGNER);
        ck_assert_int_eq(again->header.digest, TRUST_DIGEST_SHA512);
        ck_assert(!trust_list_is_itl(again));
        ck_assert_uint_eq(again->record_count, count + 4);
        const size_t from = list->records[0].offset, to = again->records[count].offset;
        ck_assert_uint_eq(again->file.len - to, list->file.len - from);
        ck_assert_mem_eq(again->file.data + to, list->file.data + from, list->file.len - from);
        if (count > 0)
            ck_assert(helper_is(again->records[0].dns_name, "new"));
        trust_list_free(again);
    }
    trust_list_free(list);
}
END_TEST

/* What another program wrote, with elements that are not known here. */
START_TEST(files_of_others)
{
    static const char *const *files; /* as long as the process */
    size_t count;
    files = helper_files("good/*.tlv", &count);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        struct trust_error err = {0};
        struct trust_bytes file = fixture_read(files[i]);
        struct trust_list *list = helper_parse(file), *again;
        const size_t start = list->header.length;
        helper_ok(trust_list_resign(list, &itl_header, NULL, 0, new_signer, &again, &err), &err);
        ck_assert_msg(again->record_count == list->record_count, "%s", files[i]);
        ck_assert_uint_eq(again->file.len - again->header.length, file.len - start);
        ck_assert(again->record_count == 0 ||
                  memcmp(again->file.data + again->header.length, file.data + start, file.len - start) == 0);
        helper_ok(trust_list_verify(again, new_cert, &err), &err);
        trust_list_free(again);
        trust_list_free(list);
        fixture_free(file);
    }
}
END_TEST

START_TEST(refuses)
{
    struct trust_error err = {0};
    struct trust_list *file, *list, *again = (struct trust_list *)&err;
    struct trust_header_spec header = ctl_header;
    helper_ok(trust_signed_file_build(&header, (struct trust_bytes){(const uint8_t *)"text", 4}, old_signer,
                                      &file, &err),
              &err);
    ck_assert_int_eq(trust_list_resign(file, &header, NULL, 0, old_signer, &again, &err), TRUST_EARGUMENT);
    ck_assert_ptr_null(again);
    trust_list_free(file);

    const struct trust_record_spec bad = {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, NULL, .dns_name = "a"};
    list = helper_build(&header, NULL, 0, old_signer);
    ck_assert_int_eq(trust_list_resign(list, &header, &bad, 1, old_signer, &again, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "record 1"));
    header.filename = NULL;
    ck_assert_int_eq(trust_list_resign(list, &header, NULL, 0, old_signer, &again, &err), TRUST_EARGUMENT);
    trust_list_free(list);

    /* Fifteen of the largest records fit, one more of them is too much. */
    char *name = malloc(65536);
    memset(name, 'x', 65535);
    name[65535 - 5 - 3 - 5 - 1] = '\0';
    struct trust_record_spec records[15];
    for (size_t i = 0; i < 15; i++)
        records[i] = (struct trust_record_spec){TRUST_RECORD_HOLLOW, 1, NULL, .dns_name = name};
    list = helper_build(&ctl_header, records, 15, old_signer);
    ck_assert_int_eq(trust_list_resign(list, &ctl_header, records, 1, old_signer, &again, &err),
                     TRUST_ETOOLARGE);
    ck_assert_ptr_nonnull(strstr(err.text, "limit"));
    ck_assert_ptr_null(again);
    trust_list_free(list);
    free(name);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("list_resign");
    TCase *tcase = tcase_create("resign");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, records_stay);
    tcase_add_test(tcase, files_of_others);
    tcase_add_test(tcase, refuses);
    suite_add_tcase(suite, tcase);
    return suite;
}
