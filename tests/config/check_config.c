/* Reading the configuration: files that are good and files that are bad, as data. */
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "config/config.h"
#include "config/text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "/etc/tvs/tvsd.yaml"

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
    ck_assert_msg(config_parse(text, strlen(text), NAME, &config, &err) == 0, "%s", err.text);
    return config;
}

/* What stands in FOLDER/NAME.expected. The caller frees it. */
static char *expected(const char *folder, const char *stem)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.expected", folder, stem);
    struct trust_bytes bytes = fixture_read(path);
    char *text = strndup((const char *)bytes.data, bytes.len);
    ck_assert_ptr_nonnull(text);
    fixture_free(bytes);
    return text;
}

/* Call check for every .yaml file of a folder of the test data. */
static void each_file(const char *folder,
                      void (*check)(const char *folder, const char *stem, struct trust_bytes yaml))
{
    DIR *dir = opendir(fixture_path(folder));
    size_t files = 0;
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        char path[512], stem[256];
        if (len <= 5 || strcmp(entry->d_name + len - 5, ".yaml") != 0)
            continue;
        snprintf(stem, sizeof stem, "%.*s", (int)len - 5, entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct trust_bytes yaml = fixture_read(path);
        check(folder, stem, yaml);
        fixture_free(yaml);
        files++;
    }
    closedir(dir);
    ck_assert_uint_gt(files, 10);
}

/* Every expected line stands in the dump, and the dump is read back to the same. */
static void check_good(const char *folder, const char *stem, struct trust_bytes yaml)
{
    struct trust_error err = {0};
    struct config *config, *again;
    char *want = expected(folder, stem), *rest = want;
    ck_assert_msg(config_parse((const char *)yaml.data, yaml.len, NAME, &config, &err) == 0, "%s: %s", stem,
                  err.text);
    char *text = dump(config);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        ck_assert_msg(strstr(text, line) != NULL, "%s: no line \"%s\" in\n%s", stem, line, text);
    again = parse(text);
    char *second = dump(again);
    ck_assert_msg(strcmp(text, second) == 0, "%s: the dump is read back to\n%s", stem, second);
    config_free(config);
    config_free(again);
    free(text);
    free(second);
    free(want);
}

/* Line 1: LINE:COLUMN. Line 2: the code's name. Then words that stand in the message. */
static void check_bad(const char *folder, const char *stem, struct trust_bytes yaml)
{
    struct trust_error err = {0};
    struct config *config = (struct config *)&err;
    char *want = expected(folder, stem), *rest = want, place[64];
    int rc = config_parse((const char *)yaml.data, yaml.len, "tvsd.yaml", &config, &err);
    ck_assert_msg(rc != 0, "%s is taken", stem);
    ck_assert_ptr_null(config);
    ck_assert_int_eq(rc, err.code);
    snprintf(place, sizeof place, "tvsd.yaml:%s: ", strsep(&rest, "\n"));
    ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "%s: \"%s\" instead of \"%s\"", stem,
                  err.text, place);
    const char *code = strsep(&rest, "\n");
    ck_assert_msg(strcmp(trust_error_name(rc), code) == 0, "%s: %s (%s)", stem, trust_error_name(rc),
                  err.text);
    for (char *words; (words = strsep(&rest, "\n")) != NULL;)
        ck_assert_msg(strstr(err.text, words) != NULL, "%s: \"%s\" has no \"%s\"", stem, err.text, words);
    ck_assert_msg(strpbrk(err.text, "\n\t\033") == NULL, "%s: not one plain line", stem);
    free(want);
}

START_TEST(test_good_files)
{
    each_file("config/good", check_good);
}
END_TEST

START_TEST(test_bad_files)
{
    each_file("config/bad", check_bad);
}
END_TEST

