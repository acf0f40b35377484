/* show ctl, show itl: prints, exit codes, and that they say of other people's lists what those people say. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *phrase, *kind;
} peers[] = {
    {"peer-ctl-sha1", "ctl", "CTL"},
    {"peer-ctl-etokens", "ctl", "CTL"},
    {"peer-itl-ec", "itl", "ITL"},
};
#define PEERS (sizeof peers / sizeof peers[0])

static void set_clock(void)
{
    setenv("TZ", "CET-1", 1);
}

/* Line by line, blanks folded; names the first line that differs. */
static void expect_same_lines(const char *got, const char *wanted)
{
    char *a = helper_fold(got), *b = helper_fold(wanted);
    const char *x = a, *y = b;
    for (int line = 1; *x != '\0' || *y != '\0'; line++) {
        size_t x_len = strcspn(x, "\n"), y_len = strcspn(y, "\n");
        ck_assert_msg(x_len == y_len && memcmp(x, y, x_len) == 0, "line %d is\n%.*s\nnot\n%.*s", line,
                      (int)x_len, x, (int)y_len, y);
        x += x_len + (x[x_len] != '\0');
        y += y_len + (y[y_len] != '\0');
    }
    free(a);
    free(b);
}

START_TEST(prints_as_expected)
{
    struct bench bench;
    char name[128];
    snprintf(name, sizeof name, "show/%s.txt", peers[_i].name);
    struct trust_bytes expected = fixture_read(name);
    bench_open(&bench, "");
    snprintf(name, sizeof name, "good/%s.tlv", peers[_i].name);
    bench_run(&bench, "show %s %s", peers[_i].phrase, fixture_path(name));
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    expect_same_lines(bench.out, (const char *)expected.data);
    fixture_free(expected);
    bench_close(&bench);
}
END_TEST

/* One line of the peer's listing, as our print has it. "" if it stands in the JSON alone. */
static void translate(const char *label, const char *value, const char *const *hash, char out[1024])
{
    char hex[256] = "", spaced[256] = "";
    int number = atoi(value);
    for (size_t i = 0; i + 1 < strlen(value) && i < 120; i += 2)
        snprintf(hex + strlen(hex), sizeof hex - strlen(hex), "%s%c%c", i > 0 ? ":" : "", toupper(value[i]),
                 toupper(value[i + 1]));
    for (size_t i = 0; *hash != NULL && i < 40; i += 2)
        snprintf(spaced + strlen(spaced), sizeof spaced - strlen(spaced), "%c%c ", toupper((*hash)[i]),
                 toupper((*hash)[i + 1]));
    out[0] = '\0';
    if (strcmp(label, "Record Length") == 0)
        snprintf(out, 1024, "RECORDLENGTH 2 %d\n", number);
    else if (strcmp(label, "Subject Name") == 0)
        snprintf(out, 1024, "SUBJECTNAME %zu %s\n", strlen(value) + 1, value);
    else if (strcmp(label, "Issuer Name") == 0)
        snprintf(out, 1024, "NAME %zu %s\n", strlen(value) + 1, value);
    else if (strcmp(label, "Signer Name") == 0)
        snprintf(out, 1024, "SIGNERNAME %zu %s\n", strlen(value) + 1, value);
    else if (strncmp(label, "Serial Num", 10) == 0)
        snprintf(out, 1024, "SERIALNUMBER %zu %s\n", strlen(value) / 2, hex);
    else if (strcmp(label, "Role") == 0)
        snprintf(out, 1024, "FUNCTION 2 %s\n",
                 trust_role_function_name((uint16_t)trust_role_by_short_name(value)));
    else if (strcmp(label, "Public Key") == 0)
        snprintf(out, 1024, "PUBLICKEY %d\n", number);
    else if (strcmp(label, "Signature") == 0)
        snprintf(out, 1024, "SIGNATURE %d\n", number);
    else if (strcmp(label, "Certificate") == 0)
        snprintf(out, 1024, "CERTIFICATE %d %s(SHA1 Hash HEX)\n", number, spaced);
    else if (strcmp(label, "Version") == 0)
        snprintf(out, 1024, "Version: %s\n", value);
    else if (strcmp(label, "Header Length") == 0)
        snprintf(out, 1024, "HeaderLength: %d (BYTES)\n", number);
    else if (strcmp(label, "Signer Version") == 0)
        snprintf(out, 1024, "SIGNERVERSION 2 %s\n", value);
}

