#include "answer_refusal.h"

#include "quiet.h"
#include "refusals.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum log_event event;
    const char *does, *remedy;
} refused[REQUEST_RESULT_COUNT] = {
    [REQUEST_UNKNOWN] =
        {LOG_EV_UNKNOWN_REFUSED, "which neither the store nor the CTL holds",
         "if phones are to trust it, import it (`tvsctl set cert import trust UNIT FILE`): as "
         "Phone-SAST-trust (signers) or tomcat-trust (HTTPS)"},
    [REQUEST_TWIN] = {LOG_EV_TWIN_REFUSED,
                      "but with other content than the one of that issuer and serial number here", ""},
    [REQUEST_NO_ROLE] = {LOG_EV_NO_ROLE, "whose unit gives it no role that phones take",
                         "import it as Phone-SAST-trust (signers) or tomcat-trust (HTTPS)"},
    [REQUEST_AMBIGUOUS] = {LOG_EV_AMBIGUOUS, "which several fit, and none exactly", ""},
    [REQUEST_EXPIRED] = {LOG_EV_EXPIRED_REFUSED, "which has expired; answers.expired is refuse", ""},
    [REQUEST_UNUSABLE] = {LOG_EV_REQUEST_REFUSED, "", ""},
};

/* What follows from "no": a verify is about a server's certificate, a query about the signer of a file. */
static const char *consequence(const struct trust_request *request)
{
    return request->type == TRUST_MSG_VERIFY_REQ
               ? "the phone does not trust that server, and may show 'Host not found'"
               : "the phone keeps the lists and the configuration that it has";
}

void answer_refusal_note(const struct peer *peer, const struct trust_request *request,
                         const struct request_answer *answer, const char *serial)
{
    if (answer->result == REQUEST_TRUSTED || answer->result == REQUEST_FAILED)
        return;
    const enum log_event event = refused[answer->result].event;
    /* A phone that meets two such certificates is told of twice. */
    const uint64_t which = answer->result == REQUEST_UNUSABLE
                               ? quiet_bytes(1, answer->unusable, strlen(answer->unusable))
                               : quiet_bytes(quiet_bytes(0, answer->serial, answer->serial_len),
                                             answer->issuer, answer->issuer_len);
    struct refusal *refusal = refusals_note(event, which, peer, request->device);
    if (refusal == NULL)
        return;
    _Static_assert(sizeof refusal->issuer >= sizeof answer->issuer, "an issuer must fit");
    if (answer->result == REQUEST_UNUSABLE) {
        char why[REQUEST_WHY_SIZE];
        request_why_unusable(answer, why);
        snprintf(refusal->does, sizeof refusal->does, "sent a request of no use: %.300s", why);
    } else {
        snprintf(refusal->does, sizeof refusal->does, "asked %s certificate %s, %s: %s",
                 request->type == TRUST_MSG_VERIFY_REQ ? "whether to trust" : "for", serial,
                 refused[answer->result].does, consequence(request));
    }
    snprintf(refusal->remedy, sizeof refusal->remedy, "%s", refused[answer->result].remedy);
    snprintf(refusal->serial, sizeof refusal->serial, "%s", serial);
    memcpy(refusal->issuer, answer->issuer, answer->issuer_len);
    refusal->issuer_len = answer->issuer_len;
    refusal->source = request_source_name(answer->source);
    refusals_told(refusal);
}
