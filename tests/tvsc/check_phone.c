/* How a phone decides on what it finds, without a TVS server. */
#include "helper.h"
#include "helper_site.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/tvsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the phone's last line says: each word of words stands in it. */
static void says(const char *what, const char *words)
{
    char copy[300], padded[900], *save;
    const char *line = strstr(helper_out, SITE_NAME ": state=");
    ck_assert_msg(line != NULL, "%s: no state: %s%s", what, helper_out, helper_err);
    snprintf(padded, sizeof padded, "%.*s ", (int)strcspn(line, "\n"), line);
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char spaced[64];
        snprintf(spaced, sizeof spaced, " %s ", word);
        ck_assert_msg(strstr(padded, spaced) != NULL, "%s: lacks %s: %s", what, word, padded);
    }
}

static const struct {
    const char *what, *family;
    const char *held_ctl, *held_itl, *ctl, *itl, *config;
    const char *expected;
} rows[] = {
    {"fresh, both lists", "88xx", NULL, NULL, "A 0A 2A", "A 0A 2A 21T", "A",
     "state=follows ctl=accepted ctl-by=blind itl=accepted itl-by=ctl config=accepted config-by=ctl "
     "by=blind"},
    {"fresh, ITL alone", "88xx", NULL, NULL, NULL, "A 0A 2A 21T", "A",
     "state=follows ctl=missing itl=accepted itl-by=blind config-by=itl by=blind"},
    {"fresh, CTL first: a foreign ITL", "88xx", NULL, NULL, "A 0A 2A", "B 0B 2B", "A",
     "state=stranded ctl-by=blind itl=refused config=accepted by=none why=no-tvs-record"},
    {"nothing new", "88xx", "A 0A 2A", "A 0A 2A 21T", "A 0A 2A", "A 0A 2A 21T", "A",
     "state=follows ctl=same itl=same config=accepted by=ctl why=none"},
    {"first CTL, by the ITL's signer", "88xx", NULL, "A 0A 2A 21T", "A 0A 2A", "A 0A 2A 21T", "A",
     "state=follows ctl=accepted ctl-by=itl itl=same by=itl"},
    {"first CTL, foreign", "88xx", NULL, "A 0A 2A 21T", "B 0B 2B", NULL, "A",
     "state=stranded ctl=refused config=accepted why=no-tvs-server"},
    {"CTL and no ITL", "88xx", "A 0A 2A", NULL, NULL, "A 0A 2A 21T", "A",
     "state=follows ctl=missing itl=accepted itl-by=ctl"},
    {"CTL and no ITL, foreign ITL", "88xx", "A 0A 2A", NULL, NULL, "B 0B 2B 21T", "A",
     "state=stranded itl=refused why=no-tvs-record"},
    {"the second anchor", "88xx", "A 0A 2A 0R", "A 2A 21T", "R 0R 2B", "R 0R 2B 21T", "B",
     "state=follows ctl=accepted ctl-by=ctl itl=accepted itl-by=ctl config-by=ctl by=ctl"},
    {"the ITL knows what the CTL does not", "88xx", "A 0A 2A", "A 2A 2B 21T", "B 0B 2B", "A 2A 2B 21T", "B",
     "state=follows ctl-by=itl itl=same config-by=ctl by=itl"},
    {"the same name, another serial number", "88xx", NULL, "A 2A 2C", NULL, "C 2C", "C",
     "state=follows itl=accepted itl-by=itl"},
    {"the same serial number, another name", "88xx", NULL, "A 2A=B 2B", NULL, "B 2B", "B",
     "state=follows itl=accepted itl-by=itl"},
    {"a record with another's name", "88xx", NULL, "A 2A=C", NULL, "C 2C",
     "A=", "state=stranded itl=refused why=bad-signature"},
    {"functions that do not sign", "88xx", NULL, "A 2A 1B 4B 7B 20B 21B", NULL, "B 2B", "A",
     "state=stranded itl=refused why=no-tvs-server"},
    {"function 3 does not sign lists", "88xx", NULL, "A 2A 3B", NULL, "B 2B", "B",
     "state=stranded itl=refused why=no-tvs-record config=accepted config-by=itl"},
    {"a hash has no key", "88xx", NULL, "A 2A 2hB", NULL, "B 2B", "A", "state=stranded itl=refused"},
    {"empty ITL is taken", "88xx", NULL, "A 0A 2A 21T", NULL, "A - - - -", "B",
     "state=follows itl=accepted itl-by=itl config=accepted config-by=blind by=itl"},
    {"empty ITL, foreign", "88xx", NULL, "A 0A 2A", NULL, "B - - - -", "A", "state=stranded itl=refused"},
    {"empty ITL held: anything signed", "88xx", NULL, "A - -", NULL, "B 0B 2B", "B",
     "state=follows itl=accepted itl-by=blind config-by=itl by=blind"},
    {"empty ITL held: the next binds", "88xx", NULL, "A - -", "B 0B 2B", "A 0A 2A", "B",
     "state=stranded ctl=accepted ctl-by=blind itl=refused"},
    {"empty ITL held: any configuration", "88xx", NULL, "A - -", NULL, NULL, "B!",
     "state=follows config=accepted config-by=blind"},
    {"empty ITL held: an unsigned one", "88xx", NULL, "A - -", NULL, NULL, "plain",
     "state=follows config=unsigned"},
    {"an empty ITL does not blank the CTL", "88xx", "A 0A 2A", "A - -", "B 0B 2B", "B 0B 2B", "B",
     "state=stranded ctl=refused itl=refused config=accepted config-by=blind why=no-tvs-record"},
    {"an ITL without records is no empty one", "88xx", NULL, "A", NULL, "B 0B 2B", "B",
     "state=stranded itl=refused config=refused why=no-tvs-record"},
    {"nor is one with a hollow record", "88xx", NULL, "A - 2@", NULL, "B 0B 2B", "B",
     "state=stranded itl=refused config=refused why=no-tvs-record"},
    {"blindly: neither digest nor key is looked at", "79xx", NULL, NULL, "L512 0L 2A", NULL, "A",
     "state=follows ctl-by=blind config=accepted config-by=ctl"},
    {"after an empty ITL likewise", "79xx", NULL, "A - -", NULL, "L512 0L 2A", "A",
     "state=follows itl-by=blind config=accepted config-by=itl"},
    {"a key of 4096 bits, new phone", "78xx", NULL, "A 0A 2L", NULL, "L 0L 2L", "L",
     "state=follows itl=accepted itl-by=itl config=accepted"},
    {"a key of 4096 bits, old phone", "89xx", NULL, "A 0A 2L", NULL, "L 0L 2L", "A",
     "state=stranded itl=refused config=accepted why=key-size"},
    {"a key of 4096 bits, a configuration's", "7940", "A 0A 2L", NULL, "A 0A 2L", NULL, "L",
     "state=stranded ctl=same config=refused why=key-size"},
    {"SHA-512, new phone", "88xx", "A 0A 2A", NULL, "A512 0A 2A 4B", NULL, "A512",
     "state=follows ctl=accepted config=accepted"},
    {"SHA-512, old phone", "79xx", "A 0A 2A", NULL, "A512 0A 2A 4B", NULL, "A",
     "state=stranded ctl=refused why=digest config=accepted"},
    {"SHA-256", "88xx", "A 0A 2A", NULL, "A256 0A 2A 4B", NULL, "A", "ctl=refused why=digest"},
    {"SHA-512 configuration, old phone", "99xx", "A 0A 2A", NULL, "A 0A 2A", NULL, "A512",
     "ctl=same config=refused why=digest"},
    {"no ITL, no TVS", "7940", "A 0A 2A", NULL, "B 0B 2B", "B 0B 2B 21T", "B",
     "state=stranded family=7940 ctl=refused itl=none config=refused why=family-without-tvs"},
    {"no ITL, good CTL", "7940", "A 0A 2A", "B 0B 2B", "A 0A 2B", "B 0B 2B", "B",
     "state=follows ctl=accepted ctl-by=ctl itl=none config=accepted config-by=ctl"},
    {"nothing there", "88xx", NULL, NULL, NULL, NULL, NULL,
     "state=follows ctl=missing itl=missing config=missing by=none"},
    {"unsigned", "88xx", NULL, NULL, NULL, NULL, "plain", "state=follows config=unsigned by=none"},
    {"signed files alone", "88xx", NULL, "A 0A 2A", NULL, NULL, "plain", "state=follows config=missing"},
    {"a changed configuration", "88xx", NULL, "A 0A 2A", NULL, "A 0A 2A", "A!",
     "state=stranded itl=same config=refused why=bad-signature"},
    {"a foreign configuration", "88xx", NULL, "A 0A 2A", NULL, "A 0A 2A", "B",
     "state=stranded itl=same config=refused why=no-tvs-record"},
};

