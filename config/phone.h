/* A phone as tvsd remembers it, and the file in which it keeps them over a restart: STATE/phones, which
 * tvsctl reads when no tvsd runs. Each phone is a line of key=value, in the file as on the control socket:
 *
 *   name=CP-8861-SEP000000000001 address=192.0.2.1 first=1700000000 last=1700000300 tls=TLSv1.2 class=strict
 *   asked=verify result=trusted count=3 about=0123456789abcdef shown=fedcba9876543210 followed="3:1700000100"
 */
#ifndef CONFIG_PHONE_H
#define CONFIG_PHONE_H

#include "line.h"

#include <stdbool.h>
#include <stdint.h>

#define PHONE_NAME_MAX     48 /* bytes that are kept of a device name; captured ones have 24 */
#define PHONE_ADDRESS_SIZE 46
#define PHONE_FOLLOWED_MAX 6
#define PHONE_DIGEST       8 /* the first bytes of a certificate's SHA-256 */
#define PHONE_LINE_MAX     1024

struct phone_followed {
    uint32_t rollout; /* its number; 0: none */
    uint32_t when;    /* seconds since 1970 */
};

struct phone {
    char name[PHONE_NAME_MAX + 1];    /* as it came from the wire: anything but a NUL. "": it gave none */
    bool cut;                         /* it was longer */
    char address[PHONE_ADDRESS_SIZE]; /* "192.0.2.1", "2001:db8::1" */
    int64_t first, last;              /* requests, seconds since 1970 */
    char tls[8], class[8];            /* "TLSv1.2"; "strict", "rsa" (key exchange) or "legacy" */
    char asked[8], result[12];        /* the last request: "verify" or "query"; as event=answer has it */
    uint64_t count;                   /* requests */
    /* Certificates: the last that it asked about and was told of; the one that the server showed it. Zero:
     * none. */
    uint8_t about[PHONE_DIGEST], shown[PHONE_DIGEST];
    /* Roll-outs that were open and that it was seen to follow: kind signer, it asked about that certificate;
     * kind tvs, it asked on a connection that showed it that certificate. Ends with a rollout 0, or full. */
    struct phone_followed followed[PHONE_FOLLOWED_MAX];
};

/* When it followed a roll-out, 0: it was not seen to. */
int64_t phone_followed(const struct phone *phone, int64_t rollout);

/* What the fields of a line say. false: it is none of a phone. phone_parse: of a line, which is changed. */
bool phone_from(const struct line_field *fields, size_t count, struct phone *out);
bool phone_parse(char *line, struct phone *out);

#endif
