/* Certificates that histories import, made once for all in a folder of their own. */
#ifndef TESTS_HISTORIES_CERTIFICATES_H
#define TESTS_HISTORIES_CERTIFICATES_H

#include <stddef.h>

/* In order: two tokens, another cluster's, and some for own units. */
#define CERTIFICATES_TRUSTED 3
#define CERTIFICATES_OWN     4
#define CERTIFICATES         (CERTIFICATES_TRUSTED + CERTIFICATES_OWN)

void certificates_make(void);
void certificates_remove(void);

/* The file with one of them and its key, PEM; its serial number. Static storage. */
const char *certificates_path(size_t which);
const char *certificates_serial(size_t which);

#endif
