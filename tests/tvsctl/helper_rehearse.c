#include "helper_rehearse.h"

#include "helper_lists.h"
#include "tests/fixture.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FILE *snapshot;

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);
    return len > tail && strcmp(name + len - tail, end) == 0;
}

static int add(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    char hex[2 * TRUST_DIGEST_MAX + 1] = "";
    (void)walk;
    if (ends_in(path, "-wal") || ends_in(path, "-shm"))
        return 0;
    if (type == FTW_F) {
        struct trust_bytes bytes = fixture_read(path);
        ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA1, &bytes, 1, digest, NULL), 0);
        trust_hex((struct trust_bytes){digest, 20}, 0, false, hex);
        fixture_free(bytes);
    }
    fprintf(snapshot, "%s %o %u:%u %s", path, (unsigned)info->st_mode, (unsigned)info->st_uid,
            (unsigned)info->st_gid, hex);
    if (type == FTW_F) /* a folder changes with SQLite's working files */
        fprintf(snapshot, " %ld.%09ld", (long)info->st_mtim.tv_sec, (long)info->st_mtim.tv_nsec);
    fputc('\n', snapshot);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of a folder's names is the filesystem's. */
static char *sorted(char *text)
{
    char *lines[4096], *save = NULL, *out;
    size_t count = 0, size;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        ck_assert_uint_lt(count, sizeof lines / sizeof lines[0]);
        lines[count++] = line;
    }
    qsort(lines, count, sizeof lines[0], by_text);
    FILE *to = open_memstream(&out, &size);
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%s\n", lines[i]);
    fclose(to);
    free(text);
    return out;
}

char *rehearse_snapshot(const struct bench *bench)
{
    char *text;
    size_t size;
    snapshot = open_memstream(&text, &size);
    nftw(bench->state, add, 8, FTW_PHYS);
    nftw(bench->tftp, add, 8, FTW_PHYS);
    fclose(snapshot);
    return sorted(text);
}

static void expect_empty(const char *folder, const char *file, int line)
{
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        ck_assert_msg(entry->d_name[0] == '.', "%s:%d: %s is left over", file, line, entry->d_name);
    closedir(dir);
}

void rehearse_expect_at(struct bench *bench, const char *file, int line, const char *words, int status,
                        const char *out, const char *err)
{
    char *before = rehearse_snapshot(bench);
    bench_run(bench, "utils rehearse %s", words);
    bench_expect_at(bench, file, line, status, out, err);
    char *after = rehearse_snapshot(bench);
    ck_assert_msg(strcmp(before, after) == 0, "%s:%d: before\n%s\nafter\n%s", file, line, before, after);
    expect_empty(getenv("TMPDIR"), file, line);
    free(before);
    free(after);
}

void rehearse_do(struct bench *bench, const char *words)
{
    bench_run(bench, "%s --yes", words);
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

void rehearse_open(struct bench *bench, const char *extra)
{
    bench_open(bench, extra);
    const char *temporary = bench_path(bench, "tmp");
    ck_assert_int_eq(mkdir(temporary, 0755), 0);
    ck_assert_int_eq(setenv("TMPDIR", temporary, 1), 0);
}

void rehearse_close(struct bench *bench)
{
    unsetenv("TMPDIR");
    bench_close(bench);
}

char *rehearse_keep(struct bench *bench, const char *kind, const char *name)
{
    char *path = strdup(bench_path(bench, name)), list[32];
    snprintf(list, sizeof list, "%sFile.tlv", kind);
    lists_copy_file(lists_tftp(bench, list), path);
    return path;
}

void rehearse_other_node(struct bench *bench, const char *file)
{
    bench_run(bench, "utils node add sub 10.48.47.156");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_write_cert(bench, file, "sub", time(NULL) - 60);
    bench_run(bench, "set cert import own TVS %s --node sub --yes", bench_path(bench, file));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}
