/* utils rehearse PHRASE…: the very phrase, on a copy, and what phones would then find. */
#include "rehearse.h"
#include "guard.h"
#include "handlers.h"
#include "json.h"
#include "print.h"
#include "say.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void rehearsal_fini(struct rehearsal *rehearsal)
{
    rehearse_words_fini(&rehearsal->words);
    rehearse_candidates_fini(&rehearsal->candidates);
    rehearse_holders_fini(&rehearsal->holders);
    rehearse_site_fini(&rehearsal->after);
    rehearse_site_fini(&rehearsal->before);
    rehearse_place_remove(&rehearsal->place);
}

/* ---- Before the phrase, and after it */

static int read_holders(struct rehearsal *rehearsal, struct trust_error *err)
{
    char folder[PATH_MAX / 2];
    if (flag_given(&rehearsal->ctl->flags, FLAG_INSTALLED))
        return 0;
    snprintf(folder, sizeof folder, "%s/held", rehearsal->place.folder.path);
    return rehearse_holders_read(&rehearsal->place.config, &rehearsal->before.lists, folder,
                                 &rehearsal->holders, err);
}

int rehearsal_prepare(struct rehearsal *rehearsal, struct trust_error *err)
{
    int code = rehearse_place_make(rehearsal->ctl->config, REHEARSE_WHOLE, &rehearsal->place, err);
    if (code == 0)
        code = rehearse_site_read(&rehearsal->place.config, &rehearsal->before, err);
    return code == 0 ? read_holders(rehearsal, err) : code;
}

