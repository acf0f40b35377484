/* CTL files that somebody else put there: by signers whom nobody should believe, and from long ago. */
#include "helper_world.h"
#include "libtrust/store_internal.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/ctl_file.h"
#include "tvsd/log.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A person whose certificate libtrust would not make. */
static void person_of(struct person *person, int bits, const EVP_MD *digest, long ends)
{
    struct trust_error local = {0};
    EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
    X509 *x509 = X509_new();
    unsigned char *der = NULL, *key_der = NULL;
    ck_assert(key != NULL && x509 != NULL);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 4711 + bits);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, (const unsigned char *)"odd",
                               -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_gmtime_adj(X509_getm_notBefore(x509), -1000 * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(x509), ends);
    X509_set_pubkey(x509, key);
    ck_assert_int_gt(X509_sign(x509, key, digest), 0);
    int len = i2d_X509(x509, &der), key_len = i2d_PrivateKey(key, &key_der);
    ck_assert(len > 0 && key_len > 0);
    memset(person, 0, sizeof *person);
    ck_assert_msg(trust_cert_from_der((struct trust_bytes){der, (size_t)len}, &person->cert, &local) == 0,
                  "%s", local.text);
    ck_assert_msg(
        trust_key_parse((struct trust_bytes){key_der, (size_t)key_len}, NULL, &person->key, &local) == 0,
        "%s", local.text);
    ck_assert_msg(trust_signer_from_key(person->cert, person->key, &person->signer, &local) == 0, "%s",
                  local.text);
    OPENSSL_free(der);
    OPENSSL_free(key_der);
    X509_free(x509);
    EVP_PKEY_free(key);
}

static const struct {
    int bits;
    const char *digest;
    long ends;
    int expected;
} signers[] = {
    {512, "SHA256", 86400, TRUST_ESIGNER}, /* anybody can have that key */
    {1024, "SHA256", 86400, 0},            /* as security tokens have */
    {1024, "MD5", 86400, 0},               /* it is known by its bytes, not by its signature */
    {1024, "SHA256", -86400, 0},           /* lists outlive their signers' certificates */
};

