/* The catalogue of log events. The ids are fixed: tests, scrapes and alarms rely on them.
 *
 * X(constant, id, level, fields): fields name the keys in the order in which they are written;
 * "*": any keys. */
#ifndef TVSD_LOG_EVENTS_H
#define TVSD_LOG_EVENTS_H

#define LOG_EVENTS(X)                                                                                        \
    X(READY, "ready", INFO, "listen")                                                                        \
    X(STARTED, "started", INFO, "version node workers store ctl max_connections")                            \
    X(RELOAD, "reload", INFO, "file")                                                                        \
    X(RELOAD_REFUSED, "reload-refused", ERROR, "reason remedy")                                              \
    X(NEEDS_RESTART, "needs-restart", WARNING, "options")                                                    \
    X(STOPPING, "stopping", INFO, "signal connections")                                                      \
    X(STOPPED, "stopped", INFO, "")                                                                          \
    X(START_REFUSED, "start-refused", ERROR, "reason")                                                       \
    X(SIGNER_UNCHECKED, "signer-unchecked", WARNING, "option")                                               \
    X(LISTEN_SKIPPED, "listen-skipped", WARNING, "listen reason")                                            \
    X(SOCKETS_INHERITED, "sockets-inherited", INFO, "count instead-of")                                      \
    X(NOTIFY_FAILED, "notify-failed", WARNING, "reason socket")                                              \
    X(CTL_LOADED, "ctl-loaded", INFO, "file certificates signer serial sha1")                                \
    X(CTL_REFUSED, "ctl-refused", ERROR, "file code reason in-force remedy")                                 \
    X(CTL_OLDER, "ctl-older", WARNING, "file signed newer newer-signed setting")                             \
    X(CTL_GONE, "ctl-gone", WARNING, "file reason remedy")                                                   \
    X(STORE_LOADED, "store-loaded", INFO, "file certificates")                                               \
    X(STORE_REFUSED, "store-refused", ERROR, "file reason")                                                  \
    X(CERTIFICATE_LOADED, "certificate-loaded", INFO, "subject serial sha1 expires")                         \
    X(CERTIFICATE_REFUSED, "certificate-refused", ERROR, "reason")                                           \
    X(ECDSA_SHOWN, "ecdsa-shown", INFO, "subject serial sha1 expires")                                       \
    X(ECDSA_WAITS, "ecdsa-waits", INFO, "reason")                                                            \
    X(ECDSA_ENDED, "ecdsa-ended", INFO, "serial")                                                            \
    X(ECDSA_REFUSED, "ecdsa-refused", WARNING, "reason")                                                     \
    X(ANSWER, "answer", INFO, "type result roles source serial device peer us issuer reason")                \
    X(NO_ROLE, "no-role", WARNING, "serial issuer source device peer remedy")                                \
    X(TWIN_REFUSED, "twin-refused", WARNING, "serial issuer source device peer")                             \
    X(AMBIGUOUS, "ambiguous", WARNING, "serial issuer source device peer")                                   \
    X(EXPIRED_REFUSED, "expired-refused", WARNING, "serial issuer source device peer")                       \
    X(CONN_CLOSED, "conn-closed", INFO, "reason peer requests ms detail")                                    \
    X(TLS_REFUSED, "tls-refused", WARNING, "reason peer setting remedy")                                     \
    X(ADDRESS_REFUSED, "address-refused", WARNING, "peer connections setting")                               \
    X(TLS_WEAK, "tls-weak", INFO, "peer protocol cipher setting")                                            \
    X(ACCEPT_PAUSED, "accept-paused", WARNING, "reason error remedy")                                        \
    X(OVERLOAD, "overload", WARNING, "reason peer setting remedy")                                           \
    X(ACCEPT_RESUMED, "accept-resumed", WARNING, "reason seconds pauses")                                    \
    X(WORKER_HUNG, "worker-hung", ERROR, "worker seconds remedy")                                            \
    X(WORKER_ANSWERS, "worker-answers", WARNING, "worker seconds")                                           \
    X(LOG_FAILED, "log-failed", ERROR, "reason remedy")                                                      \
    X(LOG_MOVED, "log-moved", INFO, "target")                                                                \
    X(LOG_DROPPED, "log-dropped", WARNING, "count target reason")                                            \
    X(CONTROL, "control", WARNING, "command argument uid pid")                                               \
    X(CONTROL_REFUSED, "control-refused", WARNING, "socket reason remedy")                                   \
    X(PHONES_FAILED, "phones-failed", WARNING, "file reason remedy")                                         \
    X(STATS, "stats", INFO, "*")

enum log_event {
#define X(constant, id, level, fields) LOG_EV_##constant,
    LOG_EVENTS(X)
#undef X
        LOG_EV_COUNT
};

#endif