START_TEST(test_decisions)
{
    struct site site;
    site_init(&site);
    site_hold(&site, "CTLFile.tlv", rows[_i].held_ctl);
    site_hold(&site, "ITLFile.tlv", rows[_i].held_itl);
    site_publish(&site, "CTLFile.tlv", rows[_i].ctl);
    site_publish(&site, "ITLFile.tlv", rows[_i].itl);
    site_configure(&site, rows[_i].config, "<device/>");
    char words[40];
    snprintf(words, sizeof words, "--family %s", rows[_i].family);
    int status = site_phone(&site, words);
    says(rows[_i].what, rows[_i].expected);
    ck_assert_int_eq(status, strstr(helper_out, "state=follows") != NULL ? TVSC_TRUSTED : TVSC_NOT_TRUSTED);
    ck_assert_str_eq(helper_err, "");
    site_fini(&site);
}
END_TEST

static bool holds(const struct site *site, const char *file, const char *spec)
{
    char path[800];
    struct trust_list *list = site_list(spec, file);
    snprintf(path, sizeof path, "%s/" SITE_NAME "/%s", site->state, file);
    struct trust_bytes held = fixture_read(path);
    bool same = held.len == list->file.len && memcmp(held.data, list->file.data, held.len) == 0;
    fixture_free(held);
    trust_list_free(list);
    return same;
}