/* Each is one whom the store trusts to sign. */
START_TEST(odd_signers)
{
    struct person odd;
    struct trust_store_added added;
    person_of(&odd, signers[_i].bits, EVP_get_digestbyname(signers[_i].digest), signers[_i].ends);
    int rc = trust_store_add_trust(site.store, TRUST_UNIT_PHONE_SAST_TRUST, odd.cert, &added, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
    put_ctl(&odd, NULL);
    ck_started();
    ck_assert_int_eq(world.ctl_error.code, signers[_i].expected);
    ck_assert_int_eq(world.ctl_status, signers[_i].expected == 0 ? CTL_BELIEVED : CTL_REFUSED);
    if (signers[_i].expected != 0)
        ck_assert_msg(strstr(world.ctl_error.text, "RSA key of 512 bits") != NULL, "%s",
                      world.ctl_error.text);
    person_fini(&odd);
}
END_TEST

/* ---- Replay ---- */

static void put_signed_at(const char *path, const char *filename, time_t when)
{
    const struct trust_header_spec header = {
        .filename = filename, .timestamp = when, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    const struct trust_record_spec record = {.form = TRUST_RECORD_WHOLE, .cert = signer.cert};
    struct trust_list *list;
    ck_assert_msg(trust_list_build(&header, &record, 1, signer.signer, &list, &err) == 0, "%s", err.text);
    put_file(path, list->file);
    trust_list_free(list);
}

#define NEW 1700000000
#define OLD 1600000000

START_TEST(an_older_list_is_warned_of)
{
    char path[300], more[340];
    snprintf(path, sizeof path, "%s/log", site.root);
    snprintf(more, sizeof more, "log: { target: %s }", path);
    struct config *config = site_config(&site, more);
    ck_assert_int_eq(log_open(config, &err), 0);
    config_free(config);
    put_signed_at(site.ctl_path, "CTLFile.tlv", NEW);
    ck_started();
    world_remember_ctl(&world);
    put_signed_at(site.ctl_path, "CTLFile.tlv", OLD);
    ck_assert(ctl_changed());
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(world.ctl.list->header.timestamp, OLD);
    world_fini(&world);
    log_close();
    struct trust_bytes log = fixture_read(path);
    const char *said = memmem(log.data, log.len, "level=warning event=ctl-older file=", 35);
    ck_assert_ptr_nonnull(said);
    size_t rest = log.len - (size_t)(said - (const char *)log.data) - 35;
    ck_assert_ptr_null(memmem(said + 35, rest, "event=ctl-older", 15)); /* once */
    fixture_free(log);
}
END_TEST

/* Not even if it was deleted first, where the last one was published here; and after a restart. */
START_TEST(an_older_list_is_refused)
{
    char published[300];
    write_config(", refuse_older_ctl: true");
    put_signed_at(site.ctl_path, "CTLFile.tlv", NEW);
    ck_started();
    world_remember_ctl(&world);
    put_signed_at(site.ctl_path, "CTLFile.tlv", OLD);
    ck_assert(!ctl_changed());
    ck_assert_int_eq(world.ctl_error.code, TRUST_EVALUE);
    ck_assert_msg(strstr(world.ctl_error.text, "2020-09-13 12:26:40 UTC, before ") != NULL &&
                      strstr(world.ctl_error.text, "2023-11-14 22:13:20 UTC") != NULL,
                  "%s", world.ctl_error.text);
    ck_assert_uint_eq(world.ctl.list->header.timestamp, NEW);
    world_fini(&world);
    ck_started();
    ck_assert_uint_eq(world.ctl.list->header.timestamp, NEW);
    world_remember_ctl(&world);
    /* The same again, and a newer one, are none of that. */
    put_signed_at(site.ctl_path, "CTLFile.tlv", NEW);
    ck_assert(ctl_changed());
    put_signed_at(site.ctl_path, "CTLFile.tlv", NEW + 1);
    ck_assert(ctl_changed());
    /* Deleted, the daemon has forgotten it; but what was published here has not. */
    snprintf(published, sizeof published, "%s/000007-CTLFile.tlv", site.published);
    put_signed_at(published, "CTLFile.tlv", NEW + 1);
    snprintf(published, sizeof published, "%s/000008-ITLFile.tlv", site.published);
    put_signed_at(published, "ITLFile.tlv", NEW + 1000);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(ctl_changed());
    put_signed_at(site.ctl_path, "CTLFile.tlv", OLD);
    ck_assert(!ctl_changed());
    ck_assert_int_eq(world.ctl_error.code, TRUST_EVALUE);
    put_signed_at(site.ctl_path, "CTLFile.tlv", NEW + 1);
    ck_assert(ctl_changed());
}
END_TEST

/* ---- A large store ---- */

static int count_step(void *steps)
{
    ++*(size_t *)steps;
    return 0;
}

/* Certificates of a file server's users, say: nobody who signs. */
static void fill_store(int first, int last)
{
    char sql[1000];
    char *why = NULL;
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
             " SELECT 'many' || i, 'CN=' || i, 'CN=' || i, i, '' FROM n;"
             "INSERT OR IGNORE INTO certificatecache (fkcertificate, sha256, der, serial, issuer,"
             " issuercanonical, issuercanonicalfull, commonname, notbefore, notafter)"
             " SELECT pkid, pkid, x'00', CAST(pkid AS BLOB), '', '', '', pkid, 0, 0 FROM certificate"
             " WHERE pkid LIKE 'many%%'",
             first, last);
    ck_assert_msg(sqlite3_exec(site.store->db, sql, NULL, NULL, &why) == SQLITE_OK, "%s", why);
    ck_assert_int_eq(trust_store_set_param(site.store, "A", "1", NULL), 0); /* which looks after new rows */
}

/* What SQLite does to judge the CTL, in steps of its machine. */
static size_t steps_to_judge(int expected)
{
    struct ctl_file ctl;
    struct ctl_rule rule = {.published = site.published};
    size_t steps = 0;
    ck_assert_int_eq(trust_store_open(site.store_path, TRUST_STORE_READ, &rule.store, NULL), 0);
    sqlite3_progress_handler(rule.store->db, 1, count_step, &steps);
    ck_assert_int_eq(ctl_file_load(site.ctl_path, &rule, &ctl, NULL), expected);
    ctl_file_fini(&ctl);
    trust_store_close(rule.store);
    return steps;
}

/* Who may write the TFTP folder can have a CTL judged as often as he likes: that must not go through the
 * store. 0: its signer is nobody; 1: somebody of the store, whose certificate it does not hold; 2: nobody,
 * whose certificate it holds. */
START_TEST(a_store_is_not_gone_through)
{
    const int expected = _i == 1 ? 0 : TRUST_ESIGNER;
    put_list(site.ctl_path, "CTLFile.tlv", _i == 1 ? &signer : &stranger, _i == 2 ? &stranger : &tvs, NULL);
    fill_store(1, 10);
    size_t with_few = steps_to_judge(expected);
    fill_store(11, 5000);
    size_t with_many = steps_to_judge(expected);
    ck_assert_uint_gt(with_few, 0);
    ck_assert_uint_lt(with_many, with_few + 1000);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("ctl_hostile");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, world_set_up, world_tear_down);
    tcase_add_loop_test(tcase, odd_signers, 0, (int)(sizeof signers / sizeof signers[0]));
    tcase_add_test(tcase, an_older_list_is_warned_of);
    tcase_add_test(tcase, an_older_list_is_refused);
    tcase_add_loop_test(tcase, a_store_is_not_gone_through, 0, 3);
    suite_add_tcase(all, tcase);
    return all;
}
