/* The transcripts of Cisco's notes, replayed: the same phrases give the same prints but for names, numbers
 * and dates, and certificates of the notes' sizes give lists of the notes' sizes, to the byte. */
#include "helper_lists.h"
#include "tests/check_main.h"

#include <stdlib.h>
#include <string.h>

#define SUBJECT "OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL"
#define RESTART                                                                                              \
    "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster\n"                   \
    "that run these services\n"
#define COLUMNS                                                                                              \
    "BYTEPOS TAG LENGTH VALUE\n"                                                                             \
    "------- --- ------ -----\n"
#define HASH     "?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ??"
#define LINE     "* * * * * * * *\n"
#define LINES_16 LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE

/* What stands in front of the header's rows. */
#define HEAD(kind, length, header)                                                                           \
    "The checksum value of the " kind " file:\n"                                                             \
    "*(MD5)\n"                                                                                               \
    "*(SHA1)\n"                                                                                              \
    "\n"                                                                                                     \
    "Length of " kind " file: " length "\n"                                                                  \
    "The " kind " File was last modified on ??? ??? ?? ??:??:?? CET 20??\n"                                  \
    "\n"                                                                                                     \
    "Parse " kind " File\n"                                                                                  \
    "----------------\n"                                                                                     \
    "Version: 1.2\n"                                                                                         \
    "HeaderLength: " header " (BYTES)\n"                                                                     \
    "\n" COLUMNS

#define SIGNATURE_ROWS(size, lines)                                                                          \
    "7 SIGNATUREINFO 2 15\n"                                                                                 \
    "8 DIGESTALGORTITHM 1\n"                                                                                 \
    "9 SIGNATUREALGOINFO 2 8\n"                                                                              \
    "10 SIGNATUREALGORTITHM 1\n"                                                                             \
    "11 SIGNATUREMODULUS 1\n"                                                                                \
    "12 SIGNATURE " size "\n" lines "14 FILENAME 12\n"                                                       \
    "15 TIMESTAMP 4\n"                                                                                       \
    "\n"

/* A whole record of a self-signed certificate. */
#define RECORD(kind, number, size, dns, subject, function, serial, key, signature, certificate)              \
    kind " Record #:" number "\n"                                                                            \
         "----\n" COLUMNS "1 RECORDLENGTH 2 " size "\n"                                                      \
         "2 DNSNAME " dns "\n"                                                                               \
         "3 SUBJECTNAME " subject "\n"                                                                       \
         "4 FUNCTION 2 " function "\n"                                                                       \
         "5 ISSUERNAME " subject "\n"                                                                        \
         "6 SERIALNUMBER " serial "\n"                                                                       \
         "7 PUBLICKEY " key "\n"                                                                             \
         "8 SIGNATURE " signature "\n"                                                                       \
         "9 CERTIFICATE " certificate " " HASH " (SHA1 Hash HEX)\n"                                          \
         "10 IPADDRESS 4\n"

#define PUB      "62 CN=cucm-1051-a-pub;" SUBJECT
#define SUB1     "63 CN=cucm-1051-a-sub1;" SUBJECT
#define CAPF     "60 CN=CAPF-e41e7d87;" SUBJECT
#define PUB_DNS  "16 cucm-1051-a-pub"
#define SUB1_DNS "17 cucm-1051-a-sub1"

#define PUB_SERIAL  "16 70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB"
#define NEW_SERIAL  "16 6B:1D:35:7B:68:41:74:0B:07:8F:EE:4A:18:13:D5:D6"
#define CAPF_SERIAL "16 74:4B:51:99:77:05:16:E7:99:E9:1E:81:D3:C8:10:9B"
#define SUB1_SERIAL "16 6B:EB:FD:CD:CD:8C:A2:77:CB:2F:D1:D1:83:A6:0E:72"

#define USED(kind) "This etoken was used to sign the " kind " file.\n\n"

