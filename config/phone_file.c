#include "phone_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
    const char *path;
    FILE *file;
    size_t number; /* of the line */
    char line[PHONE_LINE_MAX];
    struct trust_error *err;
};

static int damaged(const struct reading *reading, const char *why)
{
    return trust_error_set(reading->err, TRUST_EVALUE, reading->number, "%.200s: line %zu: %s", reading->path,
                           reading->number, why);
}

/* The next line, without its newline. */
static int next_line(struct reading *reading)
{
    reading->number++;
    if (fgets(reading->line, sizeof reading->line, reading->file) == NULL)
        return ferror(reading->file) ? trust_error_set(reading->err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                                                       "%.200s: %s", reading->path, strerror(errno))
                                     : damaged(reading, "the file ends too early");
    size_t len = strlen(reading->line);
    if (len == 0 || reading->line[len - 1] != '\n')
        return damaged(reading, "it is cut, or none of a phone");
    reading->line[len - 1] = '\0';
    return 0;
}

/* The whole number behind a fixed text, -1 if it is none. */
static int64_t number_behind(const char *line, const char *start)
{
    size_t len = strlen(start);
    const char *digits = line + len;
    if (strncmp(line, start, len) != 0 || digits[0] == '\0' || strlen(digits) > 18 ||
        digits[strspn(digits, "0123456789")] != '\0')
        return -1;
    return strtoll(digits, NULL, 10);
}

static int read_phones(struct reading *reading, phone_take take, void *arg)
{
    for (int64_t phones = 0;; phones++) {
        struct phone phone;
        int rc = next_line(reading);
        if (rc != 0)
            return rc;
        int64_t said = number_behind(reading->line, PHONE_FILE_FOOT);
        if (said >= 0)
            return said == phones ? 0 : damaged(reading, "phones are missing");
        if (!phone_parse(reading->line, &phone))
            return damaged(reading, "it is cut, or none of a phone");
        rc = take(arg, &phone);
        if (rc != 0)
            return rc;
    }
}

static int read_all(struct reading *reading, phone_take take, void *arg, time_t *as_of)
{
    int rc = next_line(reading);
    if (rc != 0)
        return rc;
    int64_t written = number_behind(reading->line, PHONE_FILE_HEAD);
    if (written < 0)
        return damaged(reading, "it is no file of phones, or one of another version");
    *as_of = (time_t)written;
    return read_phones(reading, take, arg);
}

int phone_file_read(const char *path, phone_take take, void *arg, time_t *as_of, struct trust_error *err)
{
    struct stat info;
    *as_of = 0;
    struct reading reading = {.path = path, .err = err};
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) /* a FIFO would keep whoever opens it */
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "%.200s: it is no file", path);
    reading.file = fopen(path, "re");
    if (reading.file == NULL) {
        int code = errno == ENOENT || errno == ENOTDIR ? TRUST_ENOTFOUND
                   : errno == EACCES || errno == EPERM ? TRUST_EDENIED
                                                       : TRUST_ESYSTEM;
        return trust_error_set(err, code, TRUST_NO_OFFSET, "%.200s: %s", path, strerror(errno));
    }
    int rc = read_all(&reading, take, arg, as_of);
    fclose(reading.file);
    return rc;
}
