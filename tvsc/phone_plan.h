/* What `tvsc phone` is to do: its options, understood. */
#ifndef TVSC_PHONE_PLAN_H
#define TVSC_PHONE_PLAN_H

#include "exchange.h"
#include "phone_family.h"
#include "phone_fetch.h"

#include <time.h>

#define PHONE_FAMILIES_MAX 16
#define PHONE_TVS_MAX      3
#define PHONE_NAME_SIZE    sizeof "SEP001122334455"

/* How a question reaches a TVS server; as exchange_with, which all zero means: over TLS. */
struct phone_way {
    int (*ask)(void *context, const struct exchange_server *server, struct trust_bytes message,
               const struct trust_request *request, struct exchange *out, struct trust_error *err);
    void *context;
};

struct phone_plan {
    struct phone_source source;
    const char *state;                                       /* NULL: nothing is kept */
    uint64_t mac;                                            /* of the first phone */
    const struct phone_family *families[PHONE_FAMILIES_MAX]; /* taken in turns */
    unsigned family_count;
    struct net_target tvs[PHONE_TVS_MAX]; /* none: the configuration names them */
    unsigned tvs_count;
    struct phone_way way;
    struct net_target https[OPTIONS_LIST_MAX];
    unsigned https_count;
    int64_t tvs_timeout_ms, timeout_ms;
    int64_t clock_offset; /* seconds that the phones' clock is ahead of ours */
    unsigned count, at_once;
    bool fresh, json, verbose;
};

/* Errors: TRUST_EARGUMENT, TRUST_ENOTFOUND. The plan borrows the texts of options. */
int phone_plan_make(const struct options *options, struct phone_plan *out,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* Seconds since 1970 by the phones' clock. */
time_t phone_plan_now(const struct phone_plan *plan);

/* The name of the phone of that number, counted from 0: "SEP001122334455". */
void phone_plan_name(const struct phone_plan *plan, unsigned number, char out[PHONE_NAME_SIZE]);

#endif
