/* show status: what the running tvsd says of itself, and the lists that phones find. */
#include "daemon.h"
#include "handlers.h"
#include "json.h"
#include "print.h"
#include "published.h"
#include "say.h"
#include "tftp_folder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, WHEN, DURATION, LIST };

/* What is shown of tvsd's lines, in this order; what is not there is left out. */
static const struct row {
    const char *what, *key, *label;
    enum kind kind;
} rows[] = {
    {"daemon", "version", "Version", TEXT},
    {"daemon", "pid", "Process", NUMBER},
    {"daemon", "uptime", "Up for", DURATION},
    {"daemon", "status", "Status", TEXT},
    {"daemon", "node", "Node", TEXT},
    {"daemon", "configuration", "Configuration", TEXT},
    {"daemon", "state", "State", TEXT},
    {"daemon", "control", "Control socket", TEXT},
    {"daemon", "openssl", "OpenSSL", TEXT},
    {"daemon", "sqlite", "SQLite", TEXT},
    {"daemon", "libevent", "libevent", TEXT},
    {"service", "listen", "Listens on", LIST},
    {"service", "workers", "Workers", NUMBER},
    {"service", "connections", "Connections", NUMBER},
    {"service", "max_connections", "At most", NUMBER},
    {"service", "snapshots_made", "Versions made", NUMBER},
    {"service", "snapshots_live", "In memory", NUMBER},
    {"certificate", "subject", "Subject", TEXT},
    {"certificate", "serial", "Serial number", TEXT},
    {"certificate", "sha1", "SHA1", TEXT},
    {"certificate", "expires", "Expires", WHEN},
    {"certificate", "refused", "Refused", TEXT},
    {"certificate-ecdsa", "subject", "Subject", TEXT},
    {"certificate-ecdsa", "serial", "Serial number", TEXT},
    {"certificate-ecdsa", "sha1", "SHA1", TEXT},
    {"certificate-ecdsa", "expires", "Expires", WHEN},
    {"certificate-ecdsa", "waits", "Not shown", TEXT},
    {"store", "file", "File", TEXT},
    {"store", "certificates", "Certificates", NUMBER},
    {"store", "read", "Read", WHEN},
    {"store", "refused", "Refused", TEXT},
    {"ctl", "file", "File", TEXT},
    {"ctl", "state", "State", TEXT},
    {"ctl", "certificates", "Certificates", NUMBER},
    {"ctl", "length", "Length", NUMBER},
    {"ctl", "md5", "MD5", TEXT},
    {"ctl", "sha1", "SHA1", TEXT},
    {"ctl", "signer", "Signer", TEXT},
    {"ctl", "read", "Read", WHEN},
    {"ctl", "refused", "Refused", TEXT},
    {"expiry", "next", "Next", WHEN},
    {"expiry", "serial", "Serial number", TEXT},
    {"expiry", "issuer", "Issuer", TEXT},
    {"expiry", "expired", "Expired", NUMBER},
    {"phones", "known", "Known", NUMBER},
    {"phones", "max", "At most", NUMBER},
    {"phones", "bytes", "Memory (bytes)", NUMBER},
    {"phones", "forgotten", "Forgotten", NUMBER},
    {"phones", "sightings_lost", "Requests missed", NUMBER},
    {"phones", "written", "Written", WHEN},
    {"log", "level", "Level", TEXT},
    {"log", "configured", "Configured", TEXT},
    {"log", "format", "Format", TEXT},
    {"log", "target", "Target", TEXT},
    {"log", "lost", "Lines lost", NUMBER},
    {"log", "trouble", "Trouble", TEXT},
};
#define ROWS (sizeof rows / sizeof rows[0])

/* Titles of tvsd's lines by their first field; of the counters each is shown. */
static const struct {
    const char *what, *title;
} sections[] = {
    {"daemon", "tvsd"},
    {"service", "Phones' side"},
    {"certificate", "Certificate that phones are shown"},
    {"certificate-ecdsa", "Certificate that phones which can do ECDSA are shown"},
    {"store", "Store"},
    {"ctl", "CTL in force"},
    {"expiry", "Expiry of the certificates that tvsd answers with"},
    {"phones", "Phones"},
    {"log", "Log"},
    {"counters", "Counters since the start"},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

/* The lines as they came, copied. */
struct answer {
    struct line {
        struct line_field *fields;
        size_t count;
    } lines[SECTIONS + 8];
    size_t count;
};

static void answer_fini(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        for (size_t j = 0; j < answer->lines[i].count; j++)
            free(answer->lines[i].fields[j].value);
        free(answer->lines[i].fields);
    }
}

