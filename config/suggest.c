/* What somebody who wrote an unknown key may have meant. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 48

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; two neighbours that changed places count as one change. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= a_len; i++)
        for (size_t j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            size_t changed = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            cost[i][j] = least(changed, least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[a_len][b_len];
}

/* A word of the level that a section ("": the top) describes: an option's name or a section's, each once. */
static bool word_at(const struct option *option, const char *section, const char **word, size_t *len)
{
    size_t of = option_section_length(option);
    if (section[0] == '\0') {
        *word = option->key;
        *len = of > 0 ? of : strlen(option->key);
        return of == 0 || option == option_find_section(option->key, of);
    }
    *word = option_name(option);
    *len = strlen(*word);
    return of == strlen(section) && memcmp(option->key, section, of) == 0;
}

static bool suggest_nearest(const char *section, const char *name, size_t len, char *out, size_t size)
{
    size_t count, best = least(len / 3 + 1, 3) + 1, best_len = 0;
    const struct option *all = option_table(&count);
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *word;
        size_t word_len;
        if (!word_at(&all[i], section, &word, &word_len))
            continue;
        size_t far = distance(name, len, word, word_len);
        if (far < best) {
            best = far;
            nearest = word;
            best_len = word_len;
        }
    }
    if (nearest == NULL)
        return false;
    snprintf(out, size, "did you mean %.*s?", (int)best_len, nearest);
    return true;
}

/* The right name at the wrong level: "listen:" at the top, or "server.listen:" written as a path. */
static bool suggest_elsewhere(const char *name, size_t len, char *out, size_t size)
{
    size_t count;
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *word = option_name(&all[i]);
        bool is_name = strlen(word) == len && memcmp(word, name, len) == 0;
        bool is_path = strlen(all[i].key) == len && memcmp(all[i].key, name, len) == 0;
        if (!is_name && !is_path)
            continue;
        size_t section = option_section_length(&all[i]);
        if (section == 0)
            snprintf(out, size, "%s belongs at the top level, not indented", word);
        else
            snprintf(out, size, "%s belongs on a line of its own, indented under %.*s:", word, (int)section,
                     all[i].key);
        return true;
    }
    return false;
}

char *option_suggest(const char *section, const char *name, size_t len, char *out, size_t size)
{
    if (suggest_nearest(section, name, len, out, size) || suggest_elsewhere(name, len, out, size))
        return out;
    size_t count, used = (size_t)snprintf(out, size, "known here:");
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count && used < size; i++) {
        const char *word;
        size_t word_len;
        if (word_at(&all[i], section, &word, &word_len))
            used += (size_t)snprintf(out + used, size - used, " %.*s", (int)word_len, word);
    }
    return out;
}
