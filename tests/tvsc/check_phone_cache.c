/* What a phone remembers of TVS servers' answers, and which servers its configuration names. */
#include "helper_site.h"
#include "tests/check_main.h"
#include "tvsc/phone_cache.h"
#include "tvsc/phone_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1700000000

static struct phone_cache cache;

static void add(char letter, uint8_t role, uint32_t ttl)
{
    struct trust_roles roles = {0};
    struct trust_cert *cert;
    ck_assert(trust_roles_add(&roles, role));
    ck_assert_int_eq(trust_cert_from_der(trust_cert_der(site_cert(letter)), &cert, NULL), 0);
    phone_cache_add(&cache, cert, &roles, ttl, NOW);
    trust_cert_free(cert);
}

static bool signs(char letter, time_t now)
{
    char spec[] = {letter, '\0'};
    struct trust_list *file = site_list(spec, "CTLFile.tlv");
    const struct phone_cache_entry *entry = phone_cache_signer(&cache, file, now);
    trust_list_free(file);
    ck_assert(entry == NULL || trust_cert_equal(entry->cert, site_cert(letter)));
    return entry != NULL;
}

static bool serves(char letter, time_t now)
{
    return phone_cache_peer(&cache, site_cert(letter), TRUST_ROLE_APP_SERVER, now) != NULL;
}

START_TEST(test_time_to_live)
{
    add('A', TRUST_ROLE_TFTP, 86400);
    add('B', TRUST_ROLE_APP_SERVER, 10);
    ck_assert(signs('A', NOW) && signs('A', NOW + 86399) && !signs('A', NOW + 86400));
    ck_assert(serves('B', NOW + 9) && !serves('B', NOW + 10));
    ck_assert(!signs('B', NOW) && !serves('A', NOW) && !signs('R', NOW));
    add('R', TRUST_ROLE_SAST, 0);
    ck_assert(!signs('R', NOW));
    /* A later answer takes the place of the earlier. */
    add('A', TRUST_ROLE_APP_SERVER, 5);
    ck_assert(!signs('A', NOW) && serves('A', NOW));
    phone_cache_flush(&cache);
    ck_assert(!serves('A', NOW) && cache.count == 0);
}
END_TEST

START_TEST(test_text)
{
    char *text;
    struct trust_error err;
    add('A', TRUST_ROLE_TFTP, 100);
    add('B', TRUST_ROLE_APP_SERVER, 10);
    ck_assert_int_eq(phone_cache_write(&cache, &text, NULL), 0);
    phone_cache_flush(&cache);
    ck_assert_int_eq(phone_cache_read(&cache, text, &err), 0);
    ck_assert(signs('A', NOW + 99) && !signs('A', NOW + 100) && serves('B', NOW + 9) && !cache.changed);
    /* Without roles; and twice the same text does not add up. */
    char *line = strchr(text, ' ');
    char other[8192];
    snprintf(other, sizeof other, "1800000000 -%s", strchr(line + 1, ' '));
    ck_assert_int_eq(phone_cache_read(&cache, other, &err), 0);
    ck_assert(cache.count == 2 && !signs('A', NOW));
    free(text);
    phone_cache_flush(&cache);
}
END_TEST

START_TEST(test_bad_text)
{
    static const char *const bad[] = {"x\n",
                                      "1700000000\n",
                                      "1700000000 3\n",
                                      "1700000000 300 3082\n",
                                      "1700000000 3, 3082\n",
                                      "1700000000 3 3082\n",
                                      "1700000000 3 zz\n",
                                      "99999999999999999999 3 3082\n"};
    struct trust_error err = {0};
    ck_assert_int_ne(phone_cache_read(&cache, bad[_i], &err), 0);
    ck_assert_msg(strncmp(err.text, "line 1: ", 8) == 0, "%s: %s", bad[_i], err.text);
    ck_assert_uint_eq(cache.count, 0);
}
END_TEST

