/* tree sum FOLDER…: one checksum over names, modes and bytes of all that is in them.
 * tree copy FROM TO [FROM TO]…: make the folder TO as FROM is, writing only what differs.
 *
 * For tests that compare a folder, or put it back, some hundred times. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct path {
    char text[4096];
};

static struct path under(const char *folder, const char *name)
{
    struct path path;
    int len = snprintf(path.text, sizeof path.text, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path.text)
        errx(EXIT_FAILURE, "%s/%s: too long", folder, name);
    return path;
}

static int not_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* work(FOLDER/NAME, NAME, with) for all that is in the folder, sorted by name. */
static void each(const char *folder, void (*work)(const char *, const char *, void *), void *with)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, not_dots, alphasort);
    if (count < 0)
        err(EXIT_FAILURE, "%s", folder);
    for (int i = 0; i < count; i++) {
        struct path path = under(folder, entries[i]->d_name);
        work(path.text, entries[i]->d_name, with);
        free(entries[i]);
    }
    free(entries);
}

struct content {
    char *data;
    size_t len;
};

static struct content content_read(const char *path, const struct stat *info)
{
    struct content content = {.len = (size_t)info->st_size};
    content.data = malloc(content.len + 1);
    if (content.data == NULL)
        errx(EXIT_FAILURE, "no memory");
    if (S_ISLNK(info->st_mode)) {
        if (readlink(path, content.data, content.len) != info->st_size)
            err(EXIT_FAILURE, "%s", path);
        return content;
    }
    if (!S_ISREG(info->st_mode)) /* a socket that was left */
        errx(EXIT_FAILURE, "%s: neither file nor folder", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, content.data, content.len) != (ssize_t)content.len)
        err(EXIT_FAILURE, "%s", path);
    close(fd);
    return content;
}

static struct stat look(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        err(EXIT_FAILURE, "%s", path);
    return info;
}

/* ---- The checksum */

static void hash(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    if (EVP_DigestUpdate(ctx, data, len) != 1)
        errx(EXIT_FAILURE, "no checksum");
}

static void sum(const char *path, const char *name, void *with)
{
    size_t len = strlen(name);
    /* SQLite's index of its log: whoever opens the store first makes it anew from the log. */
    if (len > 4 && strcmp(name + len - 4, "-shm") == 0)
        return;
    struct stat info = look(path);
    uint64_t head[3] = {len, info.st_mode, S_ISDIR(info.st_mode) ? 0 : (uint64_t)info.st_size};
    hash(with, head, sizeof head);
    hash(with, name, len);
    if (S_ISDIR(info.st_mode)) {
        each(path, sum, with);
        hash(with, "/", 1);
        return;
    }
    struct content content = content_read(path, &info);
    hash(with, content.data, content.len);
    free(content.data);
}

static void sum_all(int count, char **folders)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        errx(EXIT_FAILURE, "no checksum");
    for (int i = 0; i < count; i++) {
        each(folders[i], sum, ctx);
        hash(ctx, "//", 2);
    }
    if (EVP_DigestFinal_ex(ctx, digest, &len) != 1)
        errx(EXIT_FAILURE, "no checksum");
    EVP_MD_CTX_free(ctx);
    for (unsigned i = 0; i < len; i++)
        printf("%02x", digest[i]);
    putchar('\n');
}

/* ---- The copy */

static void drop(const char *path, const char *name, void *with)
{
    struct stat info = look(path);
    (void)name;
    if (S_ISDIR(info.st_mode))
        each(path, drop, with);
    if (remove(path) != 0)
        err(EXIT_FAILURE, "%s", path);
}

static void drop_foreign(const char *path, const char *name, void *from)
{
    struct path origin = under(from, name);
    struct stat info;
    if (lstat(origin.text, &info) != 0)
        drop(path, name, NULL);
}

static bool is_same(const char *path, const struct stat *info, const struct content *content)
{
    struct stat there;
    if (lstat(path, &there) != 0 || there.st_mode != info->st_mode || there.st_size != info->st_size ||
        there.st_uid != info->st_uid || there.st_gid != info->st_gid)
        return false;
    struct content other = content_read(path, &there);
    bool same = memcmp(content->data, other.data, other.len) == 0;
    free(other.data);
    return same;
}

static void write_anew(const char *path, const struct stat *info, const struct content *content)
{
    struct stat there;
    if (lstat(path, &there) == 0)
        drop(path, path, NULL);
    if (S_ISLNK(info->st_mode)) {
        content->data[content->len] = '\0';
        if (symlink(content->data, path) != 0)
            err(EXIT_FAILURE, "%s", path);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, content->data, content->len) != (ssize_t)content->len ||
        fchown(fd, info->st_uid, info->st_gid) != 0 || fchmod(fd, info->st_mode & 07777) != 0 ||
        close(fd) != 0)
        err(EXIT_FAILURE, "%s", path);
}

static void copy_folder(const char *from, const char *to, const struct stat *info);

static void copy(const char *path, const char *name, void *folder)
{
    struct path to = under(folder, name);
    struct stat info = look(path);
    if (S_ISDIR(info.st_mode)) {
        copy_folder(path, to.text, &info);
        return;
    }
    struct content content = content_read(path, &info);
    if (!is_same(to.text, &info, &content))
        write_anew(to.text, &info, &content);
    free(content.data);
}

static void copy_folder(const char *from, const char *to, const struct stat *info)
{
    struct stat there;
    if (lstat(to, &there) == 0 && !S_ISDIR(there.st_mode) && remove(to) != 0)
        err(EXIT_FAILURE, "%s", to);
    if (mkdir(to, 0700) == 0 || errno == EEXIST) {
        if (chown(to, info->st_uid, info->st_gid) != 0 || chmod(to, info->st_mode & 07777) != 0)
            err(EXIT_FAILURE, "%s", to);
    } else
        err(EXIT_FAILURE, "%s", to);
    each(to, drop_foreign, (void *)(uintptr_t)from);
    each(from, copy, (void *)(uintptr_t)to);
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "sum") == 0)
        sum_all(argc - 2, argv + 2);
    else if (argc >= 4 && argc % 2 == 0 && strcmp(argv[1], "copy") == 0) {
        for (int i = 2; i < argc; i += 2) {
            struct stat info = look(argv[i]);
            copy_folder(argv[i], argv[i + 1], &info);
        }
    } else
        errx(EXIT_FAILURE, "usage: tree sum FOLDER... | tree copy FROM TO [FROM TO]...");
    return EXIT_SUCCESS;
}
