#include "helper.h"

#include "tests/fixture.h"
#include "tvsctl/phrase.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 40

void bench_open(struct bench *bench, const char *extra)
{
    *bench = (struct bench){.folder = fixture_folder()};
    snprintf(bench->config, sizeof bench->config, "%s/tvsd.yaml", bench->folder);
    snprintf(bench->state, sizeof bench->state, "%s/state", bench->folder);
    snprintf(bench->tftp, sizeof bench->tftp, "%s/tftp", bench->folder);
    snprintf(bench->store, sizeof bench->store, "%s/" TRUST_STORE_FILE, bench->state);
    ck_assert_int_eq(mkdir(bench->tftp, 0755), 0);
    FILE *file = fopen(bench->config, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "node:\n  name: cucm-1051-a-pub\n  address: 10.48.47.155\n"
            "certificates:\n  subject: \"OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\"\n  key: \"rsa:1024\"\n"
            "state: %s\n"
            "trust_lists:\n  directory: %s\n%s",
            bench->state, bench->tftp, extra);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(bench->config, 0644), 0);
}

static void forget_run(struct bench *bench)
{
    free(bench->out);
    free(bench->err);
    bench->out = bench->err = NULL;
}

void bench_close(struct bench *bench)
{
    forget_run(bench);
    fixture_folder_remove(bench->folder);
}

static int split(char *text, char **words)
{
    int count = 0;
    for (char *p = text; *p != '\0';) {
        p += strspn(p, " ");
        if (*p == '\0')
            break;
        char end = *p == '\'' || *p == '"' ? *p : ' ';
        p += end != ' ';
        ck_assert_int_lt(count, WORDS_MAX);
        words[count++] = p;
        p += strcspn(p, (char[]){end, '\0'});
        if (*p != '\0')
            *p++ = '\0';
    }
    return count;
}

static bool takes_force(int count, char **words)
{
    struct flags flags;
    struct phrase_match match;
    char *plain[WORDS_MAX], problem[256];
    size_t plain_count;
    if (flags_parse(count, words, &flags, plain, &plain_count, problem, sizeof problem) != NULL)
        return false;
    phrase_match(&grammar, plain, plain_count, &match);
    return match.result == PHRASE_FOUND && (match.phrase->flags & FLAG_BIT(FLAG_FORCE)) != 0;
}

static void run(struct bench *bench, int in, char *words_text)
{
    char program[] = "tvsctl", force[] = "--force", *words[WORDS_MAX + 3] = {program};
    size_t out_size, err_size;
    forget_run(bench);
    int count = 1 + split(words_text, words + 1);
    if (bench->forces && takes_force(count - 1, words + 1))
        words[count++] = force;
    struct tvsctl_io io = {in, open_memstream(&bench->out, &out_size),
                           open_memstream(&bench->err, &err_size)};
    bench->status = tvsctl_run(count, words, &io);
    fclose(io.out);
    fclose(io.err);
}

static char *add_config(const struct bench *bench, const char *format, va_list args) TRUST_PRINTF(2, 0);

static char *add_config(const struct bench *bench, const char *format, va_list args)
{
    char *words, *all;
    ck_assert_int_ge(vasprintf(&words, format, args), 0);
    ck_assert_int_ge(asprintf(&all, "--config %s %s", bench->config, words), 0);
    free(words);
    return all;
}

void bench_run(struct bench *bench, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *words = add_config(bench, format, args);
    va_end(args);
    run(bench, -1, words);
    free(words);
}

/* A pseudo-terminal on which somebody has typed the answer already. */
static void run_on_terminal(struct bench *bench, const char *answer, char *words)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(slave, 0);
    const char *typed = answer[0] != '\0' ? answer : "\004"; /* Ctrl-D */
    ck_assert_int_eq(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
    run(bench, slave, words);
    close(slave);
    close(master);
}

void bench_run_answered(struct bench *bench, const char *answer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *words = add_config(bench, format, args);
    va_end(args);
    run_on_terminal(bench, answer, words);
    free(words);
}

void bench_run_plain(struct bench *bench, const char *answer, const char *words)
{
    char *copy = strdup(words);
    ck_assert_ptr_nonnull(copy);
    if (answer != NULL)
        run_on_terminal(bench, answer, copy);
    else
        run(bench, -1, copy);
    free(copy);
}