/* The line in our JSON. "" if the print has it. */
static void translate_json(const char *label, const char *value, char out[256])
{
    out[0] = '\0';
    if (strcmp(label, "Digest Algorithm") == 0)
        snprintf(out, 256, "\"digest\": \"SHA-%s\"", value + 3);
    else if (strcmp(label, "Filename") == 0)
        snprintf(out, 256, "\"filename\": \"%s\"", value);
    else if (strcmp(label, "Timestamp") == 0)
        snprintf(out, 256, "\"modified\": \"%.10sT%sZ\"", value, value + 11);
    else if (strcmp(label, "Key Algorithm") == 0)
        snprintf(out, 256, "\"key\": \"%s ", value);
    else if (strcmp(label, "Certificate Hash") == 0)
        snprintf(out, 256, "\"sha1\": \"%s\"", value);
}

/* The part of text between its n-th and the next mark (from the start for 0). */
static char *part(const char *text, const char *mark, int n)
{
    for (int i = 0; i < n; i++) {
        text = strstr(text, mark);
        ck_assert_msg(text != NULL, "no %s number %d", mark, n);
        text += strlen(mark);
    }
    const char *end = strstr(text, mark);
    return strndup(text, end != NULL ? (size_t)(end - text) : strlen(text));
}

static const char *hash_of(const char *block, char out[41])
{
    const char *hash = strstr(block, "Certificate Hash: ");
    out[0] = '\0';
    if (hash == NULL)
        return NULL;
    memcpy(out, hash + strlen("Certificate Hash: "), 40);
    out[40] = '\0';
    return out;
}

/* Compare every line of a block of the listing with the part of our print and of our JSON about the same. */
static int compare_block(char *block, const char *print, const char *json)
{
    char *save, hash_text[41], wanted[1024], in_json[256];
    const char *hash = hash_of(block, hash_text);
    int facts = 0;
    for (char *line = strtok_r(block, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ':');
        if (value == NULL)
            continue;
        *value++ = '\0';
        value += strspn(value, " ");
        translate(line, value, &hash, wanted);
        translate_json(line, value, in_json);
        ck_assert_msg(wanted[0] != '\0' || in_json[0] != '\0', "what is %s?", line);
        ck_assert_msg(wanted[0] == '\0' || helper_holds(print, wanted), "no %s in\n%s", wanted, print);
        ck_assert_msg(in_json[0] == '\0' || strstr(json, in_json) != NULL, "no %s in\n%s", in_json, json);
        facts++;
    }
    return facts;
}

START_TEST(says_what_the_listing_says)
{
    struct bench bench;
    char name[128], *print, *blank;
    int facts = 0, block_number = 0;
    snprintf(name, sizeof name, "good/%s.listing.txt", peers[_i].name);
    struct trust_bytes listing = fixture_read(name);
    bench_open(&bench, "");
    snprintf(name, sizeof name, "good/%s.tlv", peers[_i].name);
    bench_run(&bench, "show %s %s", peers[_i].phrase, fixture_path(name));
    print = strdup(bench.out);
    bench_run(&bench, "show %s %s --json", peers[_i].phrase, fixture_path(name));
    ck_assert(helper_is_json(bench.out));
    for (char *block = (char *)(uintptr_t)listing.data; block != NULL; block = blank, block_number++) {
        blank = strstr(block, "\n\n");
        if (blank != NULL) {
            *blank = '\0';
            blank += 2;
        } else if (strncmp(block, "Valid signature", 15) == 0) {
            ck_assert(helper_holds(print, "file was verified successfully."));
            ck_assert(helper_holds(bench.out, "\"verified\": true"));
            break;
        }
        char *ours = part(print, "Record #:", block_number),
             *json = part(bench.out, "\"number\": ", block_number);
        facts += compare_block(block, ours, json);
        free(ours);
        free(json);
    }
    ck_assert_int_eq(helper_count(print, " Record #:"), block_number - 1);
    ck_assert_int_gt(facts, 40);
    free(print);
    fixture_free(listing);
    bench_close(&bench);
}
END_TEST