static const char tokenless_ctl[] = HEAD(
    "CTL", "4947",
    "336") "3 SIGNERID 2 149\n"
           "4 SIGNERNAME " PUB "\n"
           "5 SERIALNUMBER " PUB_SERIAL "\n"
           "6 CANAME " PUB "\n" SIGNATURE_ROWS("128", LINES_16) RECORD("CTL", "1", "1156", PUB_DNS, PUB,
                                                                       "System Administrator Security Token",
                                                                       PUB_SERIAL, "140", "128", "694")
               USED("CTL") RECORD(
                   "CTL", "2", "1156", PUB_DNS, PUB, "CCM+TFTP", PUB_SERIAL, "140", "128",
                   "694") "\n" RECORD("CTL", "3", "1138", PUB_DNS, CAPF, "CAPF", CAPF_SERIAL, "140", "128",
                                      "680") "\n" RECORD("CTL", "4", "1161", SUB1_DNS, SUB1, "CCM+TFTP",
                                                         SUB1_SERIAL, "140",
                                                         "128",
                                                         "696") "\n"
                                                                "The CTL file was verified successfully.\n";

static const char regenerated_ctl[] = HEAD(
    "CTL", "6113",
    "464") "3 SIGNERID 2 149\n"
           "4 SIGNERNAME " PUB "\n"
           "5 SERIALNUMBER " NEW_SERIAL "\n"
           "6 CANAME " PUB
           "\n" SIGNATURE_ROWS("256", LINES_16 LINES_16) RECORD("CTL", "1", "1675", PUB_DNS, PUB,
                                                                "System Administrator Security Token",
                                                                NEW_SERIAL, "270", "256", "955") USED("CTL")
               RECORD(
                   "CTL", "2", "1675", PUB_DNS, PUB, "CCM+TFTP", NEW_SERIAL, "270", "256",
                   "955") "\n" RECORD("CTL", "3", "1138", PUB_DNS, CAPF, "CAPF", CAPF_SERIAL, "140", "128",
                                      "680") "\n" RECORD("CTL", "4", "1161", SUB1_DNS, SUB1, "CCM+TFTP",
                                                         SUB1_SERIAL, "140",
                                                         "128",
                                                         "696") "\n"
                                                                "The CTL file was verified successfully.\n";

static void import(struct bench *bench, const char *unit, const char *options, const struct lists_cert *spec)
{
    const char *path = lists_write_cert(bench, "import.pem", spec);
    bench_run(bench, "set cert import own %s %s %s", unit, path, options);
    bench_expect(bench, TVSCTL_DONE, "Successfully imported certificate for", NULL);
}

/* Another node's certificate alone. */
static void import_of_node(struct bench *bench, const char *node, const struct lists_cert *spec)
{
    char command[512];
    const char *path = lists_write_cert(bench, "import.pem", spec);
    snprintf(command, sizeof command, "sed -i '/BEGIN PRIVATE/,/END PRIVATE/d' %s", path);
    ck_assert_int_eq(system(command), 0);
    bench_run(bench, "set cert import own CallManager %s --node %s", path, node);
    bench_expect(bench, TVSCTL_DONE, "Successfully imported certificate for CallManager.", NULL);
}

/* The cluster of the note about the tokenless CTL, in non-secure mode. */
static void open_cluster(struct bench *bench)
{
    setenv("TZ", "CET-1", 1);
    bench_open(bench, "  recovery_anchor: false\n");
    bench->forces = true;
    import(bench, "CallManager", "",
           &(struct lists_cert){.subject = "C=PL;O=Cisco;OU=TAC;CN=cucm-1051-a-pub;ST=Malopolska;L=Krakow",
                                .serial = "70CAF64E090751B9DF22F49F754FC5BB",
                                .bits = 1024,
                                .size = 694});
    import(bench, "CAPF", "",
           &(struct lists_cert){.subject = "C=PL;O=Cisco;OU=TAC;CN=CAPF-e41e7d87;ST=Malopolska;L=Krakow",
                                .serial = "744B5199770516E799E91E81D3C8109B",
                                .bits = 1024,
                                .size = 680});
    lists_add_node(bench, "cucm-1051-a-sub1", "10.48.47.156");
    import_of_node(
        bench, "cucm-1051-a-sub1",
        &(struct lists_cert){.subject = "C=PL;O=Cisco;OU=TAC;CN=cucm-1051-a-sub1;ST=Malopolska;L=Krakow",
                             .serial = "6BEBFDCDCD8CA277CB2FD1D183A60E72",
                             .bits = 1024,
                             .size = 696});
}