START_TEST(test_old_stays_in_force)
{
    struct site site;
    site_init(&site);
    site_publish(&site, "ITLFile.tlv", "A 0A 2A");
    site_configure(&site, "A", "<device>1</device>");
    ck_assert_int_eq(site_phone(&site, ""), TVSC_TRUSTED);
    ck_assert(holds(&site, "ITLFile.tlv", "A 0A 2A"));
    site_publish(&site, "ITLFile.tlv", "B 0B 2B");
    site_configure(&site, "B", "<device>2</device>");
    ck_assert_int_eq(site_phone(&site, ""), TVSC_NOT_TRUSTED);
    ck_assert_ptr_nonnull(strstr(helper_out, "Trust List update failed, verification failure"));
    ck_assert_ptr_nonnull(strstr(helper_out, "errclass 8, errcode 19 (signer not in CTL)"));
    ck_assert(holds(&site, "ITLFile.tlv", "A 0A 2A"));
    char path[800];
    snprintf(path, sizeof path, "%s/" SITE_NAME "/" SITE_NAME ".cnf.xml", site.state);
    struct trust_bytes config = fixture_read(path);
    ck_assert_mem_eq(config.data, "<device>1</device>", config.len);
    fixture_free(config);
    /* Whoever forgets its lists takes the foreign one. */
    ck_assert_int_eq(site_phone(&site, "--fresh"), TVSC_TRUSTED);
    ck_assert(holds(&site, "ITLFile.tlv", "B 0B 2B"));
    site_fini(&site);
}
END_TEST

START_TEST(test_own_files_first)
{
    struct site site;
    site_init(&site);
    site_publish(&site, "CTLFile.tlv", "B 0B 2B");
    site_publish(&site, "CTL" SITE_NAME ".tlv", "A 0A 2A");
    site_publish(&site, "ITL" SITE_NAME ".tlv", "A 0A 2A 21T");
    ck_assert_int_eq(site_phone(&site, ""), TVSC_TRUSTED);
    says("own files", "ctl=accepted itl=accepted itl-by=ctl config=missing");
    site_fini(&site);
}
END_TEST

START_TEST(test_bad_lists)
{
    static uint8_t large[TRUST_LIST_MAX + 1];
    const struct trust_bytes bad[] = {{(const uint8_t *)"", 0},
                                      {(const uint8_t *)"garbage", 7},
                                      {large, TRUST_LIST_PHONE_MAX + 1},
                                      {large, sizeof large}};
    struct site site;
    site_init(&site);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        site_put(&site, "CTLFile.tlv", bad[i]);
        ck_assert_int_eq(site_phone(&site, ""), TVSC_NOT_TRUSTED);
        says("bad list", i < 2 ? "state=stranded ctl=refused why=unreadable" : "ctl=refused why=too-large");
    }
    site_fini(&site);
}
END_TEST

/* A held list that cannot be read must not make the phone trust blindly. */
START_TEST(test_broken_state)
{
    struct site site;
    char path[800];
    site_init(&site);
    site_hold(&site, "ITLFile.tlv", "A 0A 2A");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B");
    snprintf(path, sizeof path, "%s/" SITE_NAME "/ITLFile.tlv", site.state);
    ck_assert_int_eq(trust_file_replace(path, (struct trust_bytes){(const uint8_t *)"?", 1}, 0644, (uid_t)-1,
                                        (gid_t)-1, NULL),
                     0);
    ck_assert_int_eq(site_phone(&site, "--https https://127.0.0.1:1/"), TVSC_NO_ANSWER);
    says("broken state", "state=waiting itl=untried why=state");
    site_fini(&site);
}
END_TEST

