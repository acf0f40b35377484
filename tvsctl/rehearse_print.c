/* Words about phones, for people and for programs. */
#include "json.h"
#include "print.h"
#include "rehearse_words.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct rehearse_list *list_at(const struct rehearse_telling *telling, size_t which)
{
    return which != REHEARSE_NO_LIST ? &telling->question->holders->lists[which] : NULL;
}

static const struct rehearse_holder *holder_of(const struct rehearse_telling *telling,
                                               const struct rehearse_word *word)
{
    return &telling->question->holders->items[word->holder];
}

/* What a phone of the family holds of it. */
static const struct rehearse_list *held_itl(const struct rehearse_telling *telling,
                                            const struct rehearse_word *word)
{
    return word->family->knows_itl ? list_at(telling, holder_of(telling, word)->itl) : NULL;
}

/* ---- Reason and remedy */

char *rehearse_reason(const struct rehearse_telling *telling, const struct rehearse_word *word)
{
    char *out;
    const struct trust_fate *fate = &word->fate;
    const struct rehearse_site *site = telling->after;
    const bool of_file = fate->file == TRUST_ANCHOR_CONFIGURATION && site != NULL && site->signed_kinds > 0;
    if (fate->outcome == TRUST_OUTCOME_FOLLOWS)
        return strdup("");
    int len = asprintf(&out, "%s%s%s%s: %s", trust_anchor_file_text(fate->file), of_file ? " (" : "",
                       of_file ? site->signed_files[0].name : "", of_file ? ")" : "",
                       trust_reason_text(fate->reason));
    return len >= 0 ? out : NULL;
}

/* All nodes are named at a rehearsal: where none is, none has a TVS certificate, and there is nothing to put
 * into anybody's group. */
char *rehearse_remedy(const struct rehearse_word *word)
{
    char *out;
    const struct trust_fate *fate = &word->fate;
    if (fate->outcome == TRUST_OUTCOME_FOLLOWS)
        return strdup("");
    if (fate->reason == TRUST_REASON_NO_SERVER && fate->remedy == TRUST_REMEDY_NAME_SERVER)
        return strdup(
            "no node has a TVS certificate: restore the one that the phones trust from a backup, or "
            "delete the lists on each phone");
    const char *first = fate->phrases[0], *second = fate->phrases[1];
    const bool sooner = word->sooner != NULL && (first == NULL || strcmp(word->sooner, first) != 0);
    int len =
        asprintf(&out, "%s%s%s%s%s%s%s%s%s%s%s%s%s", sooner ? "say `" : "", sooner ? word->sooner : "",
                 sooner ? "` before they come; where they came before it, " : "",
                 trust_remedy_text(fate->remedy), first != NULL ? ": `" : "", first != NULL ? first : "",
                 first != NULL && second != NULL ? "`, `" : "", second != NULL ? second : "",
                 first != NULL || second != NULL ? "`" : "", fate->needs_signing ? "; then " : "",
                 fate->needs_signing ? trust_remedy_text(TRUST_REMEDY_SIGN_CONFIGURATION) : "",
                 fate->needs_servers ? "; besides, " : "",
                 fate->needs_servers ? trust_remedy_text(TRUST_REMEDY_START_SERVER) : "");
    return len >= 0 ? out : NULL;
}

/* ---- The table */

static void write_list(FILE *out, const struct rehearse_list *list)
{
    if (list->number > 0)
        fprintf(out, "%s %" PRId64, list->is_itl ? "ITL" : "CTL", list->number);
    else
        fputs(list->is_itl ? "ITL" : "CTL", out);
}

/* "CTL 3, ITL 5 (now)" */
static void write_lists(FILE *out, const struct rehearse_telling *telling, const struct rehearse_word *word)
{
    const struct rehearse_holder *holder = holder_of(telling, word);
    const struct rehearse_list *ctl = list_at(telling, holder->ctl), *itl = held_itl(telling, word);
    if (ctl != NULL)
        write_list(out, ctl);
    if (ctl != NULL && itl != NULL)
        fputs(", ", out);
    if (itl != NULL)
        write_list(out, itl);
    if (ctl == NULL && itl == NULL)
        fputs("none", out);
    if (holder->is_present)
        fputs(" (now)", out);
}

static void write_family(FILE *out, const struct rehearse_telling *telling, const struct rehearse_word *word)
{
    fputs(word->family->name, out);
    if (word->node != REHEARSE_ALL_NODES)
        fprintf(out, ", asks %s alone", telling->after->nodes[word->node].name);
}

static void write_outcome(FILE *out, const struct rehearse_telling *telling, const struct rehearse_word *word)
{
    fputs(trust_outcome_name(word->fate.outcome), out);
    if (word->fate.outcome == TRUST_OUTCOME_FOLLOWS)
        fprintf(out, " %s", trust_how_text(word->fate.by));
    else if (telling->has_before && !word->follows_now)
        fputs(", follows not now either", out);
}

