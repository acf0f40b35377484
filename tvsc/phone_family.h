/* What families of phones can do: TLS, digests, and whether they know the ITL and TVS. */
#ifndef TVSC_PHONE_FAMILY_H
#define TVSC_PHONE_FAMILY_H

#include "tls.h"
#include "trust.h"

struct phone_family {
    const char *name;  /* "79xx" */
    const char *model; /* begins the name that the phone gives itself: "CP-7965G" */
    bool itl;          /* loads an ITL, and so can ask a TVS server; false: knows the CTL alone */
    bool https;        /* its TLS settings are known */
    struct tls_settings tls;
    unsigned digests; /* set of 1 << enum trust_digest: of signatures of files that it can verify */
    int rsa_max;      /* bits of the largest key whose signatures it can verify */
};

/* All families; *count of them. Static storage. */
const struct phone_family *phone_families(size_t *count);

/* The family whose name is text[0 … len); NULL if there is none. */
const struct phone_family *phone_family_by_name(const char *text, size_t len);

bool phone_family_can(const struct phone_family *family, unsigned digest);

#endif
