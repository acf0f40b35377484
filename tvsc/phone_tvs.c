#include "phone_tvs.h"

#include <stdlib.h>
#include <string.h>

static bool has_tvs_record(const struct trust_list *list)
{
    for (size_t i = 0; list != NULL && i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        if (record->function == TRUST_ROLE_TVS && (record->certificate.len > 0 || record->cert_hash.len > 0))
            return true;
    }
    return false;
}

/* May TVS be asked at all? */
static bool may_ask(struct phone *phone, struct phone_verdict *verdict)
{
    if (!phone->family->itl) {
        phone_notice(&phone->console, "SECD", "VALIDATE CERT - TVS not enabled");
        return phone_refuse(verdict, PHONE_WHY_NO_TVS,
                            "it stands in no list that the phone holds, and a %s does not know TVS",
                            phone->family->name);
    }
    if (!has_tvs_record(phone->ctl) && !has_tvs_record(phone->itl)) {
        phone_notice(&phone->console, "SECD", "Not using TVS - TVS not in Trust list");
        return phone_refuse(verdict, PHONE_WHY_NO_TVS_RECORD,
                            "it stands in no list that the phone holds, and none of them has a TVS record");
    }
    if (phone->tvs_count == 0)
        return phone_refuse(
            verdict, PHONE_WHY_NO_TVS_SERVER,
            "it stands in no list that the phone holds, and neither its configuration nor --tvs "
            "names a TVS server");
    return true;
}

/* The TVS server itself: by issuer, serial number and function, then the certificate or its hash. No other
 * TVS server is asked about it. */
static int check_server(void *context, const struct trust_cert *peer, const char *who,
                        struct trust_error *err)
{
    struct phone *phone = context;
    struct phone_console *console = &phone->console;
    phone_notice(console, "SECD", "srvr_cert_vfy: Server Certificate Validation needs to be done");
    phone_notice(console, "SECD", "findByIssuerAndSerialAndRoleInTL: Searching TL from CTL file");
    const struct trust_list_record *record = trusted_find(phone->ctl, TRUST_ROLE_TVS, peer);
    if (record == NULL) {
        phone_notice(console, "SECD", "findByIssuerAndSerialAndRoleInTL: Searching TL from ITL file");
        record = trusted_find(phone->itl, TRUST_ROLE_TVS, peer);
    }
    if (record == NULL) {
        phone_notice(console, "SECD", "not using TVS for cert validation - role is TVS or SRST");
        phone_fault(console, "SECD", "EROR:tvs_cert_vfy: TVS cert not in CTL, <%s>", who);
        return trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                               "%s: its certificate has no TVS record in the lists that the phone holds",
                               who);
    }
    if (record->certificate.len > 0) {
        phone_notice(console, "SECD", "tvs_cert_vfy: TVS cert verified with cert from TL, <%s>", who);
    } else {
        phone_notice(console, "SECD", "verifyCertWithHashFromTL: cert hash and hash in TL MATCH");
        phone_notice(console, "SECD", "tvs_cert_vfy: TVS cert verified with hash from TL, <%s>", who);
    }
    phone_notice(
        console, "SECD",
        "sendTvsClientReqToSrvr: Authenticate Certificate : request sent to TVS server - waiting for "
        "response");
    return 0;
}

static int ask_server(struct phone *phone, const struct net_target *target, struct trust_bytes message,
                      const struct trust_request *request, struct exchange *out, struct trust_error *err)
{
    const struct exchange_server server = {.target = *target,
                                           .tls = phone->family->tls,
                                           .timeout_ms = phone->plan->tvs_timeout_ms,
                                           .check = check_server,
                                           .context = phone};
    phone_notice(&phone->console, "SECD",
                 "connectToTvsServer: Successfully started a TLS connection establishment to the TVS server: "
                 "IP:%s, port:%s%s; Waiting for it to get connected.",
                 target->host, target->port, strcmp(target->port, "2445") == 0 ? " (default)" : "");
    const struct phone_way *way = &phone->plan->way;
    int rc = way->ask != NULL ? way->ask(way->context, &server, message, request, out, err)
                              : exchange_with(&server, message, request, out, err);
    if (rc != 0) {
        phone_fault(&phone->console, "SECD", "EROR:connectToTvsServer: no answer: %s", err->text);
        exchange_fini(out);
    }
    return rc;
}

