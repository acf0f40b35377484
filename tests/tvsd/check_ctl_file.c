/* Which CTL files are believed. */
#include "tests/check_main.h"

#include "tests/fixture.h"
#include "tests/tvsd/helper_site.h"
#include "tvsd/ctl_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct site site;
static struct person own, stranger, other;
static struct trust_error err;

static void set_up(void)
{
    site_init(&site);
    person_init(&own, "publisher");
    person_init(&stranger, "stranger");
    person_init(&other, "other");
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &own);
}

static void tear_down(void)
{
    person_fini(&own);
    person_fini(&stranger);
    person_fini(&other);
    site_fini(&site);
}

/* Judge the CTL; the certificates that it gives if it is believed, else the negative code. */
static int judge(bool any_signer)
{
    const struct ctl_rule rule = {.store = site.store, .published = site.published, .any_signer = any_signer};
    struct ctl_file ctl;
    err = (struct trust_error){0};
    int rc = ctl_file_load(site.ctl_path, &rule, &ctl, &err);
    if (rc == 0) {
        ck_assert(ctl.list != NULL && ctl.signer != NULL);
        rc = (int)trust_index_count(ctl.index);
    } else {
        ck_assert(ctl.list == NULL && ctl.signer == NULL && ctl.index == NULL);
        ck_assert_int_eq(err.code, rc);
        ck_assert_str_ne(err.text, "");
    }
    ctl_file_fini(&ctl);
    return rc;
}

#define ck_judged(any_signer, expected)                                                                      \
    do {                                                                                                     \
        int judged_ = judge(any_signer);                                                                     \
        ck_assert_msg(judged_ == (expected), "%s instead of %s: %s", trust_error_name(judged_),              \
                      trust_error_name(expected), err.text);                                                 \
    } while (0)

static void publish(const char *name, const struct person *signer, const struct person *holds)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", site.published, name);
    put_list(path, "CTLFile.tlv", signer, holds, NULL);
}

START_TEST(own_signer_is_believed)
{
    put_list(site.ctl_path, "CTLFile.tlv", &own, &own, &other);
    ck_judged(false, 2);
}
END_TEST

START_TEST(a_strangers_signature_is_not_enough)
{
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, &own);
    ck_judged(false, TRUST_ESIGNER);
    ck_assert_ptr_nonnull(strstr(err.text, "CN=stranger"));
    ck_assert_ptr_nonnull(strstr(err.text, "Phone-SAST-trust"));
    ck_judged(true, 2);
}
END_TEST

START_TEST(a_stranger_is_believed_once_imported_as_signer)
{
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    site_add_trust(&site, TRUST_UNIT_CALLMANAGER_TRUST, &stranger);
    ck_judged(false, TRUST_ESIGNER);
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    ck_judged(false, 1);
}
END_TEST

START_TEST(an_https_certificate_does_not_sign)
{
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

START_TEST(a_list_may_leave_its_signer_to_the_store)
{
    put_list(site.ctl_path, "CTLFile.tlv", &own, &other, NULL);
    ck_judged(false, 1);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &other, NULL);
    ck_judged(false, TRUST_ESIGNER);
    ck_judged(true, TRUST_ESIGNER);
    ck_assert_ptr_nonnull(strstr(err.text, "store"));
}
END_TEST

START_TEST(a_retired_signer_is_believed)
{
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &other);
    put_list(site.ctl_path, "CTLFile.tlv", &own, &own, NULL);
    ck_judged(false, 1);

    struct trust_list *without = site_list("CTLFile.tlv", &other, &other, NULL);
    ck_assert_int_eq(trust_store_drop_retired(site.store, &(const struct trust_list *){without}, 1, NULL), 0);
    trust_list_free(without);
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

