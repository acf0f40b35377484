#include "tests/libtrust/helper_anchor.h"

#include "tests/libtrust/helper_index.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTS_MAX   40
#define LISTS_MAX   500
#define INDEXES_MAX 100
#define RECORDS_MAX 12

struct helper_anchor {
    FILE *file;
    const char *name;
    int line;
    bool as_files;
    struct trust_key *key, *other_key, *large_key, *ec_key;
    struct {
        char name[32];
        struct trust_cert *cert;
    } certs[CERTS_MAX];
    size_t cert_count;
    struct trust_list *lists[LISTS_MAX];
    size_t list_count;
    struct trust_index *indexes[INDEXES_MAX];
    size_t index_count;
    struct helper_anchor_case now;
};

static void bad(const struct helper_anchor *cases, const char *what)
{
    ck_abort_msg("%s:%d: %s", cases->name, cases->line, what);
}

/* ---- Certificates */

static struct trust_key *key_of(const struct helper_anchor *cases, const char *name)
{
    if (strchr(name, '\'') != NULL)
        return cases->other_key;
    if (strstr(name, "large") != NULL)
        return cases->large_key;
    return strncmp(name, "ec.", 3) == 0 ? cases->ec_key : cases->key;
}

/* "node.unit": certificates of one node share one name; the serial number comes from the whole, but for the
 * mark of a twin. */
static struct trust_cert *make_cert(const struct helper_anchor *cases, const char *name)
{
    const struct trust_bytes whole = {(const uint8_t *)name, strcspn(name, "'")};
    uint8_t digest[TRUST_DIGEST_MAX];
    char serial[2 * 16 + 1], subject[64];
    struct trust_error err = {0};
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA256, &whole, 1, digest, &err), &err);
    digest[0] = (uint8_t)(digest[0] & 0x3f) | 0x40;
    if (strstr(name, "round") != NULL)
        digest[15] = 0;
    trust_hex((struct trust_bytes){digest, 16}, 0, true, serial);
    snprintf(subject, sizeof subject, "O=anchor;CN=%.*s", (int)strcspn(name, ".'"), name);
    return helper_cert(&(struct helper_plan){.subject = subject,
                                             .serial = serial,
                                             .key = key_of(cases, name),
                                             .issuer_key = cases->key,
                                             .der_size = strstr(name, "big") != NULL ? 40000 : 0});
}

static struct trust_cert *cert_of(struct helper_anchor *cases, const char *name)
{
    for (size_t i = 0; i < cases->cert_count; i++)
        if (strcmp(cases->certs[i].name, name) == 0)
            return cases->certs[i].cert;
    if (cases->cert_count == CERTS_MAX || strlen(name) >= sizeof cases->certs[0].name)
        bad(cases, "too many certificates, or a name that is too long");
    snprintf(cases->certs[cases->cert_count].name, sizeof cases->certs[0].name, "%s", name);
    return cases->certs[cases->cert_count++].cert = make_cert(cases, name);
}

/* How the CTL client of old writes an eToken: the serial number backwards, the issuer in lower case, quoted,
 * without the last quote. */
struct token_spelling {
    uint8_t serial[16];
    char name[64];
};

static void spell_as_token(const struct trust_cert *cert, struct token_spelling *out)
{
    const struct trust_bytes serial = trust_cert_serial(cert);
    for (size_t i = 0; i < sizeof out->serial; i++)
        out->serial[i] = serial.data[serial.len - 1 - i];
    snprintf(out->name, sizeof out->name, "cn=\"%s\";o=\"anchor",
             trust_name_common_name(trust_cert_issuer(cert)));
}

/* ---- Signed files */

/* "pub.ccm", with, in this order: ">pub.old" signed in the name of another, "~" named as the CTL client does,
 * "/sha512", "!" garbled after signing. */
struct signed_with {
    struct trust_cert *cert;
    struct trust_header_spec header;
    struct trust_key *key;
    struct token_spelling spelling;
    bool garbled, odd;
};

