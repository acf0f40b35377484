/* What guard rails promise (tvsctl/guard.h), phone by phone: who had the lists of which somebody said that
 * all phones have them, or newer ones, is stranded by no phrase that nobody forced. */
#ifndef TESTS_HISTORIES_PROMISE_H
#define TESTS_HISTORIES_PROMISE_H

#include "site.h"

struct promise {
    bool holds[HISTORY_PHONES];
    bool behind[HISTORY_PHONES]; /* stranded or waiting, when they were looked at last */
    size_t closed;               /* roll-outs of which somebody said that all are back */
    size_t forced;               /* guard rails that somebody forced his way past */
    bool was_opened;             /* a roll-out, ever */
};

/* Look at the site after an event. newest[i]: phone i follows, and holds the lists that were published last.
 */
void promise_renew(struct promise *promise, const struct site *site, const bool newest[HISTORY_PHONES]);

/* Whether the last phrase was forced past a guard rail: from then on until the next look. */
bool promise_was_forced(const struct promise *promise, const struct site *site);

/* Phone i is looked at after an event: whether the promise was broken by it. It is one for phones that
 * follow: whoever waits for a server that is down may lose its way to what comes then. by_phrase: nobody
 * forced anything, nothing else happened than a phrase that guard rails look at, and the phone can read what
 * comes (guard_is_of_choice). */
bool promise_is_broken(struct promise *promise, size_t i, bool is_stranded, bool follows, bool by_phrase);

/* Whether these are the lists that were published last; a family without ITL holds none. */
bool promise_is_newest(const struct site *site, const struct trust_list *ctl, const struct trust_list *itl,
                       bool knows_itl);

#endif