/* One of the last four CTLs, or two ITLs; who signed others before them may not any more. */
START_TEST(who_signed_one_of_the_last_published_lists_is_believed)
{
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    publish("000001-CTLFile.tlv", &own, &own);
    publish("000003-ITLFile.tlv", &own, &own);
    ck_judged(false, TRUST_ESIGNER);
    publish("000004-ITLFile.tlv", &stranger, &stranger);
    ck_judged(false, 1);
    publish("000005-ITLFile.tlv", &own, &own);
    ck_judged(false, 1);
    publish("000006-ITLFile.tlv", &own, &own);
    ck_judged(false, TRUST_ESIGNER);
    publish("000007-CTLFile.tlv", &stranger, &stranger);
    ck_judged(false, 1);
    publish("000008-CTLFile.tlv", &own, &own);
    publish("000009-CTLFile.tlv", &own, &own);
    publish("000010-CTLFile.tlv", &own, &own);
    ck_judged(false, 1);
    publish("1000000-CTLFile.tlv", &own, &own); /* after 999999 */
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

START_TEST(who_merely_stands_in_a_published_list_is_not)
{
    char path[300];
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    put_list(path, "CTLFile.tlv", &own, &own, &stranger);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

/* Another certificate whose key verifies what the person signed, with the same issuer and serial number, as
 * one that was made to fit. */
static void person_init_forged(struct person *forged, const struct person *person)
{
    const struct trust_bytes der = trust_cert_der(person->cert);
    uint8_t *bytes = malloc(der.len), *at;
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, der.data, der.len);
    at = memmem(bytes, der.len, "stranger", 8); /* in the issuer; then in the subject */
    ck_assert_ptr_nonnull(at);
    at = memmem(at + 8, der.len - (size_t)(at + 8 - bytes), "stranger", 8);
    ck_assert_ptr_nonnull(at);
    memcpy(at, "forger's", 8);
    *forged = (struct person){0};
    ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){bytes, der.len}, &forged->cert, NULL), 0);
    ck_assert_int_eq(trust_signer_from_key(forged->cert, person->key, &forged->signer, NULL), 0);
    free(bytes);
}

START_TEST(whose_key_fits_a_published_signature_is_not)
{
    struct person forged;
    person_init_forged(&forged, &stranger);
    publish("000001-CTLFile.tlv", &stranger, &stranger);
    publish("000002-CTLFile.tlv", &stranger, &own); /* its signer stands nowhere */
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &forged);
    put_list(site.ctl_path, "CTLFile.tlv", &forged, &forged, NULL);
    ck_judged(false, TRUST_ESIGNER);
    put_list(site.ctl_path, "CTLFile.tlv", &forged, &own, NULL);
    ck_judged(false, TRUST_ESIGNER);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_judged(false, 1);
    person_fini(&forged);
}
END_TEST

static const char *const not_published[] = {
    "CTLFile.tlv",        "1-CTLFile.tlv",       "000001-CTLFile.tlv.tmp",
    "000001-SEPFile.tlv", "x000001-CTLFile.tlv", "000001CTLFile.tlv"};

