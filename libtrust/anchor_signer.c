/* Who vouches for the signer of a file: the CTL, the ITL, the TVS cache, a TVS server. */
#include "anchor_parts.h"
#include "internal.h"

#include <string.h>

/* What a certificate is to a file. The order is that of how far it gets. */
enum fit {
    FIT_NOT,      /* not its signer */
    FIT_KEY,      /* its signer, with a key that signs no files */
    FIT_TAMPERED, /* its signer, but the signature is not good */
    FIT_GOOD,
};

/* A file, as far as its signature goes. */
struct signed_by {
    const struct trust_configuration *from;
    struct trust_bytes serial; /* as it stands: asked for from either end, its zeros count */
    struct trust_bytes number; /* without them */
    const char *issuer;        /* text of issuer_len bytes */
    size_t issuer_len;
    struct trust_name *name; /* the same, parsed: once for all records; NULL: it is no name */
    unsigned digest;
    bool is_list;
};

static int signed_by_init(struct signed_by *file, const struct trust_configuration *from, bool is_list,
                          struct trust_error *err)
{
    struct trust_error ignored;
    *file = (struct signed_by){.from = from, .is_list = is_list};
    if (from->file != NULL) {
        const struct trust_list_header *header = &from->file->header;
        file->serial = header->serial;
        file->issuer = (const char *)header->ca_name.data;
        file->issuer_len = header->ca_name.len;
        file->digest = header->digest;
    } else {
        file->serial = trust_cert_serial(from->signer);
        file->issuer = trust_name_cucm(trust_cert_issuer(from->signer));
        file->issuer_len = strlen(file->issuer);
        file->digest = from->digest;
    }
    file->number = serial_trim(file->serial);
    int rc = trust_name_parse(file->issuer, file->issuer_len, &file->name, &ignored);
    return rc == TRUST_ENOMEM ? trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory") : 0;
}

static void signed_by_fini(struct signed_by *file)
{
    trust_name_free(file->name);
}

/* ---- Certificates */

/* Whether a certificate that was found by the header's names made the signature. */
static int check_signature(const struct signed_by *file, const struct trust_cert *cert, enum fit *fit,
                           struct trust_error *err)
{
    struct trust_bytes pieces[2];
    int rc;
    if (file->from->file == NULL) {
        const bool same = trust_cert_equal(file->from->signer, cert);
        *fit = !same ? FIT_TAMPERED : trust_cert_key_type(cert) == TRUST_KEY_RSA ? FIT_GOOD : FIT_KEY;
        return 0;
    }
    trust_list_signed_pieces(file->from->file, pieces);
    rc = trust_signature_verify(cert, (enum trust_digest)file->digest, pieces, 2,
                                file->from->file->header.signature, err);
    *fit = rc == 0 ? FIT_GOOD : rc == TRUST_EUNSUPPORTED ? FIT_KEY : FIT_TAMPERED;
    return rc == TRUST_ESIGNATURE || rc == TRUST_EUNSUPPORTED ? 0 : rc;
}

/* What a certificate of a list is to a file. */
static int fit_of(const struct signed_by *file, const struct trust_cert *cert, enum fit *fit,
                  struct trust_error *err)
{
    int rc;
    *fit = FIT_NOT;
    if (file->from->file == NULL) {
        if (trust_serial_equal(trust_cert_serial(cert), file->serial) &&
            trust_name_equal(trust_cert_issuer(cert), trust_cert_issuer(file->from->signer)))
            return check_signature(file, cert, fit, err);
        return 0;
    }
    switch (rc = trust_list_verify(file->from->file, cert, err)) {
    case 0:
        *fit = FIT_GOOD;
        return 0;
    case TRUST_ESIGNER:
        return 0;
    case TRUST_ESIGNATURE:
    case TRUST_ELENGTH:
        *fit = FIT_TAMPERED;
        return 0;
    case TRUST_EUNSUPPORTED:
        *fit = FIT_KEY;
        return 0;
    default:
        return rc;
    }
}

