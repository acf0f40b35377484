/* From arguments to a phrase: options, grammar, configuration, handler. */
#include "run.h"
#include "ask.h"
#include "change.h"

#include "complete_print.h"
#include "console.h"
#include "guard.h"
#include "guard_seen.h"
#include "handlers.h"
#include "say.h"
#include "token_keys.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What lists every phrase, as it is typed here. */
static const char *help_command(const struct tvsctl *ctl)
{
    return ctl->session->is_console ? "help" : "tvsctl --help";
}

int run_help(struct tvsctl *ctl, char *const *words, size_t count)
{
    if (phrase_help(ctl->session->grammar, ctl->io.out, words, count) == 0)
        return say_usage(ctl, "no phrase begins like that; `%s` lists them all", help_command(ctl));
    if (count > 0)
        return TVSCTL_DONE;
    fputs("\nOptions, before or after the phrase:\n", ctl->io.out);
    for (enum flag_id id = 0; id < FLAG_COUNT; id++)
        fprintf(ctl->io.out, "%-22s %s\n", flag_usage(id), flag_help(id));
    fputs("\nWords can be cut short while they are unambiguous. tvsctl(1) says more.\n", ctl->io.out);
    return TVSCTL_DONE;
}

/* "show cert", the words before the one that does not fit, in the reader's own spelling. */
static void join_words(char *const *words, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "", words[i]);
}

/* Whether its last argument is a name that people may have forgotten to quote. */
static bool can_have_blanks(const struct phrase *phrase)
{
    const char *last = strrchr(phrase->words, ' ');
    return last != NULL && (strcmp(last, " <NAME>") == 0 || strcmp(last, " [FILE]") == 0);
}

static int say_mismatch(struct tvsctl *ctl, const struct phrase_match *match, char *const *words)
{
    char before[256];
    const char *word = match->result == PHRASE_MISSING ? "" : words[match->at];
    join_words(words, match->at, before, sizeof before);
    if (match->result == PHRASE_AMBIGUOUS)
        return say_usage(ctl, "`%s` can be several words; write more of it: %s", word, match->fits);
    if (match->result == PHRASE_MISSING && match->at == 0)
        return say_usage(ctl, "a phrase is missing. It begins with: %s. `%s` explains them", match->fits,
                         help_command(ctl));
    if (match->result == PHRASE_MISSING)
        return say_usage(ctl, "`%s` needs more. Behind it fits: %s", before, match->fits);
    if (match->fits[0] == '\0' && can_have_blanks(match->phrase))
        return say_usage(ctl,
                         "`%s` is one word too many: nothing follows `%s`. A name with blanks stands in "
                         "quotes: \"%s %s\"",
                         word, before, words[match->at - 1], word);
    if (match->fits[0] == '\0')
        return say_usage(ctl, "`%s` is one word too many: nothing follows `%s`", word, before);
    if (match->at == 0)
        return say_usage(ctl, "no phrase begins with `%s`. One begins with: %s", word, match->fits);
    return say_usage(ctl, "`%s` does not fit behind `%s`. What fits: %s", word, before, match->fits);
}

/* Options that the phrase does not take. */
static int check_flags(struct tvsctl *ctl)
{
    const struct flags *flags = &ctl->flags;
    if (flags->unknown != NULL && !ctl->phrase->any_words)
        return say_usage(ctl, "there is no option %s; `%s` lists them", flags->unknown, help_command(ctl));
    for (enum flag_id id = 0; id < FLAG_COUNT; id++)
        if ((flags->given & FLAG_BIT(id) & ~(FLAGS_GENERAL | ctl->phrase->flags)) != 0)
            return say_usage(ctl, "`%s` does not take %s", ctl->phrase->words, flag_usage(id));
    return TVSCTL_DONE;
}

/* A list from elsewhere can be shown on a machine without a configuration, or by somebody who may not read
 * it. A configuration that was named, or that is wrong, is said. */
static int load_config(struct tvsctl *ctl, size_t arg_count)
{
    struct trust_error err = {0};
    const char *named = ctl->flags.value[FLAG_CONFIG];
    int code = config_load(named != NULL ? named : CONFIG_PATH_DEFAULT, &ctl->config, &err);
    if (code == 0)
        return TVSCTL_DONE;
    bool can_do_without = ctl->phrase->config == PHRASE_CONFIG_IF_THERE && arg_count > 0 && named == NULL &&
                          (code == TRUST_ENOTFOUND || code == TRUST_EDENIED);
    if (can_do_without)
        return TVSCTL_DONE;
    return say_error(ctl, &err);
}

