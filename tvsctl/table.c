#include "table.h"

#include "print.h"

#include <assert.h>
#include <stdlib.h>

void table_init(struct table *table, size_t columns)
{
    *table = (struct table){.columns = columns};
}

void table_fini(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

bool table_add(struct table *table, const char *text)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity > 0 ? 2 * table->capacity : 64;
        char **cells = reallocarray(table->cells, capacity, sizeof *cells);
        if (cells == NULL)
            return false;
        table->cells = cells;
        table->capacity = capacity;
    }
    char *cell = print_escaped(text != NULL ? text : "");
    if (cell == NULL)
        return false;
    table->cells[table->count++] = cell;
    return true;
}

bool table_add_row(struct table *table, const char *const *cells)
{
    for (size_t i = 0; i < table->columns; i++)
        if (!table_add(table, cells[i]))
            return false;
    return true;
}

size_t table_rows(const struct table *table)
{
    return table->count / table->columns - 1;
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t widest = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t width = print_width(table->cells[i]);
        if (width > widest)
            widest = width;
    }
    return widest;
}

static void print_rule(const struct table *table, const size_t *widths, FILE *out)
{
    for (size_t column = 0; column < table->columns; column++) {
        if (column > 0)
            fputc(' ', out);
        for (size_t i = 0; i < widths[column]; i++)
            fputc('=', out);
    }
    fputc('\n', out);
}

static void print_row(const struct table *table, size_t row, const size_t *widths, FILE *out)
{
    size_t gap = 0; /* blanks owed: written only before something, so that no line ends in them */
    for (size_t column = 0; column < table->columns; column++) {
        const char *cell = table->cells[row * table->columns + column];
        size_t width = print_width(cell);
        if (width > 0)
            fprintf(out, "%*s%s", (int)gap, "", cell);
        gap = width > 0 ? 0 : gap;
        gap += widths[column] - width + 1;
    }
    fputc('\n', out);
}

void table_print(const struct table *table, FILE *out)
{
    assert(table->columns > 0 && table->count % table->columns == 0);
    size_t *widths = calloc(table->columns, sizeof *widths);
    if (widths == NULL)
        return;
    for (size_t column = 0; column < table->columns; column++)
        widths[column] = column_width(table, column);
    for (size_t row = 0; row * table->columns < table->count; row++) {
        print_row(table, row, widths, out);
        if (row == 0)
            print_rule(table, widths, out);
    }
    free(widths);
}
