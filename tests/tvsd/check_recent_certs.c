/* Certificates that need not be parsed again. */
#include "helper_bench.h"
#include "tests/check_main.h"
#include "tvsd/recent_certs.h"

#include <stdlib.h>
#include <string.h>

static struct recent_certs recent;
static struct trust_cert *pub, *sub1;

static void begin(void)
{
    recent = (struct recent_certs){0};
    pub = cert_read("pub.crt");
    sub1 = cert_read("sub1.crt");
}

static void end(void)
{
    recent_certs_fini(&recent);
    trust_cert_free(pub);
    trust_cert_free(sub1);
}

static const struct trust_cert *get(struct trust_bytes der)
{
    const struct trust_cert *cert;
    struct trust_error err = {0};
    ck_assert_msg(recent_certs_get(&recent, der, &cert, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(trust_cert_der(cert).len, der.len);
    ck_assert_mem_eq(trust_cert_der(cert).data, der.data, der.len);
    return cert;
}

START_TEST(parsed_once)
{
    const struct trust_cert *first = get(trust_cert_der(pub)), *other = get(trust_cert_der(sub1));
    ck_assert_ptr_ne(first, pub);
    ck_assert_ptr_ne(first, other);
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_eq(get(trust_cert_der(pub)), first);
        ck_assert_ptr_eq(get(trust_cert_der(sub1)), other);
    }
}
END_TEST

/* Bytes of the same length that differ at their end are another certificate, of which only so many stay. */
START_TEST(the_oldest_goes)
{
    const struct trust_bytes der = trust_cert_der(pub);
    uint8_t *bytes = malloc(der.len);
    memcpy(bytes, der.data, der.len);
    const struct trust_cert *kept[RECENT_CERTS];
    for (int i = 0; i < RECENT_CERTS; i++) {
        bytes[der.len - 1] = (uint8_t)i;
        kept[i] = get((struct trust_bytes){bytes, der.len});
    }
    for (int i = 0; i < RECENT_CERTS; i++) {
        bytes[der.len - 1] = (uint8_t)i;
        ck_assert_ptr_eq(get((struct trust_bytes){bytes, der.len}), kept[i]);
    }
    ck_assert_ptr_eq(get(trust_cert_der(sub1)), recent.certs[0]);
    for (int i = 1; i < RECENT_CERTS; i++) {
        bytes[der.len - 1] = (uint8_t)i;
        ck_assert_ptr_eq(get((struct trust_bytes){bytes, der.len}), kept[i]);
    }
    bytes[der.len - 1] = 0;
    ck_assert_ptr_eq(get((struct trust_bytes){bytes, der.len}), recent.certs[1]);
    free(bytes);
}
END_TEST

/* The same certificate under a signature of 5000 bytes, which nobody checks here. */
static struct trust_bytes enlarged(uint8_t out[6000])
{
    enum { SIGNATURE = 5001, HEADER = 4 };
    const uint8_t *der = trust_cert_der(pub).data;
    ck_assert_uint_eq(der[HEADER + 1], 0x82);
    const size_t body = HEADER + (size_t)(der[HEADER + 2] << 8 | der[HEADER + 3]);
    const size_t signed_len = body + 2 + der[HEADER + body + 1]; /* and the algorithm */
    const size_t len = signed_len + HEADER + SIGNATURE;
    const uint8_t outer[] = {0x30, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t bits[] = {0x03, 0x82, SIGNATURE >> 8, SIGNATURE & 0xff};
    memset(out, 0, 6000);
    memcpy(out, outer, HEADER);
    memcpy(out + HEADER, der + HEADER, signed_len);
    memcpy(out + HEADER + signed_len, bits, HEADER);
    return (struct trust_bytes){out, HEADER + len};
}

/* A large one is parsed like any other, and takes nobody's place. */
START_TEST(large_ones_are_not_kept)
{
    uint8_t bytes[6000];
    const struct trust_bytes large = enlarged(bytes);
    const struct trust_cert *first = get(trust_cert_der(pub));
    ck_assert_uint_gt(large.len, RECENT_CERT_SIZE);
    for (int i = 0; i < 2 * RECENT_CERTS; i++)
        ck_assert_ptr_eq(get(large), recent.large);
    ck_assert_ptr_null(recent.certs[1]);
    ck_assert_ptr_eq(get(trust_cert_der(pub)), first);
}
END_TEST

/* What is no certificate is told so each time, and takes nobody's place. */
START_TEST(no_certificate)
{
    const struct trust_cert *first = get(trust_cert_der(pub)), *none = first;
    const struct trust_bytes bad[] = {{(const uint8_t *)"garbage", 7}, {NULL, 0}};
    for (int i = 0; i < 2 * RECENT_CERTS; i++) {
        ck_assert_int_ne(recent_certs_get(&recent, bad[i % 2], &none, NULL), 0);
        ck_assert_ptr_null(none);
    }
    ck_assert_ptr_eq(get(trust_cert_der(pub)), first);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("recent_certs");
    TCase *recently = tcase_create("recently");
    tcase_add_checked_fixture(recently, begin, end);
    tcase_add_test(recently, parsed_once);
    tcase_add_test(recently, the_oldest_goes);
    tcase_add_test(recently, large_ones_are_not_kept);
    tcase_add_test(recently, no_certificate);
    suite_add_tcase(all, recently);
    return all;
}
