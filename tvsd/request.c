#include "request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define STATUS_TRUSTED     0
#define STATUS_NOT_TRUSTED 1

const char *request_result_name(enum request_result result)
{
    static const char *const names[REQUEST_RESULT_COUNT] = {
#define X(constant, name) [REQUEST_##constant] = name,
        REQUEST_RESULTS(X)
#undef X
    };
    return names[result];
}

const char *request_source_name(enum request_source source)
{
    static const char *const names[REQUEST_SOURCE_COUNT] = {"none", "store", "ctl"};
    return names[source];
}

/* What was asked, as far as it fits. */
static void asked_set(struct request_answer *answer, struct trust_bytes serial, const void *issuer,
                      size_t len)
{
    answer->serial_len = serial.len < sizeof answer->serial ? serial.len : sizeof answer->serial;
    answer->issuer_len = len < sizeof answer->issuer ? len : sizeof answer->issuer;
    if (answer->serial_len > 0)
        memcpy(answer->serial, serial.data, answer->serial_len);
    if (answer->issuer_len > 0)
        memcpy(answer->issuer, issuer, answer->issuer_len);
}

static void unusable(struct request_answer *answer, const char *why)
{
    answer->result = REQUEST_UNUSABLE;
    answer->unusable = why;
}

static void trusted(const struct request_known *known, struct request_answer *answer)
{
    const struct trust_entry *entry = answer->entry;
    struct trust_response *response = &answer->response;
    response->status = STATUS_TRUSTED;
    response->has_roles = true;
    response->roles = entry->roles;
    response->has_ttl = true;
    response->ttl = entry->has_ttl ? entry->ttl : (uint32_t)known->config->answers.ttl;
    if (response->type == TRUST_MSG_QUERY_RES)
        response->certificate = entry->der;
    if (trust_response_size(response) > TRUST_FRAME_MAX) {
        response->status = STATUS_NOT_TRUSTED;
        unusable(answer, "the certificate is too large for an answer");
        return;
    }
    answer->result = REQUEST_TRUSTED;
}

/* A source holds the certificate: its word is final, whatever the other one might say. */
static void found(const struct request_known *known, enum request_source source,
                  const struct trust_entry *entry, struct request_answer *answer)
{
    answer->source = source;
    answer->entry = entry;
    if (entry->roles.count == 0)
        answer->result = REQUEST_NO_ROLE;
    else if (known->config->answers.expired == CONFIG_EXPIRED_REFUSE && entry->not_after < known->now)
        answer->result = REQUEST_EXPIRED;
    else
        trusted(known, answer);
}

/* Whether a source holds another certificate of the same issuer and serial number. One found by its bytes
 * reversed, or under the spelling of a list's record, has another number. */
static bool has_twin(const struct trust_index *index, const struct trust_cert *cert,
                     const struct trust_entry **entry)
{
    struct trust_bytes serial = trust_cert_serial(cert);
    enum trust_found how = trust_index_find(index, serial, trust_cert_issuer(cert), entry);
    return how == TRUST_FOUND_AMBIGUOUS ||
           (how == TRUST_FOUND_ONE && trust_serial_equal((*entry)->serial, serial));
}

static void verify_unknown(const struct request_known *known, struct trust_bytes der,
                           struct request_answer *answer)
{
    const struct trust_cert *cert;
    const struct trust_entry *twin = NULL;
    struct recent_certs own = {0};
    struct trust_error err = {0};
    int code = recent_certs_get(known->recent != NULL ? known->recent : &own, der, &cert, &err);
    if (code == TRUST_ENOMEM) {
        answer->result = REQUEST_FAILED;
        return;
    }
    if (code != 0) {
        unusable(answer, "the certificate cannot be parsed");
        snprintf(answer->detail, sizeof answer->detail, "%.*s", (int)sizeof answer->detail - 1, err.text);
        return;
    }
    const char *issuer = trust_name_cucm(trust_cert_issuer(cert));
    asked_set(answer, trust_cert_serial(cert), issuer, strlen(issuer));
    if (has_twin(known->store, cert, &twin))
        answer->source = REQUEST_SOURCE_STORE;
    else if (has_twin(known->ctl, cert, &twin))
        answer->source = REQUEST_SOURCE_CTL;
    if (answer->source != REQUEST_SOURCE_NONE) {
        answer->result = REQUEST_TWIN;
        answer->entry = twin;
    }
    recent_certs_fini(&own);
}

static void verify(const struct request_known *known, struct trust_bytes der, struct request_answer *answer)
{
    enum request_source source = REQUEST_SOURCE_STORE;
    const struct trust_entry *entry = trust_index_by_der(known->store, der);
    if (entry == NULL) {
        source = REQUEST_SOURCE_CTL;
        entry = trust_index_by_der(known->ctl, der);
    }
    if (entry == NULL) {
        verify_unknown(known, der, answer);
        return;
    }
    asked_set(answer, entry->serial, entry->issuer, strlen(entry->issuer));
    found(known, source, entry, answer);
}

static void query(const struct request_known *known, const struct trust_request *request,
                  struct request_answer *answer)
{
    const struct trust_index *const sources[] = {
        [REQUEST_SOURCE_STORE] = known->store, [REQUEST_SOURCE_CTL] = known->ctl};
    asked_set(answer, request->serial, request->issuer.data, request->issuer.len);
    for (enum request_source source = REQUEST_SOURCE_STORE; source <= REQUEST_SOURCE_CTL; source++) {
        enum trust_found how = TRUST_FOUND_NONE;
        const struct trust_entry *entry = NULL;
        if (trust_index_query(sources[source], request->serial, (const char *)request->issuer.data,
                              request->issuer.len, &how, &entry, NULL) != 0) {
            answer->result = REQUEST_FAILED;
            return;
        }
        if (how == TRUST_FOUND_AMBIGUOUS) {
            answer->result = REQUEST_AMBIGUOUS;
            answer->source = source;
            return;
        }
        if (entry != NULL) {
            found(known, source, entry, answer);
            return;
        }
    }
}

void request_why_unusable(const struct request_answer *answer, char out[REQUEST_WHY_SIZE])
{
    snprintf(out, REQUEST_WHY_SIZE, "%s%s%s", answer->unusable, answer->detail[0] != '\0' ? ": " : "",
             answer->detail);
}

void request_answer(const struct request_known *known, const struct trust_request *request,
                    struct request_answer *answer)
{
    bool verifies = request->type == TRUST_MSG_VERIFY_REQ;
    assert(verifies || request->type == TRUST_MSG_QUERY_REQ);
    *answer = (struct request_answer){
        .result = REQUEST_UNKNOWN,
        .source = REQUEST_SOURCE_NONE,
        .response = {.version = request->version,
                     .type = verifies ? TRUST_MSG_VERIFY_RES : TRUST_MSG_QUERY_RES,
                     .session = request->session,
                     .status = STATUS_NOT_TRUSTED},
    };
    if (request->unusable != NULL)
        unusable(answer, request->unusable);
    else if (verifies)
        verify(known, request->certificate, answer);
    else
        query(known, request, answer);
}
