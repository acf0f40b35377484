#include "report.h"

#include <stdio.h>

/* One element of an answer, as it lies there. */
struct element {
    unsigned tag, length;
};

/* The element at *at; false at the end. The answer was decoded before, so that all lengths fit. */
static bool next_element(const struct exchange *exchange, size_t *at, struct element *out)
{
    const uint8_t *frame = exchange->frame;
    if (*at + 3 > exchange->frame_len)
        return false;
    out->tag = frame[*at];
    out->length = (unsigned)frame[*at + 1] << 8 | frame[*at + 2];
    *at += 3 + out->length;
    return true;
}

static const char *serial_hex(const struct trust_cert *cert, char *hex, size_t size)
{
    struct trust_bytes serial = trust_cert_serial(cert);
    if (serial.len > (size - 1) / 2)
        serial.len = (size - 1) / 2;
    return trust_hex(serial, 0, true, hex);
}

static void print_roles(const struct trust_response *response, FILE *out)
{
    for (unsigned i = 0; i < response->roles.count; i++) {
        unsigned code = response->roles.code[i];
        fprintf(out, "%s%u (%s)", i > 0 ? ", " : "", code, trust_role_short_name((uint16_t)code));
    }
    fprintf(out, "%s\n", response->roles.count == 0 ? "none" : "");
}

static void print_text(const struct report *report, FILE *out)
{
    const struct exchange *exchange = report->exchange;
    const struct trust_response *response = &exchange->response;
    struct element element;
    char hex[128];
    fprintf(out, "Server:   %s, %s, %s\n", exchange->server, exchange->protocol, exchange->cipher);
    fprintf(out, "Status:   %u (%s)\n", response->status, response->status == 0 ? "trusted" : "not trusted");
    if (response->has_roles) {
        fputs("Roles:    ", out);
        print_roles(response, out);
    }
    if (response->has_ttl)
        fprintf(out, "TTL:      %lu seconds\n", (unsigned long)response->ttl);
    if (report->cert != NULL) {
        fprintf(out, "Subject:  %s\n", trust_name_cucm(trust_cert_subject(report->cert)));
        fprintf(out, "Issuer:   %s\n", trust_name_cucm(trust_cert_issuer(report->cert)));
        fprintf(out, "Serial:   %s\n", serial_hex(report->cert, hex, sizeof hex));
    }
    if (report->layout) {
        fprintf(out, "Answer:   %s, %zu bytes\n", trust_message_type_name((int)response->type),
                exchange->frame_len);
        fputs("Elements:", out);
        for (size_t at = TRUST_FRAME_HEADER; next_element(exchange, &at, &element);)
            fprintf(out, " %u[%u]", element.tag, element.length);
        fputc('\n', out);
    }
    if (report->file != NULL)
        fprintf(out, "Verified: %s\n", report->file);
    if (report->saved != NULL)
        fprintf(out, "Saved:    %s\n", report->saved);
}

void report_json_text(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fprintf(out, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

void report_json_member(const char *name, const char *text, FILE *out)
{
    fprintf(out, ",\"%s\":", name);
    report_json_text(text, out);
}

static void json_roles(const struct trust_response *response, FILE *out)
{
    fputs(",\"roles\":[", out);
    for (unsigned i = 0; i < response->roles.count; i++) {
        unsigned code = response->roles.code[i];
        fprintf(out, "%s{\"code\":%u,\"name\":\"%s\"}", i > 0 ? "," : "", code,
                trust_role_short_name((uint16_t)code));
    }
    fputc(']', out);
}

static void print_json(const struct report *report, FILE *out)
{
    const struct exchange *exchange = report->exchange;
    const struct trust_response *response = &exchange->response;
    struct element element;
    char hex[128];
    fprintf(out, "{\"status\":%u,\"trusted\":%s", response->status, response->status == 0 ? "true" : "false");
    if (response->has_roles)
        json_roles(response, out);
    if (response->has_ttl)
        fprintf(out, ",\"ttl\":%lu", (unsigned long)response->ttl);
    if (report->cert != NULL) {
        report_json_member("subject", trust_name_cucm(trust_cert_subject(report->cert)), out);
        report_json_member("issuer", trust_name_cucm(trust_cert_issuer(report->cert)), out);
        report_json_member("serial", serial_hex(report->cert, hex, sizeof hex), out);
    }
    report_json_member("server", exchange->server, out);
    report_json_member("protocol", exchange->protocol, out);
    report_json_member("cipher", exchange->cipher, out);
    if (report->layout) {
        report_json_member("type", trust_message_type_name((int)response->type), out);
        fprintf(out, ",\"length\":%zu,\"elements\":[", exchange->frame_len);
        const char *comma = "";
        for (size_t at = TRUST_FRAME_HEADER; next_element(exchange, &at, &element); comma = ",")
            fprintf(out, "%s{\"tag\":%u,\"length\":%u}", comma, element.tag, element.length);
        fputc(']', out);
    }
    if (report->file != NULL)
        report_json_member("verified", report->file, out);
    if (report->saved != NULL)
        report_json_member("saved", report->saved, out);
    fputs("}\n", out);
}

void report_print(const struct report *report, bool json, FILE *out)
{
    if (json)
        print_json(report, out);
    else
        print_text(report, out);
}
