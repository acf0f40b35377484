#include "play.h"

#include "foretold.h"
#include "promise.h"
#include "tvsctl/guard.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPT_PHRASES 3

/* Phrases that were said at a copy of the site as it is now. */
struct attempt {
    size_t node;                          /* where they were said */
    const char *phrases[ATTEMPT_PHRASES]; /* borrowed; NULL: none */
    struct rehearse_place place;
    int status;
    struct site_answers answers; /* if the phrases were done */
};
#define ATTEMPTS_MAX 32

/* A history that is being played. */
struct play {
    const struct history *history;
    struct site site;
    struct sim sims[HISTORY_PHONES];
    FILE *told;
    struct play_result *result;
    struct promise promise;
    size_t node;                           /* whose operator speaks */
    struct attempt attempts[ATTEMPTS_MAX]; /* after this event; phones share them */
    size_t attempt_count;
};

static void disagree(struct play *play, const char *format, ...) TRUST_PRINTF(2, 3);

static void disagree(struct play *play, const char *format, ...)
{
    va_list args;
    if (play->result->disagrees)
        return;
    play->result->disagrees = true;
    va_start(args, format);
    vsnprintf(play->result->what, sizeof play->result->what, format, args);
    va_end(args);
}

/* ---- One phone: the word against the deed */

/* What the simulator made of a file, in the rehearsal's words. */
static enum trust_how how_of(const struct phone_verdict *verdict)
{
    static const enum trust_how by[] = {
        [PHONE_BY_NOTHING] = TRUST_HOW_COUNT, [PHONE_BY_CTL] = TRUST_HOW_CTL,
        [PHONE_BY_ITL] = TRUST_HOW_ITL,       [PHONE_BY_CACHE] = TRUST_HOW_TVS,
        [PHONE_BY_TVS] = TRUST_HOW_TVS,       [PHONE_BY_BLIND] = TRUST_HOW_BLIND,
    };
    switch (verdict->outcome) {
    case PHONE_IGNORED:
    case PHONE_MISSING:
        return TRUST_HOW_NONE;
    case PHONE_SAME:
        return TRUST_HOW_HELD;
    case PHONE_ACCEPTED:
        return by[verdict->by];
    case PHONE_UNSIGNED:
        return TRUST_HOW_BLIND;
    case PHONE_REFUSED:
        return TRUST_HOW_REFUSED;
    default:
        return TRUST_HOW_COUNT; /* nothing that the rehearsal foretells */
    }
}

