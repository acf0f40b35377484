/* tvsc send: a recorded request, byte for byte. */
#include "commands.h"

#include "report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MAX (2 * TRUST_FRAME_MAX)

/* Hexadecimal text with blanks and line ends anywhere. The caller frees *out. */
static int read_hex(const char *path, uint8_t **out, size_t *len, struct trust_error *err)
{
    uint8_t *text;
    *out = NULL;
    int rc = trust_file_read(path, 4 * SEND_MAX, &text, len, NULL, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < *len; i++) {
        if (isspace(text[i]))
            text[i] = ' ';
    }
    *len = SEND_MAX;
    uint8_t *bytes = malloc(SEND_MAX);
    if (bytes == NULL)
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    else if ((rc = trust_unhex((const char *)text, bytes, len, err)) == 0 && *len == 0)
        rc = trust_error_set(err, TRUST_EEMPTY, TRUST_NO_OFFSET, "no hexadecimal digits");
    free(text);
    if (rc != 0) {
        free(bytes);
        return trust_error_prefix(err, rc, "%s", path);
    }
    *out = bytes;
    return 0;
}

int command_send(const struct options *options, FILE *out, struct trust_error *err)
{
    struct trusted *trusted = NULL;
    struct trust_cert *cert = NULL;
    struct exchange exchange = {0};
    struct trust_bytes bytes = {0};
    uint8_t *message = NULL;
    int status = TVSC_USAGE;
    if (exchange_check(options, err) != 0 || read_hex(options->operand, &message, &bytes.len, err) != 0 ||
        trusted_read(options->trust, &trusted, err) != 0)
        goto out;
    bytes.data = message;
    status = TVSC_NO_ANSWER;
    if (exchange_run(options, trusted, bytes, NULL, &exchange, err) != 0)
        goto out;
    status = exchange.response.status == 0 ? TVSC_TRUSTED : TVSC_NOT_TRUSTED;
    if (exchange.response.certificate.data != NULL &&
        trust_cert_from_der(exchange.response.certificate, &cert, err) != 0)
        status = TVSC_NOT_TRUSTED;
    report_print(&(struct report){.exchange = &exchange, .cert = cert, .layout = true}, options->json, out);
out:
    trust_cert_free(cert);
    exchange_fini(&exchange);
    free(message);
    trusted_free(trusted);
    return status;
}
