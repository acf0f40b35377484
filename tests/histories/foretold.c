#include "foretold.h"

#include "clock.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

/* ---- A run */

static void run_open(struct foretold_run *run, struct config *config, const char *text)
{
    char *split[32], *save = NULL, problem[256];
    int count = 0;
    *run = (struct foretold_run){.session = {.grammar = &grammar}};
    snprintf(run->text, sizeof run->text, "%s", text);
    for (char *word = strtok_r(run->text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        ck_assert_int_lt(count, 32);
        split[count++] = word;
    }
    FILE *err = open_memstream(&run->errors, &run->errors_size);
    ck_assert_ptr_nonnull(err);
    run->session.io = (struct tvsctl_io){-1, err, err};
    run->ctl =
        (struct tvsctl){.io = run->session.io, .config = config, .session = &run->session, .now = time(NULL)};
    const char *wrong =
        flags_parse(count, split, &run->ctl.flags, run->words, &run->count, problem, sizeof problem);
    ck_assert_msg(wrong == NULL, "%s: %s", text, problem);
    ck_assert_int_eq(token_keys_begin(&run->tokens, &run->ctl), TVSCTL_DONE);
}

static void run_close(struct foretold_run *run)
{
    token_keys_fini(&run->tokens);
    fclose(run->session.io.err);
    free(run->errors);
}

/* ---- The word */

void foretold_open(struct foretold *foretold, struct site *site, size_t node, const char *words)
{
    *foretold = (struct foretold){.site = site};
    clock_pass(1);
    run_open(&foretold->run, site->config[node], words);
    must(rehearse_place_make(site->config[node], REHEARSE_WHOLE, &foretold->place, &err));
    if (words[0] != '\0')
        foretold->status =
            rehearse_run(&foretold->run.ctl, &foretold->place, foretold->run.words, foretold->run.count);
    fflush(foretold->run.session.io.err);
    must(rehearse_site_read(&foretold->place.config, &foretold->after, &err));
}

void foretold_end(struct foretold *foretold)
{
    rehearse_place_remove(&foretold->place);
    ck_assert(!trust_is_pretending());
}

void foretold_close(struct foretold *foretold)
{
    rehearse_candidates_fini(&foretold->candidates);
    rehearse_site_fini(&foretold->after);
    rehearse_place_remove(&foretold->place);
    run_close(&foretold->run);
}

/* The servers of its configuration in its order; down as they are. */
static size_t view_servers(const struct foretold *foretold, const struct sim *sim,
                           struct trust_server *servers)
{
    const struct site *site = foretold->site;
    struct trust_server all[8], *of[HISTORY_NODES] = {NULL};
    size_t nodes[HISTORY_NODES], count = sim_servers(sim, site, nodes);
    ck_assert_uint_le(foretold->after.node_count, sizeof all / sizeof all[0]);
    rehearse_site_view(&foretold->after, REHEARSE_ALL_NODES, all);
    /* Its own node comes first; that is the one which said the phrase. */
    for (size_t i = 0; i < foretold->after.node_count; i++) {
        const bool is_sub = strncmp(foretold->after.nodes[i].name, "sub", 3) == 0;
        of[is_sub ? 1 : 0] = &all[i];
    }
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(of[nodes[i]]);
        servers[i] = *of[nodes[i]];
        servers[i].down = site->down[nodes[i]];
    }
    if (count == 1 && of[1 - nodes[0]] != NULL) {
        servers[count] = *of[1 - nodes[0]];
        servers[count].down = site->down[1 - nodes[0]];
        servers[count++].unnamed = true;
    }
    return count;
}

static void judge(struct foretold *foretold, const struct sim *sim, bool cached, struct trust_fate *fate)
{
    struct trust_server servers[8];
    struct trust_cached answers[PHONE_CACHE_MAX];
    const struct phone *phone = sim->phone;
    struct trust_held held = {.ctl = phone->ctl,
                              .itl = phone->itl,
                              .cache = answers,
                              .cache_count = cached ? phone->cache.count : 0};
    for (size_t i = 0; i < phone->cache.count; i++)
        answers[i] = (struct trust_cached){phone->cache.entries[i].cert, phone->cache.entries[i].roles,
                                           phone->cache.entries[i].expires};
    struct trust_server all[8];
    struct trust_site view = rehearse_site_view(&foretold->after, REHEARSE_ALL_NODES, all);
    view.servers = servers;
    view.server_count = view_servers(foretold, sim, servers);
    view.candidates = foretold->candidates.items;
    view.candidate_count = foretold->candidates.count;
    must(rehearse_fate(sim->family, &held, &view, time(NULL), fate, &err));
}

static void judge_both(struct foretold *foretold, const struct sim *sim, struct foretold_fate *fate)
{
    judge(foretold, sim, true, &fate->full);
    fate->bare = fate->full;
    if (sim->phone->cache.count > 0)
        judge(foretold, sim, false, &fate->bare);
}

void foretold_word(struct foretold *foretold, const struct sim *sim, struct foretold_fate *fate)
{
    judge_both(foretold, sim, fate);
    if ((fate->full.outcome == TRUST_OUTCOME_FOLLOWS && fate->bare.outcome == TRUST_OUTCOME_FOLLOWS) ||
        foretold->has_candidates)
        return;
    must(rehearse_candidates_read(&foretold->run.ctl, &foretold->place, &foretold->candidates, &err));
    foretold->has_candidates = true;
    judge_both(foretold, sim, fate);
}

/* ---- Trying */

static int say_one(struct site *site, size_t node, struct rehearse_place *place, const char *words)
{
    struct foretold_run run;
    ck_assert_ptr_nonnull(site->config[node]);
    place->config.node = site->config[node]->node;
    run_open(&run, site->config[node], words);
    int status = rehearse_run(&run.ctl, place, run.words, run.count);
    run_close(&run);
    return status;
}

/* Phrases, "; " between them: on this node or, behind "on NODE: ", on that one. */
static int say_all(struct site *site, size_t node, struct rehearse_place *place, const char *phrases)
{
    char text[SITE_WORDS_MAX], *save = NULL;
    const char *said = strncmp(phrases, "on ", 3) == 0 ? strstr(phrases, ": ") : NULL;
    int status = 0;
    if (said != NULL)
        node = strncmp(phrases + 3, "sub", 3) == 0 ? 1 : 0;
    snprintf(text, sizeof text, "%s", said != NULL ? said + 2 : phrases);
    for (char *one = strtok_r(text, ";", &save); one != NULL && status == 0; one = strtok_r(NULL, ";", &save))
        status = say_one(site, node, place, one);
    return status;
}

/* A rehearsal's copy has but the names of plain files, and an empty one is not signed. */
static void fill_configurations(const struct rehearse_place *place)
{
    char path[sizeof place->tftp + 40];
    for (unsigned i = 0; i < HISTORY_PHONES; i++) {
        snprintf(path, sizeof path, "%s/SEP%012" PRIX64 ".cnf.xml", place->tftp, SITE_FIRST_MAC + i);
        FILE *file = fopen(path, "w");
        ck_assert_msg(file != NULL && fputs("<device/>", file) >= 0 && fclose(file) == 0, "%s", path);
    }
}

int foretold_try(struct site *site, size_t node, const char *const phrases[], size_t count,
                 struct rehearse_place *place)
{
    int status = 0;
    clock_pass(1);
    must(rehearse_place_make(site->config[node], REHEARSE_WHOLE, place, &err));
    fill_configurations(place);
    for (size_t i = 0; i < count && status == 0; i++)
        if (phrases[i] != NULL)
            status = say_all(site, node, place, phrases[i]);
    return status;
}
