#include "buf.h"
#include "list_tags.h"
#include "signer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* VERSION and HEADERLENGTH, which every header begins with. */
#define PREAMBLE 10
/* RECORDLENGTH, which every record begins with. */
#define RECORD_START 5

/* What trust_list_free must free. The elements of the header and of all records stand in one array; it moves
 * while it grows, so the parts get their pointers into it at the end. */
struct parsed {
    struct trust_list list; /* first: a struct trust_list handed out is one of these */
    uint8_t *file;
    struct trust_element *elements;
    size_t element_count, element_capacity;
    struct trust_list_record *records;
    size_t record_capacity;
};

/* What kind of file is being read, in the words of its errors. */
struct file_kind {
    const char *name;
    size_t max;
    bool has_records;
};

static const struct file_kind list_kind = {"trust list", TRUST_LIST_MAX, true};
static const struct file_kind signed_kind = {"signed file", TRUST_SIGNED_FILE_MAX, false};

/* ---- Elements */

static bool is_text(struct trust_bytes value)
{
    return value.len > 0 && memchr(value.data, 0, value.len) == value.data + value.len - 1;
}

static struct trust_bytes without_nuls(struct trust_bytes value)
{
    while (value.len > 0 && value.data[value.len - 1] == 0)
        value.len--;
    return value;
}

/* A big-endian number whose length the table of tags has fixed. */
static uint32_t number(struct trust_bytes value)
{
    uint32_t result = 0;
    assert(value.len <= sizeof result);
    for (size_t i = 0; i < value.len; i++)
        result = result << 8 | value.data[i];
    return result;
}

static int check_value(enum list_part part, const struct trust_element *element, struct trust_error *err)
{
    const struct list_tag *info = list_tag_info(part, element->tag);
    if (info == NULL)
        return 0;
    if (info->length != 0 && element->length != info->length)
        return trust_error_set(
            err, TRUST_ELENGTH, element->offset, "%s at byte %zu has %u bytes; it always has %u",
            list_label_of(part, element->tag).text, element->offset, element->length, info->length);
    if (info->kind == LIST_TEXT && !is_text(element->value))
        return trust_error_set(err, TRUST_EVALUE, element->offset,
                               "%s at byte %zu is not text that ends in its only NUL",
                               list_label_of(part, element->tag).text, element->offset);
    return 0;
}

/* Read one element of a part, whose reader ends where the part ends: running past it contradicts the part's
 * own length. */
static int read_element(struct buf_reader *in, enum list_part part, struct trust_element *out,
                        struct trust_error *err)
{
    struct trust_element element = {.offset = buf_offset(in)};
    bool there = buf_read_u8(in, &element.tag);
    assert(there);
    const struct list_tag *info = list_tag_info(part, element.tag);
    const enum list_kind kind = info != NULL ? info->kind : LIST_BYTES;

    if (kind != LIST_PADDING && !buf_read_u16(in, &element.length))
        return trust_error_set(err, TRUST_ELENGTH, element.offset,
                               "%s at byte %zu has no room for its length",
                               list_label_of(part, element.tag).text, element.offset);
    if (kind != LIST_PADDING && kind != LIST_MEASURE && !buf_read_bytes(in, element.length, &element.value))
        return trust_error_set(
            err, TRUST_ELENGTH, element.offset, "%s at byte %zu claims %u bytes, but %zu are left",
            list_label_of(part, element.tag).text, element.offset, element.length, buf_remaining(in));
    int rc = check_value(part, &element, err);
    if (rc == 0)
        *out = element;
    return rc;
}

static int append_element(struct parsed *parsed, const struct trust_element *element, struct trust_error *err)
{
    if (parsed->element_count == parsed->element_capacity) {
        size_t capacity = parsed->element_capacity == 0 ? 64 : parsed->element_capacity * 2;
        struct trust_element *grown = reallocarray(parsed->elements, capacity, sizeof *grown);
        if (grown == NULL)
            return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory: elements of a list");
        parsed->elements = grown;
        parsed->element_capacity = capacity;
    }
    parsed->elements[parsed->element_count++] = *element;
    return 0;
}

/* Read all elements of a part; they are the last *count of parsed->elements then. */
static int read_elements(struct parsed *parsed, struct buf_reader *in, enum list_part part, size_t *count,
                         struct trust_error *err)
{
    bool seen[256] = {false};
    const size_t first = parsed->element_count;
    while (buf_remaining(in) > 0) {
        struct trust_element element;
        int rc = read_element(in, part, &element, err);
        if (rc != 0)
            return rc;
        const bool padding = part == LIST_HEADER && element.tag == TRUST_HEADER_PADDING;
        if (seen[element.tag] && !padding)
            return trust_error_set(err, TRUST_EDUPLICATE, element.offset,
                                   "%s stands there a second time at byte %zu",
                                   list_label_of(part, element.tag).text, element.offset);
        seen[element.tag] = true;
        if ((rc = append_element(parsed, &element, err)) != 0)
            return rc;
    }
    *count = parsed->element_count - first;
    return 0;
}

