#include "mdoc.h"

#include "fixture.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
    char text[512];
    size_t len;
    enum { WORDS, FLAG, OPERAND } mode;
    unsigned open;   /* brackets */
    bool of_flag;    /* an operand now is a flag's */
    bool joins;      /* the next word follows without a blank */
    bool is_on_line; /* its closing bracket comes at the end of the line */
};

static void append(struct item *item, const char *text)
{
    size_t len = strlen(text);
    ck_assert_uint_lt(item->len + len, sizeof item->text);
    memcpy(item->text + item->len, text, len + 1);
    item->len += len;
}

static void open_bracket(struct item *item)
{
    if (item->len > 0 && !item->joins)
        append(item, " ");
    append(item, "[");
    item->open++;
    item->joins = true;
    item->of_flag = false;
}

/* What is repeated stands before the bracket, and the sign of it behind. */
static void close_bracket(struct item *item)
{
    static const char dots[] = "…";
    const size_t size = strlen(dots);
    bool repeats = item->len > size && strcmp(item->text + item->len - size, dots) == 0;
    ck_assert_uint_gt(item->open, 0);
    if (repeats)
        item->len -= size;
    append(item, "]");
    if (repeats)
        append(item, dots);
    item->open--;
    item->joins = item->of_flag = false;
}

static void add_word(struct item *item, const char *word)
{
    char plain[128];
    size_t len = 0;
    for (const char *p = word; *p != '\0' && len < sizeof plain - 1; p++) {
        bool is_zero_width = p[0] == '\\' && p[1] == '&';
        if (p[0] == '\\' && (p[1] == '-' || is_zero_width))
            p++;
        if (!is_zero_width)
            plain[len++] = *p;
    }
    plain[len] = '\0';
    if (strcmp(plain, "...") == 0) {
        append(item, "…");
        return;
    }
    bool encloses = item->mode == OPERAND && !item->of_flag && item->open == 0;
    if (item->len > 0 && !item->joins)
        append(item, " ");
    append(item, item->mode == FLAG ? "-" : encloses ? "<" : "");
    append(item, plain);
    append(item, encloses ? ">" : "");
    item->joins = false;
}

/* Whether the token is a macro, which is done. */
static bool is_macro(struct item *item, const char *token)
{
    static const char *const plain[] = {"Ic", "Cm", "Li", "Ql", "Pa", "No", "Xo", "Xc", "It", "Dv", "Sy"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(token, plain[i]) == 0) {
            item->mode = WORDS;
            return true;
        }
    }
    if (strcmp(token, "Op") == 0) {
        item->is_on_line = true;
        open_bracket(item);
    } else if (strcmp(token, "Oo") == 0) {
        open_bracket(item);
    } else if (strcmp(token, "Oc") == 0) {
        close_bracket(item);
    } else if (strcmp(token, "Ns") == 0) {
        item->joins = true;
    } else if (strcmp(token, "Fl") == 0) {
        item->mode = FLAG;
        item->of_flag = true;
    } else if (strcmp(token, "Ar") == 0) {
        item->mode = OPERAND;
    } else {
        return false;
    }
    return true;
}

static void add_line(struct item *item, char *line)
{
    char *save;
    for (char *token = strtok_r(line, " ", &save); token != NULL; token = strtok_r(NULL, " ", &save))
        if (!is_macro(item, token))
            add_word(item, token);
    if (item->is_on_line)
        close_bracket(item);
    item->is_on_line = false;
}

void mdoc_each_item(const char *path, const char *section, mdoc_visit visit, void *arg)
{
    struct trust_bytes bytes = fixture_read(path);
    char *page = strndup((const char *)bytes.data, bytes.len), *save, heading[64];
    bool is_there = false, is_in = false, is_open = false;
    struct item item;
    ck_assert_ptr_nonnull(page);
    snprintf(heading, sizeof heading, ".Sh %s", section);
    for (char *line = strtok_r(page, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, ".Sh ", 4) == 0)
            is_in = strcmp(line, heading) == 0;
        is_there = is_there || is_in;
        if (!is_in || (!is_open && strncmp(line, ".It ", 4) != 0))
            continue;
        if (!is_open)
            item = (struct item){0};
        bool begins = strncmp(line, ".It Xo", 6) == 0, ends = strcmp(line, ".Xc") == 0;
        add_line(&item, line + 1);
        is_open = begins || (is_open && !ends);
        if (!is_open)
            visit(arg, item.text);
    }
    ck_assert_msg(is_there && !is_open, "%s: no section %s, or an item without its end", path, section);
    free(page);
    fixture_free(bytes);
}
