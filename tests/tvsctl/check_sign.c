/* file sign, and signed files that follow a new signer or digest. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char plain_text[] = "<device><loadInformation>SIP88xx</loadInformation></device>\n";

/* A CallManager whose key the test has, too. */
struct signer {
    struct trust_cert *cert;
    struct trust_signer *signer;
};

/* Makes key and certificate, and a file NAME.pem with both in the folder of the bench. */
static void signer_make(struct bench *bench, const char *name, struct signer *out)
{
    const struct trust_cert_request request = {
        .common_name = name, .days = 1000, .digest = TRUST_DIGEST_SHA256, .now = time(NULL)};
    struct trust_key *key;
    char *cert_pem, *key_pem, *both, file[64];
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &out->cert, NULL), 0);
    ck_assert_int_eq(trust_signer_from_key(out->cert, key, &out->signer, NULL), 0);
    ck_assert_int_eq(trust_cert_to_pem(out->cert, &cert_pem, NULL), 0);
    ck_assert_int_eq(trust_key_to_pem(key, &key_pem, NULL), 0);
    ck_assert_int_ge(asprintf(&both, "%s%s", cert_pem, key_pem), 0);
    snprintf(file, sizeof file, "%s.pem", name);
    bench_write(bench, file, helper_bytes(both));
    snprintf(file, sizeof file, "%s.crt", name);
    bench_write(bench, file, helper_bytes(cert_pem));
    free(both);
    free(cert_pem);
    free(key_pem);
    trust_key_free(key);
}

static void signer_free(struct signer *signer)
{
    trust_signer_free(signer->signer);
    trust_cert_free(signer->cert);
}

/* A signed file of the folder as another program of ours would write it. */
static void put_signed(struct bench *bench, const char *name, const char *header_name, const char *body,
                       const struct signer *by)
{
    const struct trust_header_spec header = {
        .filename = header_name, .timestamp = 1425667513, .digest = TRUST_DIGEST_SHA1};
    struct trust_list *file;
    struct trust_error err = {0};
    ck_assert_msg(trust_signed_file_build(&header, helper_bytes(body), by->signer, &file, &err) == 0, "%s",
                  err.text);
    bench_write(bench, bench_in_tftp(bench, name), file->file);
    trust_list_free(file);
}

static struct trust_list *read_signed(const char *path)
{
    struct trust_list *list;
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read(path);
    ck_assert_msg(trust_signed_file_parse(file, &list, &err) == 0, "%s: %s", path, err.text);
    fixture_free(file);
    return list;
}

/* What a phone finds: header name, body, mode, and a signature by the CallManager that the store has now. */
static void expect_signed(struct bench *bench, const char *path, const char *header_name, const char *body,
                          enum trust_digest digest)
{
    struct stat info;
    char store[600];
    struct trust_store *now;
    struct trust_cert *cert;
    struct trust_error err = {0};
    struct trust_list *list = read_signed(path);
    snprintf(store, sizeof store, "%s", bench->store);
    ck_assert_uint_eq(list->header.filename.len, strlen(header_name));
    ck_assert_mem_eq(list->header.filename.data, header_name, strlen(header_name));
    ck_assert_uint_eq(list->payload.len, strlen(body));
    ck_assert(body[0] == '\0' || memcmp(list->payload.data, body, strlen(body)) == 0);
    ck_assert_uint_eq(list->header.major, 1);
    ck_assert_uint_eq(list->header.minor, 0);
    ck_assert_uint_eq(list->header.digest, digest);
    ck_assert_int_eq(trust_store_open(store, TRUST_STORE_READ, &now, NULL), 0);
    ck_assert_int_eq(trust_store_own(now, "cucm-1051-a-pub", TRUST_UNIT_CALLMANAGER, &cert, NULL), 0);
    ck_assert_msg(trust_list_verify(list, cert, &err) == 0, "%s: %s", path, err.text);
    trust_cert_free(cert);
    trust_store_close(now);
    trust_list_free(list);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode, S_IFREG | 0644);
}

