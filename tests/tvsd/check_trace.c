/* What requests leave in the log: the published lines, and warnings of one's own. */
#include "helper_scene.h"
#include "tests/check_main.h"

#include <stdlib.h>
#include <string.h>

START_TEST(warnings)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes request = phone_verify(9, trust_cert_der(apache));
    phone_send(&phone, request);
    ck_assert_int_eq(expect_answer(&bench, &phone, 9).status, 1);
    BENCH_LOGGED(&bench, "level=warning event=no-role serial=1001 issuer=");
    BENCH_LOGGED(&bench, "remedy=\"import it as Phone-SAST-trust (signers) or tomcat-trust (HTTPS)\"");
    BENCH_LOGGED(&bench, "result=no-role roles=\"\" source=store serial=1001");
    uint8_t *twin = malloc(trust_cert_der(pub).len);
    memcpy(twin, trust_cert_der(pub).data, trust_cert_der(pub).len);
    twin[trust_cert_der(pub).len - 1] ^= 1;
    struct trust_bytes other = phone_verify(10, (struct trust_bytes){twin, trust_cert_der(pub).len});
    phone_send(&phone, other);
    ck_assert_int_eq(expect_answer(&bench, &phone, 10).status, 1);
    BENCH_LOGGED(&bench,
                 "level=warning event=twin-refused serial=6B1D357B6841740B078FEE4A1813D5D6 issuer="
                 "\"CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\" source=store device=");
    BENCH_LOGGED(&bench,
                 "reason=\"CP-8861 at local asked whether to trust certificate 1001, whose unit gives "
                 "it no role that phones take: the phone does not trust that server, and may show 'Host "
                 "not found'\" count=1\n");
    /* Each has its answer in the log, and why it is but one line for each certificate. */
    phone_send(&phone, request);
    ck_assert_int_eq(expect_answer(&bench, &phone, 9).status, 1);
    ck_assert_uint_eq(bench_logged(&bench, "event=no-role "), 1);
    ck_assert_uint_eq(bench_logged(&bench, "result=no-role"), 2);
    struct trust_cert *sub1 = cert_read("sub1.crt"), *old = cert_read("own-3072.crt");
    const struct trust_cert *const strangers[] = {sub1, old, sub1, old};
    for (uint32_t i = 0; i < 4; i++) {
        struct trust_bytes asks = phone_verify(20 + i, trust_cert_der(strangers[i]));
        phone_send(&phone, asks);
        ck_assert_int_eq(expect_answer(&bench, &phone, 20 + i).status, 1);
        free((void *)(uintptr_t)asks.data);
    }
    ck_assert_uint_eq(bench_logged(&bench, "level=warning event=unknown-refused serial="), 2);
    trust_cert_free(sub1);
    trust_cert_free(old);
    free(twin);
    free((void *)(uintptr_t)request.data);
    free((void *)(uintptr_t)other.data);
    finish(&bench, &phone);
}
END_TEST

/* ---- The published lines ---- */

static const char *const verify_lines[] = {
    "Accepted TCP connection from socket 0x00000000, fd = ",
    "2:UNKNOWN:Got a new ph conn local on ",
    ", Total Acc = 1..\n",
    "|   debug local: tvsSSLHandShake Session ciphers - AES256-SHA\n",
    "|   debug TLS HS Done for ph_conn .\n",
    "|   debug     MsgType               : TVS_MSG_CERT_VERIFICATION_REQ\n",
    "|   debug tvsGetIssuerNameFromX509 - issuerName : "
    "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL and Length: 61\n",
    "|   debug tvsGetSerialNumberFromX509 - serialNumber : 6B1D357B6841740B078FEE4A1813D5D6 and Length: 16\n",
    "|   debug CertificateDBCache::getCertificateInformation - Looking up the certificate cache using Unique "
    "MAP ID "
    ": 6B1D357B6841740B078FEE4A1813D5D6CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\n",
    "|   debug CertificateDBCache::getCertificateInformation - Certificate compare return =0\n",
    "|   debug CertificateDBCache::getCertificateInformation - Certificate found and equal\n",
    "|   debug 2:UNKNOWN:Sending CERT_VERIF_RES msg\n",
    "|   debug     MsgType               : TVS_MSG_CERT_VERIFICATION_RES\n",
    NULL,
};