/* ---- Lists */

bool anchor_signs(const struct trust_list_record *record, bool is_list)
{
    return record->function == TRUST_ROLE_SAST || record->function == TRUST_ROLE_CCM_TFTP ||
           (record->function == TRUST_ROLE_TFTP && !is_list);
}

/* Whether a record bears the names by which the file calls its signer. The CTL client writes a token's serial
 * number backwards, into records and headers alike: one that is spelled otherwise there is another's. */
static int is_named(const struct trust_list_record *record, const struct signed_by *file, bool *is,
                    struct trust_error *err)
{
    struct trust_name *issuer = NULL;
    *is = false;
    if (record->certificate.len == 0 || !trust_serial_equal(record->serial, file->number))
        return 0;
    *is = record->issuer.len == file->issuer_len && file->issuer_len > 0 &&
          memcmp(record->issuer.data, file->issuer, file->issuer_len) == 0;
    if (*is || file->name == NULL)
        return 0;
    int rc = trust_name_parse((const char *)record->issuer.data, record->issuer.len, &issuer, err);
    *is = rc == 0 && trust_name_equal(issuer, file->name);
    trust_name_free(issuer);
    return rc == TRUST_ENOMEM ? rc : 0;
}

/* The best that a list's records say of a file. *other: a certificate that fits stands in it with functions
 * that do not sign. */
static int search_list(const struct trust_list *list, const struct signed_by *file, enum fit *best,
                       bool *other, struct trust_error *err)
{
    *best = FIT_NOT;
    for (size_t i = 0; list != NULL && i < list->record_count && *best != FIT_GOOD; i++) {
        const struct trust_list_record *record = &list->records[i];
        struct trust_cert *cert;
        enum fit fit;
        bool is;
        int rc = is_named(record, file, &is, err);
        if (rc != 0)
            return rc;
        if (!is)
            continue;
        rc = trust_cert_from_der(record->certificate, &cert, err);
        if (rc == TRUST_ENOMEM)
            return rc;
        if (rc != 0)
            continue; /* to a phone such a record is nobody's */
        rc = fit_of(file, cert, &fit, err);
        trust_cert_free(cert);
        if (rc != 0)
            return rc;
        if (fit != FIT_NOT && !anchor_signs(record, file->is_list))
            *other = true;
        else if (fit > *best)
            *best = fit;
    }
    return 0;
}

/* ---- TVS servers */

static bool is_tvs_record(const struct trust_list_record *record)
{
    return record->function == TRUST_ROLE_TVS && (record->certificate.len > 0 || record->cert_hash.len > 0);
}

/* By issuer and serial number, then by the certificate or its hash. */
static int is_record_of(const struct trust_list_record *record, const struct trust_cert *cert, bool *is,
                        struct trust_error *err)
{
    const struct trust_list alone = {.records = record, .record_count = 1};
    struct trust_name *issuer;
    *is = false;
    if (!is_tvs_record(record) || !trust_serial_equal(record->serial, trust_cert_serial(cert)))
        return 0;
    int rc = trust_name_parse((const char *)record->issuer.data, record->issuer.len, &issuer, err);
    if (rc != 0)
        return rc == TRUST_ENOMEM ? rc : 0;
    *is = trust_name_equal(issuer, trust_cert_issuer(cert)) && trust_list_holds(&alone, cert);
    trust_name_free(issuer);
    return 0;
}

int anchor_trusts_server(const struct anchor_scene *scene, const struct trust_held *held,
                         const struct trust_server *server, bool *trusts, struct trust_error *err)
{
    const struct trust_list *const lists[] = {held->ctl, held->itl};
    const struct trust_cert *cert =
        scene->family->ecdsa && server->ecdsa != NULL ? server->ecdsa : server->cert;
    *trusts = false;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; lists[k] != NULL && i < lists[k]->record_count; i++) {
            int rc = is_record_of(&lists[k]->records[i], cert, trusts, err);
            if (rc != 0 || *trusts)
                return rc;
        }
    }
    return 0;
}

