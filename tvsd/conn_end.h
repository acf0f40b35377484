/* Every way in which a connection can end: one closed enum that the log, the counters and the tests share. */
#ifndef TVSD_CONN_END_H
#define TVSD_CONN_END_H

/* X(constant, name) */
#define CONN_ENDS(X)                                                                                         \
    X(PEER_CLOSED, "peer-closed")             /* the phone was done */                                       \
    X(SILENT, "silent")                       /* connected and closed without a byte: scan, health check */  \
    X(IDLE, "idle-timeout")                   /* nothing was asked for server.idle_timeout */                \
    X(HANDSHAKE_TIMEOUT, "handshake-timeout") /* the handshake took longer than server.handshake_timeout */  \
    X(REQUEST_TIMEOUT, "request-timeout")     /* from a request's first byte to its answer's last */         \
    X(HANDSHAKE_FAILED, "handshake-failed")   /* see tls-refused */                                          \
    X(TLS_FAILED, "tls-failed")               /* after the handshake */                                      \
    X(TRUNCATED, "truncated-request")         /* closed in the middle of a request */                        \
    X(BAD_DISCRIMINATOR, "bad-discriminator")                                                                \
    X(BAD_VERSION, "bad-version")                                                                            \
    X(BAD_TYPE, "bad-type")                                                                                  \
    X(BAD_ELEMENT, "bad-element")     /* an element runs past its message */                                 \
    X(ADDRESS_LIMIT, "address-limit") /* server.max_connections_per_address */                               \
    X(SHED, "shed")                   /* a handshake that gave way to others: see overload */                \
    X(OVERDUE, "overdue")             /* we were late: half its time was over, or it left */                 \
    X(GAVE_WAY, "gave-way")           /* idle, or never heard, and no room for others */                     \
    X(NO_MEMORY, "no-memory")                                                                                \
    X(DRAINED, "drained") /* we are stopping */                                                              \
    X(DRAIN_TIMEOUT, "drain-timeout")

enum conn_end {
#define X(constant, name) CONN_END_##constant,
    CONN_ENDS(X)
#undef X
        CONN_END_COUNT
};

const char *conn_end_name(enum conn_end end);

/* How a message that a phone sent, or the lack of memory for it, ends its connection: of libtrust's codes. */
enum conn_end conn_end_of_error(int code);

#endif
