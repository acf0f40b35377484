#include "tests/check_main.h"

#include "internal.h"
#include "tests/failing_malloc.h"
#include "trust/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    int code;
    size_t size;
    const char *name, *abc;
} digests[] = {
    {0, 16, "MD5", "900150983cd24fb0d6963f7d28e17f72"},
    {1, 20, "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {2, 32, "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {3, 64, "SHA-512",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442"
     "3643ce80e"
     "2a9ac94fa54ca49f"},
};

START_TEST(digests_of_abc)
{
    uint8_t out[TRUST_DIGEST_MAX];
    char hex[2 * TRUST_DIGEST_MAX + 1];
    struct trust_bytes pieces[] = {{(const uint8_t *)"ab", 2}, {NULL, 0}, {(const uint8_t *)"c", 1}};
    enum trust_digest digest = (enum trust_digest)digests[_i].code;
    ck_assert_uint_eq(trust_digest_size(digest), digests[_i].size);
    ck_assert_str_eq(trust_digest_name(digest), digests[_i].name);
    ck_assert_int_eq(trust_digest_pieces(digest, pieces, 3, out, NULL), 0);
    ck_assert_str_eq(trust_hex((struct trust_bytes){out, digests[_i].size}, '\0', false, hex),
                     digests[_i].abc);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(unknown_code)
{
    uint8_t out[TRUST_DIGEST_MAX];
    struct trust_error err;
    enum trust_digest digest = (enum trust_digest)4;
    ck_assert_uint_eq(trust_digest_size(digest), 0);
    ck_assert_ptr_null(trust_digest_name(digest));
    ck_assert_ptr_null(digest_md(digest));
    ck_assert_int_eq(trust_digest_pieces(digest, NULL, 0, out, &err), TRUST_EUNSUPPORTED);
    ck_assert_ptr_null(trust_digest_name((enum trust_digest)255));
}
END_TEST

/* Exit status: 0 there was no n-th allocation, 1 there was and the next digests are made, 2 they are not,
 * though OpenSSL makes them: what it loses itself (it looks for its algorithms once), nobody has any more. */
static int first_digest_fails_at(long n)
{
    static const struct trust_bytes abc = {(const uint8_t *)"abc", 3};
    uint8_t out[TRUST_DIGEST_MAX];
    /* OpenSSL's own beginning does not survive it. */
    EVP_CIPHER_free(EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL));
    failing_malloc_start(n);
    (void)!trust_digest_pieces(TRUST_DIGEST_SHA256, &abc, 1, out, NULL);
    const bool failed = failing_malloc_stop();
    for (int digest = 0; digest <= TRUST_DIGEST_SHA512; digest++)
        if (EVP_Digest(abc.data, abc.len, out, NULL, digest_md((enum trust_digest)digest), NULL) == 1 &&
            trust_digest_pieces((enum trust_digest)digest, &abc, 1, out, NULL) != 0)
            return 2;
    return failed;
}

/* The algorithms are looked up with the first digest: what fails then must not fail for ever. */
START_TEST(first_digest_without_memory)
{
    int status = 1;
    for (long n = 1; failing_malloc_works() && status != 0; n++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            _exit(first_digest_fails_at(n));
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status));
        ck_assert_msg(WEXITSTATUS(status) < 2, "allocation %ld", n);
    }
}
END_TEST

START_TEST(by_name)
{
    ck_assert_int_eq(trust_digest_by_name("sha1"), 1);
    ck_assert_int_eq(trust_digest_by_name("SHA-256"), 2);
    ck_assert_int_eq(trust_digest_by_name("Sha512"), 3);
    ck_assert_int_eq(trust_digest_by_name("md5"), -1); /* no list is signed with it */
    ck_assert_int_eq(trust_digest_by_name("sha"), -1);
    ck_assert_int_eq(trust_digest_by_name("sha2567"), -1);
    ck_assert_int_eq(trust_digest_by_name(""), -1);
}
END_TEST

START_TEST(to_hex)
{
    char out[16];
    struct trust_bytes bytes = {(const uint8_t *)"\x00\xaf\x12", 3};
    ck_assert_str_eq(trust_hex(bytes, '\0', true, out), "00AF12");
    ck_assert_str_eq(trust_hex(bytes, ':', false, out), "00:af:12");
    ck_assert_str_eq(trust_hex(bytes, ' ', true, out), "00 AF 12");
    memset(out, 'x', sizeof out);
    ck_assert_str_eq(trust_hex((struct trust_bytes){NULL, 0}, ':', true, out), "");
    ck_assert_int_eq(out[1], 'x');
}
END_TEST

static const struct {
    const char *text;
    int code;
    size_t room, len;
    const char *bytes;
} hexes[] = {
    {"00aF12", 0, 3, 3, "\x00\xaf\x12"},
    {"00:AF-12 ff", 0, 8, 4, "\x00\xaf\x12\xff"},
    {"1001", 0, 2, 2, "\x10\x01"},
    {"123", 0, 2, 2, "\x01\x23"},
    {"f", 0, 1, 1, "\x0f"},
    {"123456", TRUST_ETOOLARGE, 2, 0, NULL},
    {"123", TRUST_ETOOLARGE, 1, 0, NULL},
    {"12g4", TRUST_EVALUE, 8, 0, NULL},
    {"0x12", TRUST_EVALUE, 8, 0, NULL},
    {"12\xff", TRUST_EVALUE, 8, 0, NULL},
    {"", TRUST_EVALUE, 8, 0, NULL},
    {" : ", TRUST_EVALUE, 8, 0, NULL},
};

START_TEST(from_hex)
{
    uint8_t out[8];
    size_t len = hexes[_i].room;
    struct trust_error err;
    ck_assert_int_eq(trust_unhex(hexes[_i].text, out, &len, &err), hexes[_i].code);
    ck_assert_uint_eq(len, hexes[_i].len);
    if (hexes[_i].code == 0)
        ck_assert_mem_eq(out, hexes[_i].bytes, len);
}
END_TEST

START_TEST(from_hex_names_the_place)
{
    uint8_t out[8];
    size_t len = sizeof out;
    struct trust_error err;
    ck_assert_int_eq(trust_unhex("12g4", out, &len, &err), TRUST_EVALUE);
    ck_assert_uint_eq(err.offset, 2);
    ck_assert_str_eq(err.text, "'g' is no hex digit");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("digest");
    TCase *t = tcase_create("digest");
    tcase_add_loop_test(t, digests_of_abc, 0, sizeof digests / sizeof digests[0]);
    tcase_add_test(t, unknown_code);
    tcase_add_test(t, first_digest_without_memory);
    tcase_add_test(t, by_name);
    tcase_add_test(t, to_hex);
    tcase_add_loop_test(t, from_hex, 0, sizeof hexes / sizeof hexes[0]);
    tcase_add_test(t, from_hex_names_the_place);
    suite_add_tcase(s, t);
    return s;
}