static void read_signer(struct helper_anchor *cases, char *word, struct signed_with *with)
{
    char *other;
    *with = (struct signed_with){.header = {.timestamp = 1700000000 + (time_t)cases->list_count,
                                            .digest = TRUST_DIGEST_SHA1,
                                            .minor = 2}};
    if (word[strlen(word) - 1] == '!') {
        with->garbled = with->odd = true;
        word[strlen(word) - 1] = '\0';
    }
    char *digest = strchr(word, '/');
    if (digest != NULL) {
        *digest++ = '\0';
        with->header.digest = (enum trust_digest)trust_digest_by_name(digest);
    }
    const bool token = word[strlen(word) - 1] == '~';
    if (token)
        word[strlen(word) - 1] = '\0';
    if ((other = strchr(word, '>')) != NULL) {
        *other++ = '\0';
        with->header.serial = trust_cert_serial(cert_of(cases, other));
        with->header.ca_name = trust_name_cucm(trust_cert_issuer(cert_of(cases, other)));
    }
    with->cert = cert_of(cases, word);
    with->key = key_of(cases, word);
    with->odd = with->odd || token || other != NULL;
    if (token) {
        spell_as_token(with->cert, &with->spelling);
        with->header.ca_name = with->spelling.name;
        with->header.serial = (struct trust_bytes){with->spelling.serial, sizeof with->spelling.serial};
    }
}

static const struct trust_list *keep(struct helper_anchor *cases, struct trust_list *list)
{
    if (cases->list_count == LISTS_MAX)
        bad(cases, "too many lists");
    return cases->lists[cases->list_count++] = list;
}

/* The same file, read again; garbled: with a bit of its signature turned. */
static const struct trust_list *read_again(struct helper_anchor *cases, const struct trust_list *list,
                                           bool is_list, bool garbled)
{
    struct trust_error err = {0};
    struct trust_list *again;
    uint8_t *bytes = malloc(list->file.len);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, list->file.data, list->file.len);
    if (garbled)
        bytes[(size_t)(list->header.signature.data - list->file.data) + list->header.signature.len - 1] ^= 1;
    const struct trust_bytes file = {bytes, list->file.len};
    helper_ok(is_list ? trust_list_parse(file, &again, &err) : trust_signed_file_parse(file, &again, &err),
              &err);
    free(bytes);
    return keep(cases, again);
}

/* "SAST=pub.ccm", "TVS=pub.tvs#" (its hash alone), "SAST=token~" (as the CTL client), "TVS=pub.tvs^CN=x"
 * (under that issuer), "CCM+TFTP=@" (hollow), "TVS" (blank). */
static void read_record(struct helper_anchor *cases, char *word, struct trust_record_spec *record,
                        struct token_spelling *spelling)
{
    static const uint8_t address[4] = {10, 1, 1, 1};
    char *cert = strchr(word, '=');
    *record = (struct trust_record_spec){.form = TRUST_RECORD_BLANK, .hash = TRUST_DIGEST_SHA1};
    if (cert != NULL)
        *cert++ = '\0';
    const int role = trust_role_by_short_name(word);
    if (role < 0)
        bad(cases, "a function that is none");
    record->function = (uint16_t)role;
    if (cert == NULL)
        return;
    record->dns_name = "node";
    record->address = address;
    record->form = TRUST_RECORD_HOLLOW;
    if (strcmp(cert, "@") == 0)
        return;
    char *issuer = strchr(cert, '^');
    if (issuer != NULL) {
        *issuer++ = '\0';
        snprintf(spelling->name, sizeof spelling->name, "%s", issuer);
        record->issuer = spelling->name;
    }
    const char last = cert[strlen(cert) - 1];
    record->form = last == '#' ? TRUST_RECORD_HASH : TRUST_RECORD_WHOLE;
    if (last == '#' || last == '~')
        cert[strlen(cert) - 1] = '\0';
    record->cert = cert_of(cases, cert);
    if (last == '~') {
        record->form = TRUST_RECORD_CLIENT;
        spell_as_token(record->cert, spelling);
        record->issuer = record->subject = spelling->name;
        record->serial = (struct trust_bytes){spelling->serial, sizeof spelling->serial};
    }
}