/* The one that ends first makes room. */
START_TEST(test_full)
{
    for (uint32_t i = 0; i < PHONE_CACHE_MAX - 1; i++) {
        struct trust_cert_request request = {
            .common_name = "many", .days = 1, .digest = TRUST_DIGEST_SHA256, .now = NOW};
        struct trust_roles roles = {0};
        struct trust_key *key;
        struct trust_cert *cert;
        ck_assert_int_eq(trust_key_generate("ec:P-256", &key, NULL), 0);
        ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
        phone_cache_add(&cache, cert, &roles, 1000 + i, NOW);
        trust_cert_free(cert);
        trust_key_free(key);
    }
    add('A', TRUST_ROLE_TFTP, 10);
    ck_assert_uint_eq(cache.count, PHONE_CACHE_MAX);
    add('B', TRUST_ROLE_TFTP, 2000);
    ck_assert_uint_eq(cache.count, PHONE_CACHE_MAX);
    ck_assert(!signs('A', NOW) && signs('B', NOW));
    phone_cache_flush(&cache);
}
END_TEST

#define MEMBER(priority, address, port)                                                                      \
    "<member " priority ">\n <address>" address "</address>" port "</member>"

static const struct {
    const char *config, *servers;
} configs[] = {
    {"<device><TVS><members>" MEMBER("priority=\"0\"", " tvs1 ",
                                     "<port>12445</port>") "</members></TVS></device>",
     "tvs1:12445 "},
    {"<TVS><members>" MEMBER("priority=\"1\"", "b", "") MEMBER("priority=\"0\"", "a", "<port>1</port>")
         MEMBER("x", "d", "") MEMBER("priority=\"2\"", "fe80::1", "") "</members></TVS>",
     "a:1 b:2445 [fe80::1]:2445 "},
    {"<callManagerGroup><members>" MEMBER("priority=\"0\"", "cm", "") "</members></callManagerGroup>", ""},
    {"<!-- <TVS><members>" MEMBER("", "old", "") "</members></TVS> --><TVS><members>" MEMBER(
         "", "new", "") "</members></TVS>",
     "new:2445 "},
    {"<TVS><members>" MEMBER("", "a b:c d", "") MEMBER("", "good", "<port>99999</port>")
         MEMBER("", "c", "") "</members></TVS><TVS><members>" MEMBER("", "second", "") "</members></TVS>",
     "c:2445 "},
    {"<TVS><members>" MEMBER("", "a", ""), ""},
    {"<TVS", ""},
    {"<TVS>", ""},
    {"<TVS></TVS>", ""},
    {"<TVS><member></TVS>", ""},
    {"<!--", ""},
    {"", ""},
};

START_TEST(test_servers)
{
    struct net_target servers[3];
    char found[300] = "";
    const struct trust_bytes config = {(const uint8_t *)configs[_i].config, strlen(configs[_i].config)};
    unsigned count = phone_config_servers(config, servers, 3);
    for (unsigned i = 0; i < count; i++) {
        strcat(found, servers[i].shown);
        strcat(found, " ");
    }
    ck_assert_str_eq(found, configs[_i].servers);
}
END_TEST

/* No piece of a file makes it read past the end. */
START_TEST(test_pieces_of_a_file)
{
    struct net_target servers[3];
    const char *whole = configs[3].config;
    for (size_t len = 0; len < strlen(whole); len++) {
        uint8_t *piece = malloc(len + 1);
        ck_assert_ptr_nonnull(piece);
        memcpy(piece, whole, len);
        ck_assert_uint_le(phone_config_servers((struct trust_bytes){piece, len}, servers, 3), 1);
        free(piece);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc phone cache");
    TCase *tests = tcase_create("cache");
    tcase_add_unchecked_fixture(tests, site_keys_make, site_keys_free);
    tcase_add_test(tests, test_time_to_live);
    tcase_add_test(tests, test_text);
    tcase_add_loop_test(tests, test_bad_text, 0, 8);
    tcase_add_test(tests, test_full);
    suite_add_tcase(suite, tests);
    TCase *config = tcase_create("configuration");
    tcase_add_loop_test(config, test_servers, 0, sizeof configs / sizeof configs[0]);
    tcase_add_test(config, test_pieces_of_a_file);
    suite_add_tcase(suite, config);
    return suite;
}
