#include "helper_wrong.h"

#include "helper_lists.h"
#include "tests/fixture.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Scenes */

const char *const wrong_scenes[WRONG_SCENES] = {"none",     "full",    "plain",   "empty",   "homeless",
                                                "rollback", "keyless", "corrupt", "usurped", "lost"};

static struct trust_bytes bytes_of(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

static const char *in_here(const struct bench *bench, const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/here/%s", bench->folder, name);
    return out;
}

static void copy(struct bench *bench, const char *fixture, const char *name)
{
    struct trust_bytes bytes = fixture_read(fixture);
    bench_write(bench, in_here(bench, name), bytes);
    fixture_free(bytes);
}

static const struct lists_cert remote = {
    .subject = "CN=ITLRECOVERY_other", .serial = "0BADCAFE", .bits = 1024, .password = "secret"};

/* Files that are good for something, and files that are not. */
static void make_files(struct bench *bench)
{
    ck_assert_int_eq(mkdir(in_here(bench, ""), 0755), 0);
    ck_assert_int_eq(mkdir(in_here(bench, "folder"), 0755), 0);
    ck_assert_int_eq(mkfifo(in_here(bench, "fifo"), 0644), 0);
    copy(bench, "bundles/leaf.pem", "leaf.pem");
    copy(bench, "bundles/key.pem", "leaf.key");
    copy(bench, "bundles/key-rsa1024.pem", "other.key");
    copy(bench, "bundles/key-encrypted.pem", "encrypted.key");
    copy(bench, "bundles/modern.p12", "modern.p12");
    copy(bench, "certs/tvs-ec.crt", "ec.pem");
    copy(bench, "certs/own-3072.crt", "rsa3072.pem");
    copy(bench, "bundles/chain-p7b.pem", "chain.p7b");
    copy(bench, "bad/bad-signature-zeros.tlv", "zeros.tlv");
    copy(bench, "bad/truncated-record.tlv", "cut.tlv");
    copy(bench, "SEP0011215A1AE3.cnf.xml.sgn", "foreign.sgn");
    bench_write(bench, in_here(bench, "garbage"), bytes_of("nothing that anybody could use\n"));
    bench_write(bench, in_here(bench, "empty"), bytes_of(""));
    bench_write(bench, in_here(bench, "there"), bytes_of("it was there before\n"));
    bench_write(bench, in_here(bench, "pw"), bytes_of("secret\n"));
    bench_write(bench, in_here(bench, "wrongpw"), bytes_of("wrong\n"));
    lists_write_cert(bench, in_here(bench, "rsa.p12"), &remote);
    bench_write_cert(bench, in_here(bench, "phone.pem"), "phones.example.org", 1700000000);
    ck_assert_int_eq(chdir(in_here(bench, "")), 0);
}

static void must(struct bench *bench, const char *words)
{
    bench_run(bench, "%s", words);
    ck_assert_msg(bench->status == TVSCTL_DONE, "%s: %s", words, bench->err);
}

static void make_cluster(struct bench *bench)
{
    char path[512];
    must(bench, "set cert regen CallManager");
    must(bench, "set cert regen TVS");
    must(bench, "set cert regen tomcat");
    must(bench, "utils node add cucm-2 10.48.47.156");
    must(bench, "set cert import own TVS ec.pem --node cucm-2");
    must(bench, "set cert import trust tomcat-trust phone.pem");
    must(bench, "set csr gen tomcat");
    snprintf(path, sizeof path, "%s/SEP1.cnf.xml", bench->tftp);
    bench_write(bench, path, bytes_of("<device/>\n"));
    must(bench, "file sign SEP1.cnf.xml");
    snprintf(path, sizeof path, "%s/sub", bench->tftp);
    ck_assert_int_eq(mkdir(path, 0755), 0);
}

/* Lists 1 (ITL) and 2 (ITL) of the history cannot be given out again. */
static void spoil_history(const struct bench *bench)
{
    char path[512];
    snprintf(path, sizeof path, "%s/published/000001-ITLFile.tlv", bench->state);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/published/000002-ITLFile.tlv", bench->state);
    ck_assert_int_eq(truncate(path, 100), 0);
}

static void lose_keys(const struct bench *bench)
{
    char folder[512], moved[520];
    snprintf(folder, sizeof folder, "%s/keys", bench->state);
    snprintf(moved, sizeof moved, "%s.away", folder);
    ck_assert_int_eq(rename(folder, moved), 0);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
}

/* good.backup, and the ways in which a backup can be bad. */
static void make_backups(struct bench *bench)
{
    must(bench, "utils backup good.backup --password-file pw");
    struct trust_bytes good = fixture_read(in_here(bench, "good.backup"));
    uint8_t *flipped = malloc(good.len);
    ck_assert_ptr_nonnull(flipped);
    memcpy(flipped, good.data, good.len);
    flipped[good.len / 2] ^= 1;
    bench_write(bench, in_here(bench, "cut.backup"), (struct trust_bytes){good.data, good.len / 2});
    bench_write(bench, in_here(bench, "flipped.backup"), (struct trust_bytes){flipped, good.len});
    free(flipped);
    fixture_free(good);
}

void wrong_scene_open(struct wrong_scene *scene, const char *name)
{
    struct bench *bench = &scene->bench;
    char moved[512];
    bench_open(bench, "");
    make_files(bench);
    if (strcmp(name, "none") == 0)
        return;
    if (strcmp(name, "usurped") == 0) {
        bench_write(bench, bench->state, bytes_of("no folder\n"));
        return;
    }
    if (strcmp(name, "empty") == 0) {
        must(bench, "utils node add cucm-2");
        return;
    }
    make_cluster(bench);
    if (strcmp(name, "full") == 0) {
        must(bench, "utils ctl set-cluster mixed-mode --yes");
        must(bench, "set cert import trust Phone-SAST-trust rsa.p12 --password-file pw");
        must(bench, "set cert import trust Phone-SAST-trust phone.pem");
        make_backups(bench);
        spoil_history(bench);
    }
    if (strcmp(name, "keyless") == 0)
        lose_keys(bench);
    if (strcmp(name, "corrupt") == 0) {
        make_backups(bench);
        bench_write(bench, bench->store, bytes_of("no database, though there is something in it\n"));
    }
    if (strcmp(name, "lost") == 0) {
        make_backups(bench);
        bench_write(bench, bench->store, bytes_of(""));
    }
    if (strcmp(name, "plain") == 0)
        must(bench, "utils itl reset localkey --yes");
    if (strcmp(name, "rollback") == 0)
        must(bench, "utils itl rollback on --yes");
    if (strcmp(name, "homeless") == 0) {
        snprintf(moved, sizeof moved, "%s.away", bench->tftp);
        ck_assert_int_eq(rename(bench->tftp, moved), 0);
    }
}

void wrong_scene_close(struct wrong_scene *scene)
{
    ck_assert_int_eq(chdir("/"), 0);
    bench_close(&scene->bench);
}

/* ---- Rows */

struct wrong_file {
    const char *name;
    FILE *stream;
    int line;
    char scenes[128], text[1024], texts[1024];
};

struct wrong_file *wrong_file_open(const char *name)
{
    char path[64];
    struct wrong_file *file = calloc(1, sizeof *file);
    ck_assert_ptr_nonnull(file);
    snprintf(path, sizeof path, "wrong/%s", name);
    file->name = name;
    file->stream = fopen(fixture_path(path), "re");
    ck_assert_msg(file->stream != NULL, "%s: %s", fixture_path(path), strerror(errno));
    return file;
}

void wrong_file_close(struct wrong_file *file)
{
    fclose(file->stream);
    free(file);
}

/* The next line that is neither empty nor a comment, without its end. */
static bool next_line(struct wrong_file *file)
{
    while (fgets(file->text, sizeof file->text, file->stream) != NULL) {
        file->line++;
        file->text[strcspn(file->text, "\n")] = '\0';
        if (file->text[0] != '\0' && file->text[0] != '#')
            return true;
    }
    return false;
}

static void take_words(struct wrong_file *file, struct wrong_row *row)
{
    static const struct {
        const char *prefix, *answer;
    } ways[] = {{"no: ", "no\n"}, {"eof: ", ""}, {"pw: ", "secret\nsecret\nno\n"}, {"", NULL}};
    size_t way = 0;
    while (strncmp(file->text, ways[way].prefix, strlen(ways[way].prefix)) != 0)
        way++;
    row->answer = ways[way].answer;
    row->line = file->line;
    snprintf(row->words, sizeof row->words, "%.500s", file->text + strlen(ways[way].prefix));
}

static void take_outcome(struct wrong_file *file, struct wrong_row *row)
{
    ck_assert_msg(next_line(file) && strncmp(file->text, "    ", 4) == 0, "%s:%d: no outcome", file->name,
                  file->line);
    char *outcome = file->text + 4, *blank = strchr(outcome, ' ');
    ck_assert_msg(blank != NULL && outcome[0] >= '1' && outcome[0] <= '3', "%s:%d: %s", file->name,
                  file->line, outcome);
    *blank = '\0';
    row->status = outcome[0] - '0';
    row->has_output = strstr(outcome, "+out") != NULL || row->answer != NULL;
    row->has_warnings = strstr(outcome, "+warning") != NULL;
    snprintf(file->texts, sizeof file->texts, "%s", blank + 1);
    row->texts = file->texts;
}

bool wrong_file_next(struct wrong_file *file, struct wrong_row *row)
{
    static const char in[] = "in: ";
    *row = (struct wrong_row){.file = file->name};
    while (next_line(file)) {
        if (strncmp(file->text, in, strlen(in)) == 0) {
            snprintf(file->scenes, sizeof file->scenes, "%.120s", file->text + strlen(in));
            continue;
        }
        snprintf(row->scenes, sizeof row->scenes, " %.120s ", file->scenes);
        take_words(file, row);
        take_outcome(file, row);
        return true;
    }
    return false;
}

bool wrong_row_is_of(const struct wrong_row *row, const char *scene)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", scene);
    return strstr(row->scenes, word) != NULL;
}

