/* Columns as wide as their widest cell with one blank between, and a rule of `=` under their names, as CUCM
 * prints the answer of `run sql`. */
#ifndef TVSCTL_TABLE_H
#define TVSCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table {
    size_t columns;
    char **cells; /* the first row is the names */
    size_t count, capacity;
};

/* Embedded. */
void table_init(struct table *table, size_t columns);
void table_fini(struct table *table);

/* Add a cell, left to right, row after row; NULL is an empty one. Its text is copied and made safe for a
 * terminal. false: memory ran out. */
bool table_add(struct table *table, const char *text);
bool table_add_row(struct table *table, const char *const *cells);

/* Rows under the names. */
size_t table_rows(const struct table *table);

void table_print(const struct table *table, FILE *out);

#endif
