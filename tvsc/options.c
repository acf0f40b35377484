#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_HOST    "127.0.0.1:2445"
#define DEFAULT_DEVICE  "CP-tvsc-SEP000000000000"
#define DEFAULT_TIMEOUT 10000
#define TVS_TIMEOUT     5000
#define CONNECTIONS     1000
#define COUNT_MAX       100000
#define AT_ONCE_MAX     512
#define BENCH_MAX       10000000 /* connections, requests on one */
#define BATCH_MAX       1000
#define THREADS_MAX     64

#define VERIFY  (1u << OPTIONS_VERIFY)
#define QUERY   (1u << OPTIONS_QUERY)
#define SEND    (1u << OPTIONS_SEND)
#define PHONE   (1u << OPTIONS_PHONE)
#define BENCH   (1u << OPTIONS_BENCH)
#define ANY     (VERIFY | QUERY | SEND | BENCH)
#define HELP    (1u << OPTIONS_HELP)
#define VERSION (1u << OPTIONS_VERSION)

enum kind { TEXT, LIST, FLAG, TLS, DURATION, NUMBER, COMMAND };

struct option_row {
    const char *name;
    enum kind kind;
    unsigned commands; /* which take it */
    size_t offset;     /* of the member: const char *, options_list, bool, int64_t (ms), unsigned */
    int number;        /* TLS: the version; COMMAND: what it stands for; LIST, NUMBER: the most allowed */
    const char *value, *help;
};

