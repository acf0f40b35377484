#include "bench_questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX   (256 * 1024 * 1024)
#define COUNT_MAX  100000
#define NAME       "CP-8861-SEP000000000000"
#define DIGITS     12
#define SESSION_AT 4 /* in the header */
#define PEM_BEGIN  "-----BEGIN CERTIFICATE-----"
#define PEM_END    "-----END CERTIFICATE-----"

struct question {
    uint8_t *message;
    size_t len;
    struct trust_bytes der; /* of the certificate, at the end of message's memory */
};

struct bench_questions {
    bool by_name;
    struct question *all;
    size_t count, room, longest;
    size_t digits_at; /* of the device's name, the same in all */
};

void bench_questions_free(struct bench_questions *questions)
{
    if (questions == NULL)
        return;
    for (size_t i = 0; i < questions->count; i++)
        free(questions->all[i].message);
    free(questions->all);
    free(questions);
}

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "questions: out of memory");
}

static int encode(const struct trust_cert *cert, bool by_name, struct question *out, struct trust_error *err)
{
    struct trust_bytes issuer = {0}, der = trust_cert_der(cert);
    const char *text = trust_name_cucm(trust_cert_issuer(cert));
    struct trust_request request = {.version = 1,
                                    .type = by_name ? TRUST_MSG_QUERY_REQ : TRUST_MSG_VERIFY_REQ,
                                    .device = {(const uint8_t *)NAME, strlen(NAME)}};
    uint8_t *message;
    issuer = (struct trust_bytes){(const uint8_t *)text, strlen(text)};
    if (by_name) {
        request.issuer = issuer;
        request.serial = trust_cert_serial(cert);
    } else {
        request.certificate = der;
    }
    *out = (struct question){0};
    int rc = trust_request_encode(&request, &message, &out->len, err);
    if (rc != 0)
        return rc;
    out->message = malloc(out->len + der.len);
    if (out->message == NULL) {
        free(message);
        return no_memory(err);
    }
    memcpy(out->message, message, out->len);
    memcpy(out->message + out->len, der.data, der.len);
    out->der = (struct trust_bytes){out->message + out->len, der.len};
    free(message);
    return 0;
}

static int add(struct bench_questions *questions, const struct trust_cert *cert, struct trust_error *err)
{
    if (questions->count == COUNT_MAX)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "more than %d certificates", COUNT_MAX);
    if (questions->count == questions->room) {
        size_t room = questions->room == 0 ? 16 : 2 * questions->room;
        struct question *all = reallocarray(questions->all, room, sizeof *all);
        if (all == NULL)
            return no_memory(err);
        questions->all = all;
        questions->room = room;
    }
    struct question *question = &questions->all[questions->count];
    int rc = encode(cert, questions->by_name, question, err);
    if (rc != 0)
        return rc;
    questions->count++;
    if (question->len > questions->longest)
        questions->longest = question->len;
    const uint8_t *name = memmem(question->message, question->len, NAME, strlen(NAME));
    questions->digits_at = (size_t)(name - question->message) + strlen(NAME) - DIGITS;
    return 0;
}

static int add_bundle(struct bench_questions *questions, struct trust_bytes bytes, struct trust_error *err)
{
    struct trust_bundle *bundle;
    int rc = trust_bundle_read(bytes, NULL, &bundle, err);
    for (size_t i = 0; rc == 0 && i < bundle->cert_count; i++)
        rc = add(questions, bundle->certs[i], err);
    trust_bundle_free(bundle);
    return rc;
}

/* PEM is taken block by block: a file may hold more than a bundle does. */
static int add_all(struct bench_questions *questions, struct trust_bytes bytes, struct trust_error *err)
{
    const uint8_t *at = memmem(bytes.data, bytes.len, PEM_BEGIN, strlen(PEM_BEGIN));
    const uint8_t *end = bytes.data + bytes.len;
    int rc = 0;
    if (at == NULL)
        return add_bundle(questions, bytes, err);
    while (rc == 0 && at != NULL) {
        const uint8_t *last = memmem(at, (size_t)(end - at), PEM_END, strlen(PEM_END));
        const uint8_t *behind = last != NULL ? last + strlen(PEM_END) : end;
        rc = add_bundle(questions, (struct trust_bytes){at, (size_t)(behind - at)}, err);
        at = memmem(behind, (size_t)(end - behind), PEM_BEGIN, strlen(PEM_BEGIN));
    }
    return rc;
}

int bench_questions_read(const char *path, bool by_name, struct bench_questions **out,
                         struct trust_error *err)
{
    struct trust_bytes bytes = {0};
    uint8_t *data;
    *out = NULL;
    struct bench_questions *questions = calloc(1, sizeof *questions);
    if (questions == NULL)
        return no_memory(err);
    questions->by_name = by_name;
    int rc = trust_file_read(path, FILE_MAX, &data, &bytes.len, NULL, err);
    if (rc != 0)
        goto out;
    bytes.data = data;
    rc = add_all(questions, bytes, err);
    free(data);
    if (rc == 0 && questions->count == 0)
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "no certificate in it");
    if (rc != 0) {
        rc = trust_error_prefix(err, rc, "%s", path);
        goto out;
    }
    *out = questions;
    questions = NULL;
out:
    bench_questions_free(questions);
    return rc;
}

size_t bench_questions_count(const struct bench_questions *questions)
{
    return questions->count;
}

size_t bench_questions_longest(const struct bench_questions *questions)
{
    return questions->longest;
}

size_t bench_questions_put(const struct bench_questions *questions, uint64_t number, uint32_t session,
                           uint64_t phone, uint8_t *out)
{
    static const char hex[] = "0123456789ABCDEF";
    const struct question *question = &questions->all[number % questions->count];
    memcpy(out, question->message, question->len);
    for (int i = 0; i < 4; i++)
        out[SESSION_AT + i] = (uint8_t)(session >> (24 - 8 * i));
    for (int i = 0; i < DIGITS; i++)
        out[questions->digits_at + (size_t)i] = (uint8_t)hex[phone >> (4 * (DIGITS - 1 - i)) & 15];
    return question->len;
}

enum bench_answer bench_questions_judge(const struct bench_questions *questions, uint64_t number,
                                        uint32_t session, struct trust_bytes message)
{
    const struct question *question = &questions->all[number % questions->count];
    enum trust_message_type type = questions->by_name ? TRUST_MSG_QUERY_RES : TRUST_MSG_VERIFY_RES;
    struct trust_response response;
    if (trust_response_decode(message, &response, NULL) != 0 || response.type != type ||
        response.session != session)
        return BENCH_ANSWER_WRONG;
    if (response.status != 0)
        return BENCH_ANSWER_NOT_TRUSTED;
    if (questions->by_name && (response.certificate.len != question->der.len ||
                               memcmp(response.certificate.data, question->der.data, question->der.len) != 0))
        return BENCH_ANSWER_WRONG;
    return BENCH_ANSWER_TRUSTED;
}
