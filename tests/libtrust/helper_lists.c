#include "tests/libtrust/helper_lists.h"

#include "internal.h"

#include <check.h>
#include <ctype.h>
#include <glob.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void helper_openssl_is_quiet(void)
{
    unsigned long code = ERR_peek_error();
    ck_assert_msg(code == 0, "OpenSSL's queue holds: %s", ERR_error_string(code, NULL));
}

void helper_ok(int rc, const struct trust_error *err)
{
    ck_assert_msg(rc == 0, "%s: %s", trust_error_name(rc), err->text);
    helper_openssl_is_quiet();
}

/* ---- Certificates */

static void set_name(X509_NAME *name, const char *text)
{
    char *copy = strdup(text), *rest = copy, *part;
    ck_assert_ptr_nonnull(copy);
    while ((part = strsep(&rest, ";")) != NULL) {
        char *value = strchr(part, '=');
        ck_assert_ptr_nonnull(value);
        *value++ = '\0';
        ck_assert_int_eq(
            X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0), 1);
    }
    free(copy);
}

/* An extension that nobody knows, with size bytes of content. */
static void add_filler(X509 *x509, const char *oid, size_t size)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    uint8_t *bytes = calloc(1, size + 1);
    ck_assert(object != NULL && octets != NULL && bytes != NULL);
    ck_assert_int_eq(ASN1_OCTET_STRING_set(octets, bytes, (int)size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
    ck_assert_ptr_nonnull(extension);
    ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
    free(bytes);
}

static void set_serial(X509 *x509, const char *hex)
{
    BIGNUM *number = NULL;
    ck_assert_int_gt(BN_hex2bn(&number, hex), 0);
    ck_assert_ptr_nonnull(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    BN_free(number);
}

/* fill[0] and fill[1]: sizes of two fillers, negative for none. */
static X509 *make_x509(const struct helper_plan *plan, const int fill[2])
{
    static const char *const oid[] = {"1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.32473.2"};
    struct trust_key *issuer_key = plan->issuer_key != NULL ? plan->issuer_key : plan->key;
    X509 *x509 = X509_new();
    ck_assert_ptr_nonnull(x509);
    ck_assert_int_eq(X509_set_version(x509, X509_VERSION_3), 1);
    set_serial(x509, plan->serial);
    set_name(X509_get_subject_name(x509), plan->subject);
    set_name(X509_get_issuer_name(x509), plan->issuer != NULL ? plan->issuer : plan->subject);
    ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notBefore(x509), "140605163139Z"), 1);
    ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notAfter(x509), "190604163138Z"), 1);
    ck_assert_int_eq(X509_set_pubkey(x509, key_pkey(plan->key)), 1);
    for (int i = 0; i < 2; i++) {
        if (fill[i] >= 0)
            add_filler(x509, oid[i], (size_t)fill[i]);
    }
    ck_assert_int_gt(X509_sign(x509, key_pkey(issuer_key), EVP_sha1()), 0);
    return x509;
}

struct trust_cert *helper_cert(const struct helper_plan *plan)
{
    struct trust_error err = {0};
    struct trust_cert *cert;
    int fill[2] = {plan->der_size == 0 ? -1 : 0, -1};
    X509 *x509 = make_x509(plan, fill);
    for (int step = 0; plan->der_size != 0; step++) {
        int missing = (int)plan->der_size - i2d_X509(x509, NULL);
        if (missing == 0)
            break;
        ck_assert_msg(step < 20, "no certificate of %zu bytes can be made: %d too few", plan->der_size,
                      missing);
        /* Where a length field grows by a byte there is a gap, which a second filler gets over. */
        if (fill[0] + missing >= 0)
            fill[0] += missing;
        if (step % 6 == 5)
            fill[1]++;
        X509_free(x509);
        x509 = make_x509(plan, fill);
    }
    helper_ok(cert_from_x509(x509, &cert, &err), &err);
    X509_free(x509);
    ck_assert(plan->der_size == 0 || trust_cert_der(cert).len == plan->der_size);
    return cert;
}

void helper_grows_evenly(const char *what, clock_t quarter, clock_t whole)
{
    /* A second more is noise where both are short. */
    ck_assert_msg(whole < 10 * quarter + CLOCKS_PER_SEC, "%s takes %.2f s, and %.2f s of four times as many",
                  what, (double)quarter / CLOCKS_PER_SEC, (double)whole / CLOCKS_PER_SEC);
}

struct trust_key *helper_key(const char *spec)
{
    struct trust_error err = {0};
    struct trust_key *key;
    helper_ok(trust_key_generate(spec, &key, &err), &err);
    return key;
}

const struct trust_cert_request helper_cert_plain = {
    .common_name = "node-1",
    .subject = "OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
    .days = 1825,
    .digest = TRUST_DIGEST_SHA256,
    .now = HELPER_NOW,
};

struct trust_cert *helper_cert_generate(const struct trust_cert_request *request, const struct trust_key *key)
{
    struct trust_error err = {0};
    struct trust_cert *cert;
    helper_ok(trust_cert_generate(request, key, &cert, &err), &err);
    helper_openssl_is_quiet();
    return cert;
}

struct trust_signer *helper_signer(struct trust_cert *cert, struct trust_key *key)
{
    struct trust_error err = {0};
    struct trust_signer *signer;
    helper_ok(trust_signer_from_key(cert, key, &signer, &err), &err);
    return signer;
}

