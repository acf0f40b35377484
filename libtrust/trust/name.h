/* Distinguished names in every spelling that phones, CUCM, its CTL client and the open tools use. */
#ifndef TRUST_NAME_H
#define TRUST_NAME_H

#include "error.h"

#include <stdbool.h>

/* One name, parsed. Two spellings of one name have equal canonical forms.
 *
 * Canonical: attribute types in upper case by their RFC 4514 short name (a dotted OID if there is none),
 * values unquoted, unescaped, blanks folded and trimmed, ASCII case folded, sorted as a multiset. DC
 * components are left out of the plain canonical form unless nothing else is there, since CUCM leaves
 * them out of what it writes; the full form keeps them. */
struct trust_name;

/* Parse a name in text form: `;`, `,` or `+` between components, quotes, backslash escapes; the missing last
 * quote of CUCM's eToken client is accepted. len counts no NUL; one NUL at the very end is taken as the
 * terminator that trust lists and messages count. Errors: TRUST_ENAME, TRUST_EEMPTY, TRUST_ETOOLARGE,
 * TRUST_ENOMEM. The caller frees *out with trust_name_free. */
int trust_name_parse(const char *text, size_t len, struct trust_name **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Parse the DER of an X.501 Name (of a certificate's subject or issuer). Same errors and ownership. */
int trust_name_from_der(struct trust_bytes der, struct trust_name **out,
                        struct trust_error *err) TRUST_MUST_CHECK;

void trust_name_free(struct trust_name *name);

/* Borrowed, as long as the name lives. */
const char *trust_name_canonical(const struct trust_name *name);      /* DC components left out */
const char *trust_name_canonical_full(const struct trust_name *name); /* with them */

/* As CUCM prints it in lists and traces: CN, OU, O, L, ST, C joined by ';', then the rest in the order of
 * the name, DC left out unless nothing else is there, `; , + " \ < >` escaped by a backslash, control bytes
 * as \XX. Borrowed. */
const char *trust_name_cucm(const struct trust_name *name);

/* As CUCM's database has it: the same order, joined by ',', with DC components. Borrowed. */
const char *trust_name_database(const struct trust_name *name);

/* The value of the first CN as it stands, UTF-8, or "" if there is none; a TAB as the blank that it counts
 * as, other control bytes as \XX. Borrowed. */
const char *trust_name_common_name(const struct trust_name *name);

/* Whether both name the same, DC components left aside. */
bool trust_name_equal(const struct trust_name *a, const struct trust_name *b);

#endif
