/* A store with as many certificates as a benchmark wants, without signing each of them.
 *
 * fill STORE FIRST COUNT [INSTEAD]: add the certificates number FIRST and so on; with INSTEAD, COUNT others
 * from that number on go, in the same transaction.
 *
 * fill --pem FIRST COUNT STEP: print every STEPth of them as PEM.
 *
 * They are copies of one certificate that differ in serial number and names, so that their signatures fit no
 * longer, which nobody looks at: an answer goes by bytes. STORE is there already. Standard output names the
 * time of the commit (seconds since 1970) and the bytes of the certificates. */
#include "libtrust/store_internal.h"
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NUMBER  "000000000000"
#define DIGITS  12
#define SERIAL  16    /* bytes; the last 6 are the number */
#define PORTION 50000 /* certificates in a transaction, if nothing has to go with them */

static struct trust_error err;
static uint8_t pattern[4096];
static size_t pattern_len;
static const uint8_t serial[SERIAL] = {0x5a, 0x3c, 0x91, 0x07, 0xee, 0x42, 0x18, 0xb4, 0x6d, 0x20};

static void die(const char *what)
{
    fprintf(stderr, "fill: %s: %s\n", what, err.text);
    exit(EXIT_FAILURE);
}

/* The serial number of certificates that the library makes is its own: put ours, of the same length, there.
 */
static void make_pattern(void)
{
    struct trust_key *key;
    struct trust_cert *cert;
    struct trust_cert_request request = {.common_name = "SEP" NUMBER,
                                         .subject = "O=A phone's trust store;OU=Benchmark",
                                         .days = 3650,
                                         .digest = TRUST_DIGEST_SHA256,
                                         .now = time(NULL)};
    if (trust_key_generate("rsa:2048", &key, &err) != 0 ||
        trust_cert_generate(&request, key, &cert, &err) != 0)
        die("a certificate");
    struct trust_bytes der = trust_cert_der(cert), own = trust_cert_serial(cert);
    uint8_t *at;
    if (der.len > sizeof pattern || own.len != SERIAL)
        die("its size");
    memcpy(pattern, der.data, der.len);
    pattern_len = der.len;
    at = memmem(pattern, pattern_len, own.data, own.len);
    memcpy(at, serial, SERIAL);
    trust_cert_free(cert);
    trust_key_free(key);
}

/* Its bytes: those of the pattern, until the next. */
static struct trust_bytes place(unsigned long number)
{
    char digits[DIGITS + 1];
    uint8_t *at;
    snprintf(digits, sizeof digits, "%012lX", number);
    at = memmem(pattern, pattern_len, serial, SERIAL - 6);
    for (int i = 0; i < 6; i++)
        at[SERIAL - 6 + i] = (uint8_t)(number >> (8 * (5 - i)));
    for (at = pattern; (at = memmem(at, pattern_len - (size_t)(at - pattern), "SEP", 3)) != NULL; at += 3)
        memcpy(at + 3, digits, DIGITS);
    return (struct trust_bytes){pattern, pattern_len};
}

static struct trust_cert *make(unsigned long number)
{
    struct trust_cert *cert;
    if (trust_cert_from_der(place(number), &cert, &err) != 0)
        die("a certificate");
    return cert;
}

static void print_all(unsigned long first, unsigned long count, unsigned long step)
{
    for (unsigned long i = 0; i < count; i += step) {
        char *pem;
        struct trust_cert *cert = make(first + i);
        if (trust_cert_to_pem(cert, &pem, &err) != 0)
            die("PEM");
        fputs(pem, stdout);
        free(pem);
        trust_cert_free(cert);
    }
}

static void add(struct trust_store *store, unsigned long number)
{
    struct trust_roles roles = {0};
    bool was_there;
    struct trust_cert *cert = make(number);
    trust_roles_add(&roles, TRUST_ROLE_APP_SERVER);
    if (trust_store_add_imported(store, cert, &roles, -1, &was_there, &err) != 0)
        die("add");
    trust_cert_free(cert);
}

/* By hand: quicker than by any of its names. */
static void drop(struct trust_store *store, unsigned long number)
{
    char hex[2 * TRUST_SHA256_SIZE + 1];
    uint8_t sha256[TRUST_DIGEST_MAX];
    struct trust_bytes der = place(number);
    if (trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, sha256, &err) != 0 ||
        store_run(store, &err,
                  "DELETE FROM certificate WHERE pkid = (SELECT fkcertificate FROM certificatecache WHERE "
                  "sha256 = ?)",
                  "t", trust_hex((struct trust_bytes){sha256, TRUST_SHA256_SIZE}, 0, false, hex)) != 0)
        die("delete");
}

static void commit(struct trust_store *store, bool go_on)
{
    if (trust_store_commit(store, &err) != 0 || (go_on && trust_store_begin(store, &err) != 0))
        die("commit");
}

/* The pattern is kept beside the store: a second run makes the same certificates. */
static void load_pattern(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        pattern_len = fread(pattern, 1, sizeof pattern, file);
        fclose(file);
        return;
    }
    make_pattern();
    file = fopen(path, "wb");
    if (file == NULL || fwrite(pattern, 1, pattern_len, file) != pattern_len || fclose(file) != 0)
        die(path);
}

/* With FILL_GO (a FIFO) it says when all is ready, and commits when somebody writes there. */
static void wait_for_word(void)
{
    const char *path = getenv("FILL_GO");
    if (path == NULL)
        return;
    puts("ready");
    fflush(stdout);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(path);
    (void)fgetc(file);
    fclose(file);
}

int main(int argc, char **argv)
{
    const char *path = getenv("FILL_PATTERN");
    struct timespec now;
    struct trust_store *store;
    if (argc < 4 || argc > 5 || path == NULL) {
        fprintf(
            stderr,
            "usage: FILL_PATTERN=FILE fill STORE FIRST COUNT [INSTEAD], or fill --pem FIRST COUNT STEP\n");
        return 2;
    }
    unsigned long first = strtoul(argv[2], NULL, 10), count = strtoul(argv[3], NULL, 10);
    load_pattern(path);
    if (strcmp(argv[1], "--pem") == 0) {
        print_all(first, count, argc == 5 ? strtoul(argv[4], NULL, 10) : 1);
        return EXIT_SUCCESS;
    }
    if (trust_store_open(argv[1], TRUST_STORE_WRITE, &store, &err) != 0 ||
        trust_store_begin(store, &err) != 0)
        die(argv[1]);
    for (unsigned long i = 0; i < count; i++) {
        if (argc == 5)
            drop(store, strtoul(argv[4], NULL, 10) + i);
        else if (i > 0 && i % PORTION == 0)
            commit(store, true);
        add(store, first + i);
    }
    wait_for_word();
    /* What is committed can be read before it has been moved into the file, which takes longer. */
    if (store_run(store, &err, "PRAGMA wal_autocheckpoint = 0", "") != 0)
        die("wal_autocheckpoint");
    commit(store, false);
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%lld.%06ld %zu\n", (long long)now.tv_sec, now.tv_nsec / 1000, count * pattern_len);
    if (store_run(store, &err, "PRAGMA wal_checkpoint(PASSIVE)", "") != 0)
        die("wal_checkpoint");
    trust_store_close(store);
    return EXIT_SUCCESS;
}
