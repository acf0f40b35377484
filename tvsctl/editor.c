#include "editor.h"

#include "config/text.h"
#include "print.h"

#include <errno.h>
#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY_MAX      500
#define HISTORY_FILE_MAX (1024 * 1024)
#define COLUMNS_USUAL    80

struct editor {
    EditLine *el;
    History *history;
    const struct grammar *of;
    const struct complete_source *source;
    FILE *out;
    char *prompt, *history_path, *line;
    bool dropped; /* by a key */
};

static struct editor *editor_of(EditLine *el)
{
    void *editor = NULL;
    el_get(el, EL_CLIENTDATA, &editor);
    return editor;
}

static char *prompt_of(EditLine *el)
{
    return editor_of(el)->prompt;
}

static size_t columns_of(const struct editor *editor)
{
    struct winsize size;
    return ioctl(fileno(editor->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                                 : COLUMNS_USUAL;
}

static size_t width_of(const char *text)
{
    char *escaped = print_escaped(text);
    size_t width = escaped != NULL ? print_width(escaped) : strlen(text);
    free(escaped);
    return width;
}

static void pad(FILE *out, size_t columns)
{
    for (; columns > 0; columns--)
        fputc(' ', out);
}

static size_t widest(const struct completion *found)
{
    size_t most = 0;
    for (size_t i = 0; i < found->count; i++) {
        size_t width = width_of(found->list[i].shown);
        most = width > most ? width : most;
    }
    return most;
}

/* One a line, each with its help. */
static void print_help(struct editor *editor, const struct completion *found)
{
    size_t most = widest(found);
    for (size_t i = 0; i < found->count; i++) {
        const struct candidate *one = &found->list[i];
        print_text(editor->out, print_bytes(one->shown));
        if (one->help[0] != '\0') {
            pad(editor->out, most - width_of(one->shown) + 2);
            print_text(editor->out, print_bytes(one->help));
        }
        fputc('\n', editor->out);
    }
    if (found->wrong != NULL) {
        fputs("nothing fits here: `", editor->out);
        print_text(editor->out, print_bytes(found->wrong));
        fputs("` does not fit, or can be several words\n", editor->out);
    } else if (found->count == 0) {
        fputs("nothing fits here\n", editor->out);
    }
}

/* As many in a line as there is room for. Hints only where there is nothing else. */
static void print_names(struct editor *editor, const struct completion *found, size_t names)
{
    size_t width = widest(found) + 2, columns = columns_of(editor), used = 0, gap = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (names > 0 && found->list[i].is_hint)
            continue;
        if (used > 0 && used + width > columns) {
            fputc('\n', editor->out);
            used = gap = 0;
        }
        pad(editor->out, gap);
        print_text(editor->out, print_bytes(found->list[i].shown));
        gap = width - width_of(found->list[i].shown);
        used += width;
    }
    fputc('\n', editor->out);
}

/* Leave the line, however many rows it takes; end_note lets it be drawn anew below what was printed. The
 * editor believes the cursor where it was, and clears as many rows upwards as that is from the first. */
static size_t begin_note(struct editor *editor, const LineInfo *line)
{
    size_t columns = columns_of(editor), prompt = strlen(editor->prompt);
    char *before = strndup(line->buffer, (size_t)(line->cursor - line->buffer));
    char *all = strndup(line->buffer, (size_t)(line->lastchar - line->buffer));
    size_t row = before != NULL ? (prompt + width_of(before)) / columns : 0;
    size_t last = all != NULL ? (prompt + width_of(all)) / columns : row;
    free(before);
    free(all);
    for (size_t i = row; i <= last; i++)
        fputc('\n', editor->out);
    return row;
}

static unsigned char end_note(struct editor *editor, size_t rows)
{
    for (; rows > 0; rows--)
        fputc('\n', editor->out);
    fflush(editor->out);
    return CC_REDISPLAY;
}

/* Characters of UTF-8 text: what the editor counts in. */
static int count_characters(const char *text, const char *end)
{
    int count = 0;
    for (; text < end; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool insert(EditLine *el, const struct completion *found, const LineInfo *line)
{
    char *text;
    const char *from = line->buffer + found->from;
    if (!complete_insertion(found, &text) || text == NULL)
        return false;
    el_deletestr(el, count_characters(from, line->cursor));
    bool done = el_insertstr(el, text) == 0;
    free(text);
    return done;
}

static unsigned char complete(EditLine *el, struct editor *editor, struct completion *found)
{
    const LineInfo *line = el_line(el);
    size_t names = 0;
    if (!complete_line(editor->of, editor->source, line->buffer, (size_t)(line->cursor - line->buffer),
                       found) ||
        !complete_files(found) || found->count == 0)
        return CC_ERROR;
    for (size_t i = 0; i < found->count; i++)
        names += !found->list[i].is_hint;
    if (names == 1)
        return insert(el, found, line) ? CC_REFRESH : CC_ERROR;
    size_t rows = begin_note(editor, line);
    print_names(editor, found, names);
    if (names > 0)
        insert(el, found, line);
    return end_note(editor, rows);
}

static unsigned char on_tab(EditLine *el, wint_t key)
{
    struct completion found;
    (void)key;
    unsigned char result = complete(el, editor_of(el), &found);
    complete_free(&found);
    return result;
}

static unsigned char on_question(EditLine *el, wint_t key)
{
    struct editor *editor = editor_of(el);
    const LineInfo *line = el_line(el);
    struct completion found;
    const char self[] = {(char)key, '\0'};
    unsigned char result = CC_ERROR;
    if (!complete_line(editor->of, editor->source, line->buffer, (size_t)(line->cursor - line->buffer),
                       &found)) {
        result = CC_ERROR;
    } else if (found.is_text || line->cursor != line->lastchar) {
        result = el_insertstr(el, self) == 0 ? CC_REFRESH : CC_ERROR;
    } else {
        size_t rows = begin_note(editor, line);
        print_help(editor, &found);
        result = end_note(editor, rows);
    }
    complete_free(&found);
    return result;
}

static void forget(struct editor *editor, const char *line)
{
    HistEvent event;
    int found = history(editor->history, &event, H_FIRST);
    while (found >= 0 && strcmp(event.str, line) != 0)
        found = history(editor->history, &event, H_NEXT);
    /* What is deleted is given out as a copy. */
    if (found >= 0 && history(editor->history, &event, H_DEL, event.num) >= 0)
        free((void *)(uintptr_t)event.str);
}

static void remember(struct editor *editor, const char *line)
{
    HistEvent event;
    forget(editor, line);
    history(editor->history, &event, H_ENTER, line);
}

/* The editor takes text alone. */
static bool is_text(const char *line)
{
    size_t len = strlen(line), size;
    bool plain = len > 0;
    for (; plain && len > 0; line += size, len -= size)
        plain = text_is_plain(text_decode(line, len, &size));
    return plain;
}

static void read_history(struct editor *editor)
{
    uint8_t *data;
    size_t len;
    if (editor->history_path == NULL ||
        trust_file_read(editor->history_path, HISTORY_FILE_MAX, &data, &len, NULL, NULL) != 0)
        return;
    char *next = (char *)data, *line;
    while ((line = strsep(&next, "\n")) != NULL)
        if (is_text(line))
            remember(editor, line);
    free(data);
}

/* Oldest first, one a line. */
static bool write_history(struct editor *editor)
{
    HistEvent event;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return false;
    for (int found = history(editor->history, &event, H_LAST); found >= 0;
         found = history(editor->history, &event, H_PREV))
        fprintf(memory, "%s\n", event.str);
    bool done = fclose(memory) == 0 &&
                trust_file_replace(editor->history_path, (struct trust_bytes){(const uint8_t *)text, size},
                                   0600, (uid_t)-1, (gid_t)-1, NULL) == 0;
    free(text);
    return done;
}

static unsigned char on_interrupt(EditLine *el, wint_t key)
{
    (void)key;
    editor_of(el)->dropped = true;
    return CC_EOF;
}

static void set_up(struct editor *editor)
{
    HistEvent event;
    struct stat info;
    EditLine *el = editor->el;
    el_set(el, EL_CLIENTDATA, editor);
    el_set(el, EL_PROMPT, prompt_of);
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_HIST, history, editor->history);
    el_set(el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(el, NULL); /* the operator's own .editrc */
    /* What a signal does to the terminal is undone before it does what it does otherwise. */
    el_set(el, EL_SIGNAL, 1);
    /* Of narrow ones it would make copies that it never frees. */
    el_wset(el, EL_ADDFN, L"tvsctl-complete", L"Complete the word", on_tab);
    el_wset(el, EL_ADDFN, L"tvsctl-help", L"Show what fits", on_question);
    el_wset(el, EL_ADDFN, L"tvsctl-drop", L"Drop the line", on_interrupt);
    /* While a line is edited, Ctrl-C is a key: a signal between two reads would be lost. Ctrl-Z is none then.
     */
    el_set(el, EL_SETTY, "-d", "-isig", NULL);
    el_set(el, EL_BIND, "^C", "tvsctl-drop", NULL);
    el_set(el, EL_BIND, "^I", "tvsctl-complete", NULL);
    el_set(el, EL_BIND, "?", "tvsctl-help", NULL);
    history(editor->history, &event, H_SETSIZE, HISTORY_MAX);
    /* A link to /dev/null, say, is somebody's wish to have none. */
    if (editor->history_path != NULL && lstat(editor->history_path, &info) == 0 && !S_ISREG(info.st_mode)) {
        free(editor->history_path);
        editor->history_path = NULL;
    }
    read_history(editor);
}

struct editor *editor_new(const struct tvsctl_io *io, const struct grammar *of,
                          const struct complete_source *source, const char *prompt, const char *history_path)
{
    struct editor *editor = calloc(1, sizeof *editor);
    if (editor == NULL)
        return NULL;
    *editor = (struct editor){
        .of = of, .source = source, .out = io->out, .history = history_init(), .prompt = strdup(prompt)};
    if (history_path != NULL)
        editor->history_path = strdup(history_path);
    if (editor->history != NULL && editor->prompt != NULL)
        editor->el = el_init_fd("tvsctl", stdin, io->out, io->err, io->in, fileno(io->out), fileno(io->err));
    if (editor->el == NULL) {
        editor_free(editor);
        return NULL;
    }
    set_up(editor);
    return editor;
}

void editor_free(struct editor *editor)
{
    if (editor == NULL)
        return;
    if (editor->el != NULL)
        el_end(editor->el);
    if (editor->history != NULL)
        history_end(editor->history);
    free(editor->prompt);
    free(editor->history_path);
    free(editor->line);
    free(editor);
}

enum editor_result editor_read(struct editor *editor, const char **line)
{
    int count = 0;
    *line = NULL;
    errno = 0;
    editor->dropped = false;
    const char *typed = el_gets(editor->el, &count);
    if (editor->dropped || (typed == NULL && count < 0 && errno == EINTR))
        return EDITOR_DROPPED;
    if (typed == NULL || count <= 0)
        return EDITOR_END;
    free(editor->line);
    editor->line = strndup(typed, strcspn(typed, "\r\n"));
    *line = editor->line;
    return editor->line != NULL ? EDITOR_LINE : EDITOR_END;
}

void editor_remember(struct editor *editor, const char *line)
{
    remember(editor, line);
    if (editor->history_path == NULL || write_history(editor))
        return;
    /* A home that cannot be written to: not tried again. */
    free(editor->history_path);
    editor->history_path = NULL;
}
