#include "conn_report.h"

#include "log.h"
#include "quiet.h"
#include "refusals.h"
#include "trace.h"

#include <assert.h>
#include <stdio.h>

#define REFUSED_EVERY 60   /* seconds between lines for one reason of overload */
#define WHY_WEAK      1000 /* beside the reasons of refusals */
#define WHY_OVERLOAD  1002
#define WHY_CLOSED    2000 /* and more */

#define DETAIL_DROPPED  100 /* beside the reasons of handshakes that fail */
#define CLOSED_A_SECOND 20  /* lines of one address */

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

static const struct trust_bytes no_name; /* it is in the request, which has not come */

void conn_report_refused(struct stats *stats, const struct peer *peer, const struct tls *tls,
                         const struct conn_socket_left *left)
{
    enum tls_failure failure = tls_failure(tls);
    stats_bump(&stats->tls_failures[failure], 1);
    struct refusal *refusal = refusals_note(LOG_EV_TLS_REFUSED, failure, peer, no_name);
    if (refusal == NULL)
        return;
    if (left->is_unheard) {
        snprintf(refusal->does, sizeof refusal->does, "%s before anything from us had reached it",
                 failure == TLS_FAILURE_RESET ? "reset the connection" : "closed the connection");
    } else {
        tls_failure_sentence(tls, refusal->does, sizeof refusal->does);
        tls_failure_remedy(tls, left->delay, refusal->remedy, sizeof refusal->remedy);
    }
    refusal->families = tls_failure_families(tls);
    refusal->setting = tls_failure_setting(failure);
    refusals_told(refusal);
}

void conn_report_crowded(const struct peer *peer, int64_t limit)
{
    struct refusal *refusal = refusals_note(LOG_EV_ADDRESS_REFUSED, 0, peer, no_name);
    if (refusal == NULL)
        return;
    refusal->limit = limit;
    refusal->setting = "server.max_connections_per_address";
    refusals_told(refusal);
}

/* NULL: that end is no refusal, or is said as another event. */
static const char *dropped(enum conn_end end, const char **setting)
{
    *setting = "";
    switch (end) {
    case CONN_END_HANDSHAKE_TIMEOUT:
        *setting = "server.handshake_timeout";
        return "did not finish the handshake in time";
    case CONN_END_REQUEST_TIMEOUT:
        *setting = "server.request_timeout";
        return "did not finish its request, or fetch its answer, in time";
    case CONN_END_TLS_FAILED:
        return "broke off TLS after the handshake";
    case CONN_END_TRUNCATED:
        return "closed the connection in the middle of a request";
    case CONN_END_BAD_DISCRIMINATOR:
    case CONN_END_BAD_VERSION:
    case CONN_END_BAD_TYPE:
    case CONN_END_BAD_ELEMENT:
        return "sent what is no request, or a garbled one";
    case CONN_END_NO_MEMORY:
        return "could not be served: out of memory";
    default:
        return NULL;
    }
}

static void note_dropped(const struct peer *peer, const struct conn_ending *ending)
{
    const char *setting, *does = dropped(ending->end, &setting);
    /* Who said nothing at all is no phone that failed. */
    if (does == NULL || (ending->end == CONN_END_HANDSHAKE_TIMEOUT && !ending->began))
        return;
    /* It was reported as a handshake that failed. */
    if (ending->end == CONN_END_NO_MEMORY && ending->began && !ending->shaken)
        return;
    const enum log_event event =
        ending->end == CONN_END_HANDSHAKE_TIMEOUT ? LOG_EV_TLS_REFUSED : LOG_EV_REQUEST_REFUSED;
    struct refusal *refusal = refusals_note(event, DETAIL_DROPPED + ending->end, peer, no_name);
    if (refusal == NULL)
        return;
    snprintf(refusal->does, sizeof refusal->does, "%s%s%s", does, ending->detail[0] == '\0' ? "" : ": ",
             ending->detail);
    refusal->setting = setting;
    refusals_told(refusal);
}

/* NULL: that end is no sign of overload. */
static const char *overload(enum conn_end end, const char **setting, const char **remedy)
{
    *setting = "server.max_handshakes";
    *remedy = "see from where they come (conn-closed, tls-refused): a firewall, or "
              "server.max_connections_per_address, stops one source";
    switch (end) {
    case CONN_END_SHED:
        return "handshakes that made others wait gave way, or there was no room for one that began late";
    case CONN_END_OVERDUE:
        *setting = "server.workers";
        *remedy = "phones that all came at once come again, and more processors or a second node serve them "
                  "sooner; else see from where they come (conn-closed, tls-refused): a firewall, or "
                  "server.max_connections_per_address, stops one source";
        return "phones waited for their handshake longer than an answer is of use to them, or left before it";
    case CONN_END_GAVE_WAY:
        *setting = "server.max_connections";
        *remedy = "if there are that many phones, raise server.max_connections, or the limit of open files "
                  "(LimitNOFILE, ulimit -n) if it is auto; else stop them with a firewall or "
                  "server.max_connections_per_address: `ss -tn` tells from where they come";
        return "connections that were idle, or from which nothing ever came, gave way to new ones, since all "
               "are in use";
    default:
        return NULL;
    }
}

static bool may_say(const struct peer *peer, const struct conn_ending *ending)
{
    const bool is_cheap = ending->end == CONN_END_SILENT || ending->end == CONN_END_HANDSHAKE_FAILED ||
                          (ending->end == CONN_END_HANDSHAKE_TIMEOUT && !ending->began);
    if (!is_cheap)
        return true;
    for (unsigned i = 0; i < CLOSED_A_SECOND; i++)
        if (quiet_may_say(quiet_key(peer->key, WHY_CLOSED + i * CONN_END_COUNT + ending->end), 1,
                          (uint64_t)ending->now / 1000))
            return true;
    return false;
}

void conn_report_end(struct stats *stats, const struct peer *peer, const struct conn_ending *ending)
{
    const char *setting, *remedy, *reason = overload(ending->end, &setting, &remedy);
    stats_bump(&stats->ends[ending->end], 1);
    if (reason != NULL) {
        if (quiet_may_say(quiet_key(ending->end, WHY_OVERLOAD), REFUSED_EVERY, (uint64_t)ending->now / 1000))
            LOG_SAY(OVERLOAD, log_text("reason", reason), log_text("peer", peer->text),
                    log_text("setting", setting), log_text("remedy", remedy));
        return;
    }
    note_dropped(peer, ending);
    if (may_say(peer, ending))
        LOG_SAY(CONN_CLOSED, log_text("reason", conn_end_name(ending->end)), log_text("peer", peer->text),
                log_number("requests", (int64_t)ending->requests), log_number("ms", ending->ms),
                log_text("detail", ending->detail));
}