static void open_with_signer(struct bench *bench, const char *extra)
{
    bench_open(bench, extra);
    bench_run(bench, "set cert regen CallManager");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

/* A CallManager that the test can sign with, too. */
static void open_with_known_signer(struct bench *bench, struct signer *signer)
{
    bench_open(bench, "");
    signer_make(bench, "first", signer);
    bench_run(bench, "set cert import own CallManager %s", bench_path(bench, "first.pem"));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

static void rewrite_config(const struct bench *bench, const char *from, const char *to)
{
    struct trust_bytes file = fixture_read(bench->config);
    char *text = strndup((const char *)file.data, file.len), *at = strstr(text, from);
    ck_assert_ptr_nonnull(at);
    FILE *out = fopen(bench->config, "w");
    fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    ck_assert_int_eq(fclose(out), 0);
    free(text);
    fixture_free(file);
}

/* ---- file sign FILE */

START_TEST(signs_a_name_of_the_folder)
{
    struct bench bench;
    open_with_signer(&bench, "");
    bench_write(&bench, bench_in_tftp(&bench, "SEP1.cnf.xml"), helper_bytes(plain_text));
    umask(077);
    bench_run(&bench, "file sign SEP1.cnf.xml");
    umask(022);
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "SEP1.cnf.xml.sgn: signed\n");
    expect_signed(&bench, bench_in_tftp(&bench, "SEP1.cnf.xml.sgn"), "SEP1.cnf.xml.sgn", plain_text,
                  TRUST_DIGEST_SHA1);
    bench_write(&bench, bench_in_tftp(&bench, "SEP1.cnf.xml"), helper_bytes("<new/>"));
    bench_run(&bench, "file sig SEP1.cnf.xml");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    expect_signed(&bench, bench_in_tftp(&bench, "SEP1.cnf.xml.sgn"), "SEP1.cnf.xml.sgn", "<new/>",
                  TRUST_DIGEST_SHA1);
    bench_close(&bench);
}
END_TEST

START_TEST(signs_paths)
{
    struct bench bench;
    char tftp[512];
    open_with_signer(&bench, "  digest: sha512\n");
    bench_write(&bench, "SEP2.cnf.xml", helper_bytes(plain_text));
    bench_write(&bench, bench_in_tftp(&bench, "SEP3.cnf.xml.enc"), helper_bytes("encrypted"));
    snprintf(tftp, sizeof tftp, "%s/../tftp/SEP3.cnf.xml.enc", bench.tftp);
    umask(077);
    bench_run(&bench, "file sign %s %s", bench_path(&bench, "SEP2.cnf.xml"), tftp);
    umask(022);
    bench_expect(&bench, TVSCTL_DONE, "/SEP2.cnf.xml.sgn: signed\nSEP3.cnf.xml.enc.sgn: signed\n", "");
    expect_signed(&bench, bench_path(&bench, "SEP2.cnf.xml.sgn"), "SEP2.cnf.xml.sgn", plain_text,
                  TRUST_DIGEST_SHA512);
    expect_signed(&bench, bench_in_tftp(&bench, "SEP3.cnf.xml.enc.sgn"), "SEP3.cnf.xml.enc.sgn", "encrypted",
                  TRUST_DIGEST_SHA512);
    bench_close(&bench);
}
END_TEST

/* In front of each stands a file that could be signed: nothing of it may come about. */
static const struct {
    const char *words;
    int status;
    const char *err;
} refused[] = {
    {"", TVSCTL_USAGE, "`file sign [FILE]…` needs a FILE, or --all"},
    {"--all good.xml", TVSCTL_USAGE, "no FILE beside it"},
    {"good.xml old.sgn", TVSCTL_REFUSED, "old.sgn is signed already: name the plain file"},
    {"good.xml OLD.SGN", TVSCTL_REFUSED, "signed already"},
    {"good.xml CTLFile.tlv", TVSCTL_REFUSED, "CTLFile.tlv is a trust list"},
    {"good.xml renamed.xml", TVSCTL_REFUSED, "renamed.xml is signed already, whatever its name"},
    {"good.xml empty.xml", TVSCTL_REFUSED, "empty.xml is empty"},
    {"good.xml absent.xml", TVSCTL_REFUSED, "a file of the present folder is ./absent.xml"},
    {"good.xml ./absent.xml", TVSCTL_REFUSED, "./absent.xml: No such file or directory; nothing was signed"},
    {"good.xml fifo.xml", TVSCTL_REFUSED, "is a FIFO, not a file"},
    {"good.xml folder.xml", TVSCTL_REFUSED, "is a folder, not a file"},
    {"good.xml large.xml", TVSCTL_REFUSED, "is larger than 16777216 bytes"},
    {"good.xml nearly.xml", TVSCTL_REFUSED, "nearly.xml.sgn: a payload of 16777216 bytes"},
    {"good.xml outside.xml", TVSCTL_REFUSED, "is a link, and not to a file of that folder"},
    {"good.xml blocked.xml", TVSCTL_REFUSED, "blocked.xml.sgn is there already and is no regular file"},
    {"good.xml .hidden", TVSCTL_REFUSED, "`.hidden` begins with a dot"},
    {"good.xml ''", TVSCTL_REFUSED, "must not be empty"},
};

START_TEST(refuses)
{
    struct bench bench;
    char tftp[512];
    const size_t cases = sizeof refused / sizeof refused[0];
    open_with_signer(&bench, "");
    snprintf(tftp, sizeof tftp, "%s", bench.tftp);
    bench_write(&bench, bench_in_tftp(&bench, "good.xml"), helper_bytes(plain_text));
    bench_write(&bench, bench_in_tftp(&bench, "blocked.xml"), helper_bytes(plain_text));
    bench_write(&bench, bench_in_tftp(&bench, ".hidden"), helper_bytes(plain_text));
    bench_write(&bench, bench_in_tftp(&bench, "empty.xml"), helper_bytes(""));
    bench_write(&bench, "outside", helper_bytes(plain_text));
    struct trust_bytes captured = fixture_read("SEP0011215A1AE3.cnf.xml.sgn");
    bench_write(&bench, bench_in_tftp(&bench, "renamed.xml"), captured);
    fixture_free(captured);
    ck_assert_int_eq(mkfifo(bench_in_tftp(&bench, "fifo.xml"), 0600), 0);
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "folder.xml"), 0755), 0);
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "blocked.xml.sgn"), 0755), 0);
    ck_assert_int_eq(symlink(bench_path(&bench, "outside"), bench_in_tftp(&bench, "outside.xml")), 0);
    bench_write(&bench, bench_in_tftp(&bench, "large.xml"), helper_bytes(""));
    ck_assert_int_eq(truncate(bench_in_tftp(&bench, "large.xml"), (16 << 20) + 1), 0);
    bench_write(&bench, bench_in_tftp(&bench, "nearly.xml"), helper_bytes(""));
    ck_assert_int_eq(truncate(bench_in_tftp(&bench, "nearly.xml"), 16 << 20), 0);
    for (size_t i = 0; i < cases; i++) {
        bench_run(&bench, "file sign %s", refused[i].words);
        bench_expect(&bench, refused[i].status, "", refused[i].err);
        ck_assert(!helper_exists(bench_in_tftp(&bench, "good.xml.sgn")));
    }
    bench_close(&bench);
}
END_TEST

