#include "console.h"

#include "complete_values.h"
#include "editor.h"
#include "run.h"
#include "say.h"
#include "words.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PROMPT       "admin:"
#define HISTORY_FILE ".tvsctl_history"

static int leave(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args;
    (void)count;
    ctl->session->leaving = true;
    return TVSCTL_DONE;
}

/* What the console has beside the phrases of the command line. */
static const struct phrase own_rows[] = {
    {"help [WORD]…", 0, PHRASE_CONFIG_NONE, false, run_help,
     "explain the phrases that begin with the words; without words, all"},
    {"exit", 0, PHRASE_CONFIG_NONE, false, leave, "leave; so does Ctrl-D"},
    {"quit", 0, PHRASE_CONFIG_NONE, false, leave, "the same as exit"},
};
#define OWN_ROWS (sizeof own_rows / sizeof own_rows[0])

static bool is_own(const struct phrase *phrase)
{
    return phrase->run == leave || phrase->run == run_help;
}

struct console {
    struct session session;
    struct phrase rows[PHRASES_MAX];
    struct grammar of;
    struct complete_source source;
    struct editor *editor;
};

bool console_is_wanted(const struct tvsctl *ctl)
{
    unsigned kept = FLAG_BIT(FLAG_CONFIG) | FLAG_BIT(FLAG_YES);
    return !ctl->session->is_console && (ctl->flags.given & ~kept) == 0 && ctl->io.in >= 0 &&
           isatty(ctl->io.in) && fileno(ctl->io.out) >= 0 && isatty(fileno(ctl->io.out));
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

/* The phrase as a command line of its own. */
static void run_in_child(struct console *console, struct words *words)
{
    int status;
    struct termios mode;
    bool has_mode = tcgetattr(console->session.io.in, &mode) == 0;
    fflush(console->session.io.out);
    fflush(console->session.io.err);
    /* The keyboard's signals are for the phrase. */
    void (*before)(int) = signal(SIGQUIT, SIG_IGN);
    pid_t child = fork();
    if (child < 0) {
        signal(SIGQUIT, before);
        fprintf(console->session.io.err, "tvsctl: the phrase was not started: %s\n", strerror(errno));
        return;
    }
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        _exit(run_words(&console->session, (int)words->count, words->text));
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    signal(SIGQUIT, before);
    /* It may have died while a password was asked for. */
    if (WIFSIGNALED(status) && has_mode)
        tcsetattr(console->session.io.in, TCSADRAIN, &mode);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        fputc('\n', console->session.io.out);
    else if (WIFSIGNALED(status))
        fprintf(console->session.io.err, "tvsctl: the phrase was ended by signal %d (%s)\n", WTERMSIG(status),
                strsignal(WTERMSIG(status)));
}

static size_t find_word(const struct words *words, const char *text)
{
    size_t i = 0;
    while (words->text[i] != text)
        i++;
    return i;
}

/* A statement is taken as it was typed, its quotes are its own: `run sql select … where name='x'`. But one
 * that is quoted as a whole is meant as for a shell. args: the words of it. */
static bool keep_statement(struct words *words, const char *line, char *const *args, size_t count)
{
    if (count == 0)
        return true;
    const char *begin = line + words->place[find_word(words, args[0])].from;
    if (count == 1 && (*begin == '"' || *begin == '\''))
        return true;
    char *statement = calloc(1, strlen(line) + count + 1), *end = statement;
    if (statement == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct words_place place = words->place[find_word(words, args[i])];
        end += sprintf(end, "%s%.*s", i > 0 ? " " : "", (int)(place.to - place.from), line + place.from);
    }
    /* Options may stand between its words; they stay where they are. */
    while (count-- > 1)
        words_remove(words, find_word(words, args[count]));
    bool done = words_set(words, find_word(words, args[0]), statement);
    free(statement);
    return done;
}

/* What the line is, for what must be known before it is run. *phrase: NULL if it is none. false if memory ran
 * out. */
static bool look_ahead(const struct console *console, const char *line, struct words *words,
                       const struct phrase **phrase)
{
    char text[256];
    struct flags flags;
    struct phrase_match match;
    size_t count;
    char **plain = calloc(words->count + 1, sizeof *plain);
    *phrase = NULL;
    if (plain == NULL)
        return false;
    bool done = true;
    if (flags_parse((int)words->count, words->text, &flags, plain, &count, text, sizeof text) == NULL) {
        phrase_match(&console->of, plain, count, &match);
        *phrase = match.result == PHRASE_FOUND ? match.phrase : NULL;
        if (*phrase != NULL && (*phrase)->any_words)
            done = keep_statement(words, line, match.args, match.arg_count);
    }
    free(plain);
    return done;
}

static void do_line(struct tvsctl *ctl, struct console *console, const char *line)
{
    struct words words;
    const struct phrase *phrase;
    if (!words_split(line, strlen(line), &words) || !look_ahead(console, line, &words, &phrase))
        say_no_memory(ctl);
    else if (words.open == '\\')
        say_usage(ctl, "the line ends in a backslash, which keeps nothing; type another one before it");
    else if (words.open != '\0')
        say_usage(ctl, "a quote is open: close it with %c, or type \\%c for the character", words.open,
                  words.open);
    else if (phrase != NULL && is_own(phrase))
        run_words(&console->session, (int)words.count, words.text);
    else if (words.count > 0)
        run_in_child(console, &words);
    words_free(&words);
}

static void read_lines(struct tvsctl *ctl, struct console *console)
{
    const char *line;
    while (!console->session.leaving) {
        enum editor_result result = editor_read(console->editor, &line);
        if (result == EDITOR_END) {
            fputc('\n', ctl->io.out);
            return;
        }
        if (result == EDITOR_DROPPED) {
            fputs("^C\n", ctl->io.out);
            continue;
        }
        if (line[strspn(line, " \t")] == '\0')
            continue;
        editor_remember(console->editor, line);
        do_line(ctl, console, line);
    }
}

static void set_up(struct console *console, const struct tvsctl *ctl)
{
    const struct grammar *given = ctl->session->grammar;
    assert(given->count + OWN_ROWS <= PHRASES_MAX);
    memcpy(console->rows, given->rows, given->count * sizeof *given->rows);
    memcpy(console->rows + given->count, own_rows, sizeof own_rows);
    console->of = (struct grammar){console->rows, given->count + OWN_ROWS};
    console->source = (struct complete_source){complete_values, &console->session};
    console->session =
        (struct session){.io = ctl->io, .grammar = &console->of, .flags = ctl->flags, .is_console = true};
}

static char *history_path(void)
{
    char *path = NULL;
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/' || asprintf(&path, "%s/" HISTORY_FILE, home) < 0)
        return NULL;
    return path;
}

int console_run(struct tvsctl *ctl)
{
    struct console *console = calloc(1, sizeof *console);
    if (console == NULL)
        return say_no_memory(ctl);
    struct sigaction interrupt = {.sa_handler = do_nothing}, before;
    char *path = history_path();
    /* Names of files may have letters of any language. Of no other use here: what a word is does not depend
     * on the language. */
    char *locale = strdup(setlocale(LC_CTYPE, NULL));
    setlocale(LC_CTYPE, "C.UTF-8");
    set_up(console, ctl);
    console->editor = editor_new(&ctl->io, &console->of, &console->source, PROMPT, path);
    int result = TVSCTL_DONE;
    if (console->editor == NULL) {
        result =
            say_refusal(ctl, "this terminal cannot be used for a prompt (is TERM right?); name a phrase");
    } else {
        sigaction(SIGINT, &interrupt, &before);
        fputs("tvsctl " TVS_VERSION ". Tab completes, ? shows what fits, exit leaves\n", ctl->io.out);
        read_lines(ctl, console);
        sigaction(SIGINT, &before, NULL);
    }
    editor_free(console->editor);
    if (locale != NULL)
        setlocale(LC_CTYPE, locale);
    free(locale);
    free(path);
    free(console);
    return result;
}
