/* The lines of refusals, and whom they name. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/log.h"
#include "tvsd/phone_addresses.h"
#include "tvsd/refusals_say.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder, *path, *text;
static struct config *config;
static struct phones *phones;
static struct phone_addresses *addresses;

static void ignore(void *arg, const struct refusal *refusal, uint64_t count)
{
    (void)arg, (void)refusal, (void)count;
}

static void set_up(void)
{
    struct trust_error err = {0};
    char yaml[400];
    folder = fixture_folder();
    ck_assert_int_gt(asprintf(&path, "%s/log", folder), 0);
    int len = snprintf(yaml, sizeof yaml, "log: { target: %s }\n", path);
    ck_assert_msg(config_parse(yaml, (size_t)len, "test", &config, &err) == 0, "%s", err.text);
    ck_assert_msg(log_open(config, &err) == 0, "%s", err.text);
    phones = phones_new(100000);
    ck_assert_ptr_nonnull(phones);
    addresses = phone_addresses_new(phones);
    ck_assert_ptr_nonnull(addresses);
    /* What another test left, where all share a process. */
    refusals_turn(0, true, ignore, NULL);
    refusals_turn(0, true, ignore, NULL);
    refusals_more();
}

static void tear_down(void)
{
    phone_addresses_free(addresses);
    phones_free(phones);
    log_close();
    config_free(config);
    fixture_folder_remove(folder);
    free(path);
    free(text);
    text = NULL;
}

static void see(const char *name, const char *address)
{
    const struct sighting sighting = {.when = 1700000000,
                                      .device = {(const uint8_t *)name, strlen(name)},
                                      .address = address,
                                      .tls = "TLSv1.2",
                                      .class = "rsa",
                                      .asked = "query",
                                      .result = "trusted"};
    phones_see(phones, &sighting);
}

static void refuse(enum log_event event, const char *address, const char *name, const char *families)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(1024)};
    struct peer peer;
    ck_assert_int_eq(inet_pton(AF_INET, address, &from.sin_addr), 1);
    peer_set(&peer, (const struct sockaddr *)&from, sizeof from);
    struct refusal *refusal =
        refusals_note(event, 1, &peer, (struct trust_bytes){(const uint8_t *)name, strlen(name)});
    ck_assert_ptr_nonnull(refusal);
    strcpy(refusal->does, "did it");
    strcpy(refusal->serial, "1001");
    refusal->families = families;
    refusals_told(refusal);
}

static const char *log_text_now(void)
{
    struct trust_bytes bytes = fixture_read(path);
    free(text);
    text = strndup((const char *)bytes.data, bytes.len);
    fixture_free(bytes);
    return text;
}
#define ck_logged(words)                                                                                     \
    ck_assert_msg(strstr(log_text_now(), words) != NULL, "the log lacks: %s\n%s", words, text)

START_TEST(who_it_is)
{
    see("CP-7975-SEP001122334455", "192.0.2.1");
    see("CP-8841-SEP000000000001", "192.0.2.2"); /* two behind one address */
    see("CP-8841-SEP000000000002", "192.0.2.2");
    see("", "192.0.2.3");
    see("my \"phone\"", "192.0.2.4");
    for (int i = 1; i <= 4; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.2.%d", i);
        refuse(LOG_EV_TLS_REFUSED, address, "", "7x, 8x");
    }
    refuse(LOG_EV_NO_ROLE, "192.0.2.9", "CP-DX650-SEP000000000003", NULL);
    refuse(LOG_EV_TWIN_REFUSED, "192.0.2.9", "CP-1 at 192.0.2.8 did\nevent=ready", NULL);
    refuse(LOG_EV_ADDRESS_REFUSED, "192.0.2.9", "", NULL);
    refusals_say(addresses, 1000, false);
    ck_logged(
        "level=warning event=tls-refused reason=\"CP-7975 at 192.0.2.1 did it\" peer=\"192.0.2.1:1024\" "
        "setting=\"\" remedy=\"\" device=CP-7975-SEP001122334455 count=1\n");
    ck_logged("reason=\"the client at 192.0.2.2 (if it is a phone: 7x, 8x) did it\"");
    ck_logged("reason=\"the client at 192.0.2.3 (if it is a phone: 7x, 8x) did it\"");
    ck_logged("reason=\"the phone at 192.0.2.4 did it\"");
    ck_logged("event=no-role serial=1001 issuer=\"\" source=\"\" device=CP-DX650-SEP000000000003 "
              "peer=\"192.0.2.9:1024\" reason=\"CP-DX650 at 192.0.2.9 did it\" count=1\n");
    /* What a client calls itself is no part of a sentence, and no line of ours. */
    ck_logged("device=\"CP-1 at 192.0.2.8 did\\nevent=ready\" peer=\"192.0.2.9:1024\" reason=\"the phone at "
              "192.0.2.9 did it\" count=1\n");
    ck_logged("event=address-refused peer=\"192.0.2.9:1024\" connections=0 setting=\"\" count=1\n");
}
END_TEST