START_TEST(needs_a_call_manager)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_write(&bench, bench_in_tftp(&bench, "a.xml"), helper_bytes(plain_text));
    bench_run(&bench, "set cert regen tomcat");
    bench_run(&bench, "file sign a.xml");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    bench_run(&bench, "file sign --all");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "a.xml.sgn")));
    bench_close(&bench);
}
END_TEST

/* ---- Signed files that follow */

START_TEST(regen_signs_all_again)
{
    struct bench bench;
    open_with_signer(&bench, "");
    bench_write(&bench, bench_in_tftp(&bench, "a.xml"), helper_bytes("<a/>"));
    bench_write(&bench, bench_in_tftp(&bench, "b.xml"), helper_bytes("<b/>"));
    bench_run(&bench, "file sign a.xml b.xml");
    ck_assert_int_eq(rename(bench_in_tftp(&bench, "b.xml.sgn"), bench_in_tftp(&bench, "c.xml.sgn")), 0);
    ck_assert_int_eq(chmod(bench_in_tftp(&bench, "c.xml.sgn"), 0600), 0);
    bench_write(&bench, bench_in_tftp(&bench, "a.xml"), helper_bytes("<changed/>"));
    umask(077);
    bench_run(&bench, "set cert regen CallManager --yes");
    umask(022);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_ptr_null(strstr(bench.err, ".sgn"));
    /* From its own body, not the plain file beside it; under the name in its header. */
    expect_signed(&bench, bench_in_tftp(&bench, "a.xml.sgn"), "a.xml.sgn", "<a/>", TRUST_DIGEST_SHA1);
    expect_signed(&bench, bench_in_tftp(&bench, "c.xml.sgn"), "b.xml.sgn", "<b/>", TRUST_DIGEST_SHA1);
    bench_run(&bench, "file verify a.xml.sgn c.xml.sgn");
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: ITL, store\nThe file was verified successfully.\n",
                 "");
    bench_close(&bench);
}
END_TEST