char *helper_fold(const char *text)
{
    char *out = malloc(strlen(text) + 1), *end = out;
    ck_assert_ptr_nonnull(out);
    for (; *text != '\0'; text++) {
        bool blank = *text == ' ' || *text == '\t';
        if (blank && (end == out || end[-1] == ' ' || end[-1] == '\n'))
            continue;
        if (*text == '\n' && end > out && end[-1] == ' ')
            end--;
        *end++ = blank ? ' ' : *text;
    }
    if (end > out && end[-1] == ' ')
        end--;
    *end = '\0';
    return out;
}

bool helper_holds(const char *text, const char *part)
{
    char *folded = helper_fold(text), *wanted = helper_fold(part);
    bool holds = strstr(folded, wanted) != NULL;
    free(folded);
    free(wanted);
    return holds;
}

int helper_count(const char *text, const char *part)
{
    int count = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
        count++;
    return count;
}

/* Nothing but what a phrase did. */
static bool is_notes(const char *text)
{
    static const char note[] = "tvsctl: note: ", forced[] = "tvsctl: warning: forced past guard rail ";
    while ((strncmp(text, note, strlen(note)) == 0 || strncmp(text, forced, strlen(forced)) == 0) &&
           strchr(text, '\n') != NULL)
        text = strchr(text, '\n') + 1;
    return text[0] == '\0';
}

static void expect_text(const char *file, int line, const char *what, const char *text, const char *wanted)
{
    if (wanted == NULL)
        return;
    bool fits = wanted[0] == '\0' ? is_notes(text) : helper_holds(text, wanted);
    ck_assert_msg(fits, "%s:%d: %s should %s\n%s\nbut is\n%s", file, line, what,
                  wanted[0] == '\0' ? "be empty" : "hold", wanted, text);
}

void bench_expect_at(const struct bench *bench, const char *file, int line, int status, const char *out,
                     const char *err)
{
    ck_assert_msg(bench->status == status, "%s:%d: status %d instead of %d\n%s%s", file, line, bench->status,
                  status, bench->out, bench->err);
    expect_text(file, line, "output", bench->out, out);
    expect_text(file, line, "error output", bench->err, err);
    /* A refusal is one line, whatever else; a guard rail's comes with the rehearsal's table. */
    if ((status == TVSCTL_REFUSED || status == TVSCTL_USAGE) && strstr(bench->err, "Looked at: ") == NULL) {
        int lines = helper_count(bench->err, "\n") - helper_count(bench->err, "tvsctl: warning: ") -
                    helper_count(bench->err, "tvsctl: note: ");
        ck_assert_msg(lines == 1, "%s:%d: not one line: %s", file, line, bench->err);
    }
}

bool helper_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

const char *bench_path(const struct bench *bench, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    return path;
}

const char *bench_write(struct bench *bench, const char *name, struct trust_bytes bytes)
{
    static char path[512];
    snprintf(path, sizeof path, strchr(name, '/') != NULL ? "%.0s%s" : "%s/%s", bench->folder, name);
    struct trust_error err = {0};
    ck_assert_msg(trust_file_replace(path, bytes, 0644, (uid_t)-1, (gid_t)-1, &err) == 0, "%s", err.text);
    return path;
}

const char *bench_write_cert(struct bench *bench, const char *name, const char *common_name, time_t from)
{
    const struct trust_cert_request request = {
        .common_name = common_name, .days = 10, .digest = TRUST_DIGEST_SHA256, .now = from};
    struct trust_key *key;
    struct trust_cert *cert;
    char *pem;
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    const char *path = bench_write(bench, name, (struct trust_bytes){(const uint8_t *)pem, strlen(pem)});
    free(pem);
    trust_cert_free(cert);
    trust_key_free(key);
    return path;
}

static char *in_folder(const char *folder, const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

char *bench_in_tftp(const struct bench *bench, const char *name)
{
    return in_folder(bench->tftp, name);
}

char *bench_in_state(const struct bench *bench, const char *name)
{
    return in_folder(bench->state, name);
}

int helper_count_files(const char *folder)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    int count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    if (dir != NULL)
        closedir(dir);
    return count;
}

struct trust_bytes helper_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}