struct trust_cert *helper_cert_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "certs/%s", name);
    struct trust_bytes pem = fixture_read(path);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ck_assert_msg(x509 != NULL, "%s is no certificate", path);
    struct trust_error err = {0};
    struct trust_cert *cert;
    helper_ok(cert_from_x509(x509, &cert, &err), &err);
    X509_free(x509);
    BIO_free(bio);
    fixture_free(pem);
    return cert;
}

/* ---- Lists */

struct trust_list *helper_parse(struct trust_bytes file)
{
    struct trust_error err = {0};
    struct trust_list *list;
    helper_ok(trust_list_parse(file, &list, &err), &err);
    return list;
}

struct trust_list *helper_build(const struct trust_header_spec *header,
                                const struct trust_record_spec *records, size_t count,
                                struct trust_signer *signer)
{
    struct trust_error err = {0};
    struct trust_list *list;
    helper_ok(trust_list_build(header, records, count, signer, &list, &err), &err);
    return list;
}

void helper_round_trip(const struct trust_list *list)
{
    struct trust_error err = {0};
    uint8_t *bytes;
    size_t len;
    helper_ok(trust_list_encode(list, &bytes, &len, &err), &err);
    ck_assert_uint_eq(len, list->file.len);
    ck_assert_mem_eq(bytes, list->file.data, len);
    free(bytes);
}

enum helper_verdict helper_verdict(struct trust_bytes file, const struct trust_cert *signer)
{
    struct trust_list *list;
    if (trust_list_parse(file, &list, NULL) != 0)
        return HELPER_REFUSED;
    const struct trust_bytes der = trust_cert_der(signer);
    const struct trust_list_record *record = trust_list_signer_record(list, NULL);
    const bool same = record != NULL && record->certificate.len == der.len &&
                      memcmp(record->certificate.data, der.data, der.len) == 0;
    bool verified = trust_list_verify(list, signer, NULL) == 0;
    if (!same)
        verified = verified || trust_list_verify_self(list, NULL, NULL) == 0;
    trust_list_free(list);
    helper_openssl_is_quiet();
    return verified ? HELPER_VERIFIED : HELPER_PARSED;
}

bool helper_is(struct trust_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* ---- Files */

const char *const *helper_files(const char *pattern, size_t *count)
{
    glob_t found;
    char path[1024];
    const char *data = getenv("TVS_TEST_DATA");
    const char *root = data != NULL ? data : "tests/data";
    snprintf(path, sizeof path, "%s/%s", root, pattern);
    /* No test runs yet while a suite is put together, so there is none that could fail. */
    if (glob(path, 0, NULL, &found) != 0) {
        fprintf(stderr, "%s: no such files; tests run from the project's root\n", path);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        memmove(found.gl_pathv[i], found.gl_pathv[i] + strlen(root) + 1,
                strlen(found.gl_pathv[i] + strlen(root) + 1) + 1);
    *count = found.gl_pathc;
    return (const char *const *)found.gl_pathv;
}

const char *helper_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

int helper_promised_code(const char *path)
{
    char name[128];
    snprintf(name, sizeof name, "%s", helper_base(path));
    for (size_t len = strcspn(name, "."); len > 0; len--) {
        name[len] = '\0';
        int code = trust_error_code(name);
        if (code != 0)
            return code;
    }
    ck_abort_msg("%s: its name begins with no error's name", path);
    return 0;
}

static FILE *open_hex(const char *name)
{
    FILE *file = fopen(fixture_path(name), "r");
    ck_assert_msg(file != NULL, "%s: cannot be opened", name);
    return file;
}

struct trust_bytes helper_hex(const char *name)
{
    FILE *file = open_hex(name);
    char line[1024];
    uint8_t *bytes = malloc(1 << 17);
    size_t digits = 0;
    ck_assert_ptr_nonnull(bytes);
    while (fgets(line, sizeof line, file) != NULL) {
        for (const char *c = line; line[0] != '#' && *c != '\0'; c++) {
            if (!isxdigit((unsigned char)*c))
                continue;
            uint8_t value = (uint8_t)(isdigit((unsigned char)*c) ? *c - '0' : tolower(*c) - 'a' + 10);
            bytes[digits / 2] = (uint8_t)(digits % 2 == 0 ? value << 4 : bytes[digits / 2] | value);
            digits++;
        }
    }
    fclose(file);
    ck_assert_msg(digits % 2 == 0, "%s: half a byte is left", name);
    return (struct trust_bytes){bytes, digits / 2};
}

const char *helper_hex_note(const char *name, const char *key)
{
    static char lines[4][1024];
    static unsigned next;
    char *line = lines[next++ % 4];
    char prefix[64];
    const size_t len = (size_t)snprintf(prefix, sizeof prefix, "# %s: ", key);
    FILE *file = open_hex(name);
    bool found = false;
    while (!found && fgets(line, sizeof lines[0], file) != NULL)
        found = strncmp(line, prefix, len) == 0;
    fclose(file);
    if (!found)
        return "";
    line[strcspn(line, "\n")] = '\0';
    return line + len;
}

const char *helper_extra_list(const char *name)
{
    static char path[1024];
    const char *folder = getenv("TVS_EXTRA_LISTS");
    if (folder == NULL) {
        printf("skipped: %s is no part of the project; TVS_EXTRA_LISTS names no folder with it\n", name);
        fflush(stdout);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "%s: cannot be read, but TVS_EXTRA_LISTS promises it\n", path);
        exit(EXIT_FAILURE);
    }
    return path;
}
