#include "ask.h"

#include "phrase.h"
#include "print.h"
#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

/* A rehearsal has no terminal, but may ask for passwords where its phrase will. */
static const struct tvsctl_io *io_for_passwords(const struct tvsctl *ctl)
{
    return ctl->typed != NULL && ctl->typed->io != NULL ? ctl->typed->io : &ctl->io;
}

static bool asks_on_terminal(const struct tvsctl_io *io)
{
    return io->in >= 0 && isatty(io->in);
}

static bool has_terminal(const struct tvsctl *ctl)
{
    return asks_on_terminal(&ctl->io);
}

int ask_is_possible(struct tvsctl *ctl, const char *what)
{
    if (flag_given(&ctl->flags, FLAG_YES) || has_terminal(ctl))
        return TVSCTL_DONE;
    return say_refusal(
        ctl,
        "`%s` asks before it changes anything, and there is no terminal to ask on; nothing was "
        "changed. Repeat it with --yes, which agrees to: %s",
        ctl->phrase->words, what);
}

static volatile sig_atomic_t caught; /* while a password is typed: the signal that came */

/* One line of the terminal without its end. A longer one is cut; at the end of input it is what came until
 * then, and false is returned. */
static bool read_line(int in, char *line, size_t size)
{
    size_t len = 0;
    bool has_end = false;
    for (;;) {
        char c;
        ssize_t got = read(in, &c, 1);
        if (got < 0 && errno == EINTR && caught == 0)
            continue;
        has_end = got > 0 && (c == '\n' || c == '\r');
        if (got <= 0 || has_end)
            break;
        if (len + 1 < size)
            line[len++] = c;
    }
    line[len] = '\0';
    return has_end;
}

/* Read the answer to a question that was printed. word is the long form of yes; its first letter does too,
 * and so does the option flag. */
static int take_answer(struct tvsctl *ctl, const char *word, enum flag_id flag)
{
    const char letter[] = {word[0], '\0'};
    char line[64];
    if (flag_given(&ctl->flags, flag)) {
        fprintf(ctl->io.out, "%s\n", word);
        return TVSCTL_DONE;
    }
    fflush(ctl->io.out);
    if (!read_line(ctl->io.in, line, sizeof line))
        fputc('\n', ctl->io.out); /* the question's line is still open */
    if (strcasecmp(line, word) == 0 || strcasecmp(line, letter) == 0)
        return TVSCTL_DONE;
    return say_refusal(ctl, "the answer was not %s: nothing was changed", word);
}

int ask_continue(struct tvsctl *ctl, const char *what)
{
    int result = ask_is_possible(ctl, what);
    if (result != TVSCTL_DONE)
        return result;
    fprintf(ctl->io.out, "%s Do you want to continue? (y/n):", what);
    result = take_answer(ctl, "y", FLAG_YES);
    if (result == TVSCTL_DONE)
        fputc('\n', ctl->io.out);
    return result;
}

