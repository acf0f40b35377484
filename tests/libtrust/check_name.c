#include "tests/check_main.h"
#include "tests/fixture.h"

#include "name_parts.h"
#include "trust/digest.h"
#include "trust/name.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 200

/* The lines of a file of tests/data/names, without comments and empty ones. */
struct lines {
    char *text;
    char *line[LINES_MAX];
    size_t count;
};

static struct lines lines_read(const char *path)
{
    struct lines lines = {0};
    struct trust_bytes bytes = fixture_read(path);
    lines.text = strndup((const char *)bytes.data, bytes.len);
    fixture_free(bytes);
    for (char *at = lines.text, *line; (line = strsep(&at, "\n")) != NULL;) {
        if (*line == '#' || *line == '\0')
            continue;
        ck_assert_uint_lt(lines.count, LINES_MAX);
        lines.line[lines.count++] = line;
    }
    return lines;
}

static struct trust_name *parse(const char *text)
{
    struct trust_name *name;
    struct trust_error err = {0};
    ck_assert_msg(trust_name_parse(text, strlen(text), &name, &err) == 0, "%s: %s", text, err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return name;
}

/* What is printed must be read back as the same name. */
static void check_round_trip(const struct trust_name *name)
{
    struct trust_name *cucm = parse(trust_name_cucm(name)), *database = parse(trust_name_database(name));
    ck_assert_str_eq(trust_name_canonical(cucm), trust_name_canonical(name));
    ck_assert_str_eq(trust_name_canonical_full(database), trust_name_canonical_full(name));
    trust_name_free(cucm);
    trust_name_free(database);
}

START_TEST(spellings_have_one_canonical_form)
{
    struct lines lines = lines_read("names/text.txt");
    const char *canonical = NULL;
    for (size_t i = 0; i < lines.count; i++) {
        const char *line = lines.line[i];
        if (strncmp(line, "= ", 2) == 0) {
            canonical = line + 2;
            continue;
        }
        struct trust_name *name = parse(line);
        ck_assert_str_eq(trust_name_canonical(name), canonical);
        check_round_trip(name);
        trust_name_free(name);
    }
    ck_assert_ptr_nonnull(canonical);
    free(lines.text);
}
END_TEST

START_TEST(different_names_differ)
{
    struct lines lines = lines_read("names/text.txt");
    struct trust_name *names[LINES_MAX];
    size_t group[LINES_MAX], count = 0, groups = 0;
    for (size_t i = 0; i < lines.count; i++) {
        if (strncmp(lines.line[i], "= ", 2) == 0) {
            groups++;
            continue;
        }
        names[count] = parse(lines.line[i]);
        group[count++] = groups;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            ck_assert_msg(trust_name_equal(names[i], names[j]) == (group[i] == group[j]), "%s and %s",
                          trust_name_cucm(names[i]), trust_name_cucm(names[j]));
    for (size_t i = 0; i < count; i++)
        trust_name_free(names[i]);
    free(lines.text);
}
END_TEST

START_TEST(texts_that_are_no_names)
{
    struct lines lines = lines_read("names/bad.txt");
    for (size_t i = 0; i < lines.count; i++) {
        char *text = lines.line[i], *error = strsep(&text, " ");
        struct trust_name *name = (struct trust_name *)lines.text;
        struct trust_error err = {0};
        int code = trust_name_parse(text, strlen(text), &name, &err);
        ck_assert_msg(strcmp(trust_error_name(code), error) == 0, "'%s': %s", text, trust_error_name(code));
        ck_assert_int_eq(err.code, code);
        ck_assert_str_ne(err.text, "");
        ck_assert_ptr_null(name);
        ck_assert_uint_eq(ERR_peek_error(), 0);
    }
    ck_assert_uint_gt(lines.count, 5);
    free(lines.text);
}
END_TEST

START_TEST(names_in_der)
{
    struct lines lines = lines_read("names/der.txt");
    for (size_t i = 0; i < lines.count; i++) {
        char *at = lines.line[i], *field[6];
        uint8_t der[1024];
        size_t len = sizeof der;
        struct trust_name *name;
        struct trust_error err = {0};
        for (size_t f = 0; f < 6; f++)
            field[f] = strsep(&at, "\t");
        ck_assert_ptr_nonnull(field[5]);
        ck_assert_int_eq(trust_unhex(field[0], der, &len, NULL), 0);
        ck_assert_msg(trust_name_from_der((struct trust_bytes){der, len}, &name, &err) == 0, "%s", err.text);
        ck_assert_str_eq(trust_name_canonical(name), field[1]);
        ck_assert_str_eq(trust_name_canonical_full(name), strcmp(field[2], "=") == 0 ? field[1] : field[2]);
        ck_assert_str_eq(trust_name_cucm(name), field[3]);
        ck_assert_str_eq(trust_name_database(name), field[4]);
        ck_assert_str_eq(trust_name_common_name(name), field[5]);
        if (*field[1] != '\0')
            check_round_trip(name);
        trust_name_free(name);
        ck_assert_uint_eq(ERR_peek_error(), 0);
    }
    ck_assert_uint_gt(lines.count, 10);
    free(lines.text);
}
END_TEST

static const struct {
    const char *hex;
    int code;
} bad_der[] = {
    {"30", TRUST_ENAME},
    {"300030", TRUST_ENAME}, /* a byte behind it */
    {"0c0141", TRUST_ENAME}, /* a string */
    {"30053103300106", TRUST_ENAME},
    {"300f310d300b0603550403 0c04 c3414141", TRUST_ENAME}, /* a UTF8String that is none */
};

START_TEST(der_that_is_no_name)
{
    uint8_t der[64];
    size_t len = sizeof der;
    struct trust_name *name;
    struct trust_error err = {0};
    ck_assert_int_eq(trust_unhex(bad_der[_i].hex, der, &len, NULL), 0);
    ck_assert_int_eq(trust_name_from_der((struct trust_bytes){der, len}, &name, &err), bad_der[_i].code);
    ck_assert_ptr_null(name);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(limits)
{
    struct trust_name *name;
    struct trust_error err;
    size_t len = NAME_MAX_BYTES + 1;
    char *text = malloc(len + 1);
    memset(text, 'x', len);
    memcpy(text, "CN=", 3);
    text[len] = '\0';
    ck_assert_int_eq(trust_name_parse(text, len, &name, &err), TRUST_ETOOLARGE);
    ck_assert_int_eq(trust_name_from_der((struct trust_bytes){(uint8_t *)text, len}, &name, &err),
                     TRUST_ETOOLARGE);
    ck_assert_int_eq(trust_name_parse(text, len - 1, &name, &err), 0);
    ck_assert_uint_eq(strlen(trust_name_cucm(name)), len - 1);
    trust_name_free(name);
    /* The longest print: every byte escaped. */
    memset(text + 3, 0xff, len - 4);
    ck_assert_int_eq(trust_name_parse(text, len - 1, &name, &err), 0);
    ck_assert_uint_eq(strlen(trust_name_canonical(name)), 3 + 3 * (len - 4));
    trust_name_free(name);
    for (size_t i = 0; i < 4 * (NAME_MAX_PARTS + 1); i += 4)
        memcpy(text + i, "O=x;", 4);
    ck_assert_int_eq(trust_name_parse(text, 4 * (NAME_MAX_PARTS + 1), &name, &err), TRUST_ETOOLARGE);
    ck_assert_int_eq(trust_name_parse(text, 4 * NAME_MAX_PARTS, &name, &err), 0);
    trust_name_free(name);
    /* Nothing in the parser may take quadratic time: these would last minutes. */
    static const char *const slow[] = {";", "CN=\\;", "; ", ";a", "#", "=", "\"", "a;  "};
    for (size_t s = 0; s < sizeof slow / sizeof slow[0]; s++) {
        memcpy(text, "CN=", 3);
        for (size_t i = 3; i < len - 1; i++)
            text[i] = slow[s][(i - 3) % strlen(slow[s])];
        if (trust_name_parse(text, len - 1, &name, &err) == 0)
            trust_name_free(name);
    }
    free(text);
}
END_TEST

START_TEST(nuls)
{
    struct trust_name *name;
    struct trust_error err;
    ck_assert_int_eq(trust_name_parse("CN=a\0", 5, &name, &err), 0);
    ck_assert_str_eq(trust_name_canonical(name), "CN=a");
    trust_name_free(name);
    ck_assert_int_eq(trust_name_parse("CN=a\0\0", 6, &name, &err), TRUST_ENAME);
    ck_assert_int_eq(trust_name_parse("CN=a\0b", 6, &name, &err), TRUST_ENAME);
    ck_assert_uint_eq(err.offset, 4);
    ck_assert_int_eq(trust_name_parse("\0", 1, &name, &err), TRUST_EEMPTY);
    ck_assert_int_eq(trust_name_parse(NULL, 0, &name, &err), TRUST_EEMPTY);
    ck_assert_int_eq(trust_name_from_der((struct trust_bytes){NULL, 0}, &name, &err), TRUST_EEMPTY);
}
END_TEST

START_TEST(errors_name_the_place)
{
    struct trust_name *name;
    struct trust_error err;
    ck_assert_int_eq(trust_name_parse("  stormin", 9, &name, &err), TRUST_ENAME);
    ck_assert_uint_eq(err.offset, 2);
    ck_assert_ptr_nonnull(strstr(err.text, "CN="));
    ck_assert_int_eq(trust_name_parse("CN=\"a\" b", 8, &name, &err), TRUST_ENAME);
    ck_assert_uint_eq(err.offset, 7);
}
END_TEST

START_TEST(forms_of_a_text)
{
    struct trust_name *name =
        parse("DC=com,UID=7,C=PL,ST=Malopolska,L=Krakow,O=Cisco,OU=TAC,CN=Pub  One,E=a@b.c,DC=x");
    ck_assert_str_eq(
        trust_name_cucm(name),
        "CN=Pub  One;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL;UID=7;1.2.840.113549.1.9.1=a@b.c");
    ck_assert_str_eq(trust_name_database(name),
                     "CN=Pub  One,OU=TAC,O=Cisco,L=Krakow,ST=Malopolska,C=PL,UID=7,"
                     "1.2.840.113549.1.9.1=a@b.c,DC=com,DC=x");
    ck_assert_str_eq(trust_name_common_name(name), "Pub  One");
    trust_name_free(name);
    trust_name_free(NULL);
}
END_TEST

/* Change every byte of good names in several ways: whatever still is a name must survive a round trip. */
START_TEST(mutations)
{
    static const char *const texts[] = {
        "cn=\"SAST-ADN008580ef        \";ou=IPCBU;o=\"Cisco Systems",
        "CN=Zo\\C3\\AB,O=a\\, b+OU=\\ x\\ ;DC=#0C045A6FC3AB,OID.1.2.3=#0101FF",
    };
    static const char instead[] = "\"\\;,+=# a0\x01\xc3";
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < strlen(texts[t]); i++) {
            for (size_t c = 0; c + 1 < sizeof instead; c++) {
                char text[128];
                struct trust_name *name;
                snprintf(text, sizeof text, "%s", texts[t]);
                text[i] = instead[c];
                if (trust_name_parse(text, strlen(text), &name, NULL) != 0)
                    continue;
                check_round_trip(name);
                trust_name_free(name);
            }
        }
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("name");
    TCase *t = tcase_create("name");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, spellings_have_one_canonical_form);
    tcase_add_test(t, different_names_differ);
    tcase_add_test(t, texts_that_are_no_names);
    tcase_add_test(t, names_in_der);
    tcase_add_loop_test(t, der_that_is_no_name, 0, sizeof bad_der / sizeof bad_der[0]);
    tcase_add_test(t, limits);
    tcase_add_test(t, nuls);
    tcase_add_test(t, errors_name_the_place);
    tcase_add_test(t, forms_of_a_text);
    tcase_add_test(t, mutations);
    suite_add_tcase(s, t);
    return s;
}
