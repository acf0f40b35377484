/* The command line of tvsc: what it takes, and what it says of the rest. */
#include "tests/check_main.h"
#include "tests/mdoc.h"
#include "tvsc/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Split text at blanks into argv; '_' in a word becomes a blank. */
static int parse(const char *text, struct options *options, struct trust_error *err)
{
    static char copy[512];
    static char *argv[40];
    int argc = 0;
    char *save;
    snprintf(copy, sizeof copy, "tvsc %s", text);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        for (char *c = word; *c != '\0'; c++) {
            if (*c == '_')
                *c = ' ';
        }
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    return options_parse(argc, argv, options, err);
}

static const struct {
    const char *line, *words;
} bad[] = {
    {"", "a command is missing: verify, query, send, phone or bench"},
    {"ask c.pem", "ask: no such command"},
    {"verify --trust t.pem", "verify needs a file: CERT"},
    {"send --trust t.pem", "send needs a file: FILE.hex"},
    {"verify c.pem", "--trust is missing"},
    {"verify c.pem d.pem --trust t.pem", "d.pem: one word too many"},
    {"query c.pem --trust t.pem --serial 1 --issuer CN=a", "c.pem: one word too many"},
    {"query --trust t.pem --serial 1", "query needs --serial and --issuer, or --file"},
    {"query --trust t.pem --issuer CN=a", "query needs --serial and --issuer, or --file"},
    {"query --trust t.pem --file f.tlv --serial 1", "--file names the signer already"},
    {"query --trust t.pem --file f.tlv --subject CN=a", "--file names the signer already"},
    {"verify c.pem --trust t.pem --serial 1", "--serial does not belong to verify"},
    {"send c.hex --trust t.pem --device a", "--device does not belong to send"},
    {"verify c.pem --trust", "--trust needs a value"},
    {"verify c.pem --trust=", "--trust has an empty value"},
    {"verify c.pem --trust a --trust b", "--trust stands there twice"},
    {"verify c.pem --trust a --json=yes", "--json takes no value"},
    {"verify c.pem --trust a --frob", "--frob: no such option"},
    {"verify c.pem --trust a -x", "-x: no such option"},
    {"verify c.pem --trust a --tls1.0 --tls1.2", "exclude each other"},
    {"verify c.pem --trust a --timeout 10", "--timeout 10: not a time"},
    {"verify c.pem --trust a --timeout 0s", "--timeout 0s: not a time"},
    {"verify c.pem --trust a --timeout -1s", "--timeout -1s: not a time"},
    {"verify c.pem --trust a --timeout 2h", "--timeout 2h: not a time"},
    {"verify c.pem --trust a --timeout 99999999999999999999s", "not a time"},
    {"phone --tftp f --at-once 513", "phones do it 512 at a time at most"},
    {"verify c.pem --trust t --rate 5", "--rate does not belong to verify"},
    {"bench c.pem", "--trust is missing"},
    {"bench --trust t", "bench needs a file, CERTS, or --handshakes"},
    {"bench c.pem d.pem --trust t", "d.pem: one word too many"},
    {"bench c.pem --trust t --device a", "--device does not belong to bench"},
    {"bench c.pem --trust t --handshakes", "--handshakes asks nothing: leave out the file"},
    {"bench --trust t --handshakes --requests 2", "--handshakes asks nothing: leave out --requests"},
    {"bench c.pem --trust t --burst --rate 5", "--burst and --rate exclude each other"},
    {"bench c.pem --trust t --connections 5 --for 5s", "--connections and --for exclude each other"},
    {"bench c.pem --trust t --burst --for 5s", "--burst needs --connections, not --for"},
    {"bench c.pem --trust t --hold --for 5s", "--hold needs --connections, not --for"},
    {"bench c.pem --trust t --rate 0", "--rate 0: not a number from 1 to 1000000"},
    {"bench c.pem --trust t --pid 1 --pid=", "--pid has an empty value"},
};

START_TEST(test_bad)
{
    struct options options;
    struct trust_error err = {0};
    ck_assert_int_eq(parse(bad[_i].line, &options, &err), TRUST_EARGUMENT);
    ck_assert_msg(strstr(err.text, bad[_i].words) != NULL, "%s: %s", bad[_i].line, err.text);
}
END_TEST

START_TEST(test_defaults)
{
    struct options options;
    ck_assert_int_eq(parse("verify c.pem --trust t.pem", &options, NULL), 0);
    ck_assert_int_eq(options.command, OPTIONS_VERIFY);
    ck_assert_str_eq(options.operand, "c.pem");
    ck_assert_str_eq(options.trust, "t.pem");
    ck_assert_str_eq(options.host, "127.0.0.1:2445");
    ck_assert_str_eq(options.device, "CP-tvsc-SEP000000000000");
    ck_assert_int_eq(options.timeout_ms, 10000);
    ck_assert_int_eq(options.tls, OPTIONS_TLS_ANY);
    ck_assert(!options.json);
    ck_assert_ptr_null(options.ciphers);
}
END_TEST