/* "SIGNER | RECORD…" */
static const struct trust_list *read_list(struct helper_anchor *cases, char *text, const char *filename)
{
    struct trust_record_spec records[RECORDS_MAX];
    struct token_spelling spellings[RECORDS_MAX];
    struct signed_with with;
    size_t count = 0;
    char *rest = text, *word = strsep(&rest, " ");
    read_signer(cases, word, &with);
    with.header.filename = filename;
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word == '\0' || strcmp(word, "|") == 0)
            continue;
        if (count == RECORDS_MAX)
            bad(cases, "too many records");
        read_record(cases, word, &records[count], &spellings[count]);
        count++;
    }
    struct trust_signer *signer = helper_signer(with.cert, with.key);
    const struct trust_list *list = keep(cases, helper_build(&with.header, records, count, signer));
    trust_signer_free(signer);
    return with.garbled ? read_again(cases, list, true, true) : list;
}

static void read_configuration(struct helper_anchor *cases, char *text, struct trust_configuration *out)
{
    static const struct trust_bytes payload = {(const uint8_t *)"<device/>", 9};
    struct trust_error err = {0};
    struct trust_list *file;
    struct signed_with with;
    *out = (struct trust_configuration){0};
    if (strcmp(text, "unsigned") == 0)
        return;
    read_signer(cases, text, &with);
    out->signer = with.cert;
    out->digest = with.header.digest;
    if ((!cases->as_files && !with.odd) || trust_cert_key_type(with.cert) != TRUST_KEY_RSA)
        return;
    with.header.filename = "SEP001122334455.cnf.xml.sgn";
    with.header.minor = 0;
    struct trust_signer *signer = helper_signer(with.cert, with.key);
    helper_ok(trust_signed_file_build(&with.header, payload, signer, &file, &err), &err);
    trust_signer_free(signer);
    out->file = keep(cases, file);
    out->signer = NULL;
    if (with.garbled)
        out->file = read_again(cases, file, false, true);
}

/* ---- Servers and caches */

/* "pub.ccm=0,2": a certificate and its roles; "pub.ccm=": none. */
static struct trust_cert *read_known(struct helper_anchor *cases, char *word, struct trust_roles *roles)
{
    char *role, *rest = strchr(word, '=');
    *roles = (struct trust_roles){0};
    if (rest == NULL)
        bad(cases, "no roles");
    *rest++ = '\0';
    while ((role = strsep(&rest, ",")) != NULL)
        if (*role != '\0')
            ck_assert(trust_roles_add(roles, (uint8_t)atoi(role)));
    return cert_of(cases, word);
}

static const struct trust_index *build_index(struct helper_anchor *cases, struct trust_index_builder *builder)
{
    ck_assert_uint_lt(cases->index_count, INDEXES_MAX);
    return cases->indexes[cases->index_count++] = helper_index_build(builder);
}

/* "CERT [down] [newer] [unnamed] [strict] store NAME=ROLES… ctl NAME=ROLES…" */
static void read_server(struct helper_anchor *cases, char *text, struct trust_server *server)
{
    struct trust_index_builder *builders[2] = {NULL, NULL};
    char *rest = text, *word = strsep(&rest, " ");
    int source = -1;
    *server = (struct trust_server){.cert = cert_of(cases, word)};
    while ((word = strsep(&rest, " ")) != NULL) {
        struct trust_error err = {0};
        struct trust_roles roles;
        if (strcmp(word, "down") == 0)
            server->down = true;
        else if (strncmp(word, "ecdsa:", 6) == 0)
            server->ecdsa = cert_of(cases, word + 6);
        else if (strcmp(word, "newer") == 0)
            server->refuses_old_tls = true;
        else if (strcmp(word, "unnamed") == 0)
            server->unnamed = true;
        else if (strcmp(word, "strict") == 0)
            server->refuses_expired = true;
        else if (strcmp(word, "store") == 0 || strcmp(word, "ctl") == 0)
            builders[source = word[0] == 'c'] = helper_builder();
        else if (source < 0)
            bad(cases, "a server knows something, but not from where");
        else {
            const struct trust_cert *cert = read_known(cases, word, &roles);
            const struct trust_entry entry = helper_entry(cert, roles);
            helper_ok(trust_index_add(builders[source], &entry, &err), &err);
        }
    }
    server->store = builders[0] != NULL ? build_index(cases, builders[0]) : NULL;
    server->ctl = builders[1] != NULL ? build_index(cases, builders[1]) : NULL;
}