#define FIELD(name) offsetof(struct options, name)
static const struct option_row rows[] = {
    {"--host", TEXT, ANY, FIELD(host), 0, "HOST:PORT",
     "the server; [ADDRESS]:PORT for IPv6; default " DEFAULT_HOST},
    {"--trust", TEXT, ANY, FIELD(trust), 0, "FILE",
     "what the server's certificate must stand in: PEM, or a trust list (.tlv)"},
    {"--device", TEXT, VERIFY | QUERY, FIELD(device), 0, "NAME", "the phone's name; default " DEFAULT_DEVICE},
    {"--tls1.0", TLS, ANY, 0, OPTIONS_TLS_1_0, NULL,
     "speak TLS 1.0 with AES256-SHA or AES128-SHA, as a 79xx does"},
    {"--tls1.1", TLS, ANY, 0, OPTIONS_TLS_1_1, NULL, "the same with TLS 1.1"},
    {"--tls1.2", TLS, ANY, 0, OPTIONS_TLS_1_2, NULL, "speak TLS 1.2 only"},
    {"--tls1.3", TLS, ANY, 0, OPTIONS_TLS_1_3, NULL, "speak TLS 1.3 only"},
    {"--ciphers", TEXT, ANY, FIELD(ciphers), 0, "LIST", "offer these cipher suites, by OpenSSL's names"},
    {"--timeout", DURATION, ANY | PHONE, FIELD(timeout_ms), 0, "TIME",
     "give up after that long: 500ms, 10s (default), 1m"},
    {"--json", FLAG, ANY | PHONE, FIELD(json), 0, NULL, "print one JSON object"},
    {"--serial", TEXT, QUERY, FIELD(serial), 0, "HEX", "serial number of the certificate wanted"},
    {"--issuer", TEXT, QUERY, FIELD(issuer), 0, "TEXT", "its issuer, in any spelling"},
    {"--subject", TEXT, QUERY, FIELD(subject), 0, "TEXT", "its subject, if the server is to be told"},
    {"--file", TEXT, QUERY, FIELD(file), 0, "FILE",
     "take the names from that .tlv or .sgn file, and verify it"},
    {"--save", TEXT, QUERY, FIELD(save), 0, "FILE", "write the certificate received there, as PEM"},
    {"--tftp", TEXT, PHONE, FIELD(tftp), 0, "SOURCE", "where the files are: tftp://HOST:PORT/, or a folder"},
    {"--state", TEXT, PHONE, FIELD(state), 0, "FOLDER", "where phones keep what they hold; default: nowhere"},
    {"--mac", TEXT, PHONE, FIELD(mac), 0, "MAC", "of the (first) phone; default 001122334455"},
    {"--family", TEXT, PHONE, FIELD(family), 0, "LIST", "79xx, 88xx (default), 7940, or several: 79xx,88xx"},
    {"--tvs", LIST, PHONE, FIELD(tvs), 3, "HOST:PORT", "a TVS server, up to three; else the configuration's"},
    {"--tvs-timeout", DURATION, PHONE, FIELD(tvs_timeout_ms), 0, "TIME", "for each TVS server; default 5s"},
    {"--https", LIST, PHONE, FIELD(https), OPTIONS_LIST_MAX, "URL", "connect there, and judge the server"},
    {"--now", TEXT, PHONE, FIELD(now), 0, "TIME", "the phone's clock: 2026-11-20T12:00:00Z, @SECONDS, +25h"},
    {"--fresh", FLAG, PHONE, FIELD(fresh), 0, NULL, "forget lists and answers first"},
    {"--count", NUMBER, PHONE, FIELD(count), COUNT_MAX, "N", "that many phones, MACs counted up"},
    {"--at-once", NUMBER, PHONE | BENCH, FIELD(at_once), BENCH_MAX, "N",
     "phones (connections) at work at a time; default 64"},
    {"--verbose", FLAG, PHONE, FIELD(verbose), 0, NULL, "console lines with --count, too; or -v"},
    {"--connections", NUMBER, BENCH, FIELD(connections), BENCH_MAX, "N", "in all; default 1000"},
    {"--for", DURATION, BENCH, FIELD(for_ms), 0, "TIME", "begin connections that long, instead"},
    {"--rate", NUMBER, BENCH, FIELD(rate), 1000000, "N", "begin so many a second, whatever comes back"},
    {"--burst", FLAG, BENCH, FIELD(burst), 0, NULL, "begin all at once"},
    {"--requests", NUMBER, BENCH, FIELD(requests), BENCH_MAX, "N", "questions a connection; default 1"},
    {"--batch", NUMBER, BENCH, FIELD(batch), BATCH_MAX, "N", "questions sent at a time on one; default 1"},
    {"--by-name", FLAG, BENCH, FIELD(by_name), 0, NULL, "ask for the certificates (query), not about them"},
    {"--handshakes", FLAG, BENCH, FIELD(handshakes), 0, NULL, "shake hands and ask nothing"},
    {"--hold", FLAG, BENCH, FIELD(hold), 0, NULL, "keep all open until the last is answered"},
    {"--resume", TEXT, BENCH, FIELD(resume), 0, "WAY", "take up TLS sessions again: by ticket, or by id"},
    {"--whole-every", NUMBER, BENCH, FIELD(whole_every), 1000, "N",
     "only every Nth asks; the others send a recorded hello"},
    {"--phones", NUMBER, BENCH, FIELD(phones), BENCH_MAX, "N",
     "as many different ones, in turns; default 1000"},
    {"--from", TEXT, BENCH, FIELD(from), 0, "ADDRESS", "the first phone's address; each has one of its own"},
    {"--threads", NUMBER, BENCH, FIELD(threads), THREADS_MAX, "N", "that make the load; default 1"},
    {"--pid", LIST, BENCH, FIELD(pid), OPTIONS_LIST_MAX, "PID",
     "the server's process: tell its CPU and memory"},
    {"--help", COMMAND, ~0u, 0, OPTIONS_HELP, NULL, "print this"},
    {"--version", COMMAND, ~0u, 0, OPTIONS_VERSION, NULL, "print the version"},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const struct {
    const char *name, *operand, *help;
} commands[] = {
    [OPTIONS_VERIFY] = {"verify", "CERT", "ask whether a certificate is trusted"},
    [OPTIONS_QUERY] = {"query", NULL,
                       "ask for a certificate by serial number and issuer, or for a file's signer"},
    [OPTIONS_SEND] = {"send", "FILE.hex",
                      "send a recorded request as it stands and print the answer's layout"},
    [OPTIONS_PHONE] = {"phone", NULL, "boot as a phone does, and decide as it does"},
    [OPTIONS_BENCH] = {"bench", "CERTS", "put a load on a server and measure it"},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

#define usage(err, ...) trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, __VA_ARGS__)

struct trust_bytes options_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

bool options_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0 && errno == 0 && number > 0 && number <= 3600000 &&
            (int64_t)number * units[i].ms <= 3600000) {
            *ms = (int64_t)number * units[i].ms;
            return true;
        }
    }
    return false;
}

/* "--host" also for "--host=VALUE"; *inline_value is what follows the sign, else NULL. */
static const struct option_row *find_row(const char *word, const char **inline_value)
{
    if (strcmp(word, "-v") == 0)
        word = "--verbose";
    size_t len = strcspn(word, "=");
    *inline_value = word[len] == '=' ? word + len + 1 : NULL;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, word, len) == 0)
            return &rows[i];
    }
    return NULL;
}