START_TEST(test_anywhere)
{
    struct options options;
    ck_assert_int_eq(parse("--json --host=[::1]:9 --tls1.0 query --trust t --issuer CN=a_b --timeout=1500ms "
                           "--serial 0A --subject CN=c --save s.pem --ciphers AES256-SHA --device SEP",
                           &options, NULL),
                     0);
    ck_assert_int_eq(options.command, OPTIONS_QUERY);
    ck_assert_str_eq(options.host, "[::1]:9");
    ck_assert_str_eq(options.issuer, "CN=a b");
    ck_assert_str_eq(options.subject, "CN=c");
    ck_assert_str_eq(options.serial, "0A");
    ck_assert_str_eq(options.save, "s.pem");
    ck_assert_str_eq(options.ciphers, "AES256-SHA");
    ck_assert_str_eq(options.device, "SEP");
    ck_assert_int_eq(options.timeout_ms, 1500);
    ck_assert_int_eq(options.tls, OPTIONS_TLS_1_0);
    ck_assert(options.json);
    ck_assert_int_eq(parse("--trust t -- verify -odd.pem", &options, NULL), 0);
    ck_assert_str_eq(options.operand, "-odd.pem");
}
END_TEST

START_TEST(test_bench)
{
    struct options options;
    ck_assert_int_eq(parse("bench c.pem --trust t", &options, NULL), 0);
    ck_assert_int_eq(options.command, OPTIONS_BENCH);
    ck_assert_str_eq(options.operand, "c.pem");
    ck_assert_uint_eq(options.connections, 1000);
    ck_assert_uint_eq(options.at_once, 64);
    ck_assert(options.requests == 1 && options.batch == 1 && options.whole_every == 1 &&
              options.threads == 1);
    ck_assert(options.rate == 0 && !options.burst && !options.hold && !options.handshakes &&
              !options.by_name);
    ck_assert_ptr_null(options.resume);
    ck_assert_int_eq(parse("bench --handshakes --trust t --for 20s --rate 5000 --at-once 5000 --threads 2 "
                           "--timeout 5s --resume ticket --whole-every 5 --phones 9 --pid 7 --pid 8",
                           &options, NULL),
                     0);
    ck_assert(options.handshakes && options.connections == 0 && options.for_ms == 20000);
    ck_assert(options.rate == 5000 && options.at_once == 5000 && options.threads == 2);
    ck_assert(options.whole_every == 5 && options.phones == 9 && options.timeout_ms == 5000);
    ck_assert_str_eq(options.resume, "ticket");
    ck_assert_uint_eq(options.pid.count, 2);
    ck_assert_str_eq(options.pid.value[1], "8");
}
END_TEST

START_TEST(test_help_needs_nothing_else)
{
    struct options options;
    ck_assert_int_eq(parse("verify --help", &options, NULL), 0);
    ck_assert_int_eq(options.command, OPTIONS_HELP);
    ck_assert_int_eq(parse("--version", &options, NULL), 0);
    ck_assert_int_eq(options.command, OPTIONS_VERSION);
}
END_TEST

static void add_name(FILE *names, const char *text)
{
    fprintf(names, "%.*s\n", (int)strcspn(text, " "), text);
}

static void add_item(void *arg, const char *item)
{
    add_name(arg, item);
}

/* The manual page has the options that --help names, in that order, and no other. */
START_TEST(test_manual_page)
{
    char *help = NULL, *helped = NULL, *described = NULL;
    size_t size;
    FILE *out = open_memstream(&help, &size), *names = open_memstream(&helped, &size),
         *items = open_memstream(&described, &size);
    ck_assert(out != NULL && names != NULL && items != NULL);
    options_help(out);
    ck_assert_int_eq(fclose(out), 0);
    for (const char *at = help; (at = strstr(at, "\n  --")) != NULL; at++)
        add_name(names, at + 3);
    mdoc_each_item("./man/tvsc.1", "OPTIONS", add_item, items);
    ck_assert(fclose(names) == 0 && fclose(items) == 0);
    ck_assert_str_eq(described, helped);
    free(described);
    free(helped);
    free(help);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc options");
    TCase *tests = tcase_create("options");
    tcase_add_loop_test(tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tests, test_defaults);
    tcase_add_test(tests, test_anywhere);
    tcase_add_test(tests, test_bench);
    tcase_add_test(tests, test_help_needs_nothing_else);
    tcase_add_test(tests, test_manual_page);
    suite_add_tcase(suite, tests);
    return suite;
}
