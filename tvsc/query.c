/* tvsc query: the certificate of a signer, by the names in the file that it signed. */
#include "commands.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>

#define SESSION 0x3e9 /* where phones begin */

/* What to ask for, and the file to be verified with the answer (list NULL: none). */
struct wanted {
    struct trust_bytes subject, issuer, serial;
    struct trust_list *list;
    uint8_t typed[256]; /* behind serial when it came from --serial */
};

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static int read_signed(const char *path, struct wanted *out, struct trust_error *err)
{
    struct trust_bytes file = {0};
    uint8_t *data;
    int rc = trust_file_read(path, TRUST_SIGNED_FILE_MAX, &data, &file.len, NULL, err);
    if (rc != 0)
        return rc;
    file.data = data;
    rc = ends_with(path, ".sgn") ? trust_signed_file_parse(file, &out->list, err)
                                 : trust_list_parse(file, &out->list, err);
    free(data);
    if (rc != 0)
        return trust_error_prefix(err, rc, "--file %s", path);
    out->subject = out->list->header.signer_name;
    out->issuer = out->list->header.ca_name;
    out->serial = out->list->header.serial;
    return 0;
}

static int read_wanted(const struct options *options, struct wanted *out, struct trust_error *err)
{
    *out = (struct wanted){0};
    if (options->file != NULL)
        return read_signed(options->file, out, err);
    size_t len = sizeof out->typed;
    int rc = trust_unhex(options->serial, out->typed, &len, err);
    if (rc == 0 && len == 0)
        rc = trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "no hexadecimal digits");
    if (rc != 0)
        return trust_error_prefix(err, rc, "--serial %s", options->serial);
    out->serial = (struct trust_bytes){out->typed, len};
    out->issuer = options_bytes(options->issuer);
    out->subject = options_bytes(options->subject);
    return 0;
}

/* Serial numbers of eTokens stand byte-reversed in the files of the CTL client. */
static bool is_wanted_serial(struct trust_bytes wanted, const struct trust_cert *cert)
{
    uint8_t reversed[256];
    if (trust_serial_equal(wanted, trust_cert_serial(cert)))
        return true;
    if (wanted.len > sizeof reversed)
        return false;
    for (size_t i = 0; i < wanted.len; i++)
        reversed[i] = wanted.data[wanted.len - 1 - i];
    return trust_serial_equal((struct trust_bytes){reversed, wanted.len}, trust_cert_serial(cert));
}

/* Does the file verify, as a phone would decide it? */
static int verify_file(const struct wanted *wanted, const struct options *options,
                       const struct trust_response *response, const struct trust_cert *cert,
                       struct trust_error *err)
{
    const struct trust_roles *roles = &response->roles;
    int rc = trust_list_verify(wanted->list, cert, err);
    if (rc != 0)
        return trust_error_prefix(err, rc, "%s", options->file);
    if (trust_roles_has(roles, TRUST_ROLE_SAST) || trust_roles_has(roles, TRUST_ROLE_CCM_TFTP) ||
        trust_roles_has(roles, TRUST_ROLE_TFTP))
        return 0;
    return trust_error_set(
        err, TRUST_EDENIED, TRUST_NO_OFFSET,
        "%s: the signer has none of the roles 0 (SAST), 2 (CCM+TFTP) and 3 (TFTP) that let a "
        "certificate sign files",
        options->file);
}

/* Take the certificate out of a "trusted" answer and check that it is the one. */
static int take_cert(const struct exchange *exchange, const struct wanted *wanted, struct trust_cert **out,
                     struct trust_error *err)
{
    *out = NULL;
    if (exchange->response.certificate.data == NULL)
        return trust_error_set(err, TRUST_EMISSING, TRUST_NO_OFFSET, "%s: trusted, but no certificate came",
                               exchange->server);
    int rc = trust_cert_from_der(exchange->response.certificate, out, err);
    if (rc != 0)
        return trust_error_prefix(err, rc, "%s: the certificate received", exchange->server);
    if (is_wanted_serial(wanted->serial, *out))
        return 0;
    trust_cert_free(*out);
    *out = NULL;
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                           "%s: the certificate received has another serial number than the one asked for",
                           exchange->server);
}

static int save_cert(const struct options *options, const struct trust_cert *cert, struct trust_error *err)
{
    char *pem;
    struct stat info;
    if (options->save == NULL)
        return 0;
    /* A rename would put a file in the place of /dev/null or of a terminal. */
    if (stat(options->save, &info) == 0 && !S_ISREG(info.st_mode))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "--save %s: something that is no regular file is there", options->save);
    int rc = trust_cert_to_pem(cert, &pem, err);
    if (rc == 0) {
        struct trust_bytes bytes = {(const uint8_t *)pem, strlen(pem)};
        rc = trust_file_replace(options->save, bytes, 0644, (uid_t)-1, (gid_t)-1, err);
        free(pem);
    }
    return rc;
}

static int judge(const struct options *options, const struct wanted *wanted, const struct exchange *exchange,
                 FILE *out, struct trust_error *err)
{
    struct report report = {.exchange = exchange};
    struct trust_cert *cert = NULL;
    int status = TVSC_NOT_TRUSTED;
    if (exchange->response.status == 0 && take_cert(exchange, wanted, &cert, err) == 0) {
        report.cert = cert;
        status = TVSC_TRUSTED;
        if (wanted->list != NULL && verify_file(wanted, options, &exchange->response, cert, err) != 0)
            status = TVSC_NOT_TRUSTED;
        else
            report.file = options->file;
        if (save_cert(options, cert, err) != 0)
            status = TVSC_USAGE;
        else
            report.saved = options->save;
    }
    report_print(&report, options->json, out);
    trust_cert_free(cert);
    return status;
}

int command_query(const struct options *options, FILE *out, struct trust_error *err)
{
    struct wanted wanted = {0};
    struct trusted *trusted = NULL;
    struct exchange exchange = {0};
    struct trust_bytes bytes = {0};
    uint8_t *message = NULL;
    int status = TVSC_USAGE;
    if (exchange_check(options, err) != 0 || read_wanted(options, &wanted, err) != 0 ||
        trusted_read(options->trust, &trusted, err) != 0)
        goto out;
    struct trust_request request = {
        .version = 1,
        .type = TRUST_MSG_QUERY_REQ,
        .session = SESSION,
        .device = options_bytes(options->device),
        .subject = wanted.subject,
        .issuer = wanted.issuer,
        .serial = wanted.serial,
    };
    if (trust_request_encode(&request, &message, &bytes.len, err) != 0)
        goto out;
    bytes.data = message;
    status = TVSC_NO_ANSWER;
    if (exchange_run(options, trusted, bytes, &request, &exchange, err) == 0)
        status = judge(options, &wanted, &exchange, out, err);
out:
    exchange_fini(&exchange);
    free(message);
    trusted_free(trusted);
    trust_list_free(wanted.list);
    return status;
}