START_TEST(test_many)
{
    struct site site;
    site_init(&site);
    site_publish(&site, "CTLFile.tlv", "A 0A 2A");
    ck_assert_int_eq(site_phone(&site, "--count 20 --at-once 3 --family 79xx,7940"), TVSC_TRUSTED);
    unsigned lines = 0, old = 0;
    for (const char *at = helper_out; (at = strstr(at, ": state=follows family=")) != NULL; at++, lines++)
        old += strncmp(at, ": state=follows family=7940 ", 28) == 0;
    ck_assert_uint_eq(lines, 20);
    ck_assert_uint_eq(old, 10);
    ck_assert_ptr_nonnull(strstr(helper_out, "SEP001122334455: state="));
    ck_assert_ptr_nonnull(strstr(helper_out, "SEP001122334468: state="));
    ck_assert_ptr_nonnull(strstr(helper_out, "total: phones=20 follow=20 waiting=0 stranded=0 tvs=0"));
    ck_assert_ptr_null(strstr(helper_out, "SECD"));
    ck_assert_int_eq(site_phone(&site, "--count 2 -v"), TVSC_TRUSTED);
    ck_assert_ptr_nonnull(strstr(helper_out, "1: NOT "));
    ck_assert_int_eq(site_phone(&site, "--count 2 --json"), TVSC_TRUSTED);
    ck_assert_ptr_nonnull(strstr(helper_out, "{\"phones\":2,\"follow\":2,"));
    ck_assert_ptr_nonnull(strstr(helper_out,
                                 "{\"name\":\"SEP001122334456\",\"family\":\"88xx\",\"state\":\"follows\","
                                 "\"ctl\":{\"result\":\"same\""));
    site_fini(&site);
}
END_TEST

static const struct {
    const char *words, *text;
} wrong[] = {
    {"--mac 1234", "--mac 1234: not 12 hexadecimal digits"},
    {"--mac 00112233445566", "not 12 hexadecimal digits"},
    {"--mac 00112233445g", "not 12 hexadecimal digits"},
    {"--mac ff:ff:ff:ff:ff:ff --count 2", "there are not 2 addresses"},
    {"--family 79xx,8800", "--family 8800: no such family: 79xx, 69xx"},
    {"--now tomorrow", "--now tomorrow: not 2026-11-20T12:00:00Z"},
    {"--now +5y", "--now +5y: not"},
    {"--now @12x", "--now @12x: not"},
    {"--tvs fe80::1", "--tvs fe80::1: put an IPv6 address in brackets"},
    {"--https http://a/", "--https http://a/: not https://HOST:PORT/"},
    {"--https https://:1/", "--https :1: not HOST:PORT"},
    {"--tvs a --tvs b --tvs c --tvs d", "--tvs stands there more than 3 times"},
    {"--count 0", "--count 0: not a number from 1 to"},
    {"--at-once x", "--at-once x: not a number from 1 to"},
    {"--tvs-timeout 5", "--tvs-timeout 5: not a time"},
    {"-v --json", "-v and --json exclude each other"},
    {"--trust x", "--trust does not belong to phone"},
};

START_TEST(test_wrong_usage)
{
    struct site site;
    char words[200];
    site_init(&site);
    /* The site gives a MAC of its own, so these are run without it. */
    const char *argv[20] = {"phone", "--tftp", site.tftp};
    char *save;
    size_t count = 3;
    snprintf(words, sizeof words, "%s", wrong[_i].words);
    for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    ck_assert_int_eq(helper_tvsc(NULL, argv), TVSC_USAGE);
    ck_assert_msg(strstr(helper_err, wrong[_i].text) != NULL, "%s: %s", wrong[_i].words, helper_err);
    site_fini(&site);
}
END_TEST

START_TEST(test_wrong_source)
{
    static const char *const sources[] = {"/no/such/folder", "http://a/", "tftp://", "tftp:///x"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        ck_assert_int_eq(helper_tvsc(NULL, (const char *[]){"phone", "--tftp", sources[i], NULL}),
                         TVSC_USAGE);
        ck_assert_ptr_nonnull(strstr(helper_err, sources[i]));
    }
    ck_assert_int_eq(helper_tvsc(NULL, (const char *[]){"phone", NULL}), TVSC_USAGE);
    ck_assert_ptr_nonnull(strstr(helper_err, "--tftp is missing"));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc phone");
    TCase *tests = tcase_create("decisions");
    tcase_add_unchecked_fixture(tests, site_keys_make, site_keys_free);
    tcase_add_loop_test(tests, test_decisions, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tests, test_old_stays_in_force);
    tcase_add_test(tests, test_own_files_first);
    tcase_add_test(tests, test_bad_lists);
    tcase_add_test(tests, test_broken_state);
    tcase_add_test(tests, test_many);
    suite_add_tcase(suite, tests);
    TCase *usage = tcase_create("usage");
    tcase_add_loop_test(usage, test_wrong_usage, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(usage, test_wrong_source);
    suite_add_tcase(suite, usage);
    return suite;
}