static int store_text(const struct option_row *row, const char *value, struct options *out,
                      struct trust_error *err)
{
    const char **field = (const char **)(void *)((char *)out + row->offset);
    if (*field != NULL)
        return usage(err, "%s stands there twice", row->name);
    if (value[0] == '\0')
        return usage(err, "%s has an empty value", row->name);
    *field = value;
    return 0;
}

static int store_list(const struct option_row *row, const char *value, struct options *out,
                      struct trust_error *err)
{
    struct options_list *list = (struct options_list *)(void *)((char *)out + row->offset);
    if (value[0] == '\0')
        return usage(err, "%s has an empty value", row->name);
    if (list->count >= (unsigned)row->number)
        return usage(err, "%s stands there more than %d times", row->name, row->number);
    list->value[list->count++] = value;
    return 0;
}

static int store_number(const struct option_row *row, const char *value, struct options *out,
                        struct trust_error *err)
{
    size_t len = strlen(value);
    long number = len > 0 && len < 10 && strspn(value, "0123456789") == len ? atol(value) : 0;
    if (number < 1 || number > row->number)
        return usage(err, "%s %s: not a number from 1 to %d", row->name, value, row->number);
    *(unsigned *)(void *)((char *)out + row->offset) = (unsigned)number;
    return 0;
}

static int store(const struct option_row *row, const char *value, struct options *out,
                 struct trust_error *err)
{
    void *member = (char *)out + row->offset;
    switch (row->kind) {
    case TEXT:
        return store_text(row, value, out, err);
    case LIST:
        return store_list(row, value, out, err);
    case NUMBER:
        return store_number(row, value, out, err);
    case DURATION:
        if (!options_duration(value, member))
            return usage(err, "%s %s: not a time such as 500ms, 10s or 1m (up to 1h)", row->name, value);
        return 0;
    case FLAG:
        *(bool *)member = true;
        return 0;
    case TLS:
        if (out->tls != OPTIONS_TLS_ANY && out->tls != row->number)
            return usage(err, "%s and another TLS version exclude each other", row->name);
        out->tls = row->number;
        return 0;
    case COMMAND:
        break;
    }
    return 0;
}

/* What was given, before it is known which command it belongs to. */
struct words {
    const char *operands[3]; /* the command, its operand, and one too many */
    size_t operand_count;
    const struct option_row *given[ROW_COUNT];
    size_t given_count;
    const struct option_row *instead; /* --help, --version */
};

static int take_option(int argc, char **argv, int *i, struct words *words, struct options *out,
                       struct trust_error *err)
{
    const char *value;
    const struct option_row *row = find_row(argv[*i], &value);
    if (row == NULL)
        return usage(err, "%s: no such option", argv[*i]);
    if (row->value == NULL && value != NULL)
        return usage(err, "%s takes no value", row->name);
    if (row->value != NULL && value == NULL) {
        if (*i + 1 >= argc)
            return usage(err, "%s needs a value", row->name);
        value = argv[++*i];
    }
    if (row->kind == COMMAND && words->instead == NULL)
        words->instead = row;
    if (words->given_count < ROW_COUNT)
        words->given[words->given_count++] = row;
    return store(row, value, out, err);
}

static int take_words(int argc, char **argv, struct words *words, struct options *out,
                      struct trust_error *err)
{
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            int rc = take_option(argc, argv, &i, words, out, err);
            if (rc != 0)
                return rc;
        } else if (words->operand_count < 3) {
            words->operands[words->operand_count++] = argv[i];
        }
    }
    return 0;
}

static int find_command(const struct words *words, struct options *out, struct trust_error *err)
{
    if (words->operand_count == 0)
        return usage(err, "a command is missing: verify, query, send, phone or bench");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, words->operands[0]) == 0) {
            out->command = (enum options_command)i;
            out->operand = words->operands[1];
            return 0;
        }
    }
    return usage(err, "%s: no such command: verify, query, send, phone or bench", words->operands[0]);
}

static int check_query(const struct options *options, struct trust_error *err)
{
    bool named = options->serial != NULL || options->issuer != NULL || options->subject != NULL;
    if (options->file != NULL && named)
        return usage(err, "--file names the signer already: leave out --serial, --issuer and --subject");
    if (options->file == NULL && (options->serial == NULL || options->issuer == NULL))
        return usage(err, "query needs --serial and --issuer, or --file");
    return 0;
}

