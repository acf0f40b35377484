#include "conn_report.h"

#include "log.h"
#include "quiet.h"
#include "trace.h"

#include <assert.h>
#include <stdio.h>

#define REFUSED_EVERY 60   /* seconds between lines for one reason and address */
#define WHY_WEAK      1000 /* beside the reasons of refusals */
#define WHY_CROWDED   1001

static void say_weak(const struct peer *peer, const struct tls *tls, const char *setting, int64_t now)
{
    if (quiet_may_say(quiet_key(peer->key, WHY_WEAK), QUIET_ONCE, (uint64_t)now / 1000))
        LOG_SAY(TLS_WEAK, log_text("peer", peer->text), log_text("protocol", tls_protocol(tls)),
                log_text("cipher", tls_cipher(tls)), log_text("setting", setting));
}

void conn_report_admitted(struct stats *stats, const struct peer *peer, const struct tls *tls, int64_t now)
{
    stats_bump(&stats->handshakes, 1);
    trace_handshake(peer->address, tls_cipher(tls));
    switch (tls_class(tls)) {
    case TLS_CLASS_STRICT:
        stats_bump(&stats->tls_strict, 1);
        break;
    case TLS_CLASS_RSA:
        stats_bump(&stats->tls_rsa, 1);
        say_weak(peer, tls, "tls.rsa_key_exchange", now);
        break;
    case TLS_CLASS_LEGACY:
        stats_bump(&stats->tls_legacy, 1);
        say_weak(peer, tls, "tls.minimum", now);
        break;
    case TLS_CLASS_UNKNOWN:
        assert(!"a handshake without a ClientHello");
    }
}

void conn_report_refused(struct stats *stats, const struct peer *peer, const struct tls *tls, int64_t now)
{
    char reason[320], remedy[256];
    enum tls_failure failure = tls_failure(tls);
    const char *detail = tls_failure_detail(tls);
    stats_bump(&stats->tls_failures[failure], 1);
    if (!quiet_may_say(quiet_key(peer->key, failure), REFUSED_EVERY, (uint64_t)now / 1000))
        return;
    snprintf(reason, sizeof reason, "%s%s%s", tls_failure_sentence(failure), detail[0] == '\0' ? "" : ": ",
             detail);
    LOG_SAY(TLS_REFUSED, log_text("reason", reason), log_text("peer", peer->text),
            log_text("setting", tls_failure_setting(failure)),
            log_text("remedy", tls_failure_remedy(tls, remedy, sizeof remedy)));
}

void conn_report_crowded(const struct peer *peer, int64_t limit, int64_t now)
{
    if (quiet_may_say(quiet_key(peer->key, WHY_CROWDED), REFUSED_EVERY, (uint64_t)now / 1000))
        LOG_SAY(ADDRESS_REFUSED, log_text("peer", peer->text), log_number("connections", limit),
                log_text("setting", "server.max_connections_per_address"));
}

void conn_report_end(struct stats *stats, const struct peer *peer, enum conn_end end, uint64_t requests,
                     int64_t ms, const char *detail)
{
    stats_bump(&stats->ends[end], 1);
    LOG_SAY(CONN_CLOSED, log_text("reason", conn_end_name(end)), log_text("peer", peer->text),
            log_number("requests", (int64_t)requests), log_number("ms", ms), log_text("detail", detail));
}
