#include "helper_lists.h"

#include "tests/fixture.h"

#include <check.h>
#include <dirent.h>
#include <fnmatch.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Folders */

static const char *path_in(const char *folder, const char *between, const char *name)
{
    static char paths[3][768];
    static unsigned next;
    char *path = paths[next++ % 3];
    snprintf(path, sizeof paths[0], "%s%s/%s", folder, between, name);
    return path;
}

const char *lists_tftp(const struct bench *bench, const char *name)
{
    return path_in(bench->tftp, "", name);
}

const char *lists_published(const struct bench *bench, const char *name)
{
    return path_in(bench->state, "/published", name);
}

void lists_expect_same_file(const char *a, const char *b)
{
    struct trust_bytes x = fixture_read(a), y = fixture_read(b);
    ck_assert_uint_eq(x.len, y.len);
    ck_assert_mem_eq(x.data, y.data, x.len);
    fixture_free(x);
    fixture_free(y);
}

void lists_copy_file(const char *from, const char *to)
{
    struct trust_bytes bytes = fixture_read(from);
    ck_assert_int_eq(trust_file_replace(to, bytes, 0644, (uid_t)-1, (gid_t)-1, NULL), 0);
    fixture_free(bytes);
}

static struct trust_store *open_store(const struct bench *bench, enum trust_store_mode mode)
{
    struct trust_store *store;
    struct trust_error err = {0};
    ck_assert_msg(trust_store_open(bench->store, mode, &store, &err) == 0, "%s", err.text);
    return store;
}

/* ---- The history */

struct rows {
    int count;
    int64_t number; /* of the last of that file name */
    const char *filename;
    char text[512];
};

static int take_row(void *arg, const struct trust_publication *row)
{
    struct rows *rows = arg;
    rows->count++;
    snprintf(rows->text, sizeof rows->text, "%s|%s|%s", row->filename, row->phrase, row->person);
    if (rows->filename != NULL && strcmp(rows->filename, row->filename) == 0)
        rows->number = row->number;
    return 0;
}

static struct rows read_rows(const struct bench *bench, const char *filename)
{
    struct rows rows = {.filename = filename};
    struct trust_store *store = open_store(bench, TRUST_STORE_READ);
    ck_assert_int_eq(trust_store_each_publication(store, take_row, &rows, NULL), 0);
    trust_store_close(store);
    return rows;
}

int lists_count(const struct bench *bench)
{
    return read_rows(bench, NULL).count;
}

char *lists_last_row(const struct bench *bench, char *out, size_t size)
{
    struct rows rows = read_rows(bench, NULL);
    snprintf(out, size, "%s", rows.text);
    return out;
}

/* ---- Lists */

static bool is_blank(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].certificate.len > 0)
            return false;
    return true;
}

