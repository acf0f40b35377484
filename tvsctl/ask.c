#include "ask.h"

#include "phrase.h"
#include "print.h"
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

static bool has_terminal(const struct tvsctl *ctl)
{
    return ctl->io.in >= 0 && isatty(ctl->io.in);
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

/* Read the answer to a question that was printed. word is the long form of yes; its first letter does too. */
static int take_answer(struct tvsctl *ctl, const char *word)
{
    const char letter[] = {word[0], '\0'};
    char line[64];
    if (flag_given(&ctl->flags, FLAG_YES)) {
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
    result = take_answer(ctl, "y");
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
    return take_answer(ctl, "yes");
}

/* ---- Passwords */

#define PASSWORD_SIZE 1024

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define DEADLY (sizeof deadly / sizeof deadly[0])

static void note_signal(int number)
{
    caught = number;
}

/* What was typed ahead is not thrown away. A signal that ends the program must not leave the terminal mute.
 */
static void read_silently(int in, char *line, size_t size)
{
    const struct sigaction note = {.sa_handler = note_signal}; /* read(2) is to be interrupted */
    struct sigaction before[DEADLY];
    struct termios shown, mute;
    bool is_terminal = tcgetattr(in, &shown) == 0;
    caught = 0;
    for (size_t i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &note, &before[i]);
    if (is_terminal) {
        mute = shown;
        mute.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(in, TCSADRAIN, &mute);
    }
    read_line(in, line, size);
    if (is_terminal)
        tcsetattr(in, TCSADRAIN, &shown);
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
    print_text(ctl->io.out, print_bytes(question));
    fflush(ctl->io.out);
    read_silently(ctl->io.in, line, PASSWORD_SIZE);
    fputc('\n', ctl->io.out);
}

int ask_password(struct tvsctl *ctl, bool is_new, char **password)
{
    char line[PASSWORD_SIZE], again[PASSWORD_SIZE] = "";
    int result = TVSCTL_DONE;
    *password = NULL;
    if (!has_terminal(ctl))
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
    explicit_bzero(line, sizeof line);
    explicit_bzero(again, sizeof again);
    return result;
}

bool ask_password_of(struct tvsctl *ctl, const char *path, char **password)
{
    char line[PASSWORD_SIZE], *question;
    *password = NULL;
    if (!has_terminal(ctl) || asprintf(&question, "Password of %s: ", path) < 0)
        return false;
    ask_line(ctl, question, line);
    free(question);
    *password = line[0] != '\0' ? strdup(line) : NULL;
    explicit_bzero(line, sizeof line);
    return *password != NULL;
}

int ask_enter_y(struct tvsctl *ctl, const char *what)
{
    int result = ask_is_possible(ctl, what);
    if (result != TVSCTL_DONE)
        return result;
    print_text(ctl->io.out, print_bytes(what));
    fputs("\nEnter \"y\" followed by return to continue: ", ctl->io.out);
    return take_answer(ctl, "y");
}
