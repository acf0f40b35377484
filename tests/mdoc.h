/* What a manual page says it describes: the items of its lists, so that a test can hold them against a table.
 */
#ifndef TESTS_MDOC_H
#define TESTS_MDOC_H

/* Visit every item (.It) of a section of a page in mdoc(7), as text: flags with their hyphens, operands of a
 * flag as they are and others in <…>, what may be left out in […], "..." as "…" behind what may be repeated.
 * An item of several lines stands in Xo and Xc. */
typedef void (*mdoc_visit)(void *arg, const char *item);
void mdoc_each_item(const char *path, const char *section, mdoc_visit visit, void *arg);

#endif
