/* Values: from text into the configuration, back into text, compared. Driven by the option table. */
#include "options.h"

#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 2048
#define SECOND    1000
#define MINUTE    60000

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 24 * 60 * MINUTE}, {"h", 60 * MINUTE}, {"m", MINUTE}, {"s", SECOND}, {"ms", 1}};
#define UNIT_COUNT (sizeof units / sizeof units[0])

static const struct {
    const char *name;
    bool value;
} switches[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {"on", true}, {"off", false}};

char *option_number_text(const struct option *option, int64_t number, char *out, size_t size)
{
    for (const struct option_choice *word = option->choices; word != NULL && word->name != NULL; word++)
        if (word->value == number) {
            snprintf(out, size, "%s", word->name);
            return out;
        }
    size_t unit = 0;
    if (option->kind != OPTION_DURATION) {
        snprintf(out, size, "%lld", (long long)number);
        return out;
    }
    /* Days and hours where it comes out even, else seconds; 0 is "0s". */
    while (unit + 1 < UNIT_COUNT && (units[unit].ms == MINUTE || number % units[unit].ms != 0 ||
                                     (number == 0 && units[unit].ms != SECOND)))
        unit++;
    snprintf(out, size, "%lld%s", (long long)(number / units[unit].ms), units[unit].name);
    return out;
}

static char *range_of_words(const struct option_choice *words, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct option_choice *word = words; word->name != NULL && used < size; word++) {
        const char *before = word == words ? "" : word[1].name == NULL ? " or " : ", ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", before, word->name);
    }
    return out;
}

char *option_range(const struct option *option, char *out, size_t size)
{
    char low[32], high[32];
    switch (option->kind) {
    case OPTION_CHOICE:
        return range_of_words(option->choices, out, size);
    case OPTION_SWITCH:
        snprintf(out, size, "true or false");
        return out;
    case OPTION_INTEGER:
    case OPTION_DURATION:
        snprintf(out, size, "%s to %s%s%s", option_number_text(option, option->min, low, sizeof low),
                 option_number_text(option, option->max, high, sizeof high),
                 option->choices != NULL ? ", or " : "",
                 option->choices != NULL ? option->choices[0].name : "");
        return out;
    default:
        snprintf(out, size, "%lld to %lld %s", (long long)option->min, (long long)option->max,
                 option->kind == OPTION_LIST ? "items" : "bytes");
        return out;
    }
}

/* Digits alone: no sign, no leading zero (which YAML 1.1 takes for octal), at most 15 of them. */
static bool parse_digits(const char *text, size_t digits, int64_t *number)
{
    int64_t value = 0;
    if (digits == 0 || digits > 15 || (digits > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    *number = value;
    return true;
}

static int out_of_range(const struct option *option, const char *value, struct trust_error *err)
{
    char range[200];
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "%s is out of range; %s would do", value,
                           option_range(option, range, sizeof range));
}

static int set_number(const struct option *option, const char *value, struct config *config,
                      struct trust_error *err)
{
    int64_t *member = option_member(option, config), number = 0, scale = 1;
    char range[200];
    size_t digits = strspn(value, "0123456789"), unit = 0;
    for (const struct option_choice *word = option->choices; word != NULL && word->name != NULL; word++)
        if (strcasecmp(word->name, value) == 0) {
            *member = word->value;
            return 0;
        }
    if (option->kind == OPTION_DURATION) {
        while (unit < UNIT_COUNT && strcmp(units[unit].name, value + digits) != 0)
            unit++;
        if (digits > 0 && value[digits] == '\0')
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                   "%s has no unit; write %ss for seconds (units are ms, s, m, h, d)", value,
                                   value);
        if (unit == UNIT_COUNT)
            digits = 0;
        else
            scale = units[unit].ms;
    } else if (value[digits] != '\0') {
        digits = 0;
    }
    if (!parse_digits(value, digits, &number)) {
        bool is_long = digits > 15 && value[0] != '0';
        if (is_long)
            return out_of_range(option, value, err);
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "\"%s\" is no %s; %s would do", value,
                               option->kind == OPTION_DURATION ? "time, like 500ms or 30s" : "whole number",
                               option_range(option, range, sizeof range));
    }
    if (number > option->max / scale || number * scale < option->min)
        return out_of_range(option, value, err);
    *member = number * scale;
    return 0;
}

static int set_choice(const struct option *option, const char *value, struct config *config,
                      struct trust_error *err)
{
    char range[200];
    if (option->kind == OPTION_SWITCH) {
        for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
            if (strcasecmp(switches[i].name, value) == 0) {
                *(bool *)option_member(option, config) = switches[i].value;
                return 0;
            }
    } else {
        for (const struct option_choice *word = option->choices; word->name != NULL; word++)
            if (strcasecmp(word->name, value) == 0) {
                *(int *)option_member(option, config) = (int)word->value;
                return 0;
            }
    }
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "\"%s\" is not known; %s would do", value,
                           option_range(option, range, sizeof range));
}