/* The reasons of the simulator that one of the rehearsal's may have. */
static bool is_reason(enum trust_reason reason, enum phone_why why)
{
    static const struct {
        enum trust_reason reason;
        enum phone_why why;
    } same[] = {
        {TRUST_REASON_TOO_LARGE, PHONE_WHY_TOO_LARGE},
        {TRUST_REASON_DIGEST, PHONE_WHY_DIGEST},
        {TRUST_REASON_KEY_SIZE, PHONE_WHY_KEY_SIZE},
        {TRUST_REASON_KEY_KIND, PHONE_WHY_SIGNATURE},
        {TRUST_REASON_BAD_SIGNATURE, PHONE_WHY_SIGNATURE},
        {TRUST_REASON_FAMILY_WITHOUT_TVS, PHONE_WHY_NO_TVS},
        {TRUST_REASON_NO_TVS_RECORD, PHONE_WHY_NO_TVS_RECORD},
        {TRUST_REASON_SERVER_UNNAMED, PHONE_WHY_TVS_PEER},
        {TRUST_REASON_SERVER_CHANGED, PHONE_WHY_TVS_PEER},
        {TRUST_REASON_SERVER_DOWN, PHONE_WHY_TVS_SILENT},
        {TRUST_REASON_TVS_UNKNOWN, PHONE_WHY_TVS_DENIES},
        {TRUST_REASON_TVS_AMBIGUOUS, PHONE_WHY_TVS_DENIES},
        {TRUST_REASON_TVS_EXPIRED, PHONE_WHY_TVS_DENIES},
        {TRUST_REASON_TVS_NO_ROLE, PHONE_WHY_TVS_DENIES},
        {TRUST_REASON_TVS_NO_ROLE, PHONE_WHY_TVS_ROLE},
        /* The simulator does not look for records that do not sign. */
        {TRUST_REASON_WRONG_FUNCTION, PHONE_WHY_NO_TVS},
        {TRUST_REASON_WRONG_FUNCTION, PHONE_WHY_NO_TVS_RECORD},
        {TRUST_REASON_WRONG_FUNCTION, PHONE_WHY_TVS_PEER},
        /* One that is down is not looked at, so its certificate is unknown. */
        {TRUST_REASON_SERVER_UNNAMED, PHONE_WHY_TVS_SILENT},
        {TRUST_REASON_SERVER_CHANGED, PHONE_WHY_TVS_SILENT},
        {TRUST_REASON_WRONG_FUNCTION, PHONE_WHY_TVS_SILENT},
        {TRUST_REASON_SERVER_DOWN, PHONE_WHY_TVS_PEER},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (same[i].reason == reason && same[i].why == why)
            return true;
    return false;
}

static const struct phone_verdict *verdict_of(const struct phone *phone, size_t file)
{
    const struct phone_verdict *const verdicts[TRUST_ANCHOR_FILE_COUNT] = {
        &phone->ctl_verdict, &phone->itl_verdict, &phone->config_verdict};
    return verdicts[file];
}

static bool agrees(const struct trust_fate *fate, const struct phone *phone)
{
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++) {
        const struct phone_verdict *verdict = verdict_of(phone, i);
        const struct trust_step *step = &fate->step[i];
        /* A phone that asks for a signed configuration and finds none has refused nothing. */
        if (step->reason == TRUST_REASON_UNSIGNED && verdict->outcome == PHONE_MISSING)
            continue;
        if (how_of(verdict) != step->how)
            return false;
        if (step->how == TRUST_HOW_REFUSED && !is_reason(step->reason, verdict->why))
            return false;
    }
    return (phone_state_of(phone) == PHONE_FOLLOWS) == (fate->outcome == TRUST_OUTCOME_FOLLOWS);
}

static void put_both(FILE *out, const struct trust_fate *fate, const struct phone *phone)
{
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++) {
        const struct phone_verdict *verdict = verdict_of(phone, i);
        fprintf(out, "    %s: foretold %s (%s), then %s by %s (%s: %s)\n",
                trust_anchor_file_name((enum trust_anchor_file)i), trust_how_name(fate->step[i].how),
                trust_reason_name(fate->step[i].reason), phone_outcome_name(verdict->outcome),
                phone_by_name(verdict->by), phone_why_name(verdict->why), verdict->reason);
    }
    fprintf(out, "    foretold: %s, remedy %s%s%s%s%s\n", trust_outcome_name(fate->outcome),
            trust_remedy_name(fate->remedy), fate->phrases[0] != NULL ? ": " : "",
            fate->phrases[0] != NULL ? fate->phrases[0] : "", fate->phrases[1] != NULL ? "; " : "",
            fate->phrases[1] != NULL ? fate->phrases[1] : "");
}

static void complain(struct play *play, size_t i, const struct trust_fate *fate, const struct phone *phone,
                     const char *problem)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "  phone %zu (%s), servers %u: %s\n", i, play->sims[i].plan.families[0]->name,
            play->sims[i].servers, problem);
    put_both(out, fate, phone);
    fclose(out);
    disagree(play, "%s", text);
    free(text);
}

/* ---- Who waits, and who is stranded */

/* The plain files, which can be signed whoever signed them before. */
#define SIGN                                                                                                 \
    "file sign SEP001122334400.cnf.xml SEP001122334401.cnf.xml SEP001122334402.cnf.xml "                     \
    "SEP001122334403.cnf.xml"

static bool is_attempt(const struct attempt *attempt, size_t node, const char *const *phrases, size_t count)
{
    if (attempt->node != node)
        return false;
    for (size_t i = 0; i < ATTEMPT_PHRASES; i++) {
        const char *a = attempt->phrases[i], *b = i < count ? phrases[i] : NULL;
        if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
            return false;
    }
    return true;
}