int run_find(struct tvsctl *ctl, char *const *words, size_t count, struct phrase_match *match)
{
    phrase_match(ctl->session->grammar, words, count, match);
    /* An unknown option stands among the words: name it rather than the word that it seems to be. */
    if (match->result != PHRASE_FOUND && ctl->flags.unknown != NULL)
        return say_usage(ctl, "there is no option %s; `%s` lists them", ctl->flags.unknown,
                         help_command(ctl));
    if (match->result != PHRASE_FOUND)
        return say_mismatch(ctl, match, words);
    ctl->phrase = match->phrase;
    phrase_said(match, ctl->said, sizeof ctl->said);
    return check_flags(ctl);
}

/* What only looks says what it sees, and what restores replaces it. What changes something would be refused
 * by its own step, and a rehearsal has nothing whole to copy: both say the reason here, in the place of what
 * it leads to there. */
static int recover(struct tvsctl *ctl)
{
    struct trust_error err = {0};
    if (change_recover(ctl, &err) == 0)
        return TVSCTL_DONE;
    const bool is_hindered = (ctl->phrase->flags & PHRASE_CHANGES) != 0 && ctl->phrase->run != utils_restore;
    if (is_hindered || ctl->phrase->run == utils_rehearse)
        return say_error(ctl, &err);
    say_warning(ctl, "%s", err.text);
    return TVSCTL_DONE;
}

static int run_phrase(struct tvsctl *ctl, char *const *words, size_t count, struct token_keys *tokens)
{
    struct phrase_match match;
    if (flag_given(&ctl->flags, FLAG_VERSION)) {
        fputs("tvsctl " TVS_VERSION "\n", ctl->io.out);
        return TVSCTL_DONE;
    }
    if (flag_given(&ctl->flags, FLAG_HELP))
        return run_help(ctl, words, count);
    if (!ctl->session->is_console && count > 0 && strcasecmp(words[0], "help") == 0)
        return run_help(ctl, words + 1, count - 1);
    int result = run_find(ctl, words, count, &match);
    if (result == TVSCTL_DONE && ctl->phrase->config != PHRASE_CONFIG_NONE)
        result = load_config(ctl, match.arg_count);
    if (result == TVSCTL_DONE && ctl->config != NULL)
        result = recover(ctl);
    if (result == TVSCTL_DONE)
        result = token_keys_begin(tokens, ctl);
    if (result == TVSCTL_DONE && ctl->config != NULL)
        result = guard_check(ctl, words, count);
    if (result == TVSCTL_DONE)
        result = match.phrase->run(ctl, match.args, match.arg_count);
    if (result == TVSCTL_DONE)
        deeds_tell(ctl);
    return result;
}

static void add_flags_of_session(struct tvsctl *ctl)
{
    const struct flags *lasting = &ctl->session->flags;
    for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
        if (!flag_given(lasting, id) || flag_given(&ctl->flags, id))
            continue;
        ctl->flags.given |= FLAG_BIT(id);
        ctl->flags.value[id] = lasting->value[id];
    }
}

/* `tvsctl … | head`: who reads has had enough, and knows it. */
static bool reader_left(FILE *out)
{
    struct pollfd pipe = {.fd = fileno(out), .events = POLLOUT};
    return pipe.fd >= 0 && poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR) != 0;
}

int run_words(struct session *session, int argument_count, char **arguments)
{
    struct token_keys tokens = {0};
    struct ask_typed typed = {0};
    struct tvsctl ctl = {.io = session->io, .now = time(NULL), .session = session, .typed = &typed};
    char text[256];
    size_t count;
    char **words = calloc((size_t)argument_count + 1, sizeof *words);
    if (words == NULL)
        return say_no_memory(&ctl);
    const char *wrong = flags_parse(argument_count, arguments, &ctl.flags, words, &count, text, sizeof text);
    add_flags_of_session(&ctl);
    int result;
    if (wrong != NULL)
        result = say_usage(&ctl, "%s", wrong);
    else if (count == 0 && console_is_wanted(&ctl))
        result = console_run(&ctl);
    else
        result = run_phrase(&ctl, words, count, &tokens);
    token_keys_fini(&tokens);
    if (fflush(ctl.io.out) != 0 || ferror(ctl.io.out)) {
        if (!reader_left(ctl.io.out))
            say_refusal(&ctl, "the output could not be written whole");
        result = result == TVSCTL_DONE ? TVSCTL_REFUSED : result;
    }
    config_free(ctl.config);
    guard_free(ctl.forced);
    guard_seen_free(ctl.seen);
    ask_typed_fini(&typed);
    free(words);
    return result;
}

int tvsctl_run(int argc, char **argv, const struct tvsctl_io *io)
{
    struct session session = {.io = *io, .grammar = &grammar};
    if (argc == 3 && strcmp(argv[1], "--complete") == 0)
        return complete_print(&session, argv[2]);
    return run_words(&session, argc > 0 ? argc - 1 : 0, argv + 1);
}