/* "NAME=ROLES SECONDS": until when */
static void read_cached(struct helper_anchor *cases, char *text)
{
    struct trust_held *held = &cases->now.held;
    struct trust_cached *cached = &cases->now.cache[held->cache_count++];
    char *until = strchr(text, ' ');
    ck_assert(until != NULL && held->cache_count <= 4);
    *until++ = '\0';
    cached->cert = read_known(cases, text, &cached->roles);
    cached->expires = atol(until);
    held->cache = cases->now.cache;
}

/* ---- Cases */

static void read_candidate(struct helper_anchor *cases, const char *key, char *text)
{
    const size_t i = cases->now.site.candidate_count++;
    char *colon = strstr(text, ": ");
    ck_assert(i < 4 && colon != NULL);
    *colon = '\0';
    snprintf(cases->now.phrases[i], sizeof cases->now.phrases[i], "%s", text);
    struct trust_candidate *candidate = &cases->now.candidates[i];
    *candidate = (struct trust_candidate){.phrase = cases->now.phrases[i]};
    if (strcmp(key, "candidate ctl") == 0)
        candidate->ctl = read_list(cases, colon + 2, "CTLFile.tlv");
    else if (strcmp(key, "candidate itl") == 0)
        candidate->itl = read_list(cases, colon + 2, "ITLFile.tlv");
    else if (strcmp(key, "candidate configuration") == 0) {
        candidate->has_configuration = true;
        read_configuration(cases, colon + 2, &candidate->configuration);
    } else
        bad(cases, "a candidate for what?");
    cases->now.site.candidates = cases->now.candidates;
}

static const struct trust_list *read_published(struct helper_anchor *cases, char *text, const char *filename,
                                               const struct trust_list *held)
{
    if (strcmp(text, "held") == 0)
        return read_again(cases, held, true, false);
    return read_list(cases, text, filename);
}

static void read_line(struct helper_anchor *cases, const char *key, char *text,
                      const struct trust_held *after)
{
    struct helper_anchor_case *now = &cases->now;
    if (strcmp(key, "family") == 0)
        now->family = trust_family_by_name(text);
    else if (strcmp(key, "held") == 0 && strcmp(text, "after") == 0)
        now->held = (struct trust_held){.ctl = after->ctl, .itl = after->itl};
    else if (strcmp(key, "held ctl") == 0)
        now->held.ctl = read_list(cases, text, "CTLFile.tlv");
    else if (strcmp(key, "held itl") == 0)
        now->held.itl = read_list(cases, text, "ITLFile.tlv");
    else if (strcmp(key, "cached") == 0)
        read_cached(cases, text);
    else if (strcmp(key, "now") == 0)
        now->now = atol(text);
    else if (strcmp(key, "ctl") == 0)
        now->site.ctl = read_published(cases, text, "CTLFile.tlv", now->held.ctl);
    else if (strcmp(key, "itl") == 0)
        now->site.itl = read_published(cases, text, "ITLFile.tlv", now->held.itl);
    else if (strcmp(key, "configuration") == 0)
        read_configuration(cases, text, &now->site.configuration);
    else if (strcmp(key, "anew") == 0)
        read_configuration(cases, text, &now->site.anew);
    else if (strcmp(key, "server") == 0) {
        ck_assert_uint_lt(now->site.server_count, 6);
        read_server(cases, text, &now->servers[now->site.server_count++]);
        now->site.servers = now->servers;
    } else if (strncmp(key, "candidate ", 10) == 0)
        read_candidate(cases, key, text);
    else if (strcmp(key, "expect") == 0)
        snprintf(now->expect, sizeof now->expect, "%s", text);
    else if (strcmp(key, "warnings") == 0)
        snprintf(now->warnings, sizeof now->warnings, "%s", text);
    else
        bad(cases, "a line that nothing reads");
}

