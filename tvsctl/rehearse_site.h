/* What phones find at a site: the lists of its TFTP folder, who signs its configuration files, the TVS
 * servers of its nodes and what they answer. Read from a configuration's folders, be they real or a
 * rehearsal's. */
#ifndef TVSCTL_REHEARSE_SITE_H
#define TVSCTL_REHEARSE_SITE_H

#include "published.h"
#include "state.h"

/* Signed files of the TFTP folder with one signer and digest. */
struct rehearse_signed {
    char *name; /* of the first */
    struct trust_list *file;
    size_t count;
};
#define REHEARSE_SIGNED_MAX 8

struct rehearse_node {
    char name[TRUST_NODE_NAME_SIZE];
    struct trust_cert *tvs;
    struct trust_cert *ecdsa; /* what phones that offer ECDSA are shown; NULL: the same */
};

struct rehearse_site {
    struct published lists;
    struct rehearse_signed signed_files[REHEARSE_SIGNED_MAX]; /* the kinds; the most frequent first */
    size_t signed_kinds, signed_count;
    struct trust_cert *signer;       /* who signs files here; NULL: nobody can */
    enum trust_digest digest;        /* of such a signature */
    struct trust_index *store, *ctl; /* what TVS answers from; the CTL's as tvsd believes it, or NULL */
    struct rehearse_node *nodes;     /* those that have a TVS certificate, our own first */
    size_t node_count;
    bool refuses_old_tls, refuses_expired;
};

/* Read it. Errors: state_open's, and what keeps files from being read. Free with rehearse_site_fini, after a
 * failure too. */
int rehearse_site_read(const struct config *config, struct rehearse_site *site,
                       struct trust_error *err) TRUST_MUST_CHECK;
void rehearse_site_fini(struct rehearse_site *site);

#define REHEARSE_ALL_NODES SIZE_MAX

/* As a phone sees it whose configuration names the servers of all nodes, or of one alone. servers has room
 * for node_count; the result borrows them and all of site. */
struct trust_site rehearse_site_view(const struct rehearse_site *site, size_t node,
                                     struct trust_server *servers);

#endif
