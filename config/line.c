#include "line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* One escaped character at *in, behind the backslash. false: no such escape. */
static bool unescape(const char **in, char *out)
{
    int high, low;
    switch (**in) {
    case '"':
    case '\\':
        *out = *(*in)++;
        return true;
    case 'n':
        *out = '\n';
        (*in)++;
        return true;
    case 'x':
        high = hex_digit((*in)[1]);
        low = high < 0 ? -1 : hex_digit((*in)[2]);
        if (low < 0)
            return false;
        *out = (char)(high << 4 | low);
        *in += 3;
        return true;
    default:
        return false;
    }
}

/* A quoted value, from behind its first quote to behind its last. */
static bool split_quoted(char **at, struct line_field *field)
{
    const char *in = *at;
    char *out = *at;
    field->value = out;
    while (*in != '"') {
        if (*in == '\0')
            return false;
        if (*in != '\\') {
            *out++ = *in++;
            continue;
        }
        in++;
        if (!unescape(&in, out++))
            return false;
    }
    field->len = (size_t)(out - field->value);
    *at += in + 1 - *at;
    *out = '\0';
    return true;
}

bool line_split(char *line, struct line_field *fields, size_t max, size_t *count)
{
    char *at = line;
    *count = 0;
    while (*at != '\0') {
        char *equals = at + strcspn(at, "= ");
        if (*equals != '=' || equals == at || *count == max)
            return false;
        struct line_field *field = &fields[(*count)++];
        field->key = at;
        *equals = '\0';
        at = equals + 1;
        bool quoted = *at == '"';
        if (quoted) {
            at++;
            if (!split_quoted(&at, field))
                return false;
        } else {
            field->value = at;
            field->len = strcspn(at, " \"");
            at += field->len;
        }
        if (*at != ' ' && *at != '\0')
            return false;
        bool more = *at == ' ';
        *at = '\0';
        at += more;
        if (more && *at == '\0')
            return false;
    }
    return true;
}

static const struct line_field *find(const struct line_field *fields, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

const char *line_value(const struct line_field *fields, size_t count, const char *key)
{
    const struct line_field *field = find(fields, count, key);
    return field != NULL ? field->value : "";
}

bool line_number(const struct line_field *fields, size_t count, const char *key, int64_t min, int64_t max,
                 int64_t fallback, int64_t *out)
{
    const char *value = line_value(fields, count, key);
    char *end;
    *out = fallback;
    if (find(fields, count, key) == NULL)
        return true;
    if (value[strspn(value, "-0123456789")] != '\0' || value[0] == '\0')
        return false;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*end != '\0' || errno != 0 || number < min || number > max)
        return false;
    *out = number;
    return true;
}