/* Every list that is bad in some way is read and answered with no, and says why by the error's name. */
START_TEST(bad_lists_are_answered_with_no)
{
    struct bench bench;
    const struct dirent *entry;
    DIR *folder = opendir(fixture_path("bad"));
    int count = 0;
    ck_assert_ptr_nonnull(folder);
    bench_open(&bench, "");
    while ((entry = readdir(folder)) != NULL) {
        char name[300];
        snprintf(name, sizeof name, "bad/%s", entry->d_name);
        if (strstr(name, ".tlv") == NULL)
            continue;
        bench_run(&bench, "show ctl %s", fixture_path(name));
        bench_expect(&bench, TVSCTL_NO, "(SHA1)", "tvsctl: ");
        ck_assert(helper_holds(bench.err, entry->d_name));
        ck_assert(helper_holds(bench.out, "Error parsing the CTL File.") ||
                  helper_holds(bench.out, "Verification of the CTL file failed."));
        ck_assert(!helper_holds(bench.out, "was used to sign"));
        bench_run(&bench, "show itl --json %s", fixture_path(name));
        bench_expect(&bench, TVSCTL_NO, "\"verified\": false", NULL);
        ck_assert(helper_is_json(bench.out));
        count++;
    }
    closedir(folder);
    ck_assert_int_gt(count, 10);
    bench_close(&bench);
}
END_TEST

START_TEST(empty_file_is_no_list)
{
    struct bench bench;
    bench_open(&bench, "");
    const char *path = bench_write(&bench, "CTLFile.tlv", (struct trust_bytes){(const uint8_t *)"", 0});
    bench_run(&bench, "show ctl %s", path);
    bench_expect(&bench, TVSCTL_NO, "Length of CTL file: 0\n", "an empty file is no trust list");
    bench_close(&bench);
}
END_TEST

START_TEST(no_file)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "`utils ctl set-cluster mixed-mode` makes one");
    ck_assert_str_eq(bench.out,
                     "Length of CTL file: 0\n"
                     "CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to\n"
                     "generate the CTL file.\nError parsing the CTL File.\n");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_REFUSED, "Length of ITL file: 0\n", "ITLFile.tlv");
    bench_run(&bench, "show ctl --json");
    bench_expect(&bench, TVSCTL_REFUSED, "\"error\": \"not-found\"", NULL);
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "show ctl %s", bench_path(&bench, "none.tlv"));
    bench_expect(&bench, TVSCTL_REFUSED, "", "none.tlv");
    bench_run(&bench, "show ctl %s", bench.folder);
    bench_expect(&bench, TVSCTL_REFUSED, "", NULL);
    bench_close(&bench);
}
END_TEST

START_TEST(file_of_the_tftp_folder)
{
    struct bench bench;
    char path[512];
    struct trust_bytes list = fixture_read("good/peer-itl-ec.tlv");
    bench_open(&bench, "");
    snprintf(path, sizeof path, "%s/ITLFile.tlv", bench.tftp);
    bench_write(&bench, path, list);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    /* Asked for as what it is not: shown, and said. */
    bench_run(&bench, "show ctl %s", path);
    bench_expect(&bench, TVSCTL_DONE, "CTL Record #:1", "calls itself ITLFile.tlv");
    fixture_free(list);
    bench_close(&bench);
}
END_TEST

