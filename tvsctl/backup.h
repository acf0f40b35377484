/* What a backup is: a copy of the store that has the files beside it in it as saved files (trust/backup.h),
 * sealed with a password. */
#ifndef TVSCTL_BACKUP_H
#define TVSCTL_BACKUP_H

#include "state.h"
#include "tvsctl.h"

/* Saved files of TRUST_PLACE_STATE. */
#define BACKUP_LABEL "backup.txt" /* what the backup is of, and from when */
#define BACKUP_GOOD  "ctl.good"   /* the last CTL that the daemon believed */

#define BACKUP_KEY_MAX (64 * 1024) /* bytes of a private key's file */

/* Whether it is the name of a file of the folder of keys, "UNIT-0123456789abcdef.pem", or .uri of a key that
 * is in a security token. unit gets the unit. */
bool backup_key_name(const char *name, char unit[TRUST_KEY_NAME_SIZE]);
bool backup_is_uri(const char *name);

/* Whether it is the name of a file of the folder of published lists, "000001-CTLFile.tlv". filename points
 * behind the number. */
bool backup_list_name(const char *name, int64_t *number, const char **filename);

/* The password of --password-file, else the terminal's. TVSCTL_DONE or TVSCTL_REFUSED; said. */
int backup_password(struct tvsctl *ctl, bool is_new, char **password);

/* Count the certificates of a store, and read each. */
int backup_count_certificates(struct trust_store *store, size_t *count,
                              struct trust_error *err) TRUST_MUST_CHECK;

struct backup_key {
    char unit[TRUST_KEY_NAME_SIZE];
    struct trust_key *key;
};

/* A key that is in a security token: what names it is in the backup, and it itself is not. */
struct backup_uri {
    char name[TRUST_KEY_NAME_SIZE]; /* of the file */
    char *uri;
};

/* What is in a backup beside the store. */
struct backup {
    char node[TRUST_NODE_NAME_SIZE];
    time_t made;
    size_t certificates, published;
    struct backup_key *keys;
    size_t key_count;
    struct backup_uri *uris;
    size_t uri_count;
    struct trust_list *ctl, *itl; /* of the TFTP folder; NULL: there was none */
    struct trust_list *good;      /* ctl.good, likewise */
};

/* Read all of it and check it: each file is one that belongs to a state, each key and list is one, and so is
 * each certificate. Errors: TRUST_EVALUE names what is wrong. Free with backup_fini, after a failure too. */
int backup_read(struct trust_store *store, struct backup *backup, struct trust_error *err) TRUST_MUST_CHECK;
void backup_fini(struct backup *backup);

/* Whether the key of the certificate is among its keys. */
bool backup_has_key(const struct backup *backup, const struct trust_cert *cert);

#endif
