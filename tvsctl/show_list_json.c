#include "print.h"
#include "show_list.h"

#include <string.h>

/* Everything of a certificate that people compare. A record's may be anything: then its digests alone. */
static void write_certificate(struct json *json, struct trust_bytes der)
{
    struct trust_cert *cert;
    char hex[SHOWN_HEX_SIZE], key[32];
    if (der.len == 0) {
        json_null(json, "certificate");
        return;
    }
    json_object(json, "certificate");
    json_number(json, "length", (int64_t)der.len);
    json_string(json, "sha1", shown_list_digest(TRUST_DIGEST_SHA1, der, 0, hex));
    json_string(json, "sha256", shown_list_digest(TRUST_DIGEST_SHA256, der, 0, hex));
    if (trust_cert_from_der(der, &cert, NULL) == 0) {
        json_string(json, "subject", trust_name_cucm(trust_cert_subject(cert)));
        json_string(json, "issuer", trust_name_cucm(trust_cert_issuer(cert)));
        json_serial(json, "serial", trust_cert_serial(cert));
        json_time(json, "not_before", trust_cert_not_before(cert));
        json_time(json, "not_after", trust_cert_not_after(cert));
        json_string(json, "key", print_key(cert, key, sizeof key));
        json_string(json, "signature_algorithm", trust_cert_signature_algorithm(cert));
    }
    trust_cert_free(cert);
    json_object_end(json);
}

static void write_text_or_null(struct json *json, const char *key, struct trust_bytes text)
{
    if (text.data == NULL)
        json_null(json, key);
    else
        json_text(json, key, text);
}

static void write_address(struct json *json, const struct trust_list_record *record)
{
    char text[16];
    const uint8_t *a = record->address;
    snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    json_string(json, "address", record->has_address ? text : NULL);
}

static void write_record(struct json *json, const struct shown_list *shown, size_t at)
{
    const struct trust_list_record *record = &shown->list->records[at];
    json_object(json, NULL);
    json_number(json, "number", (int64_t)at + 1);
    json_number(json, "offset", (int64_t)record->offset);
    json_number(json, "length", record->length);
    write_text_or_null(json, "dns_name", record->dns_name);
    write_text_or_null(json, "subject", record->subject);
    json_number(json, "function", record->function);
    json_string(json, "function_name", trust_role_function_name(record->function));
    json_string(json, "role", trust_role_short_name(record->function));
    write_text_or_null(json, "issuer", record->issuer);
    json_serial(json, "serial", record->serial);
    json_number(json, "public_key_length", (int64_t)record->public_key.len);
    json_hex(json, "public_key", record->public_key);
    json_number(json, "signature_length", (int64_t)record->signature.len);
    json_hex(json, "signature", record->signature);
    write_certificate(json, record->certificate);
    write_address(json, record);
    json_hex(json, "cert_hash", record->cert_hash);
    json_string(json, "hash_algorithm",
                record->hash_algorithm != 0 ? trust_digest_name((enum trust_digest)record->hash_algorithm)
                                            : NULL);
    json_bool(json, "signed_this_list", shown_list_signed_by(shown, record));
    json_object_end(json);
}

static void write_signer_version(struct json *json, const struct trust_list_header *header)
{
    char version[16] = "";
    for (size_t i = 0; i < header->element_count; i++)
        if (header->elements[i].tag == TRUST_HEADER_SIGNERVERSION && header->elements[i].value.len == 2)
            snprintf(version, sizeof version, "%u.%u", header->elements[i].value.data[0],
                     header->elements[i].value.data[1]);
    json_string(json, "signer_version", version[0] != '\0' ? version : NULL);
}

static void write_header(struct json *json, const struct trust_list_header *header)
{
    char version[16];
    snprintf(version, sizeof version, "%u.%u", header->major, header->minor);
    json_string(json, "version", version);
    json_number(json, "header_length", header->length);
    write_signer_version(json, header);
    json_text(json, "signer_name", header->signer_name);
    json_serial(json, "serial", header->serial);
    json_text(json, "ca_name", header->ca_name);
    json_number(json, "digest_code", header->digest);
    json_string(json, "digest", trust_digest_name((enum trust_digest)header->digest));
    json_number(json, "signature_algorithm", header->algorithm);
    json_number(json, "signature_modulus", header->modulus);
    json_number(json, "signature_length", (int64_t)header->signature.len);
    json_hex(json, "signature", header->signature);
    json_text(json, "filename", header->filename);
    json_number(json, "timestamp", header->timestamp);
    json_time(json, "modified", header->timestamp);
}

void show_list_json(const struct shown_list *shown, FILE *out)
{
    struct json json;
    char hex[SHOWN_HEX_SIZE];
    json_init(&json, out);
    json_object(&json, NULL);
    json_string(&json, "file", shown->path);
    json_string(&json, "kind", shown->kind);
    json_number(&json, "length", (int64_t)shown->file.len);
    json_string(&json, "md5", shown_list_digest(TRUST_DIGEST_MD5, shown->file, 0, hex));
    json_string(&json, "sha1", shown_list_digest(TRUST_DIGEST_SHA1, shown->file, 0, hex));
    json_bool(&json, "verified", shown->verified);
    json_string(&json, "signer_found_in", shown->signer_from);
    json_string(&json, "error", shown->verified ? NULL : trust_error_name(shown->err.code));
    json_string(&json, "reason", shown->verified ? NULL : shown->err.text);
    if (shown->list != NULL) {
        json_object(&json, "header");
        write_header(&json, &shown->list->header);
        json_object_end(&json);
        json_array(&json, "records");
        for (size_t i = 0; i < shown->list->record_count; i++)
            write_record(&json, shown, i);
        json_array_end(&json);
    }
    json_object_end(&json);
}
