/* What the hammer asks for, and which answers are right. A table is constant once it is made, but for its
 * counts, which any thread may add to. */
#ifndef TESTS_IT_JUDGE_H
#define TESTS_IT_JUDGE_H

#include "trust.h"

#include <stdatomic.h>
#include <stdio.h>

#define JUDGE_SUBJECTS_MAX 24
#define JUDGE_ANSWERS_MAX  4
#define JUDGE_WHY_SIZE     512
#define JUDGE_THREADS      8
#define JUDGE_PATIENCE     20 /* seconds */

struct judge_answer {
    bool trusted;
    struct trust_roles roles;
    char *text; /* "no", or the roles: "0+4" */
};

/* A certificate, or a trust list: then its signer's, who is asked for by the names of the header alone. */
struct judge_subject {
    char *path;
    struct trust_list *list; /* NULL: a certificate */
    struct trust_cert *cert;
    struct trust_bytes subject, issuer, serial; /* as the question spells them */
    struct judge_answer answers[JUDGE_ANSWERS_MAX];
    size_t answer_count;
    atomic_ulong seen[JUDGE_ANSWERS_MAX];
    atomic_ulong right[2]; /* good answers by the certificate, and by its names */
};

struct judge_table {
    struct judge_subject subjects[JUDGE_SUBJECTS_MAX];
    size_t subject_count;
};

/* The subject with that path, or NULL. */
struct judge_subject *judge_table_find(struct judge_table *table, const char *path);

/* The question number `question` about a subject: by the certificate and by its names in turn. The session
 * and device are the caller's to fill in. */
struct trust_request judge_request(const struct judge_subject *subject, uint64_t question);

/* Which of the subject's answers this is; -1: none, or it does not fit the request. TTL and session are the
 * caller's to judge. */
int judge_response(const struct judge_subject *subject, const struct trust_request *request,
                   const struct trust_response *response);

/* Count a right answer. */
void judge_count(struct judge_subject *subject, const struct trust_request *request, int answer);

/* ---- Rounds: what is asked now ---- */

/* A table; with in_order its answers come in their order, and this is how far the lasting connection of each
 * thread has come in the answers to it. */
struct judge_round {
    struct judge_table table;
    bool in_order;
    atomic_uchar reached[JUDGE_THREADS][JUDGE_SUBJECTS_MAX]; /* the answer's number from 1; 0: none yet */
};

/* Ask this from now on: each word is "FILE=ANSWER[|ANSWER…]". A round of before lives until judge_end, since
 * a thread may still ask by it. false: why says so, and the round of before goes on. Main thread. */
bool judge_begin(char *const *words, size_t count, char why[JUDGE_WHY_SIZE]);
void judge_end(void);

/* The present round. */
struct judge_round *judge_round_now(void);

/* On one connection, which is one worker's, no answer comes after one that follows it in its subject's list,
 * if the round is in order. false: this one does. */
bool judge_goes_on(struct judge_round *round, int thread, size_t number, int answer);

/* Obey `expect` and `settle` until the end of the input. Main thread. */
void judge_follow(FILE *in, FILE *out);

#endif