static struct attempt *attempt_of(struct play *play, size_t node, const char *const *phrases, size_t count)
{
    size_t i = 0;
    while (i < play->attempt_count && !is_attempt(&play->attempts[i], node, phrases, count))
        i++;
    struct attempt *attempt = &play->attempts[i];
    if (i < play->attempt_count)
        return attempt;
    ck_assert_uint_lt(i, ATTEMPTS_MAX);
    play->attempt_count++;
    *attempt = (struct attempt){.node = node};
    for (size_t k = 0; k < count; k++)
        attempt->phrases[k] = phrases[k];
    attempt->status = foretold_try(&play->site, node, phrases, count, &attempt->place);
    if (attempt->status == TVSCTL_DONE)
        site_answers_read(&play->site, &attempt->place.config, &attempt->answers);
    return attempt;
}

static void forget_attempts(struct play *play)
{
    for (size_t i = 0; i < play->attempt_count; i++) {
        site_answers_fini(&play->attempts[i].answers);
        rehearse_place_remove(&play->attempts[i].place);
    }
    play->attempt_count = 0;
}

/* Whether the phone, with what it holds now and nothing remembered, follows once these phrases are said on a
 * node. */
static bool would_follow(struct play *play, size_t node, size_t i, const struct phone *phone,
                         const char *const *phrases, size_t count, bool all_up)
{
    const struct attempt *attempt = attempt_of(play, node, phrases, count);
    if (attempt->status != TVSCTL_DONE)
        return false;
    struct site_way way = {.site = &play->site, .answers = &attempt->answers, .all_up = all_up};
    struct phone *then = sim_boot(&play->sims[i], phone, false, attempt->place.tftp, &way);
    const bool follows = phone_state_of(then) == PHONE_FOLLOWS;
    phone_free(then);
    return follows;
}

static void check_waiting(struct play *play, size_t i, const struct trust_fate *fate,
                          const struct phone *phone)
{
    const bool sign = fate->needs_signing || fate->remedy == TRUST_REMEDY_SIGN_CONFIGURATION;
    const char *const phrases[] = {fate->phrases[0], fate->phrases[1], sign ? SIGN : NULL};
    bool follows = false;
    switch (fate->remedy) {
    case TRUST_REMEDY_PUBLISH:
    case TRUST_REMEDY_START_SERVER:
    case TRUST_REMEDY_SIGN_CONFIGURATION:
        for (size_t k = 0; !follows && k < HISTORY_NODES; k++) {
            /* Where this node cannot sign files, another one does. */
            const size_t node = k == 0 ? play->node : 1 - play->node;
            follows = play->site.config[node] != NULL &&
                      would_follow(play, node, i, phone, phrases, 3,
                                   fate->needs_servers || fate->remedy == TRUST_REMEDY_START_SERVER);
        }
        break;
    default:
        break;
    }
    if (!follows)
        complain(play, i, fate, phone, "foretold to be waiting, but the remedy does not reach it");
}

/* Nothing that publishes or signs lists may reach it. */
static void check_stranded(struct play *play, size_t i, const struct trust_fate *fate,
                           const struct phone *phone)
{
    static const char *const ctl[] = {NULL, "utils ctl update CTLFile", "utils ctl reset localkey",
                                      "utils ctl update CTLFile; utils ctl reset localkey"};
    static const char *const itl[] = {NULL, "utils itl update", "utils itl reset localkey",
                                      "utils itl update; utils itl reset localkey"};
    /* All pairs, on all nodes, would take too long: the one whose turn it is. */
    const size_t turn = (size_t)(play->history->seed + play->result->event), pair = turn % 16;
    const size_t node = play->site.config[1] != NULL ? turn / 16 % 2 : 0;
    const char *const phrases[] = {ctl[pair / 4], itl[pair % 4], SIGN};
    char problem[256];
    if (!would_follow(play, node, i, phone, phrases, 3, true))
        return;
    snprintf(problem, sizeof problem, "foretold to be stranded, but on %s `%s` and `%s` reach it",
             site_server(node), phrases[0] != NULL ? phrases[0] : "-", phrases[1] != NULL ? phrases[1] : "-");
    complain(play, i, fate, phone, problem);
}

/* ---- An event */

