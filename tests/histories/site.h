/* The site of a history: its folders, what its operator says there, and what its TVS servers answer. No
 * sockets: a phone's question is answered by the functions that tvsd answers with. */
#ifndef TESTS_HISTORIES_SITE_H
#define TESTS_HISTORIES_SITE_H

#include "hardware.h"
#include "history.h"
#include "tests/tvsctl/helper.h"
#include "tvsc/phone.h"
#include "tvsd/sources.h"

#define SITE_WORDS_MAX 1024

/* What the servers of all nodes go by. */
struct site_answers {
    struct trust_index *store;
    struct ctl_file ctl;                                           /* list NULL: none is believed, */
    struct trust_index *none;                                      /* and this one is asked */
    struct trust_cert *wire[HISTORY_NODES], *ecdsa[HISTORY_NODES]; /* ecdsa NULL: none is shown */
};

struct site {
    const struct history *history;
    struct bench bench;
    char config_path[HISTORY_NODES][300];
    struct config *config[HISTORY_NODES]; /* NULL: there is no such node */
    bool down[HISTORY_NODES];
    struct hardware hardware;
    struct site_answers answers;
};

/* Set up: nodes, lists, a signed configuration file for each of the phones. */
void site_open(struct site *site, const struct history *history);
void site_close(struct site *site);

/* The words of an event as things stand now, and the node whose operator says them. false: it is no phrase,
 * and has happened; out says what it was. */
bool site_words(struct site *site, const struct history_event *event, char out[SITE_WORDS_MAX], size_t *node);

/* Say them for good, with --yes. Returns the exit status; what was said stands in the bench. */
int site_say(struct site *site, size_t node, const char *words);

/* Let the servers notice what is there now: the store, and CTLFile.tlv as tvsd believes it. */
void site_follow(struct site *site);

/* The same of other folders: those of config, from which the servers start anew. */
void site_answers_read(const struct site *site, const struct config *config, struct site_answers *out);
void site_answers_fini(struct site_answers *answers);

/* A way to the servers. Borrows all. */
struct site_way {
    const struct site *site;
    const struct site_answers *answers;
    bool all_up;
    size_t asked; /* questions that were answered */
};
struct phone_way site_way(struct site_way *way);

/* The name of a node's server, for net_parse. Static storage. */
const char *site_server(size_t node);

/* "SEP001122334400" and so on. */
#define SITE_FIRST_MAC UINT64_C(0x001122334400)

#endif
