#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_LIMIT ((size_t)1 << 20)
#define ROUNDS_MAX 500

static void table_fini(struct judge_table *table)
{
    for (size_t i = 0; i < table->subject_count; i++) {
        struct judge_subject *subject = &table->subjects[i];
        for (size_t k = 0; k < subject->answer_count; k++)
            free(subject->answers[k].text);
        trust_cert_free(subject->cert);
        trust_list_free(subject->list);
        free(subject->path);
    }
}

/* ---- Reading */

static struct trust_bytes text_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

static bool read_answer(const char *text, size_t len, struct judge_answer *answer)
{
    *answer = (struct judge_answer){.text = strndup(text, len)};
    if (answer->text == NULL)
        return false;
    answer->trusted = strcmp(answer->text, "no") != 0;
    for (const char *at = answer->text; answer->trusted; at++) {
        char *end;
        unsigned long role = strtoul(at, &end, 10);
        if (end == at || role > UINT8_MAX || !trust_roles_add(&answer->roles, (uint8_t)role))
            return false;
        at = end;
        if (*at != '+')
            return *at == '\0';
    }
    return true;
}

static bool read_answers(struct judge_subject *subject, const char *text, bool only_last)
{
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, "|");
        bool is_last = at[len] == '\0';
        if (is_last || !only_last) {
            if (subject->answer_count == JUDGE_ANSWERS_MAX)
                return false;
            if (!read_answer(at, len, &subject->answers[subject->answer_count++]))
                return false;
        }
        if (is_last)
            return true;
        at += len;
    }
}

static int read_list(struct judge_subject *subject, struct trust_bytes bytes, struct trust_error *err)
{
    int code = trust_list_parse(bytes, &subject->list, err);
    if (code == 0)
        code = trust_list_verify_self(subject->list, &subject->cert, err);
    if (code != 0)
        return code;
    subject->subject = subject->list->header.signer_name;
    subject->issuer = subject->list->header.ca_name;
    subject->serial = subject->list->header.serial;
    return 0;
}

static int read_cert(struct judge_subject *subject, struct trust_bytes bytes, struct trust_error *err)
{
    struct trust_bundle *bundle;
    int code = trust_bundle_read(bytes, NULL, &bundle, err);
    if (code != 0)
        return code;
    if (bundle->cert_count > 0) {
        subject->cert = trust_cert_ref(bundle->certs[0]);
        subject->subject = text_bytes(trust_name_cucm(trust_cert_subject(subject->cert)));
        subject->issuer = text_bytes(trust_name_cucm(trust_cert_issuer(subject->cert)));
        subject->serial = trust_cert_serial(subject->cert);
    } else {
        code = trust_error_set(err, TRUST_EMISSING, TRUST_NO_OFFSET, "there is no certificate in it");
    }
    trust_bundle_free(bundle);
    return code;
}

static int read_file(struct judge_subject *subject, struct trust_error *err)
{
    uint8_t *data;
    struct trust_bytes bytes = {0};
    const char *end = strrchr(subject->path, '.');
    int code = trust_file_read(subject->path, FILE_LIMIT, &data, &bytes.len, NULL, err);
    if (code != 0)
        return code;
    bytes.data = data;
    code = end != NULL && strcmp(end, ".tlv") == 0 ? read_list(subject, bytes, err)
                                                   : read_cert(subject, bytes, err);
    free(data);
    return code;
}

/* false: why says so. */
static bool table_add(struct judge_table *table, const char *text, bool only_last, char why[JUDGE_WHY_SIZE])
{
    struct trust_error err = {0};
    const char *answers = strrchr(text, '=');
    if (table->subject_count == JUDGE_SUBJECTS_MAX || answers == NULL) {
        snprintf(why, JUDGE_WHY_SIZE, "%.300s: too many files, or no answer for one", text);
        return false;
    }
    struct judge_subject *subject = &table->subjects[table->subject_count++];
    subject->path = strndup(text, (size_t)(answers - text));
    if (subject->path == NULL || !read_answers(subject, answers + 1, only_last)) {
        snprintf(why, JUDGE_WHY_SIZE, "%.300s: too many answers, or one is neither no nor roles", text);
        return false;
    }
    if (read_file(subject, &err) != 0) {
        snprintf(why, JUDGE_WHY_SIZE, "%.200s: %.250s", subject->path, err.text);
        return false;
    }
    return true;
}

struct judge_subject *judge_table_find(struct judge_table *table, const char *path)
{
    for (size_t i = 0; i < table->subject_count; i++)
        if (strcmp(table->subjects[i].path, path) == 0)
            return &table->subjects[i];
    return NULL;
}

/* ---- Asking and judging */

struct trust_request judge_request(const struct judge_subject *subject, uint64_t question)
{
    struct trust_request request = {.version = 1};
    if (question % 2 == 0 && subject->list == NULL) {
        request.type = TRUST_MSG_VERIFY_REQ;
        request.certificate = trust_cert_der(subject->cert);
    } else {
        request.type = TRUST_MSG_QUERY_REQ;
        request.subject = subject->subject;
        request.issuer = subject->issuer;
        request.serial = subject->serial;
    }
    return request;
}

static bool same_roles(const struct trust_roles *a, const struct trust_roles *b)
{
    return a->count == b->count && memcmp(a->code, b->code, a->count) == 0;
}

static bool is_answer(const struct judge_answer *answer, const struct trust_response *response)
{
    return answer->trusted ? response->status == 0 && response->has_roles && response->has_ttl &&
                                 same_roles(&answer->roles, &response->roles)
                           : response->status != 0 && !response->has_roles && !response->has_ttl;
}