/* ---- Header */

static void fill_header(struct trust_list_header *header, const struct trust_element *element)
{
    const struct trust_bytes value = element->value;
    switch (element->tag) {
    case TRUST_HEADER_VERSION:
        header->major = value.data[0];
        header->minor = value.data[1];
        break;
    case TRUST_HEADER_LENGTH:
        header->length = (uint16_t)number(value);
        break;
    case TRUST_HEADER_SIGNERNAME:
        header->signer_name = without_nuls(value);
        break;
    case TRUST_HEADER_SERIALNUMBER:
        header->serial = value;
        break;
    case TRUST_HEADER_CANAME:
        header->ca_name = without_nuls(value);
        break;
    case TRUST_HEADER_DIGEST:
        header->digest = (uint8_t)number(value);
        break;
    case TRUST_HEADER_ALGORITHM:
        header->algorithm = (uint8_t)number(value);
        break;
    case TRUST_HEADER_MODULUS:
        header->modulus = (uint8_t)number(value);
        break;
    case TRUST_HEADER_SIGNATURE:
        header->signature = value;
        break;
    case TRUST_HEADER_FILENAME:
        header->filename = without_nuls(value);
        break;
    case TRUST_HEADER_TIMESTAMP:
        header->timestamp = number(value);
        break;
    default:
        break;
    }
}

/* The first ten bytes decide what the rest means; *length is what HEADERLENGTH says. */
static int read_preamble(const struct buf_reader *file, const char *what, uint16_t *length,
                         struct trust_error *err)
{
    struct buf_reader in = *file;
    uint8_t tag, major, minor;
    uint16_t size;
    if (!buf_peek_u8(&in, &tag) || tag != TRUST_HEADER_VERSION)
        return trust_error_set(err, TRUST_EMISSING, 0,
                               "this is no %s: it does not begin with VERSION (tag 1)", what);
    if (!buf_read_u8(&in, &tag) || !buf_read_u16(&in, &size) || !buf_read_u8(&in, &major) ||
        !buf_read_u8(&in, &minor))
        return trust_error_set(err, TRUST_ETRUNCATED, 0, "the %s ends inside its version", what);
    if (size != 2)
        return trust_error_set(err, TRUST_ELENGTH, 0,
                               "VERSION (tag 1) at byte 0 has %u bytes; it always has 2", size);
    if (major != 1)
        return trust_error_set(err, TRUST_EVERSION, 3, "the %s has version %u.%u; only 1.x is known", what,
                               major, minor);
    if (!buf_read_u8(&in, &tag))
        return trust_error_set(err, TRUST_ETRUNCATED, 5, "the %s ends behind its version", what);
    if (tag != TRUST_HEADER_LENGTH)
        return trust_error_set(err, TRUST_EMISSING, 5,
                               "HEADERLENGTH (tag 2) must stand at byte 5; there is tag %u", tag);
    if (!buf_read_u16(&in, &size) || !buf_read_u16(&in, length))
        return trust_error_set(err, TRUST_ETRUNCATED, 5, "the %s ends inside HEADERLENGTH (tag 2)", what);
    if (size != 2 || *length < PREAMBLE)
        return trust_error_set(err, TRUST_ELENGTH, 5,
                               "HEADERLENGTH (tag 2) at byte 5 makes no sense: %u bytes, value %u", size,
                               *length);
    return 0;
}

/* What a signature cannot be checked, and its signer not be asked for, without. */
static int check_required(const struct trust_list *list, struct trust_error *err)
{
    static const uint8_t required[] = {TRUST_HEADER_SIGNERNAME, TRUST_HEADER_SERIALNUMBER,
                                       TRUST_HEADER_CANAME, TRUST_HEADER_DIGEST, TRUST_HEADER_SIGNATURE};
    for (size_t i = 0; i < sizeof required; i++) {
        if (list_header_element(list, required[i]) == NULL)
            return trust_error_set(err, TRUST_EMISSING, TRUST_NO_OFFSET, "%s is missing",
                                   list_label_of(LIST_HEADER, required[i]).text);
    }
    return 0;
}