static void expect_mode(struct bench *bench, const char *mode)
{
    char text[128];
    bench_run(bench, "run sql select paramname,paramvalue from processconfig where "
                     "\"paramname='ClusterSecurityMode'\"");
    snprintf(text, sizeof text,
             "paramname paramvalue\n=================== ==========\nClusterSecurityMode %s\n", mode);
    ck_assert_int_eq(bench->status, TVSCTL_DONE);
    lists_expect_lines(bench->out, text);
}

/* From Non-Secure Mode to Mixed Mode; Regeneration of the CallManager certificate; and back. */
START_TEST(tokenless_ctl_note)
{
    struct bench bench;
    open_cluster(&bench);
    bench_run(&bench, "show ctl");
    ck_assert_int_eq(bench.status, TVSCTL_REFUSED);
    lists_expect_lines(bench.out,
                       "Length of CTL file: 0\n"
                       "CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to\n"
                       "generate the CTL file.\n"
                       "Error parsing the CTL File.\n");
    expect_mode(&bench, "0");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out,
                     "This operation will set the cluster to Mixed mode. Do you want to continue? (y/n):y\n"
                     "\n"
                     "Moving Cluster to Mixed Mode\n"
                     "Cluster set to Mixed Mode\n" RESTART);
    expect_mode(&bench, "1");
    bench_run(&bench, "show ctl");
    ck_assert_int_eq(bench.status, TVSCTL_DONE);
    lists_expect_lines(bench.out, tokenless_ctl);

    import(&bench, "CallManager", "",
           &(struct lists_cert){.subject = "C=PL;O=Cisco;OU=TAC;CN=cucm-1051-a-pub;ST=Malopolska;L=Krakow",
                                .serial = "6B1D357B6841740B078FEE4A1813D5D6",
                                .bits = 2048,
                                .size = 955});
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "This operation will update the CTLFile. Do you want to continue? (y/n):y\n"
                                "\n"
                                "Updating CTL file\n"
                                "CTL file Updated\n" RESTART);
    bench_run(&bench, "show ctl");
    ck_assert_int_eq(bench.status, TVSCTL_DONE);
    lists_expect_lines(bench.out, regenerated_ctl);

    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_str_eq(
        bench.out,
        "This operation will set the cluster to non secure mode. Do you want to continue? (y/n):y\n"
        "\n"
        "Moving Cluster to Non Secure Mode\n"
        "Cluster set to Non Secure Mode\n" RESTART);
    expect_mode(&bench, "0");
    bench_close(&bench);
}
END_TEST

/* In non-secure mode CCM+TFTP records have tags 1, 2, 4 and 10 alone: 17 bytes and the name. */
START_TEST(hollow_records)
{
    struct bench bench;
    open_cluster(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE,
                 "CTL Record #:2\n----\n" COLUMNS "1 RECORDLENGTH 2 36\n2 DNSNAME 16 cucm-1051-a-pub\n"
                 "4 FUNCTION 2 CCM+TFTP\n10 IPADDRESS 4\n\nCTL Record #:3\n",
                 "");
    bench_expect(&bench, TVSCTL_DONE, "1 RECORDLENGTH 2 1156\n", "");
    bench_expect(&bench, TVSCTL_DONE, "1 RECORDLENGTH 2 1138\n", "");
    bench_expect(
        &bench, TVSCTL_DONE,
        "1 RECORDLENGTH 2 37\n2 DNSNAME 17 cucm-1051-a-sub1\n4 FUNCTION 2 CCM+TFTP\n10 IPADDRESS 4\n\n"
        "The CTL file was verified successfully.\n",
        "");
    bench_close(&bench);
}
END_TEST

/* ---- Security By Default */

#define RTP         "OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US"
#define PUBLISHER   "CN=CUCM8-Publisher.bbbburns.lab;" RTP
#define SIGNER_NUMB "10 21:00:2D:17:00:00:00:00:00:05"

#define SIGNER_RECORD(number, function)                                                                      \
    "ITL Record #:" number "\n"                                                                              \
    "----\n" COLUMNS "1 RECORDLENGTH 2 1972\n"                                                               \
    "2 DNSNAME 2\n"                                                                                          \
    "3 SUBJECTNAME 76 " PUBLISHER "\n"                                                                       \
    "4 FUNCTION 2 " function "\n"                                                                            \
    "5 ISSUERNAME 15 CN=JASBURNS-AD\n"                                                                       \
    "6 SERIALNUMBER " SIGNER_NUMB "\n"                                                                       \
    "7 PUBLICKEY 140\n"                                                                                      \
    "8 SIGNATURE 256\n"                                                                                      \
    "9 CERTIFICATE 1442 " HASH " (SHA1 Hash HEX)\n"

