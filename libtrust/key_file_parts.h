/* What the files about the folder of private keys share: names of key files. */
#ifndef LIBTRUST_KEY_FILE_PARTS_H
#define LIBTRUST_KEY_FILE_PARTS_H

#include "trust/key.h"

#define KEY_FILE_MAX (64 * 1024)
#define KEY_ID_CHARS 16
#define SUFFIX_CHARS (1 + KEY_ID_CHARS + 4)
#define KEY_END      ".pem"

/* What the name of a key's file ends in: "-0123456789abcdef.pem". */
struct key_suffix {
    char text[SUFFIX_CHARS + 1];
};

/* key_file.c */
bool key_file_ends_in(const char *name, const char *end);
int key_file_suffix(const struct trust_key *key, struct key_suffix *out,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* key_misplaced.c: TRUST_EMISMATCH of the file at path, which holds key and has the name of the key of cert.
 * It says where the right one lies, if that is in the same folder, and what to do. */
int key_file_mismatch(const char *path, const struct trust_key *key, const struct trust_cert *cert,
                      struct trust_error *err) TRUST_MUST_CHECK;

#endif