static void check_phone(struct play *play, size_t i, const struct trust_fate *fate, bool boots)
{
    struct site_way way = {.site = &play->site, .answers = &play->site.answers};
    struct sim *sim = &play->sims[i];
    struct phone *then = sim_boot(sim, sim->phone, true, play->site.bench.tftp, &way);
    play->result->words++;
    play->result->by[TRUST_OUTCOME_FOLLOWS - fate->outcome]++;
    if (!agrees(fate, then))
        complain(play, i, fate, then, "another word than deed");
    else if (fate->outcome == TRUST_OUTCOME_WAITING)
        check_waiting(play, i, fate, then);
    else if (fate->outcome == TRUST_OUTCOME_STRANDED)
        check_stranded(play, i, fate, then);
    if (boots)
        sim_become(sim, then);
    else
        phone_free(then);
}

static void tell(struct play *play, size_t event, size_t node, const char *words, int status)
{
    if (play->told == NULL)
        return;
    fprintf(play->told, "  %zu. %s%s%s", event + 1, node > 0 ? "on sub: " : "", words,
            status == TVSCTL_DONE ? "" : " (refused)");
    fprintf(play->told, "; boot:");
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        if ((play->history->events[event].boots >> i & 1) != 0)
            fprintf(play->told, " %zu", i);
    fputc('\n', play->told);
}

static void find_newest(const struct play *play, bool newest[HISTORY_PHONES])
{
    for (size_t i = 0; i < HISTORY_PHONES; i++) {
        const struct sim *sim = &play->sims[i];
        newest[i] = sim->family->knows_tvs && phone_state_of(sim->phone) == PHONE_FOLLOWS &&
                    promise_is_newest(&play->site, sim->phone->ctl, sim->phone->itl, sim->family->knows_itl);
    }
}

/* The operator has seen every phone come back. */
static void come_back(struct play *play)
{
    struct site_way way = {.site = &play->site, .answers = &play->site.answers};
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        sim_become(&play->sims[i],
                   sim_boot(&play->sims[i], play->sims[i].phone, true, play->site.bench.tftp, &way));
}

static bool is_guarded(const struct play *play, int status)
{
    return status == TVSCTL_REFUSED && play->site.bench.err != NULL &&
           strstr(play->site.bench.err, "tvsctl: refused by guard rail ") != NULL;
}

static void foretell_all(struct play *play, struct foretold *foretold, const char *words,
                         struct foretold_fate fates[HISTORY_PHONES])
{
    foretold_open(foretold, &play->site, play->node, words);
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        foretold_word(foretold, &play->sims[i], &fates[i]);
}

/* The rehearsal of a phrase which one of our own keys signs, and that is in a token, needs no token. */
static bool lacks_token(const struct play *play, int status, const struct foretold *foretold)
{
    return status == TVSCTL_REFUSED && foretold->status == TVSCTL_DONE &&
           hardware_lacks(&play->site.hardware) && play->site.bench.err != NULL &&
           strstr(play->site.bench.err, "token") != NULL;
}

/* What a guard rail or the lack of a token refused has not happened: what the phones fare then is foretold
 * anew. */
static int say(struct play *play, const char *words, struct foretold *foretold,
               struct foretold_fate fates[HISTORY_PHONES])
{
    foretold_end(foretold);
    const int status = site_say(&play->site, play->node, words);
    play->result->by[3] += status != TVSCTL_DONE;
    const bool guarded = is_guarded(play, status);
    if (guarded || lacks_token(play, status, foretold)) {
        play->result->guarded += guarded;
        foretold_close(foretold);
        foretell_all(play, foretold, "", fates);
    } else if (status != foretold->status) {
        disagree(play, "  foretold to end with %d (%s), it ended with %d: %s\n", foretold->status,
                 foretold->run.errors, status, play->site.bench.err != NULL ? play->site.bench.err : "");
    }
    return status;
}

/* Whether what was done without force is held to the promise for a phone. That all phones are back is the
 * operator's word: the promise is for those that are. One phrase no guard rail refuses
 * (ctl_non_secure_mode): its question shows whom it strands. */
static bool is_held_to(const struct history_event *what, bool is_newest)
{
    return what->kind != HISTORY_NON_SECURE && (what->kind != HISTORY_CLOSE || is_newest);
}

/* Who follows by what it remembers alone, and not for long, is struck already. done: by a phrase that nobody
 * forced. */
