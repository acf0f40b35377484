/* The elements of trust lists: what each tag is called, how its value is read, what it measures. The parser,
 * the builder and the encoder share this one table. */
#ifndef LIBTRUST_LIST_TAGS_H
#define LIBTRUST_LIST_TAGS_H

#include "trust/list.h"

enum list_part { LIST_HEADER, LIST_RECORD };

enum list_kind {
    LIST_BYTES,   /* any bytes */
    LIST_TEXT,    /* text that ends in its only NUL */
    LIST_LABEL,   /* text with any number of NULs behind it: nobody decides by it */
    LIST_MEASURE, /* no value: its length field measures elements behind it */
    LIST_PADDING, /* the tag alone */
};

struct list_tag {
    uint8_t tag;
    bool shown; /* `show ctl` knows it by name */
    enum list_kind kind;
    uint16_t length;   /* the only length that it may have; 0: any */
    uint32_t measures; /* bits 1 << tag, for LIST_MEASURE */
    const char *name;
};

/* NULL for an unknown tag. Static storage. */
const struct list_tag *list_tag_info(enum list_part part, uint8_t tag);

/* "SERIALNUMBER (tag 5)" or "tag 77", for error texts. */
struct list_label {
    char text[48];
};
struct list_label list_label_of(enum list_part part, uint8_t tag);

/* Bytes of the elements behind elements[at] that it measures: the unbroken run of its group. 0 for an element
 * that measures nothing. Elements of the header only. */
size_t list_measure(const struct trust_element *elements, size_t count, size_t at);

/* The element of the header with that tag, or NULL. */
const struct trust_element *list_header_element(const struct trust_list *list, uint8_t tag);

/* list_verify.c: trust_list_signer_is, which can run out of memory. */
int list_is_signer(const struct trust_list *list, const struct trust_cert *cert, bool *is,
                   struct trust_error *err) TRUST_MUST_CHECK;

#endif
