/* What every check_*.c shares. */
#ifndef TESTS_CHECK_MAIN_H
#define TESTS_CHECK_MAIN_H

#include <check.h>

/* Each check_*.c defines its suite. */
Suite *suite(void);

#endif
