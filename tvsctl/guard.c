#include "guard.h"

#include "ask.h"
#include "change.h"
#include "guard_seen.h"
#include "handlers.h"
#include "lost_store.h"
#include "person.h"
#include "phrase.h"
#include "print.h"
#include "say.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static bool is_guarded(const struct phrase *phrase)
{
    return (phrase->flags & FLAG_BIT(FLAG_FORCE)) != 0;
}

/* ---- Looking */

/* Files that are no lists decide nothing of whom phones trust. */
static bool is_harmless(const struct guard_scene *scene)
{
    const struct phrase *phrase = scene->phrase;
    return (phrase->run == file_delete_tftp || phrase->run == file_delete_activelog) &&
           guard_view_same_lists(&scene->before, &scene->after);
}

/* The rails one by one; only a phrase that passes them is looked at as a whole. */
static int look(struct guard_scene *scene, struct rehearsal *rehearsal, struct guard_findings *findings,
                struct trust_error *err)
{
    int code = guard_view_read(&rehearsal->place.config, &scene->after, err);
    if (code == 0)
        code = guard_rails_look(scene, findings, err);
    if (code == 0)
        code = rehearsal_look(rehearsal, err);
    if (code == 0 && findings->count == 0 && !is_harmless(scene) &&
        !flag_given(&rehearsal->ctl->flags, FLAG_INSTALLED))
        code = guard_promise_look(scene, rehearsal, findings, err);
    return code;
}

int guard_of_rehearsal(struct rehearsal *rehearsal, const struct phrase *phrase, struct guard_view *before,
                       struct guard_findings *findings, struct trust_error *err)
{
    struct guard_scene scene = {.ctl = rehearsal->ctl, .phrase = phrase, .before = *before};
    findings->count = 0;
    if (!is_guarded(phrase) || !guard_view_has_history(before))
        return rehearsal_look(rehearsal, err);
    int code = look(&scene, rehearsal, findings, err);
    guard_view_fini(&scene.after);
    return code;
}

/* ---- Refusing, and being forced */

/* Several guard rails can name the same way round. */
static bool is_said_before(const struct guard_findings *findings, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(findings->items[i].instead, findings->items[at].instead) == 0)
            return true;
    return false;
}

static int refuse(struct tvsctl *ctl, struct rehearsal *rehearsal, const struct guard_findings *findings)
{
    FILE *out = ctl->io.err;
    const struct guard_finding *first = &findings->items[0];
    struct trust_error err = {0};
    int code = rehearsal_judge(rehearsal, &err);
    say_refusal(ctl, "refused by guard rail %s: %s; nothing was changed", first->guard, first->why);
    for (size_t i = 1; i < findings->count; i++)
        say_refusal(ctl, "guard rail %s, too: %s", findings->items[i].guard, findings->items[i].why);
    if (code != 0 || rehearsal_print(rehearsal, out) != 0)
        return code != 0 ? say_error(ctl, &err) : say_no_memory(ctl);
    for (size_t i = 0; i < findings->count; i++) {
        if (is_said_before(findings, i))
            continue;
        fputs("Instead: ", out);
        print_text(out, print_bytes(findings->items[i].instead));
        fputs(".\n", out);
    }
    fputs("--force does it all the same, and is logged.\n", out);
    return TVSCTL_REFUSED;
}

static int force(struct tvsctl *ctl, const struct guard_findings *findings)
{
    ctl->forced = malloc(sizeof *ctl->forced);
    if (ctl->forced == NULL)
        return say_no_memory(ctl);
    *ctl->forced = *findings;
    for (size_t i = 0; i < findings->count; i++)
        say_warning(ctl, "forced past guard rail %s: %s", findings->items[i].guard, findings->items[i].why);
    return TVSCTL_DONE;
}

int guard_force_unlooked(struct tvsctl *ctl, const struct trust_error *why)
{
    struct guard_findings findings = {.count = 1};
    findings.items[0].guard = "not-rehearsed";
    snprintf(findings.items[0].why, sizeof findings.items[0].why, "%s", why->text);
    return force(ctl, &findings);
}

