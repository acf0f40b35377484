#include "ask.h"

#include "phrase.h"
#include "print.h"
#include "say.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

int ask_is_possible(struct tvsctl *ctl)
{
    if (flag_given(&ctl->flags, FLAG_YES) || (ctl->io.in >= 0 && isatty(ctl->io.in)))
        return TVSCTL_DONE;
    return say_refusal(
        ctl,
        "`%s` asks before it changes anything, and there is no terminal to ask on; nothing was "
        "changed. Repeat it with --yes",
        ctl->phrase->words);
}

/* One line of the terminal without its end. A longer one is cut; at the end of input it is empty. */
static void read_line(int in, char *line, size_t size)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(in, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || c == '\n' || c == '\r')
            break;
        if (len + 1 < size)
            line[len++] = c;
    }
    line[len] = '\0';
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
    read_line(ctl->io.in, line, sizeof line);
    if (strcasecmp(line, word) == 0 || strcasecmp(line, letter) == 0)
        return TVSCTL_DONE;
    return say_refusal(ctl, "the answer was not %s: nothing was changed", word);
}

int ask_continue(struct tvsctl *ctl, const char *what)
{
    int result = ask_is_possible(ctl);
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
    int result = ask_is_possible(ctl);
    if (result != TVSCTL_DONE)
        return result;
    fputs("WARNING: ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(warning));
    fprintf(ctl->io.out, "\nProceed with %s (yes|no)? ", what);
    return take_answer(ctl, "yes");
}