static bool names_a_server(const struct trust_list *list)
{
    for (size_t i = 0; list != NULL && i < list->record_count; i++)
        if (is_tvs_record(&list->records[i]))
            return true;
    return false;
}

static bool roles_sign(const struct trust_roles *roles)
{
    return trust_roles_has(roles, TRUST_ROLE_SAST) || trust_roles_has(roles, TRUST_ROLE_CCM_TFTP) ||
           trust_roles_has(roles, TRUST_ROLE_TFTP);
}

static void take(struct trust_step *step, enum trust_how how)
{
    *step = (struct trust_step){.how = how};
}

static void refuse(struct trust_step *step, enum trust_reason reason)
{
    *step = (struct trust_step){TRUST_HOW_REFUSED, reason};
}

static void conclude(struct trust_step *step, enum fit fit, enum trust_how how)
{
    if (fit == FIT_GOOD)
        take(step, how);
    else
        refuse(step, fit == FIT_KEY ? TRUST_REASON_KEY_KIND : TRUST_REASON_BAD_SIGNATURE);
}

/* The phone checks the signature with the certificate that it was given. */
static int judge_answer(const struct signed_by *file, const struct trust_entry *entry,
                        struct trust_step *step, struct trust_error *err)
{
    struct trust_cert *cert;
    enum fit fit;
    int rc = trust_cert_from_der(entry->der, &cert, err);
    if (rc == TRUST_ENOMEM)
        return rc;
    if (rc != 0) {
        refuse(step, TRUST_REASON_TVS_UNKNOWN);
        return 0;
    }
    rc = check_signature(file, cert, &fit, err);
    trust_cert_free(cert);
    if (rc == 0)
        conclude(step, fit, TRUST_HOW_TVS);
    return rc;
}

static int ask(const struct anchor_scene *scene, const struct trust_server *server,
               const struct signed_by *file, struct trust_step *step, struct trust_error *err)
{
    const struct trust_index *const sources[] = {server->store, server->ctl};
    for (size_t i = 0; i < 2; i++) {
        enum trust_found found;
        const struct trust_entry *entry;
        if (sources[i] == NULL)
            continue;
        int rc =
            trust_index_query(sources[i], file->serial, file->issuer, file->issuer_len, &found, &entry, err);
        if (rc != 0)
            return rc;
        if (found == TRUST_FOUND_NONE)
            continue;
        if (found == TRUST_FOUND_AMBIGUOUS)
            refuse(step, TRUST_REASON_TVS_AMBIGUOUS);
        else if (!roles_sign(&entry->roles))
            refuse(step, TRUST_REASON_TVS_NO_ROLE);
        else if (server->refuses_expired && entry->not_after < scene->now)
            refuse(step, TRUST_REASON_TVS_EXPIRED);
        else
            return judge_answer(file, entry, step, err);
        return 0;
    }
    refuse(step, TRUST_REASON_TVS_UNKNOWN);
    return 0;
}

bool anchor_is_down(const struct anchor_scene *scene, const struct trust_server *server)
{
    return !scene->all_up && (server->down || (server->refuses_old_tls && scene->family->old_tls));
}

/* Whether a server that the configuration does not name would help. */
static int ask_unnamed(const struct anchor_scene *scene, const struct trust_held *held,
                       const struct signed_by *file, bool *helps, struct trust_error *err)
{
    *helps = false;
    for (size_t i = 0; i < scene->site->server_count && !*helps; i++) {
        const struct trust_server *server = &scene->site->servers[i];
        struct trust_step step;
        bool trusts;
        if (!server->unnamed || anchor_is_down(scene, server))
            continue;
        int rc = anchor_trusts_server(scene, held, server, &trusts, err);
        if (rc == 0 && trusts)
            rc = ask(scene, server, file, &step, err);
        if (rc != 0)
            return rc;
        *helps = trusts && step.how == TRUST_HOW_TVS;
    }
    return 0;
}

