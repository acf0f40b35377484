#include "print.h"
#include "show_list.h"

#include <stdlib.h>
#include <string.h>

static const unsigned stops[] = {0, 8, 24, 32, 40};

/* One line of cells at the column stops. A cell that reaches beyond its column moves the next one to the next
 * stop, as the tabulators of CUCM do. No blanks at the end. */
static void print_line(FILE *out, const char *const *cells, size_t count)
{
    const size_t last = sizeof stops / sizeof stops[0] - 1;
    size_t column = 0, stop = 0;
    for (size_t i = 0; i < count; i++) {
        while (i > 0 && stop < last && stops[stop] <= column)
            stop++;
        size_t gap = stops[stop] > column ? stops[stop] - column : i > 0;
        fprintf(out, "%*s%s", (int)gap, "", cells[i]);
        column += gap + strlen(cells[i]);
    }
    fputc('\n', out);
}

/* Tag, name and length; the value follows on the same line if there is one. */
static void print_row(FILE *out, unsigned tag, const char *name, unsigned length, const char *value)
{
    char tag_text[16], length_text[16];
    snprintf(tag_text, sizeof tag_text, "%u", tag);
    snprintf(length_text, sizeof length_text, "%u", length);
    const char *cells[] = {tag_text, name != NULL ? name : "UNKNOWN", length_text, value};
    print_line(out, cells, value != NULL && value[0] != '\0' ? 4 : 3);
}

static void print_table_head(FILE *out)
{
    print_line(out, (const char *[]){"BYTEPOS", "TAG", "LENGTH", "VALUE"}, 4);
    print_line(out, (const char *[]){"-------", "---", "------", "-----"}, 4);
}

/* A row whose value is text of the file, which ends in a NUL that its length counts. */
static void print_text_row(FILE *out, const struct trust_element *element, const char *name)
{
    char *value = NULL;
    size_t size = 0, len = element->value.len;
    FILE *memory = open_memstream(&value, &size);
    if (memory == NULL)
        return;
    if (len > 0 && element->value.data[len - 1] == '\0')
        len--;
    print_text(memory, (struct trust_bytes){element->value.data, len});
    if (fclose(memory) == 0)
        print_row(out, element->tag, name, element->length, value);
    free(value);
}

static void print_serial_row(FILE *out, const struct trust_element *element, const char *name)
{
    char *hex = print_hex(element->value, ':', true);
    print_row(out, element->tag, name, element->length, hex);
    free(hex);
}

static void print_number_row(FILE *out, const struct trust_element *element, const char *name)
{
    char number[16];
    snprintf(number, sizeof number, "%u", element->length);
    print_row(out, element->tag, name, 2, number);
}

/* Lines of eight bytes, without leading zeros. */
static void print_signature(FILE *out, struct trust_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(out, i % 8 == 7 || i + 1 == bytes.len ? "%x\n" : "%-4x", bytes.data[i]);
}

static void print_header_element(FILE *out, const struct trust_element *element)
{
    const char *name = trust_header_tag_name(element->tag);
    char version[16];
    switch (element->tag) {
    case TRUST_HEADER_VERSION:
    case TRUST_HEADER_LENGTH:
    case TRUST_HEADER_PADDING:
        break; /* they stand above the table, or nowhere */
    case TRUST_HEADER_SIGNERID:
    case TRUST_HEADER_SIGNATUREINFO:
    case TRUST_HEADER_ALGOINFO:
        print_number_row(out, element, name);
        break;
    case TRUST_HEADER_SIGNERNAME:
    case TRUST_HEADER_CANAME:
        print_text_row(out, element, name);
        break;
    case TRUST_HEADER_SERIALNUMBER:
        print_serial_row(out, element, name);
        break;
    case TRUST_HEADER_SIGNERVERSION:
        version[0] = '\0';
        if (element->value.len == 2)
            snprintf(version, sizeof version, "%u.%u", element->value.data[0], element->value.data[1]);
        print_row(out, element->tag, name != NULL ? name : "SIGNERVERSION", element->length, version);
        break;
    default:
        print_row(out, element->tag, name, element->length, NULL);
        if (element->tag == TRUST_HEADER_SIGNATURE)
            print_signature(out, element->value);
    }
}