static int check_measures(const struct trust_list_header *header, struct trust_error *err)
{
    for (size_t i = 0; i < header->element_count; i++) {
        const struct trust_element *element = &header->elements[i];
        const struct list_tag *info = list_tag_info(LIST_HEADER, element->tag);
        if (info == NULL || info->kind != LIST_MEASURE)
            continue;
        size_t size = list_measure(header->elements, header->element_count, i);
        if (size != element->length)
            return trust_error_set(
                err, TRUST_ELENGTH, element->offset, "%s at byte %zu says that %u bytes belong to it; %zu do",
                list_label_of(LIST_HEADER, element->tag).text, element->offset, element->length, size);
    }
    return 0;
}

/* A phone sizes the key by the code. Codes without a meaning are left to the key itself. */
static int check_modulus(const struct trust_list *list, struct trust_error *err)
{
    const struct trust_element *modulus = list_header_element(list, TRUST_HEADER_MODULUS);
    const size_t bytes = signer_modulus_bytes(list->header.modulus);
    if (modulus == NULL || bytes == 0 || bytes == list->header.signature.len)
        return 0;
    return trust_error_set(
        err, TRUST_ELENGTH, modulus->offset,
        "SIGNATUREMODULUS (tag 11) at byte %zu stands for %zu bytes; the signature has %zu", modulus->offset,
        bytes, list->header.signature.len);
}

static int parse_header(struct parsed *parsed, struct buf_reader *file, const char *what,
                        struct trust_error *err)
{
    uint16_t length = 0;
    int rc = read_preamble(file, what, &length, err);
    if (rc != 0)
        return rc;
    struct buf_reader in;
    const size_t there = buf_remaining(file);
    if (!buf_read_sub(file, length, &in))
        return trust_error_set(err, TRUST_ETRUNCATED, there,
                               "the header has %u bytes, but the %s ends after %zu", length, what, there);
    if ((rc = read_elements(parsed, &in, LIST_HEADER, &parsed->list.header.element_count, err)) == 0) {
        for (size_t i = 0; i < parsed->element_count; i++)
            fill_header(&parsed->list.header, &parsed->elements[i]);
        parsed->list.header.elements = parsed->elements;
        rc = check_required(&parsed->list, err);
    }
    if (rc == 0)
        rc = check_measures(&parsed->list.header, err);
    if (rc == 0)
        rc = check_modulus(&parsed->list, err);
    return rc == 0 ? 0 : trust_error_prefix(err, rc, "header");
}

/* ---- Records */

static void fill_record(struct trust_list_record *record, const struct trust_element *element)
{
    const struct trust_bytes value = element->value;
    switch (element->tag) {
    case TRUST_RECORD_LENGTH:
        record->length = (uint16_t)number(value);
        break;
    case TRUST_RECORD_DNSNAME:
        record->dns_name = without_nuls(value);
        break;
    case TRUST_RECORD_SUBJECTNAME:
        record->subject = without_nuls(value);
        break;
    case TRUST_RECORD_FUNCTION:
        record->function = (uint16_t)number(value);
        break;
    case TRUST_RECORD_ISSUERNAME:
        record->issuer = without_nuls(value);
        break;
    case TRUST_RECORD_SERIALNUMBER:
        record->serial = value;
        break;
    case TRUST_RECORD_PUBLICKEY:
        record->public_key = value;
        break;
    case TRUST_RECORD_SIGNATURE:
        record->signature = value;
        break;
    case TRUST_RECORD_CERTIFICATE:
        record->certificate = value;
        break;
    case TRUST_RECORD_IPADDRESS:
        record->has_address = true;
        memcpy(record->address, value.data, sizeof record->address);
        break;
    case TRUST_RECORD_CERTHASH:
        record->cert_hash = value;
        break;
    case TRUST_RECORD_HASHALGORITHM:
        record->hash_algorithm = (uint8_t)number(value);
        break;
    default:
        break;
    }
}

/* The reader of the next record, which is as long as its RECORDLENGTH says. */
static int enter_record(struct buf_reader *file, struct buf_reader *in, struct trust_error *err)
{
    struct buf_reader start = *file;
    const size_t offset = buf_offset(file), there = buf_remaining(file);
    uint8_t tag;
    uint16_t size, length;
    if (!buf_read_u8(&start, &tag) || tag != TRUST_RECORD_LENGTH)
        return trust_error_set(
            err, TRUST_ETRAILING, offset,
            "byte %zu begins neither a record (tag 1) nor anything else that may stand there", offset);
    if (!buf_read_u16(&start, &size) || !buf_read_u16(&start, &length))
        return trust_error_set(err, TRUST_ETRUNCATED, offset,
                               "the list ends inside RECORDLENGTH (tag 1) at byte %zu", offset);
    if (size != 2 || length < RECORD_START)
        return trust_error_set(err, TRUST_ELENGTH, offset,
                               "RECORDLENGTH (tag 1) at byte %zu makes no sense: %u bytes, value %u", offset,
                               size, length);
    if (!buf_read_sub(file, length, in))
        return trust_error_set(err, TRUST_ETRUNCATED, offset,
                               "the record at byte %zu has %u bytes, but the list ends after %zu of them",
                               offset, length, there);
    return 0;
}

