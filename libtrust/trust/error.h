/* What went wrong: a code that programs compare, a place, and one line that people read. */
#ifndef TRUST_ERROR_H
#define TRUST_ERROR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TRUST_MUST_CHECK   __attribute__((warn_unused_result))
#define TRUST_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define TRUST_MUST_CHECK
#define TRUST_PRINTF(f, a)
#endif

/* X(constant, name, meaning). The name is stable: logs, counters and the files of tests/data/bad use it. */
#define TRUST_ERRORS(X)                                                                                      \
    X(ENOMEM, "no-memory", "out of memory")                                                                  \
    X(ESYSTEM, "system", "the operating system refused")                                                     \
    X(EARGUMENT, "bad-argument", "an argument makes no sense")                                               \
    X(EEMPTY, "empty", "there is nothing in it")                                                             \
    X(ETRUNCATED, "truncated", "it ends too early")                                                          \
    X(ETRAILING, "trailing-bytes", "bytes are left over at the end")                                         \
    X(ELENGTH, "bad-length", "a length contradicts what it measures")                                        \
    X(ETAG, "bad-tag", "an element that does not belong there")                                              \
    X(EDUPLICATE, "duplicate-element", "an element stands there twice")                                      \
    X(EMISSING, "missing-element", "a necessary element is missing")                                         \
    X(EVALUE, "bad-value", "a value out of range")                                                           \
    X(EVERSION, "bad-version", "a version that is not known")                                                \
    X(ETOOLARGE, "too-large", "more than the format or a limit allows")                                      \
    X(EDISCRIMINATOR, "bad-discriminator", "not a TVS message")                                              \
    X(ETYPE, "bad-type", "a message type that does not belong there")                                        \
    X(ENAME, "bad-name", "not a distinguished name")                                                         \
    X(ECERT, "bad-certificate", "not an X.509 certificate")                                                  \
    X(EKEY, "bad-key", "not a usable key")                                                                   \
    X(EPASSWORD, "bad-password", "the password is missing or wrong")                                         \
    X(EMISMATCH, "key-mismatch", "certificate and key do not belong together")                               \
    X(ESIGNATURE, "bad-signature", "the signature does not verify")                                          \
    X(ESIGNER, "unknown-signer", "the signer's certificate is not known")                                    \
    X(EUNSUPPORTED, "unsupported", "well-formed, but nothing here can do it")                                \
    X(ENOTFOUND, "not-found", "no such thing")                                                               \
    X(EEXISTS, "exists", "it is there already")                                                              \
    X(EAMBIGUOUS, "ambiguous", "more than one fits")                                                         \
    X(ESTORE, "store-failed", "the store cannot be read or written")                                         \
    X(ESTOREVERSION, "store-version", "the store has a schema that this program does not know")              \
    X(ESTOREBUSY, "store-busy", "somebody else is writing the store")                                        \
    X(EDENIED, "denied", "not allowed here")                                                                 \
    X(ECRYPTO, "crypto-failed", "the cryptographic library refused")

/* TRUST_OK is 0; every TRUST_E… is negative. */
enum trust_errno {
    TRUST_OK = 0,
    TRUST_ERRNO_BASE = -1000, /* so that a code is never mistaken for an errno */
#define X(constant, name, meaning) TRUST_##constant,
    TRUST_ERRORS(X)
#undef X
        TRUST_ERRNO_END
};

#define TRUST_NO_OFFSET SIZE_MAX

struct trust_error {
    int code;       /* enum trust_errno */
    size_t offset;  /* byte of the input where it happened, or TRUST_NO_OFFSET */
    char text[400]; /* "what: where: why", one line without a newline, never client bytes unescaped */
};

/* A view of bytes that somebody else owns. data may be NULL when len is 0. */
struct trust_bytes {
    const uint8_t *data;
    size_t len;
};

/* Fill *err (nothing happens if err is NULL) and return code, so that callers can write
 * `return trust_error_set(err, TRUST_ELENGTH, offset, "…", …);`. A text that is too long is cut. */
int trust_error_set(struct trust_error *err, int code, size_t offset, const char *format, ...)
    TRUST_PRINTF(4, 5);

/* Put "prefix: " before the text of *err, keeping code and offset: adds the file or record in which it
 * happened. Does nothing if err is NULL. Returns err's code, or code if err is NULL. */
int trust_error_prefix(struct trust_error *err, int code, const char *format, ...) TRUST_PRINTF(3, 4);

/* The stable name of a code ("bad-length"), "ok" for 0, "unknown" for anything else. Static storage. */
const char *trust_error_name(int code);

/* The meaning of a code, in words. Static storage. */
const char *trust_error_meaning(int code);

/* The code of a stable name, or 0 if there is none of that name. */
int trust_error_code(const char *name);

#endif
