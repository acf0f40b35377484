#include "answer.h"

#include "answer_refusal.h"
#include "clock.h"
#include "log.h"
#include "request.h"
#include "trace.h"

/* "0,2" */
static const char *roles_text(const struct trust_roles *roles, char out[static 4 * TRUST_ROLES_MAX + 1])
{
    char *at = out;
    for (unsigned i = 0; i < roles->count; i++) {
        const unsigned code = roles->code[i];
        if (i > 0)
            *at++ = ',';
        if (code >= 100)
            *at++ = (char)('0' + code / 100);
        if (code >= 10)
            *at++ = (char)('0' + code / 10 % 10);
        *at++ = (char)('0' + code % 10);
    }
    *at = '\0';
    return out;
}

static const char *type_name(const struct trust_request *request)
{
    return request->type == TRUST_MSG_VERIFY_REQ ? "verify" : "query";
}

static void say(const struct answer_to *to, const struct trust_request *request,
                const struct request_answer *answer, int64_t us)
{
    char serial[2 * sizeof answer->serial + 1];
    char roles[4 * TRUST_ROLES_MAX + 1];
    trust_hex((struct trust_bytes){answer->serial, answer->serial_len}, 0, true, serial);
    answer_refusal_note(to->peer, request, answer, serial);
    struct log_field fields[11] = {
        log_text("type", type_name(request)),
        log_text("result", request_result_name(answer->result)),
        log_text("roles", roles_text(&answer->response.roles, roles)),
        log_text("source", request_source_name(answer->source)),
        log_text("serial", serial),
        log_bytes("device", request->device),
        log_text("peer", to->peer->text),
        log_number("us", us),
    };
    size_t used = 8;
    if (to->tls != NULL)
        fields[used++] = log_text("tls", tls_protocol(to->tls));
    /* Whoever has to import the certificate must know whose it is. */
    if (answer->result != REQUEST_TRUSTED && answer->issuer_len > 0)
        fields[used++] =
            log_bytes("issuer", ((struct trust_bytes){(const uint8_t *)answer->issuer, answer->issuer_len}));
    char why[REQUEST_WHY_SIZE];
    if (answer->unusable != NULL) {
        request_why_unusable(answer, why);
        fields[used++] = log_text("reason", why);
    }
    log_say(LOG_EV_ANSWER, fields, used);
}

static void count(struct stats *stats, const struct trust_request *request, enum request_result result)
{
    stats_bump(request->type == TRUST_MSG_VERIFY_REQ ? &stats->verify : &stats->query, 1);
    stats_bump(&stats->results[result], 1);
}

/* What the main thread remembers of the phone. A certificate counts as asked about once the phone was told of
 * it: only then does it know more than before. */
static void note(const struct answer_to *to, const struct trust_request *request,
                 const struct request_answer *answer, time_t now)
{
    static const char *const classes[] = {[TLS_CLASS_UNKNOWN] = "",
                                          [TLS_CLASS_STRICT] = "strict",
                                          [TLS_CLASS_RSA] = "rsa",
                                          [TLS_CLASS_LEGACY] = "legacy"};
    if (to->sightings == NULL)
        return;
    const struct sighting sighting = {
        .when = now,
        .device = request->device,
        .address = to->peer->address,
        .tls = tls_protocol(to->tls),
        .class = classes[tls_class(to->tls)],
        .asked = type_name(request),
        .result = request_result_name(answer->result),
        .about = answer->result == REQUEST_TRUSTED ? answer->entry->sha256 : NULL,
        .shown = tls_certificate(to->tls),
    };
    if (!sightings_note(to->sightings, &sighting))
        stats_bump(&to->stats->sightings_lost, 1);
}

static int encode(const struct request_answer *answer, int64_t started, struct outbox *outbox,
                  struct trust_error *err)
{
    size_t size = trust_response_size(&answer->response);
    uint8_t *room = outbox_add(outbox, size, started);
    if (room == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "an answer of %zu bytes: out of memory",
                               size);
    return trust_response_encode(&answer->response, room, size, err);
}

int answer_frame(const struct answer_to *to, struct trust_bytes frame, int64_t started, struct outbox *outbox,
                 struct trust_error *err)
{
    struct trust_request request;
    struct request_answer answer;
    int64_t began = clock_microseconds();
    int code = trust_request_decode(frame, &request, err);
    if (code != 0)
        return code;
    trace_request(&request);
    const struct request_known known = {.store = to->snapshot->store,
                                        .ctl = to->snapshot->ctl,
                                        .config = to->snapshot->config,
                                        .now = time(NULL),
                                        .recent = to->recent};
    request_answer(&known, &request, &answer);
    count(to->stats, &request, answer.result);
    if (answer.result == REQUEST_FAILED)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "a look-up: out of memory");
    code = encode(&answer, started, outbox, err);
    if (code != 0)
        return code;
    note(to, &request, &answer, known.now);
    trace_answer(&request, &answer, to->session);
    say(to, &request, &answer, clock_microseconds() - began);
    return 0;
}
