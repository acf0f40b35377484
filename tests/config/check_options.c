/* One table describes the options; the sample file and the manual page must say the same. */
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "config/config.h"
#include "config/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE "./conf/tvsd.yaml"
#define MANUAL "./man/tvsd.yaml.5"

static char *read_text(const char *path)
{
    struct trust_bytes bytes = fixture_read(path);
    char *text = strndup((const char *)bytes.data, bytes.len);
    ck_assert_ptr_nonnull(text);
    fixture_free(bytes);
    return text;
}

static char *dump(const struct config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    config_dump(config, out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static struct config *parse(const char *text)
{
    struct config *config;
    struct trust_error err = {0};
    ck_assert_msg(config_parse(text, strlen(text), "/etc/tvs/test.yaml", &config, &err) == 0, "%s", err.text);
    return config;
}

/* The name in "  #name: value", an option that is commented out; NULL for any other line. */
static const char *sample_option(const char *line, size_t *len, size_t *indent)
{
    *indent = strspn(line, " ");
    const char *name = line + *indent + 1;
    *len = 0;
    if (line[*indent] != '#')
        return NULL;
    while (islower((unsigned char)name[*len]) || name[*len] == '_')
        (*len)++;
    return *len > 0 && strncmp(name + *len, ": ", 2) == 0 ? name : NULL;
}

/* The sample with the # of its options taken away; of one option alone if only is not NULL. Marks in seen
 * what it meets. */
static char *uncomment(const char *sample, const struct option *only, bool *seen)
{
    size_t count, section_len = 0, room = strlen(sample) + 1;
    const struct option *all = option_table(&count);
    char *out = calloc(1, room), section[64] = "";
    ck_assert_ptr_nonnull(out);
    for (const char *line = sample, *end; *line != '\0'; line = end + 1) {
        size_t len, indent;
        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        const char *name = sample_option(line, &len, &indent);
        if (isalpha((unsigned char)line[0])) {
            section_len = strcspn(line, ":");
            snprintf(section, sizeof section, "%.*s", (int)section_len, line);
        }
        const struct option *option =
            name == NULL ? NULL : option_find(indent == 0 ? "" : section, name, len);
        ck_assert_msg(name == NULL || option != NULL, "%s names %.*s, which is no option", SAMPLE, (int)len,
                      name);
        if (option != NULL && (only == NULL || only == option)) {
            ck_assert_msg(!seen[option - all], "%s names %s twice", SAMPLE, option->key);
            seen[option - all] = true;
            strncat(out, line, indent);
            strncat(out, line + indent + 1, (size_t)(end - line) - indent);
        } else {
            strncat(out, line, (size_t)(end - line) + 1);
        }
    }
    return out;
}

START_TEST(test_sample_names_every_option)
{
    bool seen[OPTIONS_MAX] = {0};
    size_t count;
    const struct option *all = option_table(&count);
    char *sample = read_text(SAMPLE), *text = uncomment(sample, NULL, seen);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(seen[i], "%s does not name %s", SAMPLE, all[i].key);
    free(text);
    free(sample);
}
END_TEST

START_TEST(test_sample_is_the_defaults)
{
    bool seen[OPTIONS_MAX] = {0};
    char *sample = read_text(SAMPLE), *text = uncomment(sample, NULL, seen);
    struct config *defaults = parse(""), *commented = parse(sample), *config = parse(text);
    size_t count;
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(option_equal(&all[i], defaults, commented), "%s sets %s as it stands", SAMPLE,
                      all[i].key);
        if (all[i].initial != NULL)
            ck_assert_msg(option_equal(&all[i], defaults, config), "%s: %s is not the default", SAMPLE,
                          all[i].key);
    }
    config_free(defaults);
    config_free(commented);
    config_free(config);
    free(text);
    free(sample);
}
END_TEST

/* An operator takes away one # and no more. */
START_TEST(test_sample_options_stand_alone)
{
    size_t count;
    const struct option *all = option_table(&count);
    char *sample = read_text(SAMPLE);
    for (size_t i = 0; i < count; i++) {
        bool seen[OPTIONS_MAX] = {0};
        char *text = uncomment(sample, &all[i], seen);
        ck_assert_msg(seen[i], "%s", all[i].key);
        config_free(parse(text));
        free(text);
    }
    free(sample);
}
END_TEST

/* What the table would say as the default, in the manual page's spelling. */
static const char *manual_default(const struct option *option, char *out, size_t size)
{
    if (option->kind != OPTION_LIST) {
        snprintf(out, size, "%s", option->initial);
        return out;
    }
    size_t used = 0;
    for (const char *at = option->initial; *at != '\0';) {
        size_t len = strcspn(at, " ");
        used += (size_t)snprintf(out + used, size - used, "%s\\(dq%.*s\\(dq", used == 0 ? "[" : ", ",
                                 (int)len, at);
        at += len + strspn(at + len, " ");
    }
    if (used == 0)
        snprintf(out, size, "none");
    else
        snprintf(out + used, size - used, "]");
    return out;
}

static void check_manual_item(const struct option *option, const char *item)
{
    char value[200], want[240];
    ck_assert_msg(strstr(item, "\nDefault: ") != NULL, "%s has no default", option->key);
    if (option->initial != NULL) {
        snprintf(want, sizeof want, "\nDefault: %s.\n", manual_default(option, value, sizeof value));
        ck_assert_msg(strstr(item, want) != NULL, "%s lacks \"%s\"", option->key, want + 1);
    }
    ck_assert_msg(strstr(item, "\nRange: ") != NULL, "%s has no range", option->key);
    if ((option->kind != OPTION_TEXT && option->kind != OPTION_PATH) || strstr(item, " bytes.") != NULL) {
        char range[180];
        snprintf(want, sizeof want, "\nRange: %s.\n", option_range(option, range, sizeof range));
        ck_assert_msg(strstr(item, want) != NULL, "%s lacks \"%s\"", option->key, want + 1);
    }
    ck_assert_msg((strstr(item, "\nNeeds a restart.\n") != NULL) == option->needs_restart,
                  "%s: needs a restart?", option->key);
}

/* Takes the text apart. */
static void check_manual(char *text, bool *seen)
{
    static const char head[] = "\n.It Cm ";
    size_t count;
    const struct option *all = option_table(&count);
    for (char *item = strstr(text, head), *after; item != NULL; item = after) {
        item += strlen(head);
        after = strstr(item, head);
        char *end = strstr(item, "\n.El"), key[64];
        ck_assert_ptr_nonnull(end);
        if (after != NULL && after < end)
            end = after;
        char kept = end[1];
        end[1] = '\0';
        snprintf(key, sizeof key, "%.*s", (int)strcspn(item, "\n"), item);
        size_t i = 0;
        while (i < count && strcmp(all[i].key, key) != 0)
            i++;
        ck_assert_msg(i < count, "%s names %s, which is no option", MANUAL, key);
        ck_assert_msg(!seen[i], "%s names %s twice", MANUAL, key);
        seen[i] = true;
        check_manual_item(&all[i], item);
        end[1] = kept;
    }
}

START_TEST(test_manual_describes_every_option)
{
    bool seen[OPTIONS_MAX] = {0};
    size_t count;
    const struct option *all = option_table(&count);
    char *text = read_text(MANUAL);
    check_manual(text, seen);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(seen[i], "%s does not name %s", MANUAL, all[i].key);
    free(text);
}
END_TEST

START_TEST(test_table_is_in_order)
{
    size_t count;
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        size_t section = option_section_length(&all[i]);
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)section, all[i].key);
        ck_assert_ptr_eq(option_find(name, option_name(&all[i]), strlen(option_name(&all[i]))), &all[i]);
        /* A dump opens a section once, so its options stand together. */
        for (const struct option *o = option_find_section(name, section); o != NULL && o < &all[i]; o++)
            ck_assert_msg(option_section_length(o) == section && strncmp(o->key, all[i].key, section) == 0,
                          "%s stands between the options of another section", o->key);
        if (all[i].kind == OPTION_INTEGER || all[i].kind == OPTION_DURATION)
            ck_assert_int_lt(all[i].min, all[i].max);
    }
}
END_TEST