/* Two words that differ in nothing but the family. */
static bool says_the_same(const struct rehearse_word *a, const struct rehearse_word *b)
{
    return a->holder == b->holder && a->node == b->node && a->follows_now == b->follows_now &&
           a->family->knows_itl == b->family->knows_itl && a->sooner == b->sooner &&
           a->fate.outcome == b->fate.outcome && a->fate.file == b->fate.file &&
           a->fate.reason == b->fate.reason && a->fate.remedy == b->fate.remedy &&
           a->fate.phrases[0] == b->fate.phrases[0] && a->fate.phrases[1] == b->fate.phrases[1] &&
           a->fate.needs_servers == b->fate.needs_servers && a->fate.needs_signing == b->fate.needs_signing;
}

/* The row of a word and of those behind it that say the same; their families together. *next is behind them.
 */
static void write_families(FILE *out, const struct rehearse_telling *telling, size_t at, bool *is_told)
{
    const struct rehearse_words *words = telling->words;
    write_family(out, telling, &words->items[at]);
    for (size_t i = at + 1; i < words->count; i++)
        if (!is_told[i] && says_the_same(&words->items[at], &words->items[i])) {
            fputs("; ", out);
            write_family(out, telling, &words->items[i]);
            is_told[i] = true;
        }
}

enum { LISTS, PUBLISHED, SIGNER, FAMILY, OUTCOME, WHY, COLUMNS };

static char *written(const struct rehearse_telling *telling, size_t at, int column, bool *is_told)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    const struct rehearse_word *word = &telling->words->items[at];
    if (column == LISTS)
        write_lists(out, telling, word);
    else if (column == FAMILY)
        write_families(out, telling, at, is_told);
    else
        write_outcome(out, telling, word);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* The sentences below the table, by number; each is there once. */
struct notes {
    char *text[64];
    size_t count;
};

/* Takes two strings. Returns the number, from 1; 0: no memory. */
static size_t note(struct notes *notes, char *take_reason, char *take_remedy)
{
    char *text = NULL;
    size_t i = 0;
    if (take_reason == NULL || take_remedy == NULL ||
        asprintf(&text, "%s.\n   Remedy: %s.", take_reason, take_remedy) < 0)
        text = NULL;
    free(take_reason);
    free(take_remedy);
    while (text != NULL && i < notes->count && strcmp(notes->text[i], text) != 0)
        i++;
    if (text == NULL || i == sizeof notes->text / sizeof notes->text[0]) {
        free(text);
        return 0;
    }
    if (i < notes->count)
        free(text);
    else
        notes->text[notes->count++] = text;
    return i + 1;
}

static bool add_row(struct table *table, const struct rehearse_telling *telling, size_t at, bool *is_told,
                    struct notes *notes)
{
    char when[PRINT_DATE_SIZE], number[24];
    const struct rehearse_word *word = &telling->words->items[at];
    const struct rehearse_list *ctl = list_at(telling, holder_of(telling, word)->ctl),
                               *itl = held_itl(telling, word), *list = itl != NULL ? itl : ctl;
    char *lists = written(telling, at, LISTS, is_told), *families = written(telling, at, FAMILY, is_told),
         *outcome = written(telling, at, OUTCOME, is_told);
    const size_t why = note(notes, rehearse_reason(telling, word), rehearse_remedy(word));
    snprintf(number, sizeof number, "%zu", why);
    const char *const cells[COLUMNS] = {
        lists,
        list != NULL && list->published != 0 ? print_date(list->published, when) : "-",
        list != NULL ? list->signer : "-",
        families,
        outcome,
        number,
    };
    const bool added =
        lists != NULL && families != NULL && outcome != NULL && why > 0 && table_add_row(table, cells);
    free(lists);
    free(families);
    free(outcome);
    return added;
}

static void print_notes(FILE *out, const struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        char *end = strchr(notes->text[i], '\n');
        fprintf(out, "%zu: ", i + 1);
        print_text(out,
                   (struct trust_bytes){(const uint8_t *)notes->text[i], (size_t)(end - notes->text[i])});
        fputc('\n', out);
        fputs("   ", out);
        print_text(out, print_bytes(end + 4));
        fputc('\n', out);
    }
}

#define ROWS_MAX 60

/* The oldest of too many; those that hold what is published now never are. */
static size_t count_left_out(const struct rehearse_telling *telling)
{
    size_t count = 0;
    for (size_t i = 0; i < telling->words->count; i++)
        count += telling->words->items[i].fate.outcome != TRUST_OUTCOME_FOLLOWS;
    return count > ROWS_MAX ? count - ROWS_MAX : 0;
}

