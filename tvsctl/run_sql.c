/* run sql "SELECT …". */
#include "handlers.h"
#include "json.h"
#include "say.h"
#include "state.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

struct answer {
    bool as_json;
    struct table table;
    struct json json;
    char **names; /* of the columns, for JSON */
    int count;
};

static int take_columns(void *arg, int count, const char *const *names)
{
    struct answer *answer = arg;
    answer->count = count;
    if (!answer->as_json) {
        table_init(&answer->table, (size_t)count);
        return table_add_row(&answer->table, names) ? 0 : TRUST_ENOMEM;
    }
    answer->names = calloc((size_t)count, sizeof *answer->names);
    for (int i = 0; answer->names != NULL && i < count; i++)
        if ((answer->names[i] = strdup(names[i])) == NULL)
            return TRUST_ENOMEM;
    return answer->names != NULL ? 0 : TRUST_ENOMEM;
}

static int take_row(void *arg, int count, const char *const *cells)
{
    struct answer *answer = arg;
    if (!answer->as_json)
        return table_add_row(&answer->table, cells) ? 0 : TRUST_ENOMEM;
    json_object(&answer->json, NULL);
    for (int i = 0; i < count; i++)
        json_string(&answer->json, answer->names[i], cells[i]);
    json_object_end(&answer->json);
    return 0;
}

static char *join(char *const *words, size_t count)
{
    size_t len = 1;
    for (size_t i = 0; i < count; i++)
        len += strlen(words[i]) + 1;
    char *text = malloc(len), *end = text;
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (i > 0)
            *end++ = ' ';
        end = stpcpy(end, words[i]);
    }
    return text;
}

/* words: how many the statement came in. A shell takes the quotes of an unquoted one away. */
static int ask(struct tvsctl *ctl, const char *statement, size_t words, struct answer *answer)
{
    struct state state;
    struct trust_error err = {0};
    const struct trust_sql_sink sink = {.arg = answer, .columns = take_columns, .row = take_row};
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &err) != 0)
        return say_error(ctl, &err);
    int code = trust_store_sql(state.store, statement, &sink, &err);
    state_close(&state);
    if (code == TRUST_ENOMEM)
        return say_no_memory(ctl);
    if (code == TRUST_EVALUE && words > 1)
        return say_refusal(ctl, "%s; a shell takes quotes away: put the whole statement into \"…\"",
                           err.text);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

int run_sql(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct answer answer = {.as_json = flag_given(&ctl->flags, FLAG_JSON)};
    char *statement = join(args, count), *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (statement == NULL || memory == NULL) {
        free(statement);
        if (memory != NULL)
            fclose(memory);
        free(text);
        return say_no_memory(ctl);
    }
    /* Printed when the whole answer is there: a statement that fails half-way prints no half of it. */
    json_init(&answer.json, memory);
    json_array(&answer.json, NULL);
    int result = ask(ctl, statement, count, &answer);
    json_array_end(&answer.json);
    if (fclose(memory) != 0)
        result = say_no_memory(ctl);
    if (result == TVSCTL_DONE && answer.as_json)
        fwrite(text, 1, size, ctl->io.out);
    else if (result == TVSCTL_DONE && answer.table.columns > 0)
        table_print(&answer.table, ctl->io.out);
    table_fini(&answer.table);
    for (int i = 0; answer.names != NULL && i < answer.count; i++)
        free(answer.names[i]);
    free(answer.names);
    free(statement);
    free(text);
    return result;
}