struct trust_list *lists_read(const struct bench *bench, const char *kind)
{
    struct trust_list *list;
    struct trust_error err = {0};
    struct stat info;
    char name[32], numbered[64];
    snprintf(name, sizeof name, "%sFile.tlv", kind);
    struct rows rows = read_rows(bench, name);
    snprintf(numbered, sizeof numbered, "%06d-%s", (int)rows.number, name);
    lists_expect_same_file(lists_tftp(bench, name), lists_published(bench, numbered));
    ck_assert_int_eq(stat(lists_tftp(bench, name), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0644);
    struct trust_bytes file = fixture_read(lists_tftp(bench, name));
    ck_assert_msg(trust_list_parse(file, &list, &err) == 0, "%s", err.text);
    ck_assert_msg(is_blank(list) || trust_list_verify_self(list, NULL, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(list->header.filename.len, strlen(name));
    ck_assert_mem_eq(list->header.filename.data, name, strlen(name));
    fixture_free(file);
    return list;
}

void lists_expect(const struct trust_list *list, const char *functions)
{
    char text[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        const char *role = trust_role_short_name(record->function);
        bool is_hollow = record->certificate.len == 0 && record->cert_hash.len == 0;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%s", i > 0 ? " " : "",
                                 is_hollow ? "(" : "", role,
                                 is_hollow                   ? ")"
                                 : record->cert_hash.len > 0 ? "#"
                                                             : "");
    }
    ck_assert_str_eq(text, functions);
}

struct trust_cert *lists_own(const struct bench *bench, enum trust_unit unit)
{
    struct trust_cert *cert;
    struct trust_error err = {0};
    struct trust_store *store = open_store(bench, TRUST_STORE_READ);
    ck_assert_msg(trust_store_own(store, "cucm-1051-a-pub", unit, &cert, &err) == 0, "%s", err.text);
    trust_store_close(store);
    return cert;
}

bool lists_signed_by(const struct bench *bench, const struct trust_list *list, enum trust_unit unit)
{
    struct trust_cert *cert = lists_own(bench, unit);
    bool is = trust_list_verify(list, cert, NULL) == 0;
    trust_cert_free(cert);
    return is;
}

void lists_copy_data(struct bench *bench, const char *data, const char *name)
{
    struct trust_bytes file = fixture_read(data);
    bench_write(bench, bench_in_tftp(bench, name), file);
    fixture_free(file);
}

void lists_open_with_file(struct bench *bench)
{
    bench_open(bench, "");
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_write(bench, bench_in_tftp(bench, "SEP1"), helper_bytes("<device/>"));
    bench_run(bench, "file sign SEP1");
    bench_expect(bench, TVSCTL_DONE, NULL, "");
}

void lists_add_node(const struct bench *bench, const char *name, const char *ipv4)
{
    struct trust_store *store = open_store(bench, TRUST_STORE_WRITE);
    struct trust_error err = {0};
    ck_assert_msg(trust_store_put_node(store, &(struct trust_node){name, ipv4}, &err) == 0, "%s", err.text);
    trust_store_close(store);
}

/* ---- What could have changed */

static void add_folder(FILE *out, const char *path_of_folder)
{
    char *folder = strdup(path_of_folder); /* paths are short-lived */
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *path = path_in(folder, "", entries[i]->d_name);
        struct stat info;
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            struct trust_bytes bytes = fixture_read(path);
            uint8_t digest[TRUST_DIGEST_MAX];
            char hex[3 * TRUST_DIGEST_MAX];
            ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA1, &bytes, 1, digest, NULL), 0);
            fprintf(out, "%s %o %s\n", path, info.st_mode,
                    trust_hex((struct trust_bytes){digest, 20}, 0, false, hex));
            fixture_free(bytes);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(folder);
}

static int skip_columns(void *arg, int count, const char *const *names)
{
    (void)arg, (void)count, (void)names;
    return 0;
}

static int add_cells(void *arg, int count, const char *const *cells)
{
    for (int i = 0; i < count; i++)
        fprintf(arg, "%s|", cells[i] != NULL ? cells[i] : "NULL");
    fputc('\n', arg);
    return 0;
}

char *lists_snapshot(const struct bench *bench)
{
    static const char *const tables[] = {"certificate",
                                         "certificatetrustrolemap",
                                         "processconfig",
                                         "publication",
                                         "node",
                                         "retiredcertificate",
                                         "certificateservicecertificatemap",
                                         "pendingfile",
                                         "formername",
                                         "signingrequest",
                                         "rollout",
                                         "forced"};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    add_folder(out, bench->tftp);
    add_folder(out, path_in(bench->state, "", "published"));
    add_folder(out, path_in(bench->state, "", "keys"));
    struct trust_store *store = open_store(bench, TRUST_STORE_READ);
    const struct trust_sql_sink sink = {out, skip_columns, add_cells};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char statement[128];
        struct trust_error err = {0};
        snprintf(statement, sizeof statement, "SELECT * FROM %s ORDER BY 1, 2", tables[i]);
        ck_assert_msg(trust_store_sql(store, statement, &sink, &err) == 0, "%s", err.text);
    }
    trust_store_close(store);
    fclose(out);
    return text;
}

void lists_expect_unchanged(const struct bench *bench, char *snapshot)
{
    char *now = lists_snapshot(bench);
    ck_assert_str_eq(now, snapshot);
    free(now);
    free(snapshot);
}

/* ---- Certificates of a wanted size */

static X509_NAME *parse_name(const char *text)
{
    X509_NAME *name = X509_NAME_new();
    char *copy = strdup(text), *save = NULL;
    for (char *part = strtok_r(copy, ";", &save); part != NULL; part = strtok_r(NULL, ";", &save)) {
        char *value = strchr(part, '=');
        *value++ = '\0';
        ck_assert_int_eq(
            X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (unsigned char *)value, -1, -1, 0), 1);
    }
    free(copy);
    return name;
}

