/* A trust list as `show ctl` and `show itl` see it: read, parsed, verified; then printed for people
 * (show_list_print.c) or programs (show_list_json.c). */
#ifndef TVSCTL_SHOW_LIST_H
#define TVSCTL_SHOW_LIST_H

#include "json.h"
#include "trust.h"

struct shown_list {
    const char *kind; /* "CTL" or "ITL": what it was asked for as */
    const char *path;
    struct trust_bytes file;
    struct trust_list *list; /* NULL: not parseable, see err */
    bool verified;
    const char *signer_from;   /* where the signer's certificate was: "list", "store"; NULL: nowhere */
    struct trust_cert *signer; /* NULL unless verified */
    struct trust_error err;    /* why it is not parseable or not verified */
};

/* Whether a record holds the very certificate that the signature was verified with. */
bool shown_list_signed_by(const struct shown_list *shown, const struct trust_list_record *record);

/* Digest of bytes into hex, or "" if the digest is not to be had here (FIPS refuses MD5). Returns out. */
#define SHOWN_HEX_SIZE (3 * TRUST_DIGEST_MAX + 1)
char *shown_list_digest(enum trust_digest digest, struct trust_bytes bytes, char separator,
                        char out[SHOWN_HEX_SIZE]);

/* Word for word as CUCM prints it; columns at 0, 8, 24 and 32. */
void show_list_print(const struct shown_list *shown, FILE *out);

/* All fields. */
void show_list_json(const struct shown_list *shown, FILE *out);

#endif