static void print_record_element(FILE *out, const struct trust_list_record *record,
                                 const struct trust_element *element)
{
    const char *name = trust_record_tag_name(element->tag), *digest;
    char hex[SHOWN_HEX_SIZE], value[SHOWN_HEX_SIZE + 32];
    switch (element->tag) {
    case TRUST_RECORD_LENGTH:
        snprintf(value, sizeof value, "%u", record->length);
        print_row(out, element->tag, name, element->length, value);
        break;
    case TRUST_RECORD_DNSNAME:
    case TRUST_RECORD_SUBJECTNAME:
    case TRUST_RECORD_ISSUERNAME:
        print_text_row(out, element, name);
        break;
    case TRUST_RECORD_FUNCTION:
        print_row(out, element->tag, name, element->length, trust_role_function_name(record->function));
        break;
    case TRUST_RECORD_SERIALNUMBER:
        print_serial_row(out, element, name);
        break;
    case TRUST_RECORD_CERTIFICATE:
        shown_list_digest(TRUST_DIGEST_SHA1, element->value, ' ', hex);
        snprintf(value, sizeof value, "%s (SHA1 Hash HEX)", hex);
        print_row(out, element->tag, name, element->length, value);
        break;
    case TRUST_RECORD_CERTHASH:
        if (element->value.len <= TRUST_DIGEST_MAX)
            trust_hex(element->value, ' ', true, hex);
        print_row(out, element->tag, name, element->length,
                  element->value.len <= TRUST_DIGEST_MAX ? hex : NULL);
        break;
    case TRUST_RECORD_HASHALGORITHM:
        digest = trust_digest_name((enum trust_digest)record->hash_algorithm);
        print_row(out, element->tag, name, element->length, digest != NULL ? digest : "UNKNOWN");
        break;
    default:
        print_row(out, element->tag, name, element->length, NULL);
    }
}

static void print_header(const struct shown_list *shown, FILE *out)
{
    const struct trust_list_header *header = &shown->list->header;
    fprintf(out, "Version:        %u.%u\n", header->major, header->minor);
    fprintf(out, "HeaderLength:   %u (BYTES)\n\n", header->length);
    print_table_head(out);
    for (size_t i = 0; i < header->element_count; i++)
        print_header_element(out, &header->elements[i]);
}

static void print_record(const struct shown_list *shown, size_t at, FILE *out)
{
    const struct trust_list_record *record = &shown->list->records[at];
    fprintf(out, "\n%s Record #:%zu\n----\n", shown->kind, at + 1);
    print_table_head(out);
    for (size_t i = 0; i < record->element_count; i++)
        print_record_element(out, record, &record->elements[i]);
    if (record->function == TRUST_ROLE_SAST)
        fprintf(out, "This etoken was %sused to sign the %s file.\n",
                shown_list_signed_by(shown, record) ? "" : "not ", shown->kind);
}

void show_list_print(const struct shown_list *shown, FILE *out)
{
    char md5[SHOWN_HEX_SIZE], sha1[SHOWN_HEX_SIZE], when[PRINT_TIME_SIZE];
    bool is_itl = strcmp(shown->kind, "ITL") == 0;
    fprintf(out, "The checksum value of the %s file:\n", shown->kind);
    fprintf(out, "%s(MD5)\n", shown_list_digest(TRUST_DIGEST_MD5, shown->file, 0, md5));
    fprintf(out, "%s(SHA1)\n\n", shown_list_digest(TRUST_DIGEST_SHA1, shown->file, 0, sha1));
    fprintf(out, "Length of %s file: %zu\n", shown->kind, shown->file.len);
    if (shown->list != NULL)
        fprintf(out, "The %s File was last modified on %s\n", shown->kind,
                print_time((time_t)shown->list->header.timestamp, when));
    fprintf(out, "\nParse %s File\n----------------\n", shown->kind);
    if (shown->list == NULL) {
        fputs(is_itl ? "Error parsing the ITL file!!\n" : "Error parsing the CTL File.\n", out);
        return;
    }
    print_header(shown, out);
    for (size_t i = 0; i < shown->list->record_count; i++)
        print_record(shown, i, out);
    if (shown->verified)
        fprintf(out, "\nThe %s file was verified successfully.\n", shown->kind);
    else
        fprintf(out, "\nVerification of the %s file failed.\n%s", shown->kind,
                is_itl ? "Error parsing the ITL file!!\n" : "");
}
