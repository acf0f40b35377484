/* A distinguished name taken apart: what parsers make, and what printers read. */
#ifndef LIBTRUST_NAME_PARTS_H
#define LIBTRUST_NAME_PARTS_H

#include "trust/name.h"

#include <openssl/x509.h>

/* An element could carry 65535; no certificate has a name of a tenth of this, and a phone's query may cost a
 * worker only so much. */
#define NAME_MAX_BYTES 8192
#define NAME_MAX_PARTS 256

/* One attribute. */
struct name_part {
    char *type;     /* upper case: RFC 4514's short name, else the dotted OID, else the keyword as it came */
    uint8_t *value; /* unescaped UTF-8 as a rule; any bytes. One NUL stands behind it */
    size_t len;
    bool is_der; /* value is the DER of something that is no text */
};

/* Attributes in the order in which they came; multi-valued RDNs are flattened. Zero-initialised it is empty.
 */
struct name_parts {
    struct name_part *items;
    size_t count, capacity;
    bool from_der; /* most general attribute first, as X.500 has it */
};

void name_parts_fini(struct name_parts *parts);

/* Append a copy. type is any spelling of the attribute's type. TRUST_ETOOLARGE, TRUST_ENOMEM. */
int name_parts_add(struct name_parts *parts, struct trust_bytes type, struct trust_bytes value, bool is_der,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* name_attr.c: the canonical spelling of an attribute's type ("commonName", "oid.2.5.4.3": "CN") into out,
 * which holds type.len + 1 bytes and at least NAME_TYPE_MIN. */
#define NAME_TYPE_MIN 32
void name_attr_canonical(struct trust_bytes type, char *out);

/* name_text.c, name_der.c: the parsers. *parts must be empty; after a failure it is again. */
int name_parts_parse(struct trust_bytes text, struct name_parts *parts,
                     struct trust_error *err) TRUST_MUST_CHECK;
int name_parts_from_x509(const X509_NAME *x509_name, struct name_parts *parts,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* name_der.c: append the value that RFC 4514 writes as '#' and the hex of its DER. *is_hex false: hex is no
 * such thing, nothing was appended. type as above, hex without the '#'. */
int name_parts_add_hex(struct name_parts *parts, struct trust_bytes type, struct trust_bytes hex,
                       bool *is_hex, struct trust_error *err) TRUST_MUST_CHECK;

/* name_der.c: whether text would be read as the hex of a DER value. TRUST_ENOMEM. */
int name_is_hex_value(struct trust_bytes hex, bool *is_hex) TRUST_MUST_CHECK;

/* name_print.c: the forms that trust/name.h describes. The caller frees *out with free(). */
enum name_form { NAME_CUCM, NAME_DATABASE, NAME_CANONICAL, NAME_CANONICAL_FULL };
int name_parts_print(const struct name_parts *parts, enum name_form form, char **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* name_print.c: the first value of the type with control and invalid bytes escaped, "" if there is none. */
int name_parts_first(const struct name_parts *parts, const char *type, char **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* name.c: a name out of OpenSSL's. */
int name_from_x509(const X509_NAME *x509_name, struct trust_name **out,
                   struct trust_error *err) TRUST_MUST_CHECK;

#endif
