/* tvsc verify: may this certificate be trusted? */
#include "commands.h"

#include "report.h"

#include <stdlib.h>

#define SESSION 0x3e9 /* where phones begin */

/* The first certificate of a file: of a server's chain, its own. */
static int read_cert(const char *path, struct trust_bundle **out, struct trust_error *err)
{
    struct trust_bytes bytes = {0};
    uint8_t *data;
    *out = NULL;
    int rc = trust_file_read(path, 1024 * 1024, &data, &bytes.len, NULL, err);
    if (rc != 0)
        return rc;
    bytes.data = data;
    rc = trust_bundle_read(bytes, NULL, out, err);
    free(data);
    if (rc != 0)
        return trust_error_prefix(err, rc, "%s", path);
    if ((*out)->cert_count > 0)
        return 0;
    trust_bundle_free(*out);
    *out = NULL;
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "%s: no certificate in it", path);
}

int command_verify(const struct options *options, FILE *out, struct trust_error *err)
{
    struct trust_bundle *bundle = NULL;
    struct trusted *trusted = NULL;
    struct exchange exchange = {0};
    struct trust_bytes bytes = {0};
    uint8_t *message = NULL;
    int status = TVSC_USAGE;
    if (exchange_check(options, err) != 0 || read_cert(options->operand, &bundle, err) != 0 ||
        trusted_read(options->trust, &trusted, err) != 0)
        goto out;
    struct trust_request request = {
        .version = 1,
        .type = TRUST_MSG_VERIFY_REQ,
        .session = SESSION,
        .device = options_bytes(options->device),
        .certificate = trust_cert_der(bundle->certs[0]),
    };
    if (trust_request_encode(&request, &message, &bytes.len, err) != 0)
        goto out;
    bytes.data = message;
    status = TVSC_NO_ANSWER;
    if (exchange_run(options, trusted, bytes, &request, &exchange, err) != 0)
        goto out;
    report_print(&(struct report){.exchange = &exchange, .cert = bundle->certs[0]}, options->json, out);
    status = exchange.response.status == 0 ? TVSC_TRUSTED : TVSC_NOT_TRUSTED;
out:
    exchange_fini(&exchange);
    free(message);
    trusted_free(trusted);
    trust_bundle_free(bundle);
    return status;
}