#define HASH_RECORD(number, size, subject, function, serial, key, signature)                                 \
    "ITL Record #:" number "\n"                                                                              \
    "----\n" COLUMNS "1 RECORDLENGTH 2 " size "\n"                                                           \
    "2 DNSNAME 2\n"                                                                                          \
    "3 SUBJECTNAME " subject "\n"                                                                            \
    "4 FUNCTION 2 " function "\n"                                                                            \
    "5 ISSUERNAME " subject "\n"                                                                             \
    "6 SERIALNUMBER " serial "\n"                                                                            \
    "7 PUBLICKEY " key "\n"                                                                                  \
    "8 SIGNATURE " signature "\n"                                                                            \
    "11 CERTHASH 20 " HASH "\n"                                                                              \
    "12 HASH ALGORITHM 1 SHA-1\n\n"

static const char itl_of_note[] =
    HEAD("ITL", "5438", "296") "3 SIGNERID 2 110\n"
                               "4 SIGNERNAME 76 " PUBLISHER "\n"
                               "5 SERIALNUMBER " SIGNER_NUMB "\n"
                               "6 CANAME 15 CN=JASBURNS-AD\n" SIGNATURE_ROWS("128", LINES_16)
                                   SIGNER_RECORD("1", "System Administrator Security Token") USED("ITL")
                                       SIGNER_RECORD("2", "CCM+TFTP") "\n" HASH_RECORD(
                                           "3", "743", "76 " PUBLISHER, "TVS", "8 2E:3E:1A:7B:DA:A6:4D:84",
                                           "270", "256")
                                           HASH_RECORD("4", "455", "61 CN=CAPF-9c4cba7d;" RTP, "CAPF",
                                                       "8 0A:DC:6E:77:42:91:4A:53", "140",
                                                       "128") "The ITL file was verified successfully.\n";

START_TEST(security_by_default_note)
{
    struct bench bench;
    setenv("TZ", "CET-1", 1);
    bench_open(&bench, "  recovery_anchor: false\n  dns_names: blank\n  addresses: false\n");
    import(&bench, "CallManager", "",
           &(struct lists_cert){.subject = PUBLISHER,
                                .issuer = "CN=JASBURNS-AD",
                                .serial = "21002D17000000000005",
                                .bits = 1024,
                                .issuer_bits = 2048,
                                .size = 1442});
    import(&bench, "TVS", "",
           &(struct lists_cert){.subject = PUBLISHER, .serial = "2E3E1A7BDAA64D84", .bits = 2048});
    import(
        &bench, "CAPF", "",
        &(struct lists_cert){.subject = "CN=CAPF-9c4cba7d;" RTP, .serial = "0ADC6E7742914A53", .bits = 1024});
    bench_run(&bench, "show itl");
    ck_assert_int_eq(bench.status, TVSCTL_DONE);
    lists_expect_lines(bench.out, itl_of_note);
    bench_close(&bench);
}
END_TEST

/* No transcript of these is in the notes; they follow the same dialogue. */
START_TEST(itl_dialogues)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "This operation will update the ITLFile. Do you want to continue? (y/n):y\n"
                                "\n"
                                "Updating ITL file\n"
                                "ITL file Updated\n" RESTART);
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out,
                     "This operation will reset the ITLFile: its present content is signed with the key of "
                     "ITLRecovery. Do you want to continue? (y/n):y\n"
                     "\n"
                     "Generating the reset ITL file.....\n"
                     "The reset ITL file was generated successfully\n"
                     "Locating active Tftp servers in the cluster.....\n"
                     "Following is the list of Active tftp servers in the cluster\n"
                     "cucm-1051-a-pub\n"
                     "Number of Active TFTP servers in the cluster : 1\n"
                     "Transferring new reset ITL file to the TFTP server nodes in the cluster.........\n"
                     "Successfully transferred reset ITL to node cucm-1051-a-pub\n");
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("transcript");
    TCase *tests = tcase_create("notes");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, tokenless_ctl_note);
    tcase_add_test(tests, hollow_records);
    tcase_add_test(tests, security_by_default_note);
    tcase_add_test(tests, itl_dialogues);
    suite_add_tcase(all, tests);
    return all;
}
