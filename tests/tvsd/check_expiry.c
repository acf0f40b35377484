/* Certificates that are about to expire: when it is said, and what. */
#include "tvsd/expiry.h"

#include "helper_world.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static char *path, *text;
static struct config *config;
static struct expiry expiry;

static void set_up(void)
{
    char yaml[400];
    world_set_up();
    ck_started();
    ck_assert_int_gt(asprintf(&path, "%s/log", site.state), 0);
    int len = snprintf(yaml, sizeof yaml, "log: { target: %s }\n", path);
    ck_assert_msg(config_parse(yaml, (size_t)len, "test", &config, &err) == 0, "%s", err.text);
    ck_assert_msg(log_open(config, &err) == 0, "%s", err.text);
    expiry = (struct expiry){0};
}

static void tear_down(void)
{
    log_close();
    config_free(config);
    free(path);
    free(text);
    text = NULL;
    world_tear_down();
}

static const char *log_now(void)
{
    struct trust_bytes bytes = fixture_read(path);
    free(text);
    text = strndup((const char *)bytes.data, bytes.len);
    fixture_free(bytes);
    return text;
}

/* How many lines there are about a unit. */
static size_t lines(const char *unit)
{
    char words[64];
    size_t count = 0;
    snprintf(words, sizeof words, " unit=%s ", unit);
    for (const char *at = log_now(); (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void look(const struct person *person, int64_t days)
{
    expiry_look(&expiry, &world, trust_cert_not_after(person->cert) - days * DAY);
}

#define ck_logged(words) ck_assert_msg(strstr(log_now(), words) != NULL, "the log lacks: %s\n%s", words, text)

START_TEST(each_threshold_once)
{
    static const struct {
        int64_t days;
        const char *line; /* NULL: nothing is said */
    } looks[] = {
        {200, NULL},
        {91, NULL},
        {90, "level=info event=expiry-notice unit=TVS subject=\"CN=tvs"},
        {90, NULL},
        {89, NULL},
        {31, NULL},
        {30, "level=warning event=expiry-warning unit=TVS subject="},
        {8, NULL},
        {60, NULL}, /* the clock was wrong */
        {30, "level=warning event=expiry-warning unit=TVS subject="},
        {7, "level=error event=expiry-urgent unit=TVS subject="},
        {1, NULL},
        {0, NULL},
        {-1, "level=error event=expired unit=TVS subject="},
        {-2, NULL},
        {-400, NULL},
    };
    size_t said = 0;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        char days[32];
        look(&tvs, looks[i].days);
        said += looks[i].line != NULL;
        ck_assert_msg(lines("TVS") == said, "%d days: %s", (int)looks[i].days, text);
        snprintf(days, sizeof days, " days=%d ", (int)looks[i].days);
        if (looks[i].line != NULL) {
            ck_logged(looks[i].line);
            ck_logged(days);
        }
    }
}
END_TEST

/* What a start in the last days says is that, and not the thresholds before. */
START_TEST(the_line_names_all)
{
    char serial[41], words[400];
    look(&tvs, 3);
    ck_assert_uint_eq(lines("TVS"), 1);
    snprintf(words, sizeof words, " serial=%s expires=20",
             trust_hex(trust_cert_serial(tvs.cert), 0, true, serial));
    ck_logged(words);
    snprintf(words, sizeof words, " days=3 remedy=\"`tvsctl set cert regen TVS --config %s` puts ",
             config_path);
    ck_logged(words);
}
END_TEST

START_TEST(a_new_one_begins_anew)
{
    struct person next;
    look(&tvs, 7);
    ck_assert_uint_eq(lines("TVS"), 1);
    person_init(&next, "tvs");
    site_set_own(&site, TRUST_UNIT_TVS, &next);
    look(&next, 80);
    ck_assert_uint_eq(lines("TVS"), 2);
    ck_logged("event=expiry-notice unit=TVS ");
    person_fini(&next);
}
END_TEST

START_TEST(every_unit_of_this_node)
{
    static const struct trust_node other = {.server_name = "another", .ipv4 = "127.0.0.2"};
    struct person ours, theirs;
    person_init(&ours, "recovery");
    person_init(&theirs, "theirs");
    site_set_own(&site, TRUST_UNIT_ITLRECOVERY, &ours);
    ck_assert_msg(trust_store_set_own(site.store, &other, TRUST_UNIT_CAPF, theirs.cert, &err) == 0, "%s",
                  err.text);
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    look(&tvs, 20);
    ck_assert_uint_eq(lines("CAPF") + lines("tomcat-trust"), 0);
    ck_logged("event=expiry-warning unit=CallManager ");
    ck_logged("event=expiry-warning unit=TVS ");
    ck_logged("event=expiry-warning unit=ITLRecovery ");
    ck_logged("`tvsctl set cert regen ITLRecovery ");
    person_fini(&ours);
    person_fini(&theirs);
}
END_TEST

/* The signer of the CTL has a line of its own, unless it is that of a unit. */
START_TEST(signer_of_the_ctl)
{
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    ck_assert(store_changed());
    put_ctl(&stranger, NULL);
    ck_assert(ctl_changed());
    look(&stranger, 20);
    ck_assert_uint_eq(lines("CTL"), 1);
    ck_logged("event=expiry-warning unit=CTL subject=\"CN=stranger");
    ck_logged("`tvsctl utils ctl update CTLFile --config ");
    look(&stranger, 19);
    ck_assert_uint_eq(lines("CTL"), 1);
    put_ctl(&signer, NULL);
    ck_assert(ctl_changed());
    look(&signer, 7);
    ck_assert_uint_eq(lines("CTL"), 1);
    ck_logged("event=expiry-urgent unit=CallManager ");
}
END_TEST

/* Another self-signed one would be no successor. */
START_TEST(of_a_ca)
{
    const struct trust_node node = {.server_name = world.config->node.name, .ipv4 = "127.0.0.1"};
    struct trust_bytes bytes = fixture_read("certs/stormin-pub.crt");
    struct trust_bundle *bundle;
    ck_assert_msg(trust_bundle_read(bytes, NULL, &bundle, &err) == 0, "%s", err.text);
    const struct trust_cert *cert = bundle->certs[0];
    ck_assert_msg(trust_store_set_own(site.store, &node, TRUST_UNIT_TOMCAT, cert, &err) == 0, "%s", err.text);
    expiry_look(&expiry, &world, trust_cert_not_after(cert) - 5 * DAY);
    ck_logged("event=expiry-urgent unit=tomcat ");
    ck_logged("`tvsctl set cert import own tomcat FILE ");
    trust_bundle_free(bundle);
    fixture_free(bytes);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("expiry");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, each_threshold_once);
    tcase_add_test(cases, the_line_names_all);
    tcase_add_test(cases, a_new_one_begins_anew);
    tcase_add_test(cases, every_unit_of_this_node);
    tcase_add_test(cases, signer_of_the_ctl);
    tcase_add_test(cases, of_a_ca);
    suite_add_tcase(all, cases);
    return all;
}