static EVP_PKEY *make_key(int bits)
{
    return bits > 0 ? EVP_RSA_gen((unsigned)bits) : EVP_EC_gen("P-256");
}

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    ck_assert_ptr_nonnull(extension);
    ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A comment of the right length fills it up. */
static void fill_up(X509 *x509, EVP_PKEY *signer, size_t size)
{
    char comment[1024];
    ck_assert_int_gt(X509_sign(x509, signer, EVP_sha1()), 0);
    int missing = (int)size - i2d_X509(x509, NULL);
    for (int len = missing > 40 ? missing - 40 : 1; len < missing && len < (int)sizeof comment; len++) {
        memset(comment, 'x', sizeof comment);
        comment[len] = '\0';
        add_extension(x509, NID_netscape_comment, comment);
        ck_assert_int_gt(X509_sign(x509, signer, EVP_sha1()), 0);
        if (i2d_X509(x509, NULL) == (int)size)
            return;
        X509_EXTENSION_free(X509_delete_ext(x509, X509_get_ext_by_NID(x509, NID_netscape_comment, -1)));
    }
    ck_abort_msg("no certificate of %zu bytes", size);
}

static X509 *make_cert(const struct lists_cert *spec, EVP_PKEY *key, EVP_PKEY *signer)
{
    X509 *x509 = X509_new();
    BIGNUM *serial = NULL;
    X509_NAME *subject = parse_name(spec->subject);
    X509_NAME *issuer = parse_name(spec->issuer != NULL ? spec->issuer : spec->subject);
    ck_assert(X509_set_version(x509, 2) == 1 && BN_hex2bn(&serial, spec->serial) > 0);
    ck_assert_ptr_nonnull(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)));
    ck_assert(X509_set_subject_name(x509, subject) == 1 && X509_set_issuer_name(x509, issuer) == 1);
    ck_assert(X509_set_pubkey(x509, key) == 1);
    ck_assert(ASN1_TIME_set(X509_getm_notBefore(x509), 1425667513) != NULL);
    ck_assert(ASN1_TIME_set(X509_getm_notAfter(x509), 1925667513) != NULL);
    add_extension(x509, NID_key_usage, "digitalSignature,keyEncipherment");
    if (spec->size > 0)
        fill_up(x509, signer, spec->size);
    else
        ck_assert_int_gt(X509_sign(x509, signer, EVP_sha1()), 0);
    BN_free(serial);
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
    return x509;
}

const char *lists_write_cert(struct bench *bench, const char *name, const struct lists_cert *spec)
{
    EVP_PKEY *key = make_key(spec->bits);
    EVP_PKEY *issuer = spec->issuer != NULL ? make_key(spec->issuer_bits) : NULL;
    X509 *x509 = make_cert(spec, key, issuer != NULL ? issuer : key);
    BIO *out = BIO_new(BIO_s_mem());
    if (spec->password != NULL) {
        PKCS12 *p12 = PKCS12_create(spec->password, "ITLRecovery", key, x509, NULL, 0, 0, 0, 0, 0);
        ck_assert_int_eq(i2d_PKCS12_bio(out, p12), 1);
        PKCS12_free(p12);
    } else {
        ck_assert_int_eq(PEM_write_bio_X509(out, x509), 1);
        ck_assert_int_eq(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    }
    char *data;
    long len = BIO_get_mem_data(out, &data);
    const char *path = bench_write(bench, name, (struct trust_bytes){(const uint8_t *)data, (size_t)len});
    BIO_free(out);
    X509_free(x509);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer);
    ERR_clear_error();
    return path;
}

/* ---- Prints */

void lists_expect_lines(const char *got, const char *wanted)
{
    char *a = helper_fold(got), *b = helper_fold(wanted), *x = a, *y = b;
    for (int line = 1; *x != '\0' || *y != '\0'; line++) {
        size_t x_len = strcspn(x, "\n"), y_len = strcspn(y, "\n");
        bool x_ends = x[x_len] == '\0', y_ends = y[y_len] == '\0';
        x[x_len] = y[y_len] = '\0';
        ck_assert_msg(fnmatch(y, x, 0) == 0, "line %d is\n%s\nnot\n%s\nin\n%s", line, x, y, got);
        x += x_len + !x_ends;
        y += y_len + !y_ends;
    }
    free(a);
    free(b);
}