static int decide(struct tvsctl *ctl, struct rehearsal *rehearsal, const struct guard_findings *findings)
{
    if (findings->count == 0)
        return TVSCTL_DONE;
    return flag_given(&ctl->flags, FLAG_FORCE) ? force(ctl, findings) : refuse(ctl, rehearsal, findings);
}

/* What cannot be rehearsed cannot be looked at: that is no reason to let it through. */
static int say_not_rehearsed(struct tvsctl *ctl, const struct trust_error *err)
{
    if (!is_guarded(ctl->phrase)) {
        say_warning(ctl, "what this does to phones cannot be shown: %s", err->text);
        return TVSCTL_DONE;
    }
    if (flag_given(&ctl->flags, FLAG_FORCE))
        return guard_force_unlooked(ctl, err);
    return say_refusal(ctl,
                       "%s; without a rehearsal no guard rail can look at `%s`, and nothing was changed. "
                       "--force does it all the same, and is logged",
                       err->text, ctl->said);
}

/* The question of this phrase comes with what it does to phones, if there is anybody to ask. */
static int show(struct tvsctl *ctl, struct rehearsal *rehearsal)
{
    struct trust_error err = {0};
    if (!flag_given(&ctl->flags, FLAG_YES) && (ctl->io.in < 0 || !isatty(ctl->io.in)))
        return TVSCTL_DONE;
    if (rehearsal_look(rehearsal, &err) != 0 || rehearsal_judge(rehearsal, &err) != 0)
        return say_error(ctl, &err);
    if (rehearsal->words.waiting == 0 && rehearsal->words.stranded == 0 && rehearsal->worse.count == 0) {
        say_note(ctl, "by the rehearsal all phones follow, %zu kinds of them", rehearsal->words.judged);
        return TVSCTL_DONE;
    }
    return rehearsal_print(rehearsal, ctl->io.err) == 0 ? TVSCTL_DONE : say_no_memory(ctl);
}

/* ---- A phrase */

/* It was done at the rehearsal's place. */
static int judge(struct guard_scene *scene, struct tvsctl *ctl, struct rehearsal *rehearsal)
{
    struct guard_findings findings = {.count = 0};
    struct trust_error err = {0};
    if (!is_guarded(scene->phrase))
        return show(ctl, rehearsal);
    return look(scene, rehearsal, &findings, &err) != 0 ? say_not_rehearsed(ctl, &err)
                                                        : decide(ctl, rehearsal, &findings);
}

static int rehearse(struct guard_scene *scene, struct tvsctl *ctl, char *const *words, size_t count,
                    struct guard_seen *seen)
{
    struct rehearsal rehearsal = {.ctl = ctl};
    struct trust_error err = {0};
    char *said = NULL;
    int result = rehearse_families(ctl, &rehearsal.question);
    snprintf(rehearsal.said, sizeof rehearsal.said, "%s", ctl->said);
    if (result == TVSCTL_DONE && rehearsal_prepare(&rehearsal, &err) != 0)
        result = say_not_rehearsed(ctl, &err);
    else if (result == TVSCTL_DONE) {
        if (rehearse_try(ctl, &rehearsal.place, words, count, &said) == TVSCTL_DONE)
            result = judge(scene, ctl, &rehearsal);
        else
            guard_seen_refused(seen, said);
    }
    free(said);
    rehearsal_fini(&rehearsal);
    return result;
}

/* Without a store there is nothing to rehearse on; it may have been lost. The phrase that brings it back is
 * let through. */
