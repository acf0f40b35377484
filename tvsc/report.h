/* What an answer says, for people and as JSON. */
#ifndef TVSC_REPORT_H
#define TVSC_REPORT_H

#include "exchange.h"

struct report {
    const struct exchange *exchange;
    const struct trust_cert *cert; /* the one asked about, or received; NULL: none */
    const char *file;              /* query --file: the file that was verified with it; NULL: none */
    const char *saved;             /* where the certificate was written to; NULL: nowhere */
    bool layout;                   /* list the answer's elements, too */
};

void report_print(const struct report *report, bool json, FILE *out);

/* A JSON string of UTF-8 text; and `,"NAME":` with one. */
void report_json_text(const char *text, FILE *out);
void report_json_member(const char *name, const char *text, FILE *out);

#endif
