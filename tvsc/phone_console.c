#include "phone_console.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static void say(struct phone_console *console, const char *level, const char *task, const char *format,
                va_list list) __attribute__((format(printf, 4, 0)));

static void say(struct phone_console *console, const char *level, const char *task, const char *format,
                va_list list)
{
    struct timespec now;
    struct tm tm = {0};
    char text[1024], stamp[16];
    if (console->out == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t seconds = (time_t)(now.tv_sec + console->ahead);
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%H:%M:%S", &tm);
    vsnprintf(text, sizeof text, format, list);
    fprintf(console->out, "%u: %s %s.%06ld %s: ", ++console->line, level, stamp, now.tv_nsec / 1000, task);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c >= 0x20 && *c < 0x7f)
            fputc(*c, console->out);
        else
            fprintf(console->out, "\\x%02x", *c);
    }
    fputc('\n', console->out);
}

void phone_notice(struct phone_console *console, const char *task, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(console, "NOT", task, format, list);
    va_end(list);
}

void phone_fault(struct phone_console *console, const char *task, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(console, "ERR", task, format, list);
    va_end(list);
}