static const char *const query_lines[] = {
    "|   debug     MsgType               : TVS_MSG_QUERY_CERT_REQ\n",
    "|   debug tvsHandleQueryCertReq\n",
    "|   debug tvsHandleQueryCertReq : Subject Name is: CN=cucm-1051-a-pub;",
    "|   debug tvsHandleQueryCertReq : Issuer Name is: CN=cucm-1051-a-pub;",
    "|   debug tvsHandleQueryCertReq : Serial Number is: 6B1D357B6841740B078FEE4A1813D5D6\n",
    "|   debug CertificateDBCache::getCertificateInformation - Looking up the certificate cache using Unique "
    "MAP ID "
    ": 6B1D357B6841740B078FEE4A1813D5D6CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\n",
    "|   debug CertificateDBCache::getCertificateInformation - Found entry {rolecount : 2}\n",
    "|   debug CertificateDBCache::getCertificateInformation - {role : 0}\n",
    "|   debug CertificateDBCache::getCertificateInformation - {role : 2}\n",
    "|   debug convertX509ToDER -x509cert : 0x",
    "|   debug tvsHandleQueryCertReq: Timer started from tvsHandleNewPhConnection\n",
    "|   debug 2:UNKNOWN:Sending QUERY_CERT_RES msg\n",
    "|   debug     MsgType               : TVS_MSG_QUERY_CERT_RES\n",
    NULL,
};

/* An eToken of the CTL, asked for as its list spells it. */
static const char *const token_lines[] = {
    "|   debug tvsHandleQueryCertReq\n",
    "|   debug tvsHandleQueryCertReq : Subject Name is: cn=\"SAST-ADN008580ef        \";ou=IPCBU;o=\"Cisco "
    "Systems\n",
    "|   debug tvsHandleQueryCertReq : Issuer Name is: cn=\"SAST-ADN008580ef        \";ou=IPCBU;o=\"Cisco "
    "Systems\n",
    "|   debug tvsHandleQueryCertReq :subjectName and issuerName matches for eToken certificate\n",
    "|   debug tvsHandleQueryCertReq : SAST Issuer Name  is: cn=\"SAST-ADN008580ef        "
    "\";ou=IPCBU;o=\"Cisco "
    "Systems\n",
    "|   debug tvsHandleQueryCertReq : This is SAST eToken cert\n",
    "|   debug tvsHandleQueryCertReq : Serial Number is: ",
    "|   debug CertificateDBCache::getCertificateInformation - Looking up ",
    "|   debug ERROR:CertificateDBCache::getCertificateInformation - Cannot find the certificate in the "
    "cache\n",
    "|   debug CertificateCTLCache::getCertificateInformation - Looking up ",
    ", len : 75\n",
    "|   debug CertificateCTLCache::getCertificateInformation - Found entry {rolecount : 1}\n",
    "|   debug CertificateCTLCache::getCertificateInformation - {role : 0}\n",
    "|   debug convertX509ToDER -x509cert : 0x",
    NULL,
};

static const char *const unknown_lines[] = {
    "|   debug ERROR:CertificateDBCache::getCertificateInformation - Cannot find the certificate in the "
    "cache\n",
    ", len : ",
    "|   debug ERROR:CertificateCTLCache::getCertificateInformation - Cannot find the certificate in the "
    "cache\n",
    "|   debug getCertificateInformation(cert) : certificate not found\n",
    "|   debug 2:UNKNOWN:Sending CERT_VERIF_RES msg\n",
    NULL,
};

static void expect_lines(struct bench *bench, const char *const *lines)
{
    const char *log = bench_log(bench), *at = log;
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *next = strstr(at, lines[i]);
        ck_assert_msg(next != NULL, "not there, or not in this order: %s\n%s", lines[i], log);
        at = next + strlen(lines[i]) - (lines[i][strlen(lines[i]) - 1] == '\n');
    }
}

START_TEST(published_lines)
{
    struct bench bench;
    struct phone phone;
    const char *token = "cn=\"SAST-ADN008580ef        \";ou=IPCBU;o=\"Cisco Systems";
    const char *const *const lines[] = {verify_lines, query_lines, token_lines, unknown_lines};
    struct trust_bytes ours = trust_cert_der(server.cert);
    struct trust_bytes requests[] = {verify, query, phone_query(1, trust_cert_serial(etoken), token),
                                     phone_verify(1, ours)};
    begin_shaken(&bench, &phone, "# trace\n",
                 &(struct phone_options){.newest = TLS1_2_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0"});
    phone_send(&phone, requests[_i]);
    BENCH_UNTIL(&bench, &phone, phone.received > 0);
    expect_lines(&bench, lines[_i]);
    ck_assert_uint_eq(bench_logged(&bench, "|   info event=answer type="), 1);
    free((void *)(uintptr_t)requests[2].data);
    free((void *)(uintptr_t)requests[3].data);
    finish(&bench, &phone);
}
END_TEST

Suite *suite(void)
{
    Suite *trace = suite_create("trace");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_test(all, warnings);
    tcase_add_loop_test(all, published_lines, 0, 4);
    suite_add_tcase(trace, all);
    return trace;
}