struct helper_anchor *helper_anchor_open(const char *data_name)
{
    struct helper_anchor *cases = calloc(1, sizeof *cases);
    struct trust_error err = {0};
    ck_assert_ptr_nonnull(cases);
    cases->name = data_name;
    cases->file = fopen(fixture_path(data_name), "r");
    ck_assert_ptr_nonnull(cases->file);
    cases->key = helper_key("rsa:1024");
    cases->other_key = helper_key("rsa:1024");
    cases->ec_key = helper_key("ec:P-256");
    const struct trust_bytes pem = fixture_read("keys/rsa-4096.pem");
    helper_ok(trust_key_parse(pem, NULL, &cases->large_key, &err), &err);
    fixture_free(pem);
    return cases;
}

struct helper_anchor_case *helper_anchor_next(struct helper_anchor *cases, const struct trust_held *after,
                                              bool as_files)
{
    char line[1024];
    const struct trust_held before = *after;
    cases->now = (struct helper_anchor_case){.file = cases->name};
    cases->as_files = as_files;
    while (fgets(line, sizeof line, cases->file) != NULL) {
        cases->line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' && cases->now.name[0] != '\0')
            break;
        if (line[0] == '\0' || line[0] == '#')
            continue;
        char *text = strstr(line, ": ");
        if (text == NULL)
            bad(cases, "no colon");
        *text = '\0';
        text += 2;
        if (strcmp(line, "case") != 0) {
            read_line(cases, line, text, &before);
            continue;
        }
        cases->now.line = cases->line;
        snprintf(cases->now.name, sizeof cases->now.name, "%s", text);
    }
    if (cases->now.name[0] == '\0')
        return NULL;
    if (cases->now.family == NULL || cases->now.expect[0] == '\0')
        bad(cases, "a case without its family, or its end");
    return &cases->now;
}

void helper_anchor_close(struct helper_anchor *cases)
{
    for (size_t i = 0; i < cases->cert_count; i++)
        trust_cert_free(cases->certs[i].cert);
    for (size_t i = 0; i < cases->list_count; i++)
        trust_list_free(cases->lists[i]);
    for (size_t i = 0; i < cases->index_count; i++)
        trust_index_free(cases->indexes[i]);
    trust_key_free(cases->key);
    trust_key_free(cases->other_key);
    trust_key_free(cases->large_key);
    trust_key_free(cases->ec_key);
    fclose(cases->file);
    free(cases);
}

void helper_anchor_describe(const struct trust_fate *fate, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++) {
        const struct trust_step *step = &fate->step[i];
        len += (size_t)snprintf(out + len, size - len, "%s%s%s ", trust_how_name(step->how),
                                step->reason != TRUST_REASON_NONE ? ":" : "",
                                step->reason != TRUST_REASON_NONE ? trust_reason_name(step->reason) : "");
    }
    len += (size_t)snprintf(out + len, size - len, "| %s %s", trust_outcome_name(fate->outcome),
                            fate->outcome == TRUST_OUTCOME_FOLLOWS ? trust_how_name(fate->by)
                                                                   : trust_remedy_name(fate->remedy));
    for (size_t i = 0; i < 2 && fate->phrases[i] != NULL; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? ": " : " + ", fate->phrases[i]);
    len += (size_t)snprintf(out + len, size - len, "%s%s", fate->needs_signing ? " and signing" : "",
                            fate->needs_servers ? " and servers" : "");
    ck_assert_uint_lt(len, size);
}

void helper_anchor_describe_warnings(const struct trust_fate *fate, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (unsigned bit = 1; bit <= fate->warnings; bit <<= 1) {
        if ((fate->warnings & bit) != 0)
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "",
                                    trust_warning_name((enum trust_warning)bit));
    }
}