/* The key lies behind the value, in one piece of memory. */
static bool copy_field(const struct line_field *field, struct line_field *copy)
{
    size_t key = strlen(field->key) + 1;
    char *value = malloc(field->len + 1 + key);
    if (value == NULL)
        return false;
    memcpy(value, field->value, field->len + 1);
    memcpy(value + field->len + 1, field->key, key);
    *copy = (struct line_field){.key = value + field->len + 1, .value = value, .len = field->len};
    return true;
}

/* A tvsd of another version may have more to tell. */
static int take_line(void *arg, const struct line_field *fields, size_t count)
{
    struct answer *answer = arg;
    if (answer->count == sizeof answer->lines / sizeof answer->lines[0])
        return 0;
    struct line *line = &answer->lines[answer->count];
    line->fields = calloc(count + 1, sizeof *fields);
    if (line->fields == NULL)
        return TRUST_ENOMEM;
    answer->count++;
    for (; line->count < count; line->count++) {
        if (!copy_field(&fields[line->count], &line->fields[line->count]))
            return TRUST_ENOMEM;
    }
    return 0;
}

static const struct line *find_line(const struct answer *answer, const char *what)
{
    for (size_t i = 0; i < answer->count; i++)
        if (strcmp(line_value(answer->lines[i].fields, answer->lines[i].count, "what"), what) == 0)
            return &answer->lines[i];
    return NULL;
}

/* ---- For people */

static void print_label(FILE *out, const char *label)
{
    fprintf(out, "%-16s: ", label);
}

static void print_row(FILE *out, const char *label, const char *value)
{
    print_label(out, label);
    print_text(out, print_bytes(value));
    fputc('\n', out);
}

static const char *duration(int64_t seconds, char *out, size_t size)
{
    int64_t days = seconds / 86400;
    int used = 0;
    out[0] = '\0';
    if (days > 0)
        used = snprintf(out, size, "%" PRId64 " day%s ", days, days > 1 ? "s" : "");
    snprintf(out + used, size - (size_t)used, "%02d:%02d:%02d", (int)(seconds / 3600 % 24),
             (int)(seconds / 60 % 60), (int)(seconds % 60));
    return out;
}

static void print_value(FILE *out, const struct row *row, const char *value)
{
    char text[PRINT_TIME_SIZE];
    int64_t number = strtoll(value, NULL, 10);
    if (row->kind == WHEN && number != 0)
        print_row(out, row->label, print_time((time_t)number, text));
    else if (row->kind == WHEN)
        print_row(out, row->label, "never");
    else if (row->kind == DURATION)
        print_row(out, row->label, duration(number, text, sizeof text));
    else
        print_row(out, row->label, value);
}

static void print_section(FILE *out, const char *what, const struct line *line)
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; strcmp(rows[i].what, what) == 0 && j < line->count; j++)
            if (strcmp(line->fields[j].key, rows[i].key) == 0)
                print_value(out, &rows[i], line->fields[j].value);
    for (size_t j = 1; strcmp(what, "counters") == 0 && j < line->count; j++)
        print_row(out, line->fields[j].key, line->fields[j].value);
}

/* ---- For programs */

static void json_value(struct json *json, const struct row *row, const char *key, const char *value)
{
    int64_t number = strtoll(value, NULL, 10);
    if (row->kind == NUMBER || row->kind == DURATION)
        json_number(json, key, number);
    else if (row->kind == WHEN && number != 0)
        json_time(json, key, number);
    else
        json_string(json, key, row->kind == WHEN ? NULL : value);
}

static void json_list(struct json *json, const char *key, const struct line *line)
{
    json_array(json, key);
    for (size_t j = 0; j < line->count; j++)
        if (strcmp(line->fields[j].key, key) == 0)
            json_string(json, NULL, line->fields[j].value);
    json_array_end(json);
}

