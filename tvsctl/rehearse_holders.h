/* Which lists phones can hold: every pair that the history of published lists allows, the present one, none
 * at all; or what the operator downloaded from a phone. */
#ifndef TVSCTL_REHEARSE_HOLDERS_H
#define TVSCTL_REHEARSE_HOLDERS_H

#include "published.h"
#include "tvsctl.h"

#include <limits.h>

struct rehearse_list {
    bool is_itl;
    int64_t number;                     /* of the history; 0: it is not of it */
    time_t published;                   /* 0: unknown */
    uint8_t anchors[TRUST_SHA256_SIZE]; /* digest of all that matters of it to a phone that holds it */
    char *signer;                       /* "CN… (serial number)" */
    const struct trust_list *list;      /* in memory; NULL: in a file */
};

#define REHEARSE_NO_LIST SIZE_MAX

/* A phone that holds these; pairs that hold the same anchors are one. */
struct rehearse_holder {
    size_t ctl, itl; /* of lists; REHEARSE_NO_LIST: none */
    size_t merged;   /* further pairs with these anchors */
    bool is_present, is_fresh;
};

struct rehearse_holders {
    char folder[PATH_MAX / 2]; /* with the lists that are in files */
    struct rehearse_list *lists;
    size_t list_count;
    struct rehearse_holder *items; /* the oldest first, fresh ones last */
    size_t count;
    size_t lost;            /* lists of the history whose file is missing or changed */
    struct published owned; /* --installed */
};

/* From the state of a configuration. present: what phones find now, borrowed. folder: a new one, made here on
 * the same filesystem, where links to the lists are kept, so that phrases may move them. Every list is read
 * once, and none is kept in memory. Free with rehearse_holders_fini, after a failure too. */
int rehearse_holders_read(const struct config *config, const struct published *present, const char *folder,
                          struct rehearse_holders *holders, struct trust_error *err) TRUST_MUST_CHECK;

/* One phone that holds the lists of the files --installed. TVSCTL_DONE, or said. */
int rehearse_holders_installed(struct tvsctl *ctl, struct rehearse_holders *holders);

/* One phone that holds these; both NULL: a fresh one. Borrowed. */
int rehearse_holders_of(const struct published *lists, struct rehearse_holders *holders,
                        struct trust_error *err) TRUST_MUST_CHECK;

void rehearse_holders_fini(struct rehearse_holders *holders);

/* The lists of one. What had to be read is in loaded, for published_fini. */
int rehearse_holders_load(const struct rehearse_holders *holders, size_t which, struct published *loaded,
                          struct trust_held *held, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether two lists, or signed files, name the same signer and digest. */
bool rehearse_same_signer(const struct trust_list *a, const struct trust_list *b);

/* Whether two lists reach the same phones, and tell them the same: signer, digest and anchors. Either may be
 * NULL. TRUST_ENOMEM. */
int rehearse_same_list(const struct trust_list *a, const struct trust_list *b, bool *same,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a later one holds the same CTL, and so is the same phone to a family that knows no ITL. One
 * without a CTL is as a fresh one. */
bool rehearse_holders_same_ctl(const struct rehearse_holders *holders, size_t which);

/* Add a trust list of a file to the one of its kind in lists, which is told by its header. TVSCTL_DONE, or
 * said: no list, or the second of its kind. */
int rehearse_read_list(struct tvsctl *ctl, const char *path, struct published *lists);

#endif
