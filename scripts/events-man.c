/* tvsd-events(7), from the catalogue of tvsd/log_events.h. Run by the Makefile; prints mdoc. */
#include "tvsd/log_events.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *id, *level, *keys, *meaning, *remedy;
} events[] = {
#define X(constant, id, level, fields, meaning, remedy) {id, #level, fields, meaning, remedy},
    LOG_EVENTS(X)
#undef X
};

static const struct {
    const char *name, *meaning;
} keys[] = {
#define X(name, meaning) {name, meaning},
    LOG_KEYS(X)
#undef X
};

static void put(char c)
{
    if (c == '\\')
        fputs("\\e", stdout);
    else
        putchar(c);
}

static bool at_start = true; /* of a line */

static void end_line(void)
{
    if (!at_start)
        putchar('\n');
    at_start = true;
}

/* Where the `…` that begins at text, behind its first sign, is over, with the punctuation that follows. */
static const char *print_literal(const char *text)
{
    end_line();
    fputs(".Ql ", stdout);
    for (; *text != '`'; text++)
        put(*text);
    for (text++; *text != '\0' && strchr(".,;:)", *text) != NULL; text++)
        printf(" %c", *text);
    putchar('\n');
    return text + strspn(text, " ");
}

/* A line each for sentences and literal words, as mdoc wants it. */
static void print_prose(const char *text)
{
    while (*text != '\0') {
        if (*text == '`') {
            text = print_literal(text + 1);
            continue;
        }
        bool ends = strchr(".:;", *text) != NULL && text[1] == ' ';
        if (*text != ' ' || text[1] != '`')
            put(*text);
        at_start = false;
        text++;
        if (ends) {
            end_line();
            text++;
        }
    }
    end_line();
}

static void print_event(size_t i)
{
    printf(".It Ql %s\n.Pq", events[i].id);
    for (const char *p = events[i].level; *p != '\0'; p++)
        printf("%s%c", p == events[i].level ? " " : "", tolower((unsigned char)*p));
    putchar('\n');
    print_prose(events[i].meaning);
    if (events[i].remedy[0] != '\0') {
        puts(".br\nTo do:");
        print_prose(events[i].remedy);
    }
    if (strcmp(events[i].keys, "*") == 0)
        puts(".br\nKeys: the names of the counters.");
    else if (events[i].keys[0] != '\0')
        printf(".br\nKeys:\n.Li %s\n", events[i].keys);
}

static void print_keys(void)
{
    puts(".Sh KEYS\n.Bl -tag -width \"max_connections\" -compact");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        printf(".It Li %s\n", keys[i].name);
        print_prose(keys[i].meaning);
    }
    puts(".El");
}

int main(void)
{
    puts(".\\\" Made from tvsd/log_events.h.\n.Dd November 21, 2026\n.Dt TVSD-EVENTS 7\n.Os\n.Sh NAME\n"
         ".Nm tvsd-events\n.Nd what the log of tvsd says, and what to do\n.Sh DESCRIPTION\n"
         "Each line of the log of\n.Xr tvsd 8\ntells one event by a fixed name, which never changes its "
         "meaning.\n"
         "Its keys come in a fixed order; one that has nothing to say is empty or left out.\n"
         "With\n.Ql log.format: logfmt\na line is\n"
         ".Bd -literal -offset indent\nTIME tvsd[PID]: level=LEVEL event=NAME key=value …\n.Ed\n.Pp\n"
         "A value with blanks, quotes or control characters stands in quotes, in which\n.Ql \\e\nescapes.\n"
         "What a phone or a file said cannot look like a line, or a key, of ours.\n"
         ".Sh EVENTS\n.Bl -tag -width Ds");
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        print_event(i);
    puts(".El");
    print_keys();
    puts(".Sh SEE ALSO\n.Xr tvsd.yaml 5 ,\n.Xr tvsd 8");
    return fflush(stdout) == 0 ? 0 : 1;
}