/* ---- Outcomes */

static char *say(const char *format, ...) TRUST_PRINTF(1, 2);

static char *say(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    return text;
}

/* The line that is no warning, whose text is what the row tells. */
static void take_line(const char *err, char *line, size_t size, int *lines, int *warnings)
{
    *lines = *warnings = 0;
    line[0] = '\0';
    for (const char *p = err; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
        if (strncmp(p, "tvsctl: warning: ", 17) == 0) {
            ++*warnings;
            continue;
        }
        if (strncmp(p, "tvsctl: note: ", 14) == 0)
            continue;
        ++*lines;
        snprintf(line, size, "%.*s", (int)strcspn(p, "\n"), p);
    }
}

char *wrong_judge(const struct bench *bench, const struct wrong_row *row)
{
    char line[4096], texts[1024], *save;
    int lines, warnings;
    take_line(bench->err, line, sizeof line, &lines, &warnings);
    if (bench->status != row->status)
        return say("exit status %d instead of %d", bench->status, row->status);
    if (lines != 1 || strncmp(line, "tvsctl: ", 8) != 0)
        return say("%d lines instead of one", lines);
    if ((warnings > 0) != row->has_warnings)
        return say("%d warnings", warnings);
    if (!row->has_output && bench->out[0] != '\0')
        return say("there is output");
    snprintf(texts, sizeof texts, "%s", row->texts);
    for (char *text = strtok_r(texts, "|", &save); text != NULL; text = strtok_r(NULL, "|", &save))
        if (!helper_holds(line, text))
            return say("the line does not hold: %s", text);
    return NULL;
}