static int add_item(const struct option *option, const char *value, struct config *config,
                    struct trust_error *err)
{
    struct config_strings *list = option_member(option, config);
    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(value);
        bool any_port = len > 2 && strcmp(value + len - 2, ":0") == 0;
        if (strcmp(list->items[i], value) == 0 && !any_port)
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                   "\"%s\" stands there twice; leave one out", value);
    }
    if ((int64_t)list->count >= option->max)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "more than %lld items; leave some out",
                               (long long)option->max);
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    list->items = items;
    items[list->count] = strdup(value);
    if (items[list->count] == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    list->count++;
    return 0;
}

static int set_text(const struct option *option, const char *value, struct config *config,
                    struct trust_error *err)
{
    char **member = option_member(option, config), *copy;
    int64_t len = (int64_t)strlen(value);
    if (len < option->min)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%s\" is too short; leave the line out for the default", value);
    if (len > option->max)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%.40s…\" has %lld bytes; %lld are the most", value, (long long)len,
                               (long long)option->max);
    int rc = option->check != NULL ? option->check(value, err) : 0;
    if (rc != 0)
        return rc;
    copy = strdup(value);
    if (copy == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    free(*member);
    *member = copy;
    return 0;
}

/* Every value is one line of visible text; so all of them can be said in a message and written by a dump. */
static int check_text(const char *value, size_t len, struct trust_error *err)
{
    char shown[64];
    for (size_t i = 0, step; i < len; i += step)
        if (!text_is_plain(text_decode(value + i, len - i, &step)))
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                   "\"%s\" has a control character or an invisible one in it; leave it out",
                                   text_show(value, len, shown, sizeof shown));
    if (len >= VALUE_MAX)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%s\" has %zu bytes; no value is that long",
                               text_show(value, len, shown, sizeof shown), len);
    return 0;
}

int option_set(const struct option *option, const char *value, size_t len, struct config *config,
               struct trust_error *err)
{
    char text[VALUE_MAX];
    int rc = check_text(value, len, err);
    if (rc != 0)
        return rc;
    memcpy(text, value, len);
    text[len] = '\0';
    switch (option->kind) {
    case OPTION_INTEGER:
    case OPTION_DURATION:
        return set_number(option, text, config, err);
    case OPTION_SWITCH:
    case OPTION_CHOICE:
        return set_choice(option, text, config, err);
    case OPTION_LIST:
        rc = option->check != NULL ? option->check(text, err) : 0;
        return rc != 0 ? rc : add_item(option, text, config, err);
    default:
        return set_text(option, text, config, err);
    }
}

int option_set_initial(const struct option *option, struct config *config, struct trust_error *err)
{
    const char *at = option->initial;
    if (at == NULL)
        return 0;
    if (option->kind != OPTION_LIST)
        return option_set(option, at, strlen(at), config, err);
    int rc = 0;
    while (rc == 0 && *at != '\0') {
        size_t len = strcspn(at, " ");
        rc = option_set(option, at, len, config, err);
        at += len + strspn(at + len, " ");
    }
    return rc;
}

static const void *member_of(const struct option *option, const struct config *config)
{
    return (const char *)config + option->offset;
}

static bool lists_equal(const struct config_strings *a, const struct config_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool option_equal(const struct option *option, const struct config *a, const struct config *b)
{
    const void *one = member_of(option, a), *other = member_of(option, b);
    switch (option->kind) {
    case OPTION_INTEGER:
    case OPTION_DURATION:
        return *(const int64_t *)one == *(const int64_t *)other;
    case OPTION_SWITCH:
        return *(const bool *)one == *(const bool *)other;
    case OPTION_CHOICE:
        return *(const int *)one == *(const int *)other;
    case OPTION_LIST:
        return lists_equal(one, other);
    default:
        return strcmp(*(char *const *)one, *(char *const *)other) == 0;
    }
}

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_choice(const struct option *option, int value, FILE *out)
{
    const struct option_choice *word = option->choices;
    while (word->name != NULL && word->value != value)
        word++;
    assert(word->name != NULL);
    /* "1.2" would be a number to other readers of YAML. */
    if (word->name[0] >= '0' && word->name[0] <= '9')
        print_quoted(word->name, out);
    else
        fputs(word->name, out);
}

void option_print(const struct option *option, const struct config *config, FILE *out)
{
    const void *member = member_of(option, config);
    const struct config_strings *list = member;
    char number[32];
    switch (option->kind) {
    case OPTION_INTEGER:
    case OPTION_DURATION:
        fputs(option_number_text(option, *(const int64_t *)member, number, sizeof number), out);
        break;
    case OPTION_SWITCH:
        fputs(*(const bool *)member ? "true" : "false", out);
        break;
    case OPTION_CHOICE:
        print_choice(option, *(const int *)member, out);
        break;
    case OPTION_LIST:
        fputc('[', out);
        for (size_t i = 0; i < list->count; i++) {
            fputs(i == 0 ? "" : ", ", out);
            print_quoted(list->items[i], out);
        }
        fputc(']', out);
        break;
    default:
        print_quoted(*(char *const *)member, out);
    }
}

void option_clear(const struct option *option, struct config *config)
{
    if (option->kind == OPTION_TEXT || option->kind == OPTION_PATH) {
        free(*(char **)option_member(option, config));
    } else if (option->kind == OPTION_LIST) {
        struct config_strings *list = option_member(option, config);
        for (size_t i = 0; i < list->count; i++)
            free(list->items[i]);
        free(list->items);
    }
}
