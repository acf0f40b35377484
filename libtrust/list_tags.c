#include "list_tags.h"

#include <stdio.h>

#define BIT(tag) (UINT32_C(1) << (tag))

static const struct list_tag header_tags[] = {
    {TRUST_HEADER_VERSION, false, LIST_BYTES, 2, 0, "VERSION"},
    {TRUST_HEADER_LENGTH, false, LIST_BYTES, 2, 0, "HEADERLENGTH"},
    {TRUST_HEADER_SIGNERID, true, LIST_MEASURE, 0,
     BIT(TRUST_HEADER_SIGNERNAME) | BIT(TRUST_HEADER_SERIALNUMBER) | BIT(TRUST_HEADER_CANAME), "SIGNERID"},
    {TRUST_HEADER_SIGNERNAME, true, LIST_TEXT, 0, 0, "SIGNERNAME"},
    {TRUST_HEADER_SERIALNUMBER, true, LIST_BYTES, 0, 0, "SERIALNUMBER"},
    {TRUST_HEADER_CANAME, true, LIST_TEXT, 0, 0, "CANAME"},
    {TRUST_HEADER_SIGNATUREINFO, true, LIST_MEASURE, 0,
     BIT(TRUST_HEADER_DIGEST) | BIT(TRUST_HEADER_ALGOINFO) | BIT(TRUST_HEADER_ALGORITHM) |
         BIT(TRUST_HEADER_MODULUS),
     "SIGNATUREINFO"},
    {TRUST_HEADER_DIGEST, true, LIST_BYTES, 1, 0, "DIGESTALGORTITHM"},
    {TRUST_HEADER_ALGOINFO, true, LIST_MEASURE, 0, BIT(TRUST_HEADER_ALGORITHM) | BIT(TRUST_HEADER_MODULUS),
     "SIGNATUREALGOINFO"},
    {TRUST_HEADER_ALGORITHM, true, LIST_BYTES, 1, 0, "SIGNATUREALGORTITHM"},
    {TRUST_HEADER_MODULUS, true, LIST_BYTES, 1, 0, "SIGNATUREMODULUS"},
    {TRUST_HEADER_SIGNATURE, true, LIST_BYTES, 0, 0, "SIGNATURE"},
    {TRUST_HEADER_PADDING, false, LIST_PADDING, 0, 0, "PADDING"},
    {TRUST_HEADER_FILENAME, true, LIST_TEXT, 0, 0, "FILENAME"},
    {TRUST_HEADER_TIMESTAMP, true, LIST_BYTES, 4, 0, "TIMESTAMP"},
    {TRUST_HEADER_SIGNERVERSION, false, LIST_BYTES, 0, 0, "SIGNERVERSION"},
};

static const struct list_tag record_tags[] = {
    {TRUST_RECORD_LENGTH, true, LIST_BYTES, 2, 0, "RECORDLENGTH"},
    /* CUCM 8 writes two bytes for a name that is not there. */
    {TRUST_RECORD_DNSNAME, true, LIST_LABEL, 0, 0, "DNSNAME"},
    {TRUST_RECORD_SUBJECTNAME, true, LIST_TEXT, 0, 0, "SUBJECTNAME"},
    {TRUST_RECORD_FUNCTION, true, LIST_BYTES, 2, 0, "FUNCTION"},
    {TRUST_RECORD_ISSUERNAME, true, LIST_TEXT, 0, 0, "ISSUERNAME"},
    {TRUST_RECORD_SERIALNUMBER, true, LIST_BYTES, 0, 0, "SERIALNUMBER"},
    {TRUST_RECORD_PUBLICKEY, true, LIST_BYTES, 0, 0, "PUBLICKEY"},
    {TRUST_RECORD_SIGNATURE, true, LIST_BYTES, 0, 0, "SIGNATURE"},
    {TRUST_RECORD_CERTIFICATE, true, LIST_BYTES, 0, 0, "CERTIFICATE"},
    {TRUST_RECORD_IPADDRESS, true, LIST_BYTES, 4, 0, "IPADDRESS"},
    {TRUST_RECORD_CERTHASH, true, LIST_BYTES, 0, 0, "CERTHASH"},
    {TRUST_RECORD_HASHALGORITHM, true, LIST_BYTES, 1, 0, "HASH ALGORITHM"},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct list_tag *list_tag_info(enum list_part part, uint8_t tag)
{
    const struct list_tag *table = part == LIST_HEADER ? header_tags : record_tags;
    const size_t count = part == LIST_HEADER ? LENGTH(header_tags) : LENGTH(record_tags);
    for (size_t i = 0; i < count; i++) {
        if (table[i].tag == tag)
            return &table[i];
    }
    return NULL;
}

struct list_label list_label_of(enum list_part part, uint8_t tag)
{
    struct list_label label;
    const struct list_tag *info = list_tag_info(part, tag);
    if (info != NULL)
        snprintf(label.text, sizeof label.text, "%s (tag %u)", info->name, tag);
    else
        snprintf(label.text, sizeof label.text, "tag %u", tag);
    return label;
}

static const char *shown_name(enum list_part part, uint8_t tag)
{
    const struct list_tag *info = list_tag_info(part, tag);
    return info != NULL && info->shown ? info->name : NULL;
}

const char *trust_header_tag_name(uint8_t tag)
{
    return shown_name(LIST_HEADER, tag);
}

const char *trust_record_tag_name(uint8_t tag)
{
    return shown_name(LIST_RECORD, tag);
}

size_t list_measure(const struct trust_element *elements, size_t count, size_t at)
{
    const struct list_tag *info = list_tag_info(LIST_HEADER, elements[at].tag);
    size_t size = 0;
    for (size_t i = at + 1; info != NULL && i < count; i++) {
        if (elements[i].tag >= 32 || (info->measures & BIT(elements[i].tag)) == 0)
            break;
        size += 3 + elements[i].value.len;
    }
    return size;
}

const struct trust_element *list_header_element(const struct trust_list *list, uint8_t tag)
{
    for (size_t i = 0; i < list->header.element_count; i++) {
        if (list->header.elements[i].tag == tag)
            return &list->header.elements[i];
    }
    return NULL;
}
