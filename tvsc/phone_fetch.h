/* Files for phones: from a TFTP server, or from a folder that stands in for one. The only file of tvsc that
 * knows libcurl. */
#ifndef TVSC_PHONE_FETCH_H
#define TVSC_PHONE_FETCH_H

#include "trust.h"

struct phone_source {
    bool folder;
    const char *where; /* the folder, or "tftp://HOST:PORT/" with or without the last slash */
    int64_t timeout_ms;
};

enum phone_fetched {
    PHONE_FETCHED,
    PHONE_FETCH_MISSING,   /* "File Not Found", or a file that the server does not give out */
    PHONE_FETCH_TOO_LARGE, /* more than max bytes */
    PHONE_FETCH_FAILED,    /* nobody answered, or not to the end */
};

/* Take the word of --tftp. Errors: TRUST_EARGUMENT, TRUST_ENOTFOUND (no such folder). */
int phone_source_parse(const char *text, int64_t timeout_ms, struct phone_source *out,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* Once, before the first fetch and before any thread; and once at the end. */
int phone_fetch_init(struct trust_error *err) TRUST_MUST_CHECK;
void phone_fetch_fini(void);

/* Fetch one file by its name. Any thread. *data is the caller's to free(); NULL unless it was fetched. err is
 * filled unless it was, and names the file and the server. */
enum phone_fetched phone_fetch(const struct phone_source *source, const char *name, size_t max,
                               uint8_t **data, size_t *len, struct trust_error *err) TRUST_MUST_CHECK;

#endif
