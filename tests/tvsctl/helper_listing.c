#include "helper_listing.h"

#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct reader {
    const uint8_t *at, *end;
    const char *kind;
    FILE *out;
};

struct element {
    unsigned tag, len;
    const uint8_t *value;
};

static unsigned number(const uint8_t *bytes, unsigned len)
{
    unsigned value = 0;
    for (unsigned i = 0; i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* In a header 13 is a byte alone, and 3, 7 and 9 are lengths without a value. */
static struct element next(struct reader *reader, bool in_header)
{
    struct element element = {.tag = *reader->at++};
    if (in_header && element.tag == 13)
        return element;
    element.len = number(reader->at, 2);
    element.value = reader->at + 2;
    reader->at += 2;
    if (!in_header || (element.tag != 3 && element.tag != 7 && element.tag != 9))
        reader->at += element.len;
    ck_assert(reader->at <= reader->end);
    return element;
}

static void hex(FILE *out, const uint8_t *bytes, size_t len, char separator, bool upper)
{
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && separator != '\0')
            fputc(separator, out);
        fprintf(out, upper ? "%02X" : "%02x", bytes[i]);
    }
}

static void digest(FILE *out, const EVP_MD *type, struct trust_bytes bytes, char separator)
{
    uint8_t value[EVP_MAX_MD_SIZE];
    unsigned len;
    ck_assert_int_eq(EVP_Digest(bytes.data, bytes.len, value, &len, type, NULL), 1);
    hex(out, value, len, separator, false);
}

static void table_head(FILE *out)
{
    fputs("BYTEPOS TAG LENGTH VALUE\n------- --- ------ -----\n", out);
}

static void header_row(struct reader *reader, const struct element *element)
{
    static const char *const names[] = {
        [3] = "SIGNERID",          [4] = "SIGNERNAME",
        [5] = "SERIALNUMBER",      [6] = "CANAME",
        [7] = "SIGNATUREINFO",     [8] = "DIGESTALGORTITHM",
        [9] = "SIGNATUREALGOINFO", [10] = "SIGNATUREALGORTITHM",
        [11] = "SIGNATUREMODULUS", [12] = "SIGNATURE",
        [14] = "FILENAME",         [15] = "TIMESTAMP",
    };
    FILE *out = reader->out;
    if (element->tag == 1 || element->tag == 2 || element->tag == 13)
        return;
    ck_assert_uint_lt(element->tag, sizeof names / sizeof names[0]);
    bool measures = element->tag == 3 || element->tag == 7 || element->tag == 9;
    fprintf(out, "%u %s %u", element->tag, names[element->tag], measures ? 2 : element->len);
    if (measures)
        fprintf(out, " %u", element->len);
    if (element->tag == 4 || element->tag == 6)
        fprintf(out, " %.*s", (int)element->len, (const char *)element->value);
    if (element->tag == 5) {
        fputc(' ', out);
        hex(out, element->value, element->len, ':', true);
    }
    for (unsigned i = 0; element->tag == 12 && i < element->len; i++)
        fprintf(out, "%c%x", i % 8 == 0 ? '\n' : ' ', element->value[i]);
    fputc('\n', out);
}

static const char *function(unsigned code)
{
    return code == 0    ? "System Administrator Security Token"
           : code == 2  ? "CCM+TFTP"
           : code == 4  ? "CAPF"
           : code == 21 ? "TVS"
                        : "?";
}

