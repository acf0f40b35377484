#include "say.h"

#include "print.h"

#include <stdarg.h>
#include <stdlib.h>

static void say(struct tvsctl *ctl, const char *kind, const char *format, va_list args) TRUST_PRINTF(3, 0);

static void say(struct tvsctl *ctl, const char *kind, const char *format, va_list args)
{
    char *text = NULL;
    fflush(ctl->io.out); /* both may go to the same place: in order */
    fprintf(ctl->io.err, "tvsctl: %s", kind);
    if (vasprintf(&text, format, args) >= 0) {
        print_text(ctl->io.err, print_bytes(text));
        free(text);
    } else {
        fputs("out of memory", ctl->io.err);
    }
    fputc('\n', ctl->io.err);
}

int say_refusal(struct tvsctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(ctl, "", format, args);
    va_end(args);
    return TVSCTL_REFUSED;
}

int say_error(struct tvsctl *ctl, const struct trust_error *err)
{
    return say_refusal(ctl, "%s", err->text);
}

int say_usage(struct tvsctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(ctl, "", format, args);
    va_end(args);
    return TVSCTL_USAGE;
}

void say_warning(struct tvsctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(ctl, "warning: ", format, args);
    va_end(args);
}

void say_note(struct tvsctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(ctl, "note: ", format, args);
    va_end(args);
}

int say_no_memory(struct tvsctl *ctl)
{
    return say_refusal(ctl, "%s", trust_error_meaning(TRUST_ENOMEM));
}