int ask_proceed(struct tvsctl *ctl, const char *warning, const char *what)
{
    int result = ask_is_possible(ctl, warning);
    if (result != TVSCTL_DONE)
        return result;
    fputs("WARNING: ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(warning));
    fprintf(ctl->io.out, "\nProceed with %s (yes|no)? ", what);
    return take_answer(ctl, "yes", FLAG_YES);
}

/* ---- Passwords */

#define PASSWORD_SIZE 1024

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define DEADLY (sizeof deadly / sizeof deadly[0])

static void note_signal(int number)
{
    caught = number;
}

static void print_question(const struct tvsctl_io *io, const char *question)
{
    print_text(io->out, print_bytes(question));
    fflush(io->out);
}

/* What was typed ahead is not thrown away, and who answers at once sees nothing of it either: the terminal is
 * mute before it asks. A signal that ends the program must not leave it so. */
static void read_silently(const struct tvsctl_io *io, const char *question, char *line, size_t size)
{
    const int in = io->in;
    const struct sigaction note = {.sa_handler = note_signal}; /* read(2) is to be interrupted */
    struct sigaction before[DEADLY];
    sigset_t heard, mask;
    struct termios shown, mute;
    bool is_terminal = tcgetattr(in, &shown) == 0;
    caught = 0;
    sigemptyset(&heard);
    for (size_t i = 0; i < DEADLY; i++) {
        sigaction(deadly[i], &note, &before[i]);
        sigaddset(&heard, deadly[i]);
    }
    sigprocmask(SIG_UNBLOCK, &heard, &mask); /* a rehearsal holds them back */
    if (is_terminal) {
        mute = shown;
        mute.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(in, TCSADRAIN, &mute);
    }
    print_question(io, question);
    read_line(in, line, size);
    if (is_terminal)
        tcsetattr(in, TCSADRAIN, &shown);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    for (size_t i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &before[i], NULL);
    const int number = caught;
    caught = 0;
    if (number == 0)
        return;
    explicit_bzero(line, size);
    raise(number);
}

static void ask_line(struct tvsctl *ctl, const char *question, char line[PASSWORD_SIZE])
{
    const struct tvsctl_io *io = io_for_passwords(ctl);
    read_silently(io, question, line, PASSWORD_SIZE);
    fputc('\n', io->out);
    fflush(io->out);
}

static const char *recall(const struct tvsctl *ctl, const char *question)
{
    for (size_t i = 0; ctl->typed != NULL && i < ctl->typed->count; i++)
        if (strcmp(ctl->typed->items[i].question, question) == 0)
            return ctl->typed->items[i].password;
    return NULL;
}

/* What cannot be kept is asked for again. */
static void keep(struct tvsctl *ctl, const char *question, const char *password)
{
    struct ask_typed *typed = ctl->typed;
    if (typed == NULL || typed->io == NULL || typed->count == ASK_TYPED_MAX)
        return;
    char *as = strdup(question), *copy = strdup(password);
    if (as != NULL && copy != NULL) {
        typed->items[typed->count].question = as;
        typed->items[typed->count++].password = copy;
        return;
    }
    free(as);
    free(copy);
}

void ask_typed_fini(struct ask_typed *typed)
{
    for (size_t i = 0; i < typed->count; i++) {
        explicit_bzero(typed->items[i].password, strlen(typed->items[i].password));
        free(typed->items[i].password);
        free(typed->items[i].question);
    }
    *typed = (struct ask_typed){0};
}

int ask_password(struct tvsctl *ctl, bool is_new, char **password)
{
    char line[PASSWORD_SIZE], again[PASSWORD_SIZE] = "";
    int result = TVSCTL_DONE;
    const char *typed = is_new ? NULL : recall(ctl, "Password: ");
    *password = typed != NULL ? strdup(typed) : NULL;
    if (*password != NULL)
        return TVSCTL_DONE;
    if (!asks_on_terminal(io_for_passwords(ctl)))
        return say_refusal(ctl,
                           "`%s` needs a password, and there is no terminal to ask for it on; nothing was "
                           "changed. Write it into a file and add --password-file FILE",
                           ctl->phrase->words);
    ask_line(ctl, "Password: ", line);
    if (line[0] != '\0' && is_new)
        ask_line(ctl, "The same again: ", again);
    if (line[0] == '\0')
        result = say_refusal(ctl, "the password is empty: nothing was changed");
    else if (strlen(line) == PASSWORD_SIZE - 1)
        result =
            say_refusal(ctl, "the password is longer than %d bytes: nothing was changed", PASSWORD_SIZE - 2);
    else if (is_new && strcmp(line, again) != 0)
        result = say_refusal(ctl, "the two passwords differ: nothing was changed");
    else if ((*password = strdup(line)) == NULL)
        result = say_no_memory(ctl);
    else if (!is_new)
        keep(ctl, "Password: ", line);
    explicit_bzero(line, sizeof line);
    explicit_bzero(again, sizeof again);
    return result;
}

bool ask_password_of(struct tvsctl *ctl, const char *path, char **password)
{
    char line[PASSWORD_SIZE], *question;
    *password = NULL;
    if (!asks_on_terminal(io_for_passwords(ctl)) || asprintf(&question, "Password of %s: ", path) < 0)
        return false;
    const char *typed = recall(ctl, question);
    if (typed != NULL)
        snprintf(line, sizeof line, "%s", typed);
    else
        ask_line(ctl, question, line);
    *password = line[0] != '\0' ? strdup(line) : NULL;
    if (typed == NULL && *password != NULL)
        keep(ctl, question, line);
    free(question);
    explicit_bzero(line, sizeof line);
    return *password != NULL;
}

bool ask_pin(struct tvsctl *ctl, const struct trust_token_info *token, char pin[TRUST_PIN_SIZE])
{
    char line[PASSWORD_SIZE], question[512];
    pin[0] = '\0';
    if (!has_terminal(ctl))
        return false;
    snprintf(question, sizeof question, "PIN of the security token %s (serial number %s)%s: ", token->label,
             token->serial,
             token->tries == TRUST_TRIES_LOW ? ", of which fewer tries are left than at first" : "");
    ask_line(ctl, question, line);
    const bool fits = strlen(line) < TRUST_PIN_SIZE;
    if (fits)
        memcpy(pin, line, strlen(line) + 1);
    explicit_bzero(line, sizeof line);
    return fits && pin[0] != '\0';
}

int ask_enter_y(struct tvsctl *ctl, const char *what)
{
    int result = ask_is_possible(ctl, what);
    if (result != TVSCTL_DONE)
        return result;
    print_text(ctl->io.out, print_bytes(what));
    fputs("\nEnter \"y\" followed by return to continue: ", ctl->io.out);
    return take_answer(ctl, "y", FLAG_YES);
}

int ask_can_phones_be_back(struct tvsctl *ctl)
{
    if (flag_given(&ctl->flags, FLAG_PHONES_ARE_BACK) || has_terminal(ctl))
        return TVSCTL_DONE;
    return say_refusal(
        ctl,
        "`%s` asks whether all phones have fetched the list, which --yes does not answer, and there "
        "is no terminal to ask on; nothing was changed. If they have, repeat it with "
        "--phones-are-back",
        ctl->phrase->words);
}

int ask_are_phones_back(struct tvsctl *ctl, int64_t list)
{
    fprintf(ctl->io.out, "Have all phones fetched list %" PRId64 "? (y/n):", list);
    return take_answer(ctl, "y", FLAG_PHONES_ARE_BACK);
}