START_TEST(new_digest_signs_all_again)
{
    struct bench bench;
    open_with_signer(&bench, "  digest: sha1\n");
    bench_write(&bench, bench_in_tftp(&bench, "a.xml"), helper_bytes("<a/>"));
    bench_run(&bench, "file sign a.xml");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_signed(&bench, bench_in_tftp(&bench, "a.xml.sgn"), "a.xml.sgn", "<a/>", TRUST_DIGEST_SHA1);
    rewrite_config(&bench, "digest: sha1", "digest: sha256");
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_signed(&bench, bench_in_tftp(&bench, "a.xml.sgn"), "a.xml.sgn", "<a/>", TRUST_DIGEST_SHA256);
    struct trust_list *itl = lists_read(&bench, "ITL");
    ck_assert_int_eq(itl->header.digest, TRUST_DIGEST_SHA256);
    trust_list_free(itl);
    rewrite_config(&bench, "digest: sha256", "digest: sha512");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_signed(&bench, bench_in_tftp(&bench, "a.xml.sgn"), "a.xml.sgn", "<a/>", TRUST_DIGEST_SHA512);
    bench_close(&bench);
}
END_TEST

static void flip_last_byte(const char *path)
{
    struct trust_bytes file = fixture_read(path);
    FILE *out = fopen(path, "r+");
    ck_assert_int_eq(fseek(out, (long)file.len - 1, SEEK_SET), 0);
    fputc(file.data[file.len - 1] ^ 1, out);
    ck_assert_int_eq(fclose(out), 0);
    fixture_free(file);
}

static void expect_same(const char *path, struct trust_bytes wanted)
{
    struct trust_bytes file = fixture_read(path);
    ck_assert_uint_eq(file.len, wanted.len);
    ck_assert_mem_eq(file.data, wanted.data, wanted.len);
    fixture_free(file);
}

/* Files that are not ours to sign: name, and why. */
static const struct {
    const char *name, *why;
} left[] = {
    {"captured.sgn", "no CallManager certificate of ours verifies it as it stands"},
    {"fifo.sgn", "is a FIFO, not a file"},
    {"folder.sgn", "is a folder, not a file"},
    {"garbage.sgn", "stays as it is"},
    {"itl.sgn", "the name in its header does not end in .sgn"},
    {"large.sgn", "is larger than 16777216 bytes"},
    {"node.sgn", "no CallManager certificate of ours verifies it as it stands"},
    {"outside.sgn", "is a link, and not to a file of that folder"},
    {"tampered.sgn", "no CallManager certificate of ours verifies it as it stands"},
    {"touched.sgn", "an empty file"},
};
#define LEFT (sizeof left / sizeof left[0])