static int check_lost(struct tvsctl *ctl)
{
    struct guard_findings findings = {.count = 1};
    struct guard_finding *finding = &findings.items[0];
    struct lost_store lost;
    struct state state;
    if (ctl->phrase->run == utils_restore || state_open(ctl->config, TRUST_STORE_WRITE, &state, NULL) != 0)
        return TVSCTL_DONE;
    bool is_lost = lost_store_look(&state, &lost);
    state_close(&state);
    if (!is_lost)
        return TVSCTL_DONE;
    finding->guard = "lost-store";
    lost_store_why(&lost, finding->why, sizeof finding->why);
    if (flag_given(&ctl->flags, FLAG_FORCE))
        return force(ctl, &findings);
    return say_refusal(ctl,
                       "refused by guard rail %s: %s; nothing was changed: " LOST_STORE_WAY
                       "; --force goes on without, with what no phone knows, and is logged",
                       finding->guard, finding->why);
}

static bool may_be_lost(int code, const struct guard_view *view)
{
    return code == TRUST_ENOTFOUND || (code == 0 && view->cert_count == 0 && !guard_view_has_history(view));
}

/* A store of an older version is brought up to this one by whoever opens it to write. */
static int read_before(struct tvsctl *ctl, struct guard_view *view, struct trust_error *err)
{
    struct state state;
    int code = guard_view_read(ctl->config, view, err);
    if (code != TRUST_ESTOREVERSION)
        return code;
    guard_view_fini(view);
    code = state_open(ctl->config, TRUST_STORE_WRITE, &state, err);
    if (code != 0)
        return code;
    state_close(&state);
    return guard_view_read(ctl->config, view, err);
}

static int rehearse_undisturbed(struct guard_scene *scene, struct tvsctl *ctl, char *const *words,
                                size_t count, struct guard_seen *seen)
{
    sigset_t before;
    const struct tvsctl_io io = ctl->io;
    rehearse_hold_signals(&before);
    ctl->typed->io = &io;
    int result = rehearse(scene, ctl, words, count, seen);
    ctl->typed->io = NULL;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

int guard_check(struct tvsctl *ctl, char *const *words, size_t count)
{
    struct guard_scene scene = {.ctl = ctl, .phrase = ctl->phrase};
    struct trust_error err = {0};
    int result = TVSCTL_DONE;
    if (!is_guarded(ctl->phrase) && ctl->phrase->run != ctl_non_secure_mode)
        return TVSCTL_DONE;
    struct guard_seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL)
        return say_no_memory(ctl);
    int code = read_before(ctl, &scene.before, &err);
    if (is_guarded(ctl->phrase) && may_be_lost(code, &scene.before))
        result = check_lost(ctl);
    else if (code == 0 && guard_view_has_history(&scene.before))
        result = rehearse_undisturbed(&scene, ctl, words, count, seen);
    /* What keeps the state from being read, the phrase says itself. */
    else if (code != 0 && code != TRUST_ENOTFOUND)
        guard_seen_refused(seen, err.text);
    guard_view_fini(&scene.after);
    if (is_guarded(ctl->phrase)) {
        ctl->seen = seen;
        seen->has_view = code == 0;
        seen->view = scene.before;
        return result;
    }
    guard_view_fini(&scene.before);
    guard_seen_free(seen);
    return result;
}

/* ---- The log */

static void log_one(const struct trust_forced *forced)
{
    char *phrase = print_escaped(forced->phrase), *reason = print_escaped(forced->reason),
         *person = print_escaped(forced->person);
    if (phrase != NULL && reason != NULL && person != NULL)
        syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s forced `%s` past guard rail %s: %s", person, phrase,
               forced->guard, reason);
    free(phrase);
    free(reason);
    free(person);
}

int guard_log(struct change *change, struct trust_error *err)
{
    const struct tvsctl *ctl = change->ctl;
    int code = 0;
    for (size_t i = 0; ctl->forced != NULL && code == 0 && i < ctl->forced->count; i++) {
        const struct trust_forced forced = {
            .at = ctl->now,
            .phrase = ctl->said,
            .person = person_name(),
            .guard = ctl->forced->items[i].guard,
            .reason = ctl->forced->items[i].why,
        };
        code = trust_store_add_forced(change->state->store, &forced, err);
        if (code == 0)
            log_one(&forced);
    }
    return code;
}

void guard_free(struct guard_findings *forced)
{
    free(forced);
}