static int check_phone(const struct options *options, struct trust_error *err)
{
    if (options->tftp == NULL)
        return usage(err,
                     "--tftp is missing: name the TFTP server (tftp://HOST:PORT/) or the folder that the "
                     "phone's files are in");
    if (options->json && options->verbose)
        return usage(err, "-v and --json exclude each other");
    if (options->at_once > AT_ONCE_MAX)
        return usage(err, "--at-once %u: phones do it %d at a time at most", options->at_once, AT_ONCE_MAX);
    return 0;
}

static int check_bench(struct options *options, struct trust_error *err)
{
    bool asks = options->requests > 1 || options->batch > 1 || options->by_name;
    if (options->burst && options->rate > 0)
        return usage(err, "--burst and --rate exclude each other");
    if (options->connections > 0 && options->for_ms > 0)
        return usage(err, "--connections and --for exclude each other");
    if (options->for_ms > 0 && (options->burst || options->hold))
        return usage(err, "--%s needs --connections, not --for", options->burst ? "burst" : "hold");
    if (options->handshakes && (asks || options->operand != NULL))
        return usage(err, "--handshakes asks nothing: leave out %s",
                     asks ? "--requests, --batch and --by-name" : "the file of certificates");
    if (!options->handshakes && options->operand == NULL)
        return usage(err, "bench needs a file, CERTS, or --handshakes");
    if (options->connections == 0 && options->for_ms == 0)
        options->connections = CONNECTIONS;
    return 0;
}

static int check(const struct words *words, struct options *options, struct trust_error *err)
{
    const char *name = commands[options->command].name, *operand = commands[options->command].operand;
    for (size_t i = 0; i < words->given_count; i++) {
        if ((words->given[i]->commands & 1u << options->command) == 0)
            return usage(err, "%s does not belong to %s", words->given[i]->name, name);
    }
    if (operand != NULL && words->operand_count < 2 && options->command != OPTIONS_BENCH)
        return usage(err, "%s needs a file: %s", name, operand);
    if (words->operand_count > (operand != NULL ? 2 : 1))
        return usage(err, "%s: one word too many", words->operands[operand != NULL ? 2 : 1]);
    if (options->command == OPTIONS_PHONE)
        return check_phone(options, err);
    if (options->trust == NULL)
        return usage(err, "--trust is missing: name the file (PEM, or a trust list) that the server's "
                          "certificate must stand in");
    if (options->command == OPTIONS_BENCH)
        return check_bench(options, err);
    return options->command == OPTIONS_QUERY ? check_query(options, err) : 0;
}

int options_parse(int argc, char **argv, struct options *out, struct trust_error *err)
{
    struct words words = {0};
    *out = (struct options){.timeout_ms = DEFAULT_TIMEOUT,
                            .tvs_timeout_ms = TVS_TIMEOUT,
                            .count = 1,
                            .at_once = 64,
                            .requests = 1,
                            .batch = 1,
                            .whole_every = 1,
                            .phones = 1000,
                            .threads = 1};
    int rc = take_words(argc, argv, &words, out, err);
    if (rc != 0)
        return rc;
    if (words.instead != NULL) {
        out->command = (enum options_command)words.instead->number;
        return 0;
    }
    if ((rc = find_command(&words, out, err)) != 0 || (rc = check(&words, out, err)) != 0)
        return rc;
    if (out->host == NULL)
        out->host = DEFAULT_HOST;
    if (out->device == NULL)
        out->device = DEFAULT_DEVICE;
    return 0;
}

void options_help(FILE *out)
{
    fputs("tvsc asks a Trust Verification Service as a phone does.\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "tvsc %-6s %-9s %s\n", commands[i].name,
                commands[i].operand != NULL ? commands[i].operand : "", commands[i].help);
    fputs("\nOptions, before or after the command:\n", out);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char left[32];
        snprintf(left, sizeof left, "%s %s", rows[i].name, rows[i].value != NULL ? rows[i].value : "");
        fprintf(out, "  %-20s %s%s\n", left, rows[i].help,
                rows[i].commands == QUERY   ? " (query)"
                : rows[i].commands == PHONE ? " (phone)"
                : rows[i].commands == BENCH ? " (bench)"
                                            : "");
    }
    fputs("\nExit status: 0 trusted, 1 not trusted, 2 wrong usage or an unusable file, 3 no answer.\n"
          "Of phone: 0 all follow, 1 some do not, 2 wrong usage, 3 it could not be tried.\n"
          "Of bench: 0 all were answered, 1 some were not, 2 wrong usage, 3 none was.\n",
          out);
}
