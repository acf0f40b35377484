/* A site as a phone finds it, in folders: what the TFTP server gives out, and what the phone holds.
 * Certificates are named by letters: A, B, C, R are signers, C's name is A's; L's key has 4096 bits; T is a
 * TVS server's (another can be put in its place). */
#ifndef TESTS_TVSC_HELPER_SITE_H
#define TESTS_TVSC_HELPER_SITE_H

#include "trust.h"

#define SITE_MAC  "001122334455"
#define SITE_NAME "SEP" SITE_MAC

/* Make the certificates, once for all tests of a program; and forget them. */
void site_keys_make(void);
void site_keys_free(void);
void site_key_replace(char letter, struct trust_cert *take_cert, struct trust_key *take_key);
const struct trust_cert *site_cert(char letter);

struct site {
    char *folder;
    char tftp[600], state[600];
};

/* Empty folders. */
void site_init(struct site *site);
void site_fini(struct site *site);

/* A list: "A 0A 2A 21hT -" is signed by A; records are a function and a certificate, "h" between them: by its
 * hash alone, "2A=B": with B's serial number; "-": a blank record, "2@": a hollow one. "A512" signs with
 * SHA-512. The caller frees it. */
struct trust_list *site_list(const char *spec, const char *filename);

/* Publish such a list, or let the phone hold it. spec NULL: do nothing. */
void site_publish(const struct site *site, const char *filename, const char *spec);
void site_hold(const struct site *site, const char *filename, const char *spec);

/* Publish the configuration: "A" signed by A, "A!" the same with a changed byte, "plain" unsigned. NULL:
 * none. */
void site_configure(const struct site *site, const char *spec, const char *text);

void site_put(const struct site *site, const char *filename, struct trust_bytes bytes);

/* Run `tvsc phone` there with further words (blanks between); returns its exit status. helper_out has what it
 * printed. */
int site_phone(const struct site *site, const char *words);

#endif
