/* What becomes of phones, one word for each kind of them: what they hold, their family, the TVS servers that
 * their configuration names. */
#ifndef TVSCTL_REHEARSE_WORDS_H
#define TVSCTL_REHEARSE_WORDS_H

#include "rehearse_holders.h"
#include "rehearse_site.h"

struct rehearse_word {
    size_t holder; /* of the holders */
    const struct trust_family *family;
    size_t node;            /* the one whose TVS alone the phone asks; REHEARSE_ALL_NODES */
    bool follows_now;       /* it takes what is published now, before the phrase */
    struct trust_fate fate; /* without what it holds then */
    const char *sooner;     /* a phone without lists that waits would follow if this was said before it came;
                               NULL: nothing */
};

struct rehearse_words {
    struct rehearse_word *items;
    size_t count;
    size_t judged; /* of them, those of phones that ask all nodes: these count */
    size_t waiting, stranded, by[TRUST_HOW_COUNT]; /* likewise; by: of those that follow */
    unsigned warnings;
};

#define REHEARSE_FAMILIES_MAX 20

struct rehearse_question {
    const struct rehearse_holders *holders;
    const struct trust_family *families[REHEARSE_FAMILIES_MAX];
    size_t family_count;
    struct trust_site (*view)(void *arg, bool after, size_t node, struct trust_server *servers);
    void *arg;
    size_t room;       /* that servers need */
    size_t node_count; /* ask also for phones that know one of these alone; 0: do not */
    time_t now;
};

/* A phone at a site, as trust_anchor_judge says. What it holds then is left out of the fate. */
int rehearse_fate(const struct trust_family *family, const struct trust_held *held,
                  const struct trust_site *site, time_t now, struct trust_fate *fate,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* The families that --family names, else the two general ones. TVSCTL_DONE, or said. */
int rehearse_families(struct tvsctl *ctl, struct rehearse_question *question);

/* Judge them all. A word of a phone that asks one node alone is there only where it differs from that of the
 * phones which ask all. Free with rehearse_words_fini, after a failure too. */
int rehearse_judge(const struct rehearse_question *question, struct rehearse_words *words,
                   struct trust_error *err) TRUST_MUST_CHECK;
void rehearse_words_fini(struct rehearse_words *words);

/* How words are told. */
struct rehearse_telling {
    const struct rehearse_words *words;
    const struct rehearse_question *question;
    const struct rehearse_site *after;
    bool has_before;
};

/* The table of those who do not follow, if there are such. */
int rehearse_print_table(FILE *out, const struct rehearse_telling *telling) TRUST_MUST_CHECK;

/* "by ITL 3, by TVS 1". Returns out. */
char *rehearse_print_ways(const struct rehearse_words *words, char *out, size_t size);

struct json;
/* The members "phones" (one object each) and their numbers, into an object. */
void rehearse_print_json(struct json *json, const struct rehearse_telling *telling);

/* "CTL: its signer stands in no list …": which file is refused, and why; "" for who follows. A new string;
 * NULL if memory ran out. */
char *rehearse_reason(const struct rehearse_telling *telling, const struct rehearse_word *word);
/* What to do; likewise. */
char *rehearse_remedy(const struct rehearse_word *word);

#endif