/* ---- What is there */

static bool ends(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);
    return len >= end && strcmp(name + len - end, ending) == 0;
}

static void print_content(const char *path, FILE *out)
{
    char hex[2 * TRUST_DIGEST_MAX + 1];
    uint8_t digest[TRUST_DIGEST_MAX];
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA256, &bytes, 1, digest, NULL), 0);
    fprintf(out, " %zu %s", bytes.len,
            trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_SHA256)}, 0, false, hex));
    fixture_free(bytes);
}

static void print_folder(const char *path, size_t skip, FILE *out)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    ck_assert_msg(count >= 0, "%s", path);
    for (int i = 0; i < count; i++) {
        char below[1024];
        struct stat info;
        const char *name = entries[i]->d_name;
        snprintf(below, sizeof below, "%s/%s", path, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !ends(name, "-wal") && !ends(name, "-shm")) {
            ck_assert_int_eq(lstat(below, &info), 0);
            fprintf(out, "%s %o %u %u", below + skip, (unsigned)info.st_mode, (unsigned)info.st_uid,
                    (unsigned)info.st_gid);
            if (S_ISREG(info.st_mode))
                print_content(below, out);
            fputc('\n', out);
            if (S_ISDIR(info.st_mode))
                print_folder(below, skip, out);
        }
        free(entries[i]);
    }
    free(entries);
}

char *wrong_snapshot(const char *folder)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    print_folder(folder, strlen(folder) + 1, out);
    fclose(out);
    return text;
}

/* Lines of one that the other has not. */
static void print_missing(const char *of, const char *in, char mark, FILE *out)
{
    for (const char *p = of; *p != '\0';) {
        size_t len = strcspn(p, "\n") + 1;
        char *line = strndup(p, len);
        ck_assert_ptr_nonnull(line);
        if (strstr(in, line) == NULL)
            fprintf(out, "  %c %s", mark, line);
        free(line);
        p += len;
    }
}

void wrong_print_difference(const char *before, const char *after, FILE *out)
{
    print_missing(before, after, '-', out);
    print_missing(after, before, '+', out);
}