int rehearse_print_table(FILE *out, const struct rehearse_telling *telling)
{
    static const char *const head[COLUMNS] = {"LISTS", "PUBLISHED", "SIGNER", "FAMILY", "OUTCOME", "WHY"};
    const struct rehearse_words *words = telling->words;
    struct table table;
    struct notes notes = {.count = 0};
    bool *is_told = calloc(words->count + 1, sizeof *is_told);
    table_init(&table, COLUMNS);
    bool done = is_told != NULL && table_add_row(&table, head);
    size_t left_out = count_left_out(telling), skip = left_out;
    for (size_t i = 0; done && i < words->count; i++) {
        if (is_told[i] || words->items[i].fate.outcome == TRUST_OUTCOME_FOLLOWS)
            continue;
        if (skip > 0 && !holder_of(telling, &words->items[i])->is_present)
            skip--;
        else
            done = add_row(&table, telling, i, is_told, &notes);
    }
    if (done && table_rows(&table) > 0) {
        table_print(&table, out);
        print_notes(out, &notes);
    }
    if (left_out > skip)
        fprintf(out, "%zu older ones are left out here; --json lists all.\n", left_out - skip);
    for (size_t i = 0; i < notes.count; i++)
        free(notes.text[i]);
    table_fini(&table);
    free(is_told);
    return done ? 0 : TRUST_ENOMEM;
}

char *rehearse_print_ways(const struct rehearse_words *words, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (enum trust_how how = 0; how < TRUST_HOW_COUNT && used < size; how++)
        if (words->by[how] > 0)
            used += (size_t)snprintf(out + used, size - used, "%s%zu %s", used > 0 ? ", " : "",
                                     words->by[how], trust_how_text(how));
    return out;
}

/* ---- JSON */

static void json_list(struct json *json, const char *key, const struct rehearse_list *list)
{
    if (list == NULL) {
        json_null(json, key);
        return;
    }
    json_object(json, key);
    if (list->number > 0)
        json_number(json, "number", list->number);
    else
        json_null(json, "number");
    if (list->published != 0)
        json_time(json, "published", list->published);
    else
        json_null(json, "published");
    json_string(json, "signer", list->signer);
    json_object_end(json);
}

static void json_warnings(struct json *json, unsigned warnings)
{
    json_array(json, "warnings");
    for (unsigned bit = 1; bit != 0; bit <<= 1)
        if ((warnings & bit) != 0)
            json_string(json, NULL, trust_warning_name((enum trust_warning)bit));
    json_array_end(json);
}

static void json_fate(struct json *json, const struct rehearse_telling *telling,
                      const struct rehearse_word *word)
{
    const struct trust_fate *fate = &word->fate;
    const bool follows = fate->outcome == TRUST_OUTCOME_FOLLOWS;
    json_string(json, "outcome", trust_outcome_name(fate->outcome));
    if (telling->has_before)
        json_bool(json, "follows_now", word->follows_now);
    json_string(json, "by", follows ? trust_how_name(fate->by) : NULL);
    for (enum trust_anchor_file file = 0; file < TRUST_ANCHOR_FILE_COUNT; file++)
        json_string(json, trust_anchor_file_name(file), trust_how_name(fate->step[file].how));
    char *reason = rehearse_reason(telling, word), *remedy = rehearse_remedy(word);
    json_string(json, "reason", follows ? NULL : trust_reason_name(fate->reason));
    json_string(json, "refused", follows ? NULL : trust_anchor_file_name(fate->file));
    json_string(json, "reason_text", follows ? NULL : reason);
    json_string(json, "remedy", follows ? NULL : trust_remedy_name(fate->remedy));
    json_string(json, "remedy_text", follows ? NULL : remedy);
    json_array(json, "phrases");
    for (size_t i = 0; i < sizeof fate->phrases / sizeof fate->phrases[0]; i++)
        if (fate->phrases[i] != NULL)
            json_string(json, NULL, fate->phrases[i]);
    json_array_end(json);
    json_array(json, "besides");
    if (fate->needs_signing)
        json_string(json, NULL, trust_remedy_name(TRUST_REMEDY_SIGN_CONFIGURATION));
    if (fate->needs_servers)
        json_string(json, NULL, trust_remedy_name(TRUST_REMEDY_START_SERVER));
    json_array_end(json);
    json_warnings(json, fate->warnings);
    free(reason);
    free(remedy);
}

static void json_word(struct json *json, const struct rehearse_telling *telling,
                      const struct rehearse_word *word)
{
    const struct rehearse_holder *holder = holder_of(telling, word);
    const bool all = word->node == REHEARSE_ALL_NODES;
    json_object(json, NULL);
    json_object(json, "holds");
    json_list(json, "ctl", list_at(telling, holder->ctl));
    json_list(json, "itl", held_itl(telling, word));
    json_bool(json, "present", holder->is_present);
    json_number(json, "same_as", (int64_t)holder->merged);
    json_object_end(json);
    json_string(json, "family", word->family->name);
    json_string(json, "asks_alone", all ? NULL : telling->after->nodes[word->node].name);
    json_fate(json, telling, word);
    json_object_end(json);
}

void rehearse_print_json(struct json *json, const struct rehearse_telling *telling)
{
    const struct rehearse_words *words = telling->words;
    json_number(json, "judged", (int64_t)words->judged);
    json_number(json, "follow", (int64_t)(words->judged - words->waiting - words->stranded));
    json_number(json, "waiting", (int64_t)words->waiting);
    json_number(json, "stranded", (int64_t)words->stranded);
    json_array(json, "phones");
    for (size_t i = 0; i < words->count; i++)
        json_word(json, telling, &words->items[i]);
    json_array_end(json);
}
