/* Is it JSON? A reader of the grammar of RFC 8259 that keeps nothing. */
#include "helper.h"

#include <ctype.h>
#include <string.h>

static const char *skip(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

static const char *read_value(const char *p, int depth);

static const char *read_string(const char *p)
{
    if (*p++ != '"')
        return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p != '\\')
            continue;
        p++;
        if (*p == 'u')
            for (int i = 0; i < 4; i++)
                if (!isxdigit((unsigned char)*++p))
                    return NULL;
        if (*p == '\0' || (strchr("\"\\/bfnrtu", *p) == NULL && !isxdigit((unsigned char)*p)))
            return NULL;
    }
    return p + 1;
}

/* What stands between brackets: elements, or members if there are keys. */
static const char *read_inside(const char *p, char close, bool keys, int depth)
{
    p = skip(p);
    if (*p == close)
        return p + 1;
    for (;;) {
        if (keys && ((p = read_string(skip(p))) == NULL || *(p = skip(p)) != ':'))
            return NULL;
        p = read_value(keys ? p + 1 : p, depth + 1);
        if (p == NULL)
            return NULL;
        p = skip(p);
        if (*p == close)
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
}

static const char *read_value(const char *p, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    p = skip(p);
    if (depth > 32)
        return NULL;
    if (*p == '{' || *p == '[')
        return read_inside(p + 1, *p == '{' ? '}' : ']', *p == '{', depth);
    if (*p == '"')
        return read_string(p);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    size_t digits = strspn(p + (*p == '-'), "0123456789");
    return digits > 0 ? p + (*p == '-') + digits : NULL;
}

bool helper_is_json(const char *text)
{
    const char *end = read_value(text, 0);
    return end != NULL && *skip(end) == '\0';
}
