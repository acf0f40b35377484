#include "fixture.h"

#include "trust.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *fixture_path(const char *name)
{
    static char path[4][1024];
    static unsigned next;
    char *out = path[next++ % 4];
    const char *root = getenv("TVS_TEST_DATA");
    ck_assert_int_lt(snprintf(out, sizeof path[0], "%s/%s", root != NULL ? root : "tests/data", name),
                     (int)sizeof path[0]);
    return out;
}

struct trust_bytes fixture_read(const char *name)
{
    struct trust_error err = {0};
    struct trust_bytes bytes = {0};
    uint8_t *data;
    const char *path = name[0] == '/' || name[0] == '.' ? name : fixture_path(name);
    ck_assert_msg(trust_file_read(path, 64 << 20, &data, &bytes.len, NULL, &err) == 0, "%s: %s", path,
                  err.text);
    bytes.data = data;
    return bytes;
}

void fixture_free(struct trust_bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

char *fixture_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/tvs-check-XXXXXX", base != NULL ? base : "/tmp"), 0);
    ck_assert_ptr_nonnull(mkdtemp(path));
    return path;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)flag, (void)walk;
    return remove(path);
}

void fixture_folder_remove(char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}