START_TEST(without_phones)
{
    refuse(LOG_EV_TLS_REFUSED, "192.0.2.1", "", NULL);
    refusals_say(NULL, 1000, false);
    ck_logged("reason=\"the client at 192.0.2.1 did it\"");
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
    for (uint32_t i = 0; i < 20000; i++) {
        struct peer peer = {.key = 0x9e3779b97f4a7c15u * (i + 1), .network = i};
        struct refusal *refusal = refusals_note(LOG_EV_REQUEST_REFUSED, 0, &peer, (struct trust_bytes){0});
        if (refusal != NULL)
            refusals_told(refusal);
    }
    refusals_say(addresses, 1000, false);
    size_t lines = 0;
    unsigned long more = 0;
    for (const char *at = log_text_now(); (at = strstr(at, "event=request-refused")) != NULL; at++)
        lines++;
    const char *said = strstr(text, "level=warning event=refused-more count=");
    ck_assert_ptr_nonnull(said);
    ck_assert_int_eq(sscanf(said, "level=warning event=refused-more count=%lu", &more), 1);
    ck_assert_uint_eq(lines + more, 20000);
    ck_assert_uint_le(lines, REFUSALS_MAX);
}
END_TEST

/* However many there are, one is found by its address, and by the one that it has now. */
START_TEST(found_by_address)
{
    char name[48], address[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "CP-8841-SEP%012d", i);
        snprintf(address, sizeof address, "10.1.%d.%d", i / 250, i % 250);
        see(name, address);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "CP-8841-SEP%012d", i);
        snprintf(address, sizeof address, "10.1.%d.%d", i / 250, i % 250);
        const struct phone *phone = phone_addresses_find(addresses, address, 100);
        ck_assert_ptr_nonnull(phone);
        ck_assert_str_eq(phone->name, name);
    }
    ck_assert_ptr_null(phone_addresses_find(addresses, "10.2.0.0", 100));
    /* It moved. The table is read again once that may cost something. */
    see("CP-8841-SEP000000000000", "10.2.0.0");
    ck_assert_ptr_null(phone_addresses_find(addresses, "10.2.0.0", 104));
    ck_assert_ptr_null(phone_addresses_find(addresses, "10.1.0.0", 104));
    ck_assert_ptr_nonnull(phone_addresses_find(addresses, "10.1.0.1", 104));
    ck_assert_ptr_nonnull(phone_addresses_find(addresses, "10.2.0.0", 105));
    ck_assert_ptr_null(phone_addresses_find(addresses, "10.1.0.0", 105));
}
END_TEST

Suite *suite(void)
{
    Suite *say = suite_create("refusals in words");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, who_it_is);
    tcase_add_test(all, without_phones);
    tcase_add_test(all, more_than_there_is_room_for);
    tcase_add_test(all, found_by_address);
    suite_add_tcase(say, all);
    return say;
}