static void put_left(struct bench *bench, const struct signer *first)
{
    struct signer node;
    struct trust_bytes captured = fixture_read("SEP0011215A1AE3.cnf.xml.sgn");
    signer_make(bench, "node-b", &node);
    bench_run(bench, "utils node add node-b 10.48.47.156 --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_run(bench, "set cert import own CallManager %s --node node-b", bench_path(bench, "node-b.crt"));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    put_signed(bench, "node.sgn", "node.sgn", plain_text, &node);
    put_signed(bench, "tampered.sgn", "tampered.sgn", plain_text, first);
    lists_copy_file(bench_in_tftp(bench, "ITLFile.tlv"), bench_in_tftp(bench, "itl.sgn"));
    flip_last_byte(bench_in_tftp(bench, "tampered.sgn"));
    put_signed(bench, "good.sgn", "good.sgn", plain_text, first);
    bench_write(bench, bench_in_tftp(bench, "captured.sgn"), captured);
    bench_write(bench, bench_in_tftp(bench, "garbage.sgn"), helper_bytes("garbage"));
    bench_write(bench, bench_in_tftp(bench, "touched.sgn"), helper_bytes(""));
    bench_write(bench, bench_in_tftp(bench, "large.sgn"), helper_bytes(""));
    ck_assert_int_eq(truncate(bench_in_tftp(bench, "large.sgn"), (16 << 20) + 1), 0);
    ck_assert_int_eq(mkfifo(bench_in_tftp(bench, "fifo.sgn"), 0600), 0);
    ck_assert_int_eq(mkdir(bench_in_tftp(bench, "folder.sgn"), 0755), 0);
    ck_assert_int_eq(rename(bench_in_tftp(bench, "good.sgn"), bench_path(bench, "elsewhere.sgn")), 0);
    ck_assert_int_eq(symlink(bench_path(bench, "elsewhere.sgn"), bench_in_tftp(bench, "outside.sgn")), 0);
    put_signed(bench, "good.sgn", "good.sgn", plain_text, first);
    ck_assert_int_eq(symlink("good.sgn", bench_in_tftp(bench, "alias.sgn")), 0);
    bench_write(bench, bench_in_tftp(bench, ".hidden.sgn"), helper_bytes("garbage"));
    signer_free(&node);
    fixture_free(captured);
}

static void expect_left(const struct bench *bench, int times)
{
    char line[256];
    for (size_t i = 0; i < LEFT; i++) {
        snprintf(line, sizeof line,
                 "tvsctl: warning: %s stays as it is and is not signed by the present CallManager key: ",
                 left[i].name);
        ck_assert_msg(helper_count(bench->err, line) == times, "%s: %s", line, bench->err);
        ck_assert_msg(strstr(bench->err, left[i].why) != NULL, "%s: %s", left[i].why, bench->err);
    }
    ck_assert_int_eq(helper_count(bench->err, " stays as it is"), (int)LEFT * times);
}

START_TEST(names_and_leaves_what_is_not_ours)
{
    struct bench bench;
    struct signer first;
    struct stat info;
    struct trust_bytes captured = fixture_read("SEP0011215A1AE3.cnf.xml.sgn");
    open_with_known_signer(&bench, &first);
    put_left(&bench, &first);
    struct trust_bytes tampered = fixture_read(bench_in_tftp(&bench, "tampered.sgn"));
    struct trust_bytes elsewhere = fixture_read(bench_path(&bench, "elsewhere.sgn"));
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_left(&bench, 1);
    expect_signed(&bench, bench_in_tftp(&bench, "good.sgn"), "good.sgn", plain_text, TRUST_DIGEST_SHA1);
    expect_same(bench_in_tftp(&bench, "captured.sgn"), captured);
    expect_same(bench_in_tftp(&bench, "tampered.sgn"), tampered);
    lists_expect_same_file(bench_in_tftp(&bench, "itl.sgn"), lists_published(&bench, "000001-ITLFile.tlv"));
    expect_same(bench_path(&bench, "elsewhere.sgn"), elsewhere);
    ck_assert_int_eq(lstat(bench_in_tftp(&bench, "alias.sgn"), &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    /* Both lists go out in one step, and each file is named once. */
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_left(&bench, 1);
    bench_run(&bench, "file sign --all");
    ck_assert_int_eq(bench.status, TVSCTL_REFUSED);
    ck_assert_str_eq(bench.out, "files: found = 11, signed = 0, right already = 1, not signed = 10\n");
    expect_left(&bench, 1);
    ck_assert_ptr_nonnull(
        strstr(bench.err, "tvsctl: 10 of 11 files could not be signed and stay as they are\n"));
    fixture_free(elsewhere);
    fixture_free(tampered);
    fixture_free(captured);
    signer_free(&first);
    bench_close(&bench);
}
END_TEST

START_TEST(signs_all)
{
    struct bench bench;
    struct signer first;
    open_with_known_signer(&bench, &first);
    put_signed(&bench, "a.sgn", "a.sgn", plain_text, &first);
    put_signed(&bench, "empty.sgn", "empty.sgn", "", &first);
    bench_run(&bench, "file sign --all");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "files: found = 2, signed = 0, right already = 2, not signed = 0\n");
    rewrite_config(&bench, "  directory:", "  digest: sha512\n  directory:");
    bench_run(&bench, "file sign --all");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "files: found = 2, signed = 2, right already = 0, not signed = 0\n");
    expect_signed(&bench, bench_in_tftp(&bench, "a.sgn"), "a.sgn", plain_text, TRUST_DIGEST_SHA512);
    expect_signed(&bench, bench_in_tftp(&bench, "empty.sgn"), "empty.sgn", "", TRUST_DIGEST_SHA512);
    signer_free(&first);
    bench_close(&bench);
}
END_TEST

/* A file that the new signature makes too large must not keep the operator from a new key. */
START_TEST(too_large_to_sign_again)
{
    struct bench bench;
    struct signer first;
    open_with_known_signer(&bench, &first);
    const size_t size = (16 << 20) - 320;
    char *body = malloc(size + 1);
    memset(body, 'x', size);
    body[size] = '\0';
    put_signed(&bench, "full.sgn", "f", body, &first);
    put_signed(&bench, "good.sgn", "good.sgn", plain_text, &first);
    bench_run(&bench, "set cert regen CallManager --key rsa:4096 --yes");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated Certificate for CallManager.",
                 "full.sgn stays as it is");
    expect_signed(&bench, bench_in_tftp(&bench, "good.sgn"), "good.sgn", plain_text, TRUST_DIGEST_SHA1);
    free(body);
    signer_free(&first);
    bench_close(&bench);
}
END_TEST