static void json_row(struct json *json, const struct row *row, const struct line *line)
{
    if (row->kind == LIST)
        json_list(json, row->key, line);
    for (size_t j = 0; row->kind != LIST && j < line->count; j++)
        if (strcmp(line->fields[j].key, row->key) == 0) {
            json_value(json, row, row->key, line->fields[j].value);
            return;
        }
}

static void json_section(struct json *json, const char *what, const struct line *line)
{
    json_object(json, what);
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].what, what) == 0)
            json_row(json, &rows[i], line);
    for (size_t j = 1; strcmp(what, "counters") == 0 && j < line->count; j++)
        json_number(json, line->fields[j].key, strtoll(line->fields[j].value, NULL, 10));
    json_object_end(json);
}

/* ---- The lists that phones find, with the checksums that phones show */

struct file {
    const char *name;
    size_t len;
    bool found;
    struct trust_error why; /* why it was not */
    char md5[2 * TRUST_DIGEST_MAX + 1], sha1[2 * TRUST_DIGEST_MAX + 1];
};

static void read_file(const struct config *config, struct file *file)
{
    struct trust_bytes bytes = {0};
    uint8_t digest[TRUST_DIGEST_MAX], *data = NULL;
    if (tftp_folder_read(config, file->name, TRUST_LIST_MAX, &data, &file->len, &file->why) != 0)
        return;
    bytes = (struct trust_bytes){data, file->len};
    file->found = trust_digest_pieces(TRUST_DIGEST_MD5, &bytes, 1, digest, NULL) == 0;
    trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_MD5)}, 0, false, file->md5);
    file->found = file->found && trust_digest_pieces(TRUST_DIGEST_SHA1, &bytes, 1, digest, NULL) == 0;
    trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_SHA1)}, 0, false, file->sha1);
    free(data);
}

/* That there is none is no fault: a cluster that never was in mixed mode has no CTL file. */
static void print_file(FILE *out, const struct file *file)
{
    print_label(out, file->name);
    if (file->found)
        fprintf(out, "%s(MD5) %s(SHA1), %zu bytes\n", file->md5, file->sha1, file->len);
    else if (file->why.code == TRUST_ENOTFOUND)
        fputs("none\n", out);
    else
        fprintf(out, "none that can be read: %s\n", file->why.text);
}

static void show_files(struct tvsctl *ctl, struct json *json)
{
    struct file files[] = {{.name = PUBLISHED_CTL}, {.name = PUBLISHED_ITL}};
    FILE *out = ctl->io.out;
    if (json != NULL)
        json_object(json, "lists");
    else
        fputs("\nLists in the TFTP folder\n", out);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct file *file = &files[i];
        read_file(ctl->config, file);
        if (json == NULL) {
            print_file(out, file);
            continue;
        }
        json_object(json, file->name);
        json_bool(json, "found", file->found);
        json_string(json, "md5", file->found ? file->md5 : NULL);
        json_string(json, "sha1", file->found ? file->sha1 : NULL);
        json_number(json, "length", (int64_t)file->len);
        json_object_end(json);
    }
    if (json != NULL)
        json_object_end(json);
}

static void show(struct tvsctl *ctl, const struct answer *answer)
{
    struct json writer, *json = NULL;
    json_init(&writer, ctl->io.out);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        json = &writer;
        json_object(json, NULL);
    }
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct line *line = find_line(answer, sections[i].what);
        if (line == NULL || line->count <= 1) /* there is nothing to tell of */
            continue;
        if (json != NULL) {
            json_section(json, sections[i].what, line);
            continue;
        }
        fprintf(ctl->io.out, "%s%s\n", i > 0 ? "\n" : "", sections[i].title);
        print_section(ctl->io.out, sections[i].what, line);
    }
    show_files(ctl, json);
    if (json != NULL)
        json_object_end(json);
}

int show_status(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct daemon *daemon = NULL;
    struct answer answer = {.count = 0};
    struct trust_error err = {0};
    (void)args, (void)count;
    int rc = daemon_open(ctl->config, &daemon, &err);
    if (rc == 0)
        rc = daemon_ask(daemon, "status", DAEMON_TIMEOUT, take_line, &answer, &err);
    daemon_close(daemon);
    if (rc == 0)
        show(ctl, &answer);
    answer_fini(&answer);
    if (rc == TRUST_ENOMEM)
        return say_no_memory(ctl);
    return rc == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}