static const struct {
    const char *section, *written, *hint;
} suggestions[] = {
    {"", "sever", "did you mean server?"},
    {"", "sevrer", "did you mean server?"},
    {"", "trust_list", "did you mean trust_lists?"},
    {"", "stat", "did you mean state?"},
    {"", "listen", "listen belongs on a line of its own, indented under server:"},
    {"", "log.level", "level belongs on a line of its own, indented under log:"},
    {"server", "state", "state belongs at the top level, not indented"},
    {"server", "lisen", "did you mean listen?"},
    {"server", "max_connection", "did you mean max_connections?"},
    {"log", "colour", "known here: level format target"},
    {"", "", "known here: server tls node certificates state trust_lists answers log control phones"},
    {"answers", "a_name_that_is_longer_than_any_word_this_table_has_and_more", "known here: ttl expired"},
};

START_TEST(test_suggestions)
{
    char hint[200];
    const char *written = suggestions[_i].written;
    ck_assert_str_eq(option_suggest(suggestions[_i].section, written, strlen(written), hint, sizeof hint),
                     suggestions[_i].hint);
}
END_TEST

/* Each option is printed so that it is read back to the same, whatever its value. */
START_TEST(test_values_survive_a_dump)
{
    static const char text[] =
        "server: { listen: ['192.0.2.7:0', '[fe80::1%eth0]:2445'], workers: 7, max_connections: 5,"
        " max_connections_per_address: 3, unlimited_addresses: ['192.0.2.0/24', '2001:db8::'],"
        " max_handshakes: 9, handshake_timeout: 1500ms, request_timeout: 2m,"
        " idle_timeout: 1d, drain_timeout: 0s }\n"
        "tls: { minimum: 1.0, rsa_key_exchange: no }\n"
        "node: { name: tvs-1.example.com, address: 192.0.2.9 }\n"
        "certificates: { subject: 'OU=\"a\\b\";O=Müller', key: 'ec:P-256', days: 1,"
        " signature: SHA512 }\n"
        "state: /a b/\"c\"\n"
        "trust_lists: { directory: 'C:\\', itl: manual, digest: sha512, signer: itlrecovery,"
        " recovery_anchor: off, itl_records: certificate, dns_names: blank, addresses: no,"
        " require_trusted_signer: FALSE, refuse_older_ctl: on }\n"
        "answers: { ttl: 0, expired: refuse }\n"
        "log: { level: debug, format: json, target: ./tvsd.log }\n"
        "control: { socket: ./control }\n"
        "phones: { max: 0 }\n";
    size_t count;
    const struct option *all = option_table(&count);
    struct config *defaults = parse(""), *config = parse(text);
    char *first = dump(config);
    struct config *again = parse(first);
    char *second = dump(again);
    ck_assert_str_eq(first, second);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(option_equal(&all[i], config, again), "%s", all[i].key);
        ck_assert_msg(!option_equal(&all[i], config, defaults), "%s", all[i].key);
    }
    ck_assert_str_eq(config->certificates.subject, "OU=\"a\\b\";O=Müller");
    ck_assert_str_eq(config->log.target, "/etc/tvs/tvsd.log");
    ck_assert_str_eq(config->control.socket, "/etc/tvs/control");
    config_free(defaults);
    config_free(config);
    config_free(again);
    free(first);
    free(second);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("options");
    TCase *tc = tcase_create("table, sample, manual");
    tcase_add_test(tc, test_sample_names_every_option);
    tcase_add_test(tc, test_sample_is_the_defaults);
    tcase_add_test(tc, test_sample_options_stand_alone);
    tcase_add_test(tc, test_manual_describes_every_option);
    tcase_add_test(tc, test_table_is_in_order);
    tcase_add_loop_test(tc, test_suggestions, 0, sizeof suggestions / sizeof suggestions[0]);
    tcase_add_test(tc, test_values_survive_a_dump);
    suite_add_tcase(s, tc);
    return s;
}