/* A certificate and its key, made here. */
static void make_signer(const char *name, struct trust_cert **cert, struct trust_key **key)
{
    struct trust_error err = {0};
    const struct trust_cert_request request = {
        .common_name = name, .days = 10, .digest = TRUST_DIGEST_SHA256, .now = time(NULL)};
    ck_assert_msg(trust_key_generate("rsa:1024", key, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_cert_generate(&request, *key, cert, &err) == 0, "%s", err.text);
}

static struct trust_list *build_itl(struct trust_cert *cert, struct trust_key *key,
                                    const struct trust_record_spec *records, size_t count)
{
    struct trust_error err = {0};
    struct trust_signer *signer;
    struct trust_list *list;
    const struct trust_header_spec header = {
        .filename = "ITLFile.tlv", .timestamp = 1425667513, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    ck_assert_msg(trust_signer_from_key(cert, key, &signer, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_list_build(&header, records, count, signer, &list, &err) == 0, "%s", err.text);
    trust_signer_free(signer);
    return list;
}

/* The forms that an ITL of CUCM has: hashes, blank functions, an address; and a name that would act on a
 * terminal. */
START_TEST(forms_of_records)
{
    struct bench bench;
    struct trust_cert *cert;
    struct trust_key *key;
    static const uint8_t address[4] = {10, 48, 47, 155};
    make_signer("evil", &cert, &key);
    const struct trust_record_spec records[] = {
        {.form = TRUST_RECORD_WHOLE,
         .cert = cert,
         .function = 0,
         .dns_name = "pub\x1b[2J",
         .address = address},
        {.form = TRUST_RECORD_CLIENT, .cert = cert, .function = 0, .subject = "cn=\"SAST   \";ou=IPCBU"},
        {.form = TRUST_RECORD_HASH, .cert = cert, .function = 21, .hash = TRUST_DIGEST_SHA1},
        {.form = TRUST_RECORD_HOLLOW, .function = 2, .dns_name = "pub", .address = address},
        {.form = TRUST_RECORD_BLANK, .function = 4},
        {.form = TRUST_RECORD_BLANK, .function = 99},
    };
    struct trust_list *list = build_itl(cert, key, records, sizeof records / sizeof records[0]);
    bench_open(&bench, "");
    const char *path = bench_write(&bench, "ITLFile.tlv", list->file);
    bench_run(&bench, "show itl %s", path);
    bench_expect(&bench, TVSCTL_DONE, "The ITL File was last modified on Fri Mar 06 19:45:13 CET 2015\n", "");
    bench_expect(&bench, TVSCTL_DONE, "2 DNSNAME 8 pub\\1B[2J\n", "");
    bench_expect(&bench, TVSCTL_DONE, "3 SUBJECTNAME 22 cn=\"SAST \";ou=IPCBU\n", "");
    bench_expect(&bench, TVSCTL_DONE, "12 HASH ALGORITHM 1 SHA-1\n", "");
    bench_expect(&bench, TVSCTL_DONE, "11 CERTHASH 20 ", "");
    bench_expect(&bench, TVSCTL_DONE,
                 "----\nBYTEPOS TAG LENGTH VALUE\n------- --- ------ -----\n1 RECORDLENGTH 2 24\n", "");
    bench_expect(&bench, TVSCTL_DONE, "2 DNSNAME 1\n4 FUNCTION 2 CAPF\n", "");
    ck_assert_ptr_null(strchr(bench.out, '\x1b'));
    ck_assert_int_eq(helper_count(bench.out, "This etoken was used to sign the ITL file."), 2);
    bench_run(&bench, "show itl --json %s", path);
    bench_expect(&bench, TVSCTL_DONE, "\"address\": \"10.48.47.155\"", "");
    ck_assert(helper_is_json(bench.out));
    trust_list_free(list);
    trust_cert_free(cert);
    trust_key_free(key);
    bench_close(&bench);
}
END_TEST

/* The signer of an empty ITL is in no record: it is looked for in the store, and only there. */
START_TEST(empty_itl_by_the_store)
{
    struct bench bench;
    struct trust_cert *cert;
    struct trust_key *key;
    char *pem, path[512];
    make_signer("pub", &cert, &key);
    const struct trust_record_spec blank = {.form = TRUST_RECORD_BLANK, .function = 0};
    struct trust_list *list = build_itl(cert, key, &blank, 1);
    bench_open(&bench, "");
    snprintf(path, sizeof path, "%s/ITLFile.tlv", bench.tftp);
    bench_write(&bench, path, list->file);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_NO, "Verification of the ITL file failed.\nError parsing the ITL file!!\n",
                 "ITLFile.tlv");
    bench_expect(&bench, TVSCTL_NO, "This etoken was not used to sign the ITL file.", NULL);
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    const char *file = bench_write(&bench, "pub.pem", (struct trust_bytes){(uint8_t *)pem, strlen(pem)});
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s", file);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    bench_run(&bench, "show itl --json");
    bench_expect(&bench, TVSCTL_DONE, "\"signer_found_in\": \"store\"", "");
    free(pem);
    trust_list_free(list);
    trust_cert_free(cert);
    trust_key_free(key);
    bench_close(&bench);
}
END_TEST

/* A restored node: the store has a certificate of that name, but its key made no such signature. */
START_TEST(foreign_signer)
{
    struct bench bench;
    struct trust_bytes list = fixture_read("good/peer-itl-ec.tlv");
    bench_open(&bench, "");
    uint8_t *bytes = (uint8_t *)(uintptr_t)list.data;
    bytes[200] ^= 1; /* inside the signature */
    const char *path = bench_write(&bench, "ITLFile.tlv", list);
    bench_run(&bench, "show itl %s", path);
    bench_expect(&bench, TVSCTL_NO, "This etoken was not used to sign the ITL file.\n", NULL);
    bench_expect(&bench, TVSCTL_NO, "Verification of the ITL file failed.\nError parsing the ITL file!!\n",
                 NULL);
    fixture_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(works_without_configuration)
{
    struct bench bench;
    char words[512];
    bench_open(&bench, "");
    snprintf(words, sizeof words, "show ctl %s", fixture_path("good/peer-ctl-sha1.tlv"));
    bench_run_plain(&bench, NULL, words);
    if (!helper_exists(CONFIG_PATH_DEFAULT))
        bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");
    bench_close(&bench);
}
END_TEST

/* A list that a CUCM built; it is not ours to give away, so it is tested where it is. */
START_TEST(list_of_a_cucm)
{
    struct bench bench;
    const char *folder = getenv("TVS_EXTRA_LISTS");
    if (folder == NULL) {
        puts("list_of_a_cucm: skipped, TVS_EXTRA_LISTS names no folder");
        return;
    }
    bench_open(&bench, "");
    bench_run(&bench, "show ctl %s/cisco-built-ctl.tlv", folder);
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");
    bench_expect(&bench, TVSCTL_DONE, "CTL Record #:6\n", "");
    ck_assert_int_eq(helper_count(bench.out, "CTL Record #:"), 6);
    ck_assert_int_eq(helper_count(bench.out, "This etoken was used to sign the CTL file."), 1);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("show_list");
    TCase *tests = tcase_create("show");
    tcase_add_checked_fixture(tests, set_clock, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, prints_as_expected, 0, PEERS);
    tcase_add_loop_test(tests, says_what_the_listing_says, 0, PEERS);
    tcase_add_test(tests, bad_lists_are_answered_with_no);
    tcase_add_test(tests, empty_file_is_no_list);
    tcase_add_test(tests, no_file);
    tcase_add_test(tests, file_of_the_tftp_folder);
    tcase_add_test(tests, forms_of_records);
    tcase_add_test(tests, empty_itl_by_the_store);
    tcase_add_test(tests, foreign_signer);
    tcase_add_test(tests, works_without_configuration);
    tcase_add_test(tests, list_of_a_cucm);
    suite_add_tcase(all, tests);
    return all;
}