static void record_row(struct reader *reader, const struct element *element)
{
    static const char *const names[] = {
        "",           "RECORDLENGTH", "DNSNAME",       "SUBJECTNAME", "FUNCTION",
        "ISSUERNAME", "SERIALNUMBER", "PUBLICKEY",     "SIGNATURE",   "CERTIFICATE",
        "IPADDRESS",  "CERTHASH",     "HASH ALGORITHM"};
    FILE *out = reader->out;
    const struct trust_bytes value = {element->value, element->len};
    ck_assert_uint_lt(element->tag, sizeof names / sizeof names[0]);
    fprintf(out, "%u %s %u ", element->tag, names[element->tag], element->len);
    if (element->tag == 1)
        fprintf(out, "%u", number(element->value, 2));
    if (element->tag == 2 || element->tag == 3 || element->tag == 5)
        fprintf(out, "%.*s", (int)element->len, (const char *)element->value);
    if (element->tag == 4)
        fputs(function(number(element->value, 2)), out);
    if (element->tag == 6)
        hex(out, element->value, element->len, ':', true);
    if (element->tag == 9) {
        uint8_t sha1[20];
        ck_assert_int_eq(EVP_Digest(value.data, value.len, sha1, NULL, EVP_sha1(), NULL), 1);
        hex(out, sha1, sizeof sha1, ' ', true);
        fputs(" (SHA1 Hash HEX)", out);
    }
    if (element->tag == 11)
        hex(out, element->value, element->len, ' ', true);
    if (element->tag == 12)
        fputs(element->value[0] == 1 ? "SHA-1" : "?", out);
    fputc('\n', out);
}

static void record(struct reader *reader, size_t at, const struct trust_cert *signer)
{
    bool is_sast = false, is_signer = false;
    const struct trust_bytes der = trust_cert_der(signer);
    const uint8_t *end = reader->at + number(reader->at + 3, 2);
    fprintf(reader->out, "\n%s Record #:%zu\n----\n", reader->kind, at);
    table_head(reader->out);
    while (reader->at < end) {
        const struct element element = next(reader, false);
        record_row(reader, &element);
        is_sast = is_sast || (element.tag == 4 && number(element.value, 2) == 0);
        is_signer = is_signer || (element.tag == 9 && element.len == der.len &&
                                  memcmp(element.value, der.data, der.len) == 0);
    }
    ck_assert_ptr_eq(reader->at, end);
    if (is_sast)
        fprintf(reader->out, "This etoken was %sused to sign the %s file.\n", is_signer ? "" : "not ",
                reader->kind);
}

static void head(struct reader *reader, struct trust_bytes file, const struct reader *header)
{
    char when[64] = "";
    time_t modified = 0;
    struct tm local;
    for (struct reader look = *header; look.at < look.end;) {
        const struct element element = next(&look, true);
        if (element.tag == 15)
            modified = (time_t)number(element.value, 4);
    }
    strftime(when, sizeof when, "%a %b %d %H:%M:%S %Z %Y", localtime_r(&modified, &local));
    fprintf(reader->out, "The checksum value of the %s file:\n", reader->kind);
    digest(reader->out, EVP_md5(), file, '\0');
    fputs("(MD5)\n", reader->out);
    digest(reader->out, EVP_sha1(), file, '\0');
    fprintf(reader->out, "(SHA1)\n\nLength of %s file: %zu\n", reader->kind, file.len);
    fprintf(reader->out, "The %s File was last modified on %s\n\nParse %s File\n----------------\n",
            reader->kind, when, reader->kind);
}

char *listing_of(const char *kind, struct trust_bytes file, const struct trust_cert *signer)
{
    char *text = NULL;
    size_t size, count = 0;
    struct reader reader = {file.data, file.data + file.len, kind, open_memstream(&text, &size)};
    ck_assert_ptr_nonnull(reader.out);
    const unsigned header_length = number(file.data + 8, 2);
    struct reader header = reader;
    header.end = file.data + header_length;
    head(&reader, file, &header);
    fprintf(reader.out, "Version: %u.%u\nHeaderLength: %u (BYTES)\n\n", file.data[3], file.data[4],
            header_length);
    table_head(reader.out);
    while (header.at < header.end) {
        const struct element element = next(&header, true);
        header_row(&reader, &element);
    }
    reader.at = header.end;
    while (reader.at < reader.end)
        record(&reader, ++count, signer);
    fprintf(reader.out, "\nThe %s file was verified successfully.\n", kind);
    ck_assert_int_eq(fclose(reader.out), 0);
    return text;
}