START_TEST(other_names_in_published_do_not_count)
{
    publish(not_published[_i], &stranger, &stranger);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

START_TEST(a_published_list_that_does_not_verify_does_not_count)
{
    char path[300];
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    publish("000001-CTLFile.tlv", &stranger, &stranger);
    struct trust_bytes bytes = fixture_read(path);
    ((uint8_t *)(uintptr_t)bytes.data)[bytes.len - 1] ^= 1;
    put_file(path, bytes);
    fixture_free(bytes);
    put_list(site.ctl_path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_judged(false, TRUST_ESIGNER);
}
END_TEST

START_TEST(an_itl_is_no_ctl)
{
    put_list(site.ctl_path, "ITLFile.tlv", &own, &own, NULL);
    ck_judged(false, TRUST_ETYPE);
    ck_judged(true, TRUST_ETYPE);
}
END_TEST

START_TEST(a_changed_byte_is_seen_wherever_it_is)
{
    put_list(site.ctl_path, "CTLFile.tlv", &own, &own, NULL);
    struct trust_bytes bytes = fixture_read(site.ctl_path);
    for (size_t i = 0; i < bytes.len; i += 29) {
        ((uint8_t *)(uintptr_t)bytes.data)[i] ^= 0x20;
        put_file(site.ctl_path, bytes);
        ck_assert_msg(judge(true) < 0, "byte %zu", i);
        ((uint8_t *)(uintptr_t)bytes.data)[i] ^= 0x20;
    }
    put_file(site.ctl_path, bytes);
    ck_judged(false, 1);
    bytes.len /= 2;
    put_file(site.ctl_path, bytes);
    ck_assert_int_lt(judge(true), 0);
    fixture_free(bytes);
}
END_TEST

START_TEST(no_file_is_not_found)
{
    ck_judged(false, TRUST_ENOTFOUND);
}
END_TEST

START_TEST(an_empty_file_is_no_list)
{
    put_file(site.ctl_path, (struct trust_bytes){0});
    ck_judged(false, TRUST_EEMPTY);
}
END_TEST

START_TEST(a_fifo_is_refused_without_waiting)
{
    ck_assert_int_eq(mkfifo(site.ctl_path, 0644), 0);
    ck_judged(false, TRUST_EARGUMENT);
}
END_TEST

START_TEST(a_folder_is_refused)
{
    ck_assert_int_eq(mkdir(site.ctl_path, 0755), 0);
    ck_judged(false, TRUST_EARGUMENT);
}
END_TEST

START_TEST(a_file_without_end_is_refused)
{
    int fd = open(site.ctl_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
    close(fd);
    ck_judged(false, TRUST_ETOOLARGE);
}
END_TEST

START_TEST(a_ctl_of_a_token_is_believed_once_the_token_is_imported)
{
    struct trust_bytes file = fixture_read("good/peer-ctl-etokens.tlv");
    put_file(site.ctl_path, file);
    fixture_free(file);
    ck_judged(false, TRUST_ESIGNER);

    struct trust_bytes pem = fixture_read("certs/etoken1.crt");
    struct trust_bundle *bundle;
    struct trust_store_added added;
    ck_assert_int_eq(trust_bundle_read(pem, NULL, &bundle, NULL), 0);
    fixture_free(pem);
    struct trust_bytes second = fixture_read("certs/etoken2.crt");
    struct trust_bundle *bundle2;
    ck_assert_int_eq(trust_bundle_read(second, NULL, &bundle2, NULL), 0);
    fixture_free(second);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(trust_store_add_trust(site.store, TRUST_UNIT_PHONE_SAST_TRUST,
                                               (i == 0 ? bundle : bundle2)->certs[0], &added, NULL),
                         0);
    trust_bundle_free(bundle);
    trust_bundle_free(bundle2);
    ck_assert_msg(judge(false) > 0, "%s", err.text);
}
END_TEST

static ino_t inode(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_ino;
}

START_TEST(a_believed_ctl_is_kept)
{
    const struct ctl_rule rule = {.store = site.store, .published = site.published};
    struct ctl_file ctl;
    char good[300], missing[300];
    snprintf(good, sizeof good, "%s/%s", site.state, CTL_FILE_GOOD);
    snprintf(missing, sizeof missing, "%s/no/%s", site.state, CTL_FILE_GOOD);
    put_list(site.ctl_path, "CTLFile.tlv", &own, &own, NULL);
    ck_assert_int_eq(ctl_file_load(site.ctl_path, &rule, &ctl, NULL), 0);
    ck_assert_int_eq(ctl_file_keep(good, &ctl, NULL), 0);
    struct trust_bytes kept = fixture_read(good);
    ck_assert_mem_eq(kept.data, ctl.list->file.data, ctl.list->file.len);
    ck_assert_uint_eq(kept.len, ctl.list->file.len);
    fixture_free(kept);

    ino_t first = inode(good);
    ck_assert_int_eq(ctl_file_keep(good, &ctl, NULL), 0);
    ck_assert_uint_eq(inode(good), first);
    put_file(good, (struct trust_bytes){(const uint8_t *)"old", 3});
    ck_assert_int_eq(ctl_file_keep(good, &ctl, NULL), 0);
    kept = fixture_read(good);
    ck_assert_uint_eq(kept.len, ctl.list->file.len);
    fixture_free(kept);
    ck_assert_int_eq(ctl_file_keep(missing, &ctl, NULL), TRUST_ENOTFOUND);
    ctl_file_fini(&ctl);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("ctl_file");
    TCase *c = tcase_create("signer");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, own_signer_is_believed);
    tcase_add_test(c, a_strangers_signature_is_not_enough);
    tcase_add_test(c, a_stranger_is_believed_once_imported_as_signer);
    tcase_add_test(c, an_https_certificate_does_not_sign);
    tcase_add_test(c, a_list_may_leave_its_signer_to_the_store);
    tcase_add_test(c, a_retired_signer_is_believed);
    tcase_add_test(c, who_signed_one_of_the_last_published_lists_is_believed);
    tcase_add_test(c, who_merely_stands_in_a_published_list_is_not);
    tcase_add_test(c, whose_key_fits_a_published_signature_is_not);
    tcase_add_loop_test(c, other_names_in_published_do_not_count, 0,
                        (int)(sizeof not_published / sizeof not_published[0]));
    tcase_add_test(c, a_published_list_that_does_not_verify_does_not_count);
    tcase_add_test(c, a_ctl_of_a_token_is_believed_once_the_token_is_imported);
    suite_add_tcase(s, c);
    TCase *f = tcase_create("file");
    tcase_add_checked_fixture(f, set_up, tear_down);
    tcase_set_timeout(f, 60);
    tcase_add_test(f, an_itl_is_no_ctl);
    tcase_add_test(f, a_changed_byte_is_seen_wherever_it_is);
    tcase_add_test(f, no_file_is_not_found);
    tcase_add_test(f, an_empty_file_is_no_list);
    tcase_add_test(f, a_fifo_is_refused_without_waiting);
    tcase_add_test(f, a_folder_is_refused);
    tcase_add_test(f, a_file_without_end_is_refused);
    tcase_add_test(f, a_believed_ctl_is_kept);
    suite_add_tcase(s, f);
    return s;
}
