/* What phones ask in a benchmark, encoded once, and whether an answer is right. */
#ifndef TVSC_BENCH_QUESTIONS_H
#define TVSC_BENCH_QUESTIONS_H

#include "trust.h"

#include <stdbool.h>

struct bench_questions;

enum bench_answer {
    BENCH_ANSWER_TRUSTED,
    BENCH_ANSWER_NOT_TRUSTED,
    BENCH_ANSWER_WRONG, /* no answer, or another's, or with another certificate */
};

/* A question for each certificate of the file (PEM, DER or PKCS#7; of PEM as many as 100 000): whether it is
 * trusted, or by_name for itself. Free with bench_questions_free. */
int bench_questions_read(const char *path, bool by_name, struct bench_questions **out,
                         struct trust_error *err) TRUST_MUST_CHECK;
void bench_questions_free(struct bench_questions *questions);
size_t bench_questions_count(const struct bench_questions *questions);

/* Question number (they come in turns) as a phone asks it, at the end of what a buffer of TRUST_FRAME_MAX
 * bytes each holds. Returns its length. */
size_t bench_questions_put(const struct bench_questions *questions, uint64_t number, uint32_t session,
                           uint64_t phone, uint8_t *out);

/* The longest of them, in bytes. */
size_t bench_questions_longest(const struct bench_questions *questions);

/* A whole message, the answer to question number. */
enum bench_answer bench_questions_judge(const struct bench_questions *questions, uint64_t number,
                                        uint32_t session, struct trust_bytes message);

#endif