static struct trust_site view(void *arg, bool after, size_t node, struct trust_server *servers)
{
    const struct rehearsal *rehearsal = arg;
    struct trust_site site =
        rehearse_site_view(after ? &rehearsal->after : &rehearsal->before, node, servers);
    if (after) {
        site.candidates = rehearsal->candidates.items;
        site.candidate_count = rehearsal->candidates.count;
    }
    return site;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

int rehearsal_look(struct rehearsal *rehearsal, struct trust_error *err)
{
    struct rehearse_question *question = &rehearsal->question;
    int code = rehearse_site_read(&rehearsal->place.config, &rehearsal->after, err);
    question->holders = &rehearsal->holders;
    question->view = view;
    question->arg = rehearsal;
    question->room = larger(rehearsal->before.node_count, rehearsal->after.node_count);
    question->node_count = rehearsal->after.node_count;
    question->now = rehearsal->ctl->now;
    return code;
}

int rehearsal_read_candidates(struct rehearsal *rehearsal, struct trust_error *err)
{
    if (rehearsal->has_candidates)
        return 0;
    rehearsal->has_candidates = true;
    return rehearse_candidates_read(rehearsal->ctl, &rehearsal->place, &rehearsal->candidates, err);
}

/* Candidates are made only where somebody does not follow: each costs a copy. */
static int judge_general(struct rehearsal *rehearsal, struct trust_error *err)
{
    const struct rehearse_question *question = &rehearsal->question;
    int code = rehearse_judge(question, &rehearsal->words, err);
    bool some = false; /* also of those that ask one node alone */
    for (size_t i = 0; code == 0 && i < rehearsal->words.count; i++)
        some = some || rehearsal->words.items[i].fate.outcome != TRUST_OUTCOME_FOLLOWS;
    if (code != 0 || !some)
        return code;
    rehearse_words_fini(&rehearsal->words);
    code = rehearsal_read_candidates(rehearsal, err);
    return code == 0 ? rehearse_judge(question, &rehearsal->words, err) : code;
}

static int judge_others(struct rehearsal *rehearsal, struct trust_error *err)
{
    const struct rehearse_question *question = &rehearsal->question;
    int code = rehearse_worse_look(question, &rehearsal->words, &rehearsal->worse, err);
    if (code != 0 || rehearsal->worse.count == 0 || rehearsal->has_candidates)
        return code;
    code = rehearsal_read_candidates(rehearsal, err);
    return code == 0 ? rehearse_worse_look(question, &rehearsal->words, &rehearsal->worse, err) : code;
}

int rehearsal_judge(struct rehearsal *rehearsal, struct trust_error *err)
{
    int code = judge_general(rehearsal, err);
    return code == 0 && !flag_given(&rehearsal->ctl->flags, FLAG_FAMILY) ? judge_others(rehearsal, err)
                                                                         : code;
}

/* ---- Telling */

static void print_looked_at(const struct rehearsal *rehearsal, FILE *out)
{
    const struct rehearse_holders *holders = &rehearsal->holders;
    size_t pairs = 0, merged = 0;
    bool fresh = false;
    for (size_t i = 0; i < holders->count; i++) {
        merged += holders->items[i].merged;
        pairs += !holders->items[i].is_fresh;
        fresh |= holders->items[i].is_fresh;
    }
    fprintf(out, "Looked at: %zu %s of lists that phones can hold", pairs, pairs == 1 ? "pair" : "pairs");
    if (merged > 0)
        fprintf(out, " (%zu more hold the same certificates)", merged);
    fputs(fresh ? ", and phones without lists; " : "; ", out);
    fputs("families: ", out);
    for (size_t i = 0; i < rehearsal->question.family_count; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", rehearsal->question.families[i]->name);
    fputs(".\n", out);
}

static void print_counts(const struct rehearse_words *words, FILE *out)
{
    char ways[256];
    const size_t follow = words->judged - words->waiting - words->stranded;
    rehearse_print_ways(words, ways, sizeof ways);
    if (follow == words->judged) {
        fprintf(out, "All of them follow: %s.\n", ways);
        return;
    }
    fprintf(out, "Of %zu kinds of phones %zu follow%s%s%s, %zu wait, %zu are stranded:\n", words->judged,
            follow, follow > 0 ? " (" : "", ways, follow > 0 ? ")" : "", words->waiting, words->stranded);
}

static void print_notes(const struct rehearsal *rehearsal, FILE *out)
{
    const struct rehearse_site *after = &rehearsal->after;
    for (unsigned bit = 1; bit != 0; bit <<= 1)
        if ((rehearsal->words.warnings & bit) != 0) {
            size_t count = 0;
            for (size_t i = 0; i < rehearsal->words.count; i++)
                count += rehearsal->words.items[i].node == REHEARSE_ALL_NODES &&
                         (rehearsal->words.items[i].fate.warnings & bit) != 0;
            fprintf(out, "Warning, for %zu of those that follow: %s.\n", count,
                    trust_warning_text((enum trust_warning)bit));
        }
    if (after->signed_kinds > 1) {
        fprintf(out, "%zu of %zu signed configuration files are signed otherwise than ",
                after->signed_count - after->signed_files[0].count, after->signed_count);
        print_text(out, print_bytes(after->signed_files[0].name));
        fputs(", for one ", out);
        print_text(out, print_bytes(after->signed_files[1].name));
        fputs(": phones may refuse them. `file verify` says more.\n", out);
    }
    if (rehearsal->holders.lost > 0)
        fprintf(out,
                "%zu published lists are missing or changed, and were not looked at; `show published` "
                "names them.\n",
                rehearsal->holders.lost);
}

static struct rehearse_telling telling_of(const struct rehearsal *rehearsal)
{
    return (struct rehearse_telling){&rehearsal->words, &rehearsal->question, &rehearsal->after, true};
}

int rehearsal_print(const struct rehearsal *rehearsal, FILE *out)
{
    const struct rehearse_telling telling = telling_of(rehearsal);
    print_looked_at(rehearsal, out);
    print_counts(&rehearsal->words, out);
    int code = rehearse_print_table(out, &telling);
    rehearse_worse_print(&rehearsal->worse, "utils rehearse PHRASE", out);
    print_notes(rehearsal, out);
    return code;
}

static void print_guards(const struct guard_findings *findings, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        fprintf(out, "Guard rail %s would refuse it without --force: ", findings->items[i].guard);
        print_text(out, print_bytes(findings->items[i].why));
        fputs(".\n", out);
    }
}

static int print_for_people(const struct rehearsal *rehearsal, const struct guard_findings *findings)
{
    FILE *out = rehearsal->ctl->io.out;
    fputs("Rehearsal of `", out);
    print_text(out, print_bytes(rehearsal->said));
    fputs("`: nothing was changed.\n", out);
    if (rehearsal_print(rehearsal, out) != 0)
        return say_no_memory(rehearsal->ctl);
    print_guards(findings, out);
    return TVSCTL_DONE;
}

static void print_for_programs(const struct rehearsal *rehearsal, const struct guard_findings *findings)
{
    struct json json;
    const struct rehearse_telling telling = telling_of(rehearsal);
    json_init(&json, rehearsal->ctl->io.out);
    json_object(&json, NULL);
    json_string(&json, "phrase", rehearsal->said);
    json_number(&json, "lists_lost", (int64_t)rehearsal->holders.lost);
    rehearse_print_json(&json, &telling);
    rehearse_worse_json(&rehearsal->worse, !flag_given(&rehearsal->ctl->flags, FLAG_FAMILY), &json);
    json_array(&json, "guards");
    for (size_t i = 0; i < findings->count; i++) {
        json_object(&json, NULL);
        json_string(&json, "name", findings->items[i].guard);
        json_string(&json, "why", findings->items[i].why);
        json_string(&json, "instead", findings->items[i].instead);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
}

static int tell(struct rehearsal *rehearsal, const struct guard_findings *findings)
{
    int result = TVSCTL_DONE;
    if (flag_given(&rehearsal->ctl->flags, FLAG_JSON))
        print_for_programs(rehearsal, findings);
    else
        result = print_for_people(rehearsal, findings);
    return result == TVSCTL_DONE && rehearsal->words.stranded > 0 ? TVSCTL_NO : result;
}

/* ---- The phrase */

static int rehearse(struct rehearsal *rehearsal, const struct phrase *phrase, char *const *args, size_t count)
{
    struct trust_error err = {0};
    struct guard_findings findings;
    struct guard_view before = {0};
    int result = TVSCTL_DONE;
    if (rehearsal_prepare(rehearsal, &err) != 0 ||
        guard_view_read(&rehearsal->place.config, &before, &err) != 0)
        result = say_error(rehearsal->ctl, &err);
    if (result == TVSCTL_DONE)
        result = rehearse_run(rehearsal->ctl, &rehearsal->place, args, count);
    if (result == TVSCTL_DONE && (guard_of_rehearsal(rehearsal, phrase, &before, &findings, &err) != 0 ||
                                  rehearsal_judge(rehearsal, &err) != 0))
        result = say_error(rehearsal->ctl, &err);
    guard_view_fini(&before);
    return result == TVSCTL_DONE ? tell(rehearsal, &findings) : result;
}

int utils_rehearse(struct tvsctl *ctl, char *const *args, size_t count)
{
    sigset_t before;
    const struct phrase *phrase;
    struct rehearsal rehearsal = {.ctl = ctl};
    int result = rehearse_check(ctl, args, count, rehearsal.said, sizeof rehearsal.said, &phrase);
    if (result == TVSCTL_DONE)
        result = rehearse_families(ctl, &rehearsal.question);
    if (result == TVSCTL_DONE && flag_given(&ctl->flags, FLAG_INSTALLED))
        result = rehearse_holders_installed(ctl, &rehearsal.holders);
    if (result == TVSCTL_DONE) {
        rehearse_hold_signals(&before);
        result = rehearse(&rehearsal, phrase, args, count);
        rehearse_place_remove(&rehearsal.place);
        sigprocmask(SIG_SETMASK, &before, NULL);
    }
    rehearsal_fini(&rehearsal);
    return result;
}
