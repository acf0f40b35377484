#include "helper_backup.h"

#include "tests/fixture.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

struct trust_bytes backup_text(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

/* A bench in mixed mode with a signed file, and the password in the file "password". */
void backup_open(struct bench *bench, const char *extra)
{
    bench_open(bench, extra);
    bench_write(bench, "password", backup_text("open sesame\nnot this line\n"));
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_write(bench, lists_tftp(bench, "SEP1.cnf.xml"), backup_text("<device/>\n"));
    bench_run(bench, "file sign SEP1.cnf.xml");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

void backup_run(struct bench *bench, const char *phrase, const char *file)
{
    char password[512];
    snprintf(password, sizeof password, "%s", bench_path(bench, "password"));
    bench_run(bench, "%s %s --password-file %s --yes", phrase,
              strchr(file, '/') != NULL ? file : bench_path(bench, file), password);
}

void backup_make(struct bench *bench)
{
    backup_run(bench, "utils backup", BACKUP);
    bench_expect(bench, TVSCTL_DONE, "Backup written to", "");
}

void backup_expect_no_workplace(const struct bench *bench)
{
    char path[512];
    snprintf(path, sizeof path, "%s/work", bench->state);
    ck_assert_msg(!helper_exists(path), "%s is left over", path);
}

unsigned backup_mode(const char *path)
{
    struct stat info;
    ck_assert_msg(stat(path, &info) == 0, "%s", path);
    return info.st_mode & 07777;
}