START_TEST(three_hundred_in_one_step)
{
    struct bench bench;
    struct signer first;
    char name[32], body[32];
    open_with_known_signer(&bench, &first);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "SEP%012X.cnf.xml.sgn", (unsigned)i);
        snprintf(body, sizeof body, "<phone>%d</phone>", i);
        put_signed(&bench, name, name, body, &first);
    }
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    for (int i = 0; i < 300; i += 23) {
        snprintf(name, sizeof name, "SEP%012X.cnf.xml.sgn", (unsigned)i);
        snprintf(body, sizeof body, "<phone>%d</phone>", i);
        expect_signed(&bench, bench_in_tftp(&bench, name), name, body, TRUST_DIGEST_SHA1);
    }
    bench_run(&bench, "file sign --all");
    ck_assert_str_eq(bench.out, "files: found = 300, signed = 0, right already = 300, not signed = 0\n");
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_DONE, "dir count = 0, file count = 301\n", "");
    signer_free(&first);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("sign");
    TCase *tests = tcase_create("file sign");
    tcase_add_test(tests, signs_a_name_of_the_folder);
    tcase_add_test(tests, signs_paths);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, needs_a_call_manager);
    tcase_add_test(tests, regen_signs_all_again);
    tcase_add_test(tests, new_digest_signs_all_again);
    tcase_add_test(tests, names_and_leaves_what_is_not_ours);
    tcase_add_test(tests, signs_all);
    tcase_add_test(tests, too_large_to_sign_again);
    tcase_add_test(tests, three_hundred_in_one_step);
    suite_add_tcase(suite, tests);
    return suite;
}