static void check_promises(struct play *play, const struct history_event *what,
                           const struct foretold_fate fates[HISTORY_PHONES], bool done)
{
    bool newest[HISTORY_PHONES];
    find_newest(play, newest);
    for (size_t i = 0; i < HISTORY_PHONES && !play->result->disagrees; i++) {
        const struct trust_fate *fate = &fates[i].bare;
        const bool by_phrase = done && is_held_to(what, newest[i]) && !guard_is_of_choice(fate->reason);
        play->result->kept += play->promise.holds[i];
        if (promise_is_broken(&play->promise, i, fate->outcome == TRUST_OUTCOME_STRANDED,
                              fate->outcome == TRUST_OUTCOME_FOLLOWS, by_phrase))
            complain(play, i, fate, play->sims[i].phone, "promised to be kept, and stranded");
    }
}

static void play_event(struct play *play, size_t event)
{
    const struct history_event *what = &play->history->events[event];
    struct foretold foretold;
    struct foretold_fate fates[HISTORY_PHONES];
    bool newest[HISTORY_PHONES];
    char words[SITE_WORDS_MAX];
    int status = TVSCTL_DONE;
    bool is_phrase = site_words(&play->site, what, words, &play->node);
    if (what->kind == HISTORY_CLOSE && what->is_true)
        come_back(play);
    foretell_all(play, &foretold, is_phrase ? words : "", fates);
    if (is_phrase)
        status = say(play, words, &foretold, fates);
    tell(play, event, play->node, words, status);
    site_follow(&play->site);
    const bool forced = promise_was_forced(&play->promise, &play->site);
    play->result->forced += forced;
    check_promises(play, what, fates, is_phrase && !forced && status == TVSCTL_DONE);
    for (size_t i = 0; i < HISTORY_PHONES && !play->result->disagrees; i++)
        check_phone(play, i, &fates[i].full, (what->boots >> i & 1) != 0);
    find_newest(play, newest);
    promise_renew(&play->promise, &play->site, newest);
    forget_attempts(play);
    foretold_close(&foretold);
}

/* ---- All of them */

static void open_phones(struct play *play)
{
    struct site_way way = {.site = &play->site, .answers = &play->site.answers};
    for (unsigned i = 0; i < HISTORY_PHONES; i++) {
        struct sim *sim = &play->sims[i];
        sim_open(sim, &play->history->phones[i], i);
        if (play->history->phones[i].boots_at_once)
            sim_become(sim, sim_boot(sim, sim->phone, false, play->site.bench.tftp, &way));
    }
}

static void tell_site(const struct play *play)
{
    const struct history *history = play->history;
    if (play->told == NULL)
        return;
    fprintf(play->told, "  site:%s%s%s%s%s%s%s%s%s%s%s\n", history->is_mixed ? " mixed" : " non-secure",
            history->has_sub ? ", two nodes" : "",
            history->has_hardware ? ", real tokens"
            : history->has_tokens ? ", tokens"
                                  : "",
            history->no_recovery ? ", no ITLRecovery" : "",
            history->recovery_signs ? ", ITLRecovery signs" : "", history->sha512 ? ", sha512" : "",
            history->records_hash ? ", hashes" : "", history->manual ? ", ITL by hand" : "",
            history->refuse_expired ? ", expired refused" : "", history->new_tls ? ", no TLS 1.0" : "",
            history->refuse_older ? ", older CTLs refused" : "");
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        fprintf(play->told, "  phone %zu: %s, servers %u%s\n", i, play->sims[i].plan.families[0]->name,
                play->sims[i].servers, history->phones[i].boots_at_once ? "" : ", fresh");
}

void play_history(const struct history *history, FILE *told, struct play_result *result)
{
    struct play play = {.history = history, .told = told, .result = result};
    *result = (struct play_result){0};
    site_open(&play.site, history);
    open_phones(&play);
    tell_site(&play);
    bool newest[HISTORY_PHONES];
    find_newest(&play, newest);
    promise_renew(&play.promise, &play.site, newest);
    for (size_t i = 0; i < history->event_count && !result->disagrees; i++) {
        result->event = i;
        play_event(&play, i);
    }
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        sim_close(&play.sims[i]);
    site_close(&play.site);
}