/* Cut anywhere, or with any byte changed, a file is read or refused, never more than that. */
START_TEST(test_mutations)
{
    static const char text[] =
        "server:\n  listen: [\"127.0.0.1:0\", '[::1]:1']\n  idle_timeout: 60s\nlog: {level: info}\n";
    char copy[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (int byte = 0; byte < 256; byte++) {
            struct config *config;
            struct trust_error err = {0};
            memcpy(copy, text, sizeof text);
            copy[i] = (char)byte;
            size_t len = byte == 0 ? i : sizeof text - 1;
            int rc = config_parse(copy, len, NAME, &config, &err);
            ck_assert_int_eq(rc == 0, config != NULL);
            ck_assert_int_eq(rc == 0, err.text[0] == '\0');
            config_free(config);
        }
}
END_TEST

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

START_TEST(test_load)
{
    char *folder = fixture_folder(), path[512], state[512], want[1100];
    struct config *config = NULL;
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/tvsd.yaml", folder);
    write_file(path, "state: state\n", 0644);
    ck_assert_msg(config_load(path, &config, &err) == 0, "%s", err.text);
    snprintf(state, sizeof state, "%s/state", folder);
    ck_assert_str_eq(config->state, state);
    config_free(config);

    write_file(path, "state: state\n", 0646);
    ck_assert_int_eq(config_load(path, &config, &err), TRUST_EDENIED);
    ck_assert_ptr_null(config);
    snprintf(want, sizeof want, "%s: everybody may write it (mode 0646); chmod o-w %s", path, path);
    ck_assert_str_eq(err.text, want);

    write_file(path, "log:\n  level: loud\n", 0644);
    ck_assert_int_eq(config_load(path, &config, &err), TRUST_EVALUE);
    snprintf(want, sizeof want, "%s:2:10: log.level: \"loud\" is not known", path);
    ck_assert_msg(strncmp(err.text, want, strlen(want)) == 0, "%s", err.text);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_load_what_is_no_file)
{
    char *folder = fixture_folder(), path[512];
    struct config *config;
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/none.yaml", folder);
    ck_assert_int_eq(config_load(path, &config, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_int_eq(config_load(folder, &config, &err), TRUST_EARGUMENT);
    ck_assert_ptr_null(config);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_load_too_large)
{
    char *folder = fixture_folder(), path[512];
    struct config *config;
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/tvsd.yaml", folder);
    write_file(path, "", 0644);
    ck_assert_int_eq(truncate(path, 1 << 20), 0);
    ck_assert_int_eq(config_load(path, &config, &err), TRUST_ETOOLARGE);
    fixture_folder_remove(folder);
}
END_TEST

/* Relative to the file's folder, also when the file's own path is relative; the same wherever one stands
 * later. */
START_TEST(test_relative_name)
{
    struct config *config;
    struct trust_error err = {0};
    static const char text[] = "state: s\ntrust_lists: { directory: ../tftp }\n";
    char want[4200], here[4096];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(config_parse(text, strlen(text), "sub/tvsd.yaml", &config, &err), 0);
    snprintf(want, sizeof want, "%s/sub/s", here);
    ck_assert_str_eq(config->state, want);
    snprintf(want, sizeof want, "%s/sub/../tftp", here);
    ck_assert_str_eq(config->trust_lists.directory, want);
    ck_assert_str_eq(config->log.target, "stderr");
    config_free(config);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(config_parse(text, strlen(text), "tvsd.yaml", &config, &err), 0);
    ck_assert_str_eq(config->state, "/s");
    config_free(config);
}
END_TEST

START_TEST(test_defaults)
{
    struct config *config = parse("");
    char host[256];
    struct in_addr v4;
    ck_assert_int_eq(gethostname(host, sizeof host), 0);
    ck_assert_str_eq(config->node.name, host);
    /* No listen address but wildcards: the default route's, or the loopback's. */
    ck_assert_int_eq(inet_pton(AF_INET, config->node.address, &v4), 1);
    ck_assert_uint_ne(v4.s_addr, 0);
    ck_assert_uint_eq(config->server.listen.count, 2);
    ck_assert_int_eq(config->server.workers, CONFIG_AUTO);
    ck_assert_int_eq(config->server.max_connections_per_address, 0);
    ck_assert_int_eq(config->server.handshake_timeout, 30000);
    ck_assert_int_eq(config->server.request_timeout, 10000);
    ck_assert_int_eq(config->server.idle_timeout, 60000);
    ck_assert_int_eq(config->server.drain_timeout, 5000);
    ck_assert_int_eq(config->tls.minimum, CONFIG_TLS_1_2);
    ck_assert(config->tls.rsa_key_exchange);
    ck_assert_str_eq(config->certificates.subject, "OU=TVS;O=tvsd");
    ck_assert_int_eq(config->certificates.days, 1825);
    ck_assert_int_eq(config->certificates.signature, TRUST_DIGEST_SHA256);
    ck_assert_str_eq(config->state, "/var/lib/tvs");
    ck_assert_str_eq(config->trust_lists.directory, "/srv/tftp");
    ck_assert_int_eq(config->trust_lists.itl, CONFIG_ITL_AUTOMATIC);
    ck_assert_int_eq(config->trust_lists.digest, TRUST_DIGEST_SHA1);
    ck_assert_int_eq(config->trust_lists.signer, TRUST_UNIT_CALLMANAGER);
    ck_assert(config->trust_lists.recovery_anchor && config->trust_lists.require_trusted_signer);
    ck_assert_int_eq(config->answers.ttl, 86400);
    ck_assert_int_eq(config->answers.expired, CONFIG_EXPIRED_ANSWER);
    ck_assert_int_eq(config->log.level, CONFIG_LOG_INFO);
    ck_assert_int_eq(config->log.format, CONFIG_LOG_LOGFMT);
    config_free(config);
}
END_TEST

START_TEST(test_needs_restart)
{
    struct config *old = parse(""), *same = parse("server: { workers: auto }\n");
    struct config *live =
        parse("log: { level: debug }\nserver: { idle_timeout: 5s }\ntls: { minimum: '1.0' }\n");
    struct config *all =
        parse("server: { listen: '127.0.0.1:1', workers: 1, max_connections: 9 }\nstate: /x\n");
    struct config *one = parse("server: { listen: ['0.0.0.0:2445', '[::]:2446'] }\n");
    char text[200], small[32];
    ck_assert_str_eq(config_needs_restart(old, same, text, sizeof text), "");
    ck_assert_str_eq(config_needs_restart(old, live, text, sizeof text), "");
    ck_assert_str_eq(config_needs_restart(old, all, text, sizeof text),
                     "server.listen,server.workers,server.max_connections,state");
    ck_assert_str_eq(config_needs_restart(old, one, text, sizeof text), "server.listen");
    ck_assert_str_eq(config_needs_restart(old, all, small, sizeof small), "server.listen,server.workers");
    ck_assert_str_eq(config_needs_restart(old, all, small, 3), "");
    config_free(old);
    config_free(same);
    config_free(live);
    config_free(all);
    config_free(one);
}
END_TEST

START_TEST(test_state_path)
{
    struct config *config = parse("state: /var/lib/x\n");
    char path[32];
    ck_assert_str_eq(config_state_path(config, "tvs.sqlite3", path, sizeof path), "/var/lib/x/tvs.sqlite3");
    ck_assert_ptr_null(config_state_path(config, "a-name-that-does-not-fit", path, sizeof path));
    config_free(config);
    config_free(NULL);
}
END_TEST

static const struct {
    const char *text, *address; /* NULL: refused */
    uint16_t port;
} addresses[] = {
    {"127.0.0.1:2445", "127.0.0.1", 2445},
    {"host.example:0", "host.example", 0},
    {"[::]:65535", "::", 65535},
    {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
    {"127.0.0.1:65536", NULL, 0},
    {"127.0.0.1:", NULL, 0},
    {"127.0.0.1:+1", NULL, 0},
    {"127.0.0.1: 1", NULL, 0},
    {"127.0.0.1:1x", NULL, 0},
    {"127.0.0.1:000001", NULL, 0},
    {"127.0.0.1", NULL, 0},
    {":2445", NULL, 0},
    {"[]:2445", NULL, 0},
    {"[::1]", NULL, 0},
    {"[::1]2445", NULL, 0},
    {"[::1:2445", NULL, 0},
    {"::1:2445", NULL, 0},
    {"", NULL, 0},
    {"a-name-that-is-too-long-for-it:1", NULL, 0},
};

START_TEST(test_split_address)
{
    char address[16];
    uint16_t port = 7;
    bool ok = config_split_address(addresses[_i].text, address, sizeof address, &port);
    ck_assert_msg(ok == (addresses[_i].address != NULL), "%s", addresses[_i].text);
    if (ok) {
        ck_assert_str_eq(address, addresses[_i].address);
        ck_assert_uint_eq(port, addresses[_i].port);
    }
}
END_TEST

static const struct {
    const char *text;
    uint32_t code;
    size_t size;
} characters[] = {
    {"a", 'a', 1},
    {"\xc3\xbc", 0xfc, 2},
    {"\xe2\x82\xac", 0x20ac, 3},
    {"\xf0\x9f\x93\x9e", 0x1f4de, 4},
    {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
    {"\x80", TEXT_INVALID, 1},
    {"\xc0\xaf", TEXT_INVALID, 1},
    {"\xc3", TEXT_INVALID, 1},
    {"\xc3z", TEXT_INVALID, 1},
    {"\xe0\x80\x80", TEXT_INVALID, 1},
    {"\xed\xa0\x80", TEXT_INVALID, 1},
    {"\xe2\x82", TEXT_INVALID, 1},
    {"\xe2\x82z", TEXT_INVALID, 1},
    {"\xf0\x80\x80\x80", TEXT_INVALID, 1},
    {"\xf4\x90\x80\x80", TEXT_INVALID, 1},
    {"\xff", TEXT_INVALID, 1},
};

START_TEST(test_text_decode)
{
    size_t size = 0;
    ck_assert_uint_eq(text_decode(characters[_i].text, strlen(characters[_i].text), &size),
                      characters[_i].code);
    ck_assert_uint_eq(size, characters[_i].size);
}
END_TEST

START_TEST(test_text_show)
{
    char out[16];
    ck_assert_str_eq(text_show("Köln", 5, out, sizeof out), "Köln");
    ck_assert_str_eq(text_show("a\n\xff", 3, out, sizeof out), "a\\x0A\\xFF");
    ck_assert_str_eq(text_show("123456789012345", 15, out, sizeof out), "123456789012345");
    ck_assert_str_eq(text_show("1234567890123456", 16, out, sizeof out), "123456789012…");
    ck_assert_str_eq(text_show("", 0, out, sizeof out), "");
    ck_assert_str_eq(text_show("\xe2\x80\xae", 3, out, sizeof out), "\\xE2\\x80\\xAE");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("config");
    TCase *tc = tcase_create("files");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_good_files);
    tcase_add_test(tc, test_bad_files);
    tcase_add_test(tc, test_mutations);
    tcase_add_test(tc, test_load);
    tcase_add_test(tc, test_load_what_is_no_file);
    tcase_add_test(tc, test_load_too_large);
    tcase_add_test(tc, test_relative_name);
    suite_add_tcase(s, tc);
    tc = tcase_create("values");
    tcase_add_test(tc, test_defaults);
    tcase_add_test(tc, test_needs_restart);
    tcase_add_test(tc, test_state_path);
    tcase_add_loop_test(tc, test_split_address, 0, sizeof addresses / sizeof addresses[0]);
    tcase_add_loop_test(tc, test_text_decode, 0, sizeof characters / sizeof characters[0]);
    tcase_add_test(tc, test_text_show);
    suite_add_tcase(s, tc);
    return s;
}