static int append_record(struct parsed *parsed, const struct trust_list_record *record,
                         struct trust_error *err)
{
    if (parsed->list.record_count == parsed->record_capacity) {
        size_t capacity = parsed->record_capacity == 0 ? 8 : parsed->record_capacity * 2;
        struct trust_list_record *grown = reallocarray(parsed->records, capacity, sizeof *grown);
        if (grown == NULL)
            return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory: records of a list");
        parsed->records = grown;
        parsed->record_capacity = capacity;
    }
    parsed->records[parsed->list.record_count++] = *record;
    return 0;
}

static int parse_record(struct parsed *parsed, struct buf_reader *file, struct trust_error *err)
{
    struct trust_list_record record = {.offset = buf_offset(file)};
    const size_t first = parsed->element_count;
    struct buf_reader in;
    int rc = enter_record(file, &in, err);
    if (rc == 0)
        rc = read_elements(parsed, &in, LIST_RECORD, &record.element_count, err);
    if (rc != 0)
        return rc;
    bool has_function = false;
    for (size_t i = first; i < parsed->element_count; i++) {
        fill_record(&record, &parsed->elements[i]);
        has_function = has_function || parsed->elements[i].tag == TRUST_RECORD_FUNCTION;
    }
    if (!has_function)
        return trust_error_set(err, TRUST_EMISSING, record.offset,
                               "FUNCTION (tag 4) is missing from the record at byte %zu", record.offset);
    return append_record(parsed, &record, err);
}

/* ---- Files */

/* The arrays do not move any more: give each part its elements. */
static void share_out(struct parsed *parsed)
{
    size_t next = parsed->list.header.element_count;
    parsed->list.header.elements = parsed->elements;
    for (size_t i = 0; i < parsed->list.record_count; i++) {
        parsed->records[i].elements = &parsed->elements[next];
        next += parsed->records[i].element_count;
    }
    parsed->list.records = parsed->records;
    assert(next == parsed->element_count);
}

static int parse_parts(struct parsed *parsed, const struct file_kind *kind, struct trust_error *err)
{
    struct buf_reader file = buf_reader_of(parsed->list.file);
    int rc = parse_header(parsed, &file, kind->name, err);
    if (rc == 0 && !kind->has_records)
        parsed->list.payload = buf_rest(&file);
    while (rc == 0 && kind->has_records && buf_remaining(&file) > 0) {
        rc = parse_record(parsed, &file, err);
        if (rc != 0)
            rc = trust_error_prefix(err, rc, "record %zu", parsed->list.record_count + 1);
    }
    if (rc == 0)
        share_out(parsed);
    return rc;
}

static int parse_file(struct trust_bytes file, const struct file_kind *kind, struct trust_list **out,
                      struct trust_error *err)
{
    int rc;
    struct parsed *parsed = NULL;
    *out = NULL;
    if (file.len == 0)
        return trust_error_set(err, TRUST_EEMPTY, 0, "an empty file is no %s", kind->name);
    if (file.len > kind->max)
        return trust_error_set(err, TRUST_ETOOLARGE, kind->max, "the %s has %zu bytes; %zu are allowed",
                               kind->name, file.len, kind->max);
    parsed = calloc(1, sizeof *parsed);
    if (parsed == NULL || (parsed->file = malloc(file.len)) == NULL) {
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory: a %s of %zu bytes",
                             kind->name, file.len);
        goto out;
    }
    memcpy(parsed->file, file.data, file.len);
    parsed->list.file = (struct trust_bytes){parsed->file, file.len};
    rc = parse_parts(parsed, kind, err);
    if (rc != 0)
        goto out;
    *out = &parsed->list;
    parsed = NULL;
    rc = 0;
out:
    if (parsed != NULL)
        trust_list_free(&parsed->list);
    return rc;
}

int trust_list_parse(struct trust_bytes file, struct trust_list **out, struct trust_error *err)
{
    return parse_file(file, &list_kind, out, err);
}

int trust_signed_file_parse(struct trust_bytes file, struct trust_list **out, struct trust_error *err)
{
    return parse_file(file, &signed_kind, out, err);
}

void trust_list_free(struct trust_list *list)
{
    if (list == NULL)
        return;
    struct parsed *parsed = (struct parsed *)list;
    free(parsed->records);
    free(parsed->elements);
    free(parsed->file);
    free(parsed);
}