/* A query that is answered "trusted" brings the certificate; nothing else does. */
static bool is_certificate(const struct trust_request *request, const struct trust_response *response,
                           struct trust_bytes der)
{
    if (request->type == TRUST_MSG_VERIFY_REQ || response->status != 0)
        return response->certificate.data == NULL;
    return response->certificate.len == der.len && memcmp(response->certificate.data, der.data, der.len) == 0;
}

int judge_response(const struct judge_subject *subject, const struct trust_request *request,
                   const struct trust_response *response)
{
    enum trust_message_type type =
        request->type == TRUST_MSG_VERIFY_REQ ? TRUST_MSG_VERIFY_RES : TRUST_MSG_QUERY_RES;
    if (response->type != type || !is_certificate(request, response, trust_cert_der(subject->cert)))
        return -1;
    for (size_t i = 0; i < subject->answer_count; i++)
        if (is_answer(&subject->answers[i], response))
            return (int)i;
    return -1;
}

void judge_count(struct judge_subject *subject, const struct trust_request *request, int answer)
{
    atomic_fetch_add(&subject->seen[answer], 1);
    atomic_fetch_add(&subject->right[request->type == TRUST_MSG_VERIFY_REQ ? 0 : 1], 1);
}

/* ---- Rounds */

static struct judge_round *rounds[ROUNDS_MAX];
static size_t round_count;
static struct judge_round *_Atomic now;
static bool in_order; /* of the rounds that begin from now on */

struct judge_round *judge_round_now(void)
{
    return atomic_load(&now);
}

/* only_last: the last of the answers in each word is the only one. */
static bool begin(char *const *words, size_t count, bool only_last, char why[JUDGE_WHY_SIZE])
{
    snprintf(why, JUDGE_WHY_SIZE, "nothing to ask for, or too many rounds");
    struct judge_round *round = round_count < ROUNDS_MAX ? calloc(1, sizeof *round) : NULL;
    bool made = round != NULL && count > 0;
    if (round != NULL) {
        round->in_order = in_order;
        rounds[round_count++] = round;
    }
    for (size_t i = 0; made && i < count; i++)
        made = table_add(&round->table, words[i], only_last, why);
    if (made)
        atomic_store(&now, round);
    return made;
}

bool judge_begin(char *const *words, size_t count, char why[JUDGE_WHY_SIZE])
{
    return begin(words, count, false, why);
}

void judge_end(void)
{
    for (size_t i = 0; i < round_count; i++) {
        table_fini(&rounds[i]->table);
        free(rounds[i]);
    }
    round_count = 0;
}

bool judge_goes_on(struct judge_round *round, int thread, size_t number, int answer)
{
    atomic_uchar *reached = &round->reached[thread][number];
    if (round->in_order && answer + 1 < atomic_load(reached))
        return false;
    atomic_store(reached, (unsigned char)(answer + 1));
    return true;
}

/* Whether each subject was asked for in every way and got a right answer. */
static bool is_asked(struct judge_round *round)
{
    for (size_t i = 0; i < round->table.subject_count; i++) {
        struct judge_subject *subject = &round->table.subjects[i];
        if ((subject->list == NULL && atomic_load(&subject->right[0]) == 0) ||
            atomic_load(&subject->right[1]) == 0)
            return false;
    }
    return true;
}

/* Whether each lasting connection brought the last answer wherever there are several. */
static bool is_settled(struct judge_round *round)
{
    for (size_t i = 0; i < round->table.subject_count; i++)
        for (int t = 0; round->table.subjects[i].answer_count > 1 && t < JUDGE_THREADS; t++)
            if (atomic_load(&round->reached[t][i]) != round->table.subjects[i].answer_count)
                return false;
    return true;
}

static bool wait_until(bool (*holds)(struct judge_round *round))
{
    const struct timespec nap = {.tv_nsec = 2000000};
    for (int turns = JUDGE_PATIENCE * 500; turns > 0; turns--) {
        if (holds(judge_round_now()))
            return true;
        nanosleep(&nap, NULL);
    }
    return false;
}

/* What the last `expect` said, for `settle`. */
struct words {
    char *word[JUDGE_SUBJECTS_MAX];
    size_t count;
};

static void keep(struct words *words, char **from, size_t count)
{
    while (words->count > 0)
        free(words->word[--words->count]);
    for (size_t i = 0; i < count; i++)
        words->word[words->count++] = strdup(from[i]);
}

static const char *obey(struct words *last, char **words, size_t count, char why[JUDGE_WHY_SIZE])
{
    if (strcmp(words[0], "settle") == 0) {
        if (!wait_until(is_settled))
            return "an answer that was to come did not";
        return begin(last->word, last->count, true, why) ? "settled" : why;
    }
    if (!wait_until(is_asked))
        return "not everything could be asked";
    keep(last, words + 1, count - 1);
    return begin(last->word, last->count, false, why) ? "expected" : why;
}

void judge_follow(FILE *in, FILE *out)
{
    struct words last = {0};
    char *line = NULL, *words[JUDGE_SUBJECTS_MAX + 1], why[JUDGE_WHY_SIZE];
    size_t size = 0;
    in_order = true;
    while (getline(&line, &size, in) > 0) {
        size_t count = 0;
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        while (rest != NULL && count < sizeof words / sizeof words[0])
            words[count++] = strsep(&rest, "\t");
        fprintf(out, "%s\n", obey(&last, words, count, why));
        fflush(out);
    }
    if (!wait_until(is_asked))
        fprintf(stderr, "hammer: not everything could be asked at the end\n");
    keep(&last, NULL, 0);
    free(line);
}