/* Ask one server after the other until one answers; what it says counts, and no other is asked. */
static bool ask(struct phone *phone, struct trust_request *request, struct exchange *out,
                struct phone_verdict *verdict)
{
    struct trust_error err;
    struct trust_bytes message = {0};
    uint8_t *bytes;
    char device[64], reasons[sizeof verdict->reason] = "";
    enum phone_why why = PHONE_WHY_TVS_SILENT;
    snprintf(device, sizeof device, "%s-%s", phone->family->model, phone->name);
    request->version = 1;
    request->session = phone->session++;
    request->device = options_bytes(device);
    *out = (struct exchange){0};
    if (trust_request_encode(request, &bytes, &message.len, &err) != 0)
        return phone_refuse(verdict, PHONE_WHY_UNREADABLE, "%s", err.text);
    message.data = bytes;
    bool answered = false;
    for (unsigned i = 0; i < phone->tvs_count && !answered; i++) {
        answered = ask_server(phone, &phone->tvs[i], message, request, out, &err) == 0;
        if (!answered) {
            size_t used = strlen(reasons);
            snprintf(reasons + used, sizeof reasons - used, "%s%s", used > 0 ? "; " : "", err.text);
            if (err.code == TRUST_ESIGNER)
                why = PHONE_WHY_TVS_PEER;
        }
    }
    free(bytes);
    if (!answered)
        return phone_refuse(verdict, why, "no TVS server gave an answer: %s", reasons);
    phone->tvs_answers++;
    phone_notice(&phone->console, "SECD",
                 "processTvsSrvrResponse: Authentication Response received, status : %u",
                 out->response.status);
    return out->response.status == 0 ||
           phone_refuse(verdict, PHONE_WHY_TVS_DENIES, "%s: not trusted (status %u)", out->server,
                        out->response.status);
}

static void remember(struct phone *phone, struct trust_cert *cert, const struct trust_response *response)
{
    uint32_t ttl = response->has_ttl ? response->ttl : TRUST_TTL_DEFAULT;
    phone_notice(&phone->console, "SECD",
                 "saveCertToTvsCache: Saving certificate in TVS cache with %stime-to-live value: %lu seconds",
                 response->has_ttl ? "" : "default ", (unsigned long)ttl);
    phone_cache_add(&phone->cache, cert, &response->roles, ttl, phone_plan_now(phone->plan));
}

/* The certificate of a "trusted" answer, if it is the file's signer and may sign. */
static bool take_signer(const struct exchange *exchange, const struct trust_list *file,
                        struct trust_cert **out, struct phone_verdict *verdict)
{
    struct trust_error err;
    if (exchange->response.certificate.data == NULL)
        return phone_refuse(verdict, PHONE_WHY_TVS_ANSWER, "%s: trusted, but no certificate came",
                            exchange->server);
    if (trust_cert_from_der(exchange->response.certificate, out, &err) != 0)
        return phone_refuse(verdict, PHONE_WHY_TVS_ANSWER, "%s: the certificate received: %s",
                            exchange->server, err.text);
    if (!trust_list_signer_is(file, *out))
        return phone_refuse(verdict, PHONE_WHY_TVS_ANSWER,
                            "%s: the certificate received is not the signer that the file names",
                            exchange->server);
    if (!phone_roles_sign(&exchange->response.roles))
        return phone_refuse(verdict, PHONE_WHY_TVS_ROLE,
                            "%s: trusted, but with none of the roles 0 (SAST), 2 (CCM+TFTP) and 3 (TFTP)",
                            exchange->server);
    return true;
}

bool phone_tvs_signer(struct phone *phone, const struct trust_list *file, struct trust_cert **out,
                      struct phone_verdict *verdict)
{
    struct exchange exchange;
    struct trust_request request = {.type = TRUST_MSG_QUERY_REQ,
                                    .subject = file->header.signer_name,
                                    .issuer = file->header.ca_name,
                                    .serial = file->header.serial};
    *out = NULL;
    if (!may_ask(phone, verdict))
        return false;
    phone_notice(&phone->console, "SECD", "Using TVS to get signer");
    bool good = ask(phone, &request, &exchange, verdict) && take_signer(&exchange, file, out, verdict);
    if (good) {
        remember(phone, *out, &exchange.response);
    } else {
        phone_fault(&phone->console, "SECD", "Failed to get signer using TVS");
        trust_cert_free(*out);
        *out = NULL;
    }
    exchange_fini(&exchange);
    return good;
}

bool phone_tvs_peer(struct phone *phone, const struct trust_cert *peer, uint8_t role,
                    struct phone_verdict *verdict)
{
    struct exchange exchange;
    struct trust_request request = {.type = TRUST_MSG_VERIFY_REQ, .certificate = trust_cert_der(peer)};
    struct trust_cert *cert;
    if (!may_ask(phone, verdict))
        return false;
    phone_notice(&phone->console, "SECD", "Using TVS for cert validation");
    bool good = ask(phone, &request, &exchange, verdict);
    if (good && !trust_roles_has(&exchange.response.roles, role))
        good = phone_refuse(verdict, PHONE_WHY_TVS_ROLE, "%s: trusted, but without the role %u (%s)",
                            exchange.server, role, trust_role_short_name(role));
    if (good && trust_cert_from_der(trust_cert_der(peer), &cert, NULL) == 0) {
        remember(phone, cert, &exchange.response);
        trust_cert_free(cert);
    }
    if (!good)
        phone_fault(&phone->console, "SECD", "Failed to validate cert using TVS");
    exchange_fini(&exchange);
    return good && phone_accept(verdict, PHONE_BY_TVS);
}