/* The first server of the configuration that the phone trusts and that answers decides. */
static int ask_servers(const struct anchor_scene *scene, const struct trust_held *held,
                       const struct signed_by *file, struct trust_step *step, struct trust_error *err)
{
    size_t named = 0;
    bool down = false, helps;
    for (size_t i = 0; i < scene->site->server_count && named < TRUST_SERVERS_MAX; i++) {
        const struct trust_server *server = &scene->site->servers[i];
        bool trusts;
        if (server->unnamed)
            continue;
        named++;
        int rc = anchor_trusts_server(scene, held, server, &trusts, err);
        if (rc != 0)
            return rc;
        if (trusts && !anchor_is_down(scene, server))
            return ask(scene, server, file, step, err);
        down = down || trusts;
    }
    int rc = ask_unnamed(scene, held, file, &helps, err);
    if (rc == 0)
        refuse(step, down         ? TRUST_REASON_SERVER_DOWN
                     : helps      ? TRUST_REASON_SERVER_UNNAMED
                     : named == 0 ? TRUST_REASON_NO_SERVER
                                  : TRUST_REASON_SERVER_CHANGED);
    return rc;
}

/* ---- All of them */

static int search_cache(const struct anchor_scene *scene, const struct trust_held *held,
                        const struct signed_by *file, enum fit *best, struct trust_error *err)
{
    *best = FIT_NOT;
    for (size_t i = 0; i < held->cache_count; i++) {
        const struct trust_cached *cached = &held->cache[i];
        enum fit fit;
        if (cached->expires <= scene->now || !roles_sign(&cached->roles))
            continue;
        int rc = fit_of(file, cached->cert, &fit, err);
        if (rc != 0)
            return rc;
        if (fit > *best)
            *best = fit;
    }
    return 0;
}

/* Nothing that the phone has knows the signer. */
static int reach_out(const struct anchor_scene *scene, const struct trust_held *held,
                     const struct signed_by *file, bool other, struct trust_step *step,
                     struct trust_error *err)
{
    int rc = 0;
    bool asked = false;
    if (!scene->family->knows_tvs)
        refuse(step, TRUST_REASON_FAMILY_WITHOUT_TVS);
    else if (!names_a_server(held->ctl) && !names_a_server(held->itl))
        refuse(step, TRUST_REASON_NO_TVS_RECORD);
    else {
        rc = ask_servers(scene, held, file, step, err);
        asked = step->reason != TRUST_REASON_NO_SERVER && step->reason != TRUST_REASON_SERVER_CHANGED;
    }
    if (rc == 0 && other && !asked)
        refuse(step, TRUST_REASON_WRONG_FUNCTION);
    return rc;
}

/* The CTL, the ITL and the cache; then who can be asked. */
static int search_all(const struct anchor_scene *scene, const struct trust_held *held,
                      const struct signed_by *file, struct trust_step *step, struct trust_error *err)
{
    const struct trust_list *const lists[] = {held->ctl, held->itl};
    static const enum trust_how hows[] = {TRUST_HOW_CTL, TRUST_HOW_ITL};
    bool other = false;
    enum fit fit;
    int rc;
    for (size_t i = 0; i < 2; i++) {
        rc = search_list(lists[i], file, &fit, &other, err);
        if (rc != 0)
            return rc;
        if (fit != FIT_NOT) {
            conclude(step, fit, hows[i]);
            return 0;
        }
    }
    rc = search_cache(scene, held, file, &fit, err);
    if (rc != 0)
        return rc;
    if (fit == FIT_NOT)
        return reach_out(scene, held, file, other, step, err);
    conclude(step, fit, TRUST_HOW_TVS);
    return 0;
}

int anchor_vouch(const struct anchor_scene *scene, const struct trust_held *held,
                 const struct trust_configuration *from, bool is_list, struct trust_step *step,
                 struct trust_error *err)
{
    struct signed_by file;
    int rc = signed_by_init(&file, from, is_list, err);
    if (rc == 0)
        rc = search_all(scene, held, &file, step, err);
    signed_by_fini(&file);
    return rc;
}
