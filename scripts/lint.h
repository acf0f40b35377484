/* For analysers alone, who see one file at a time: what these functions return. */
#ifndef SCRIPTS_LINT_H
#define SCRIPTS_LINT_H

#include "internal.h"
#include "trust/error.h"

#define trust_error_set(err, code, ...)    ((void)trust_error_set(err, code, __VA_ARGS__), (code))
#define trust_error_prefix(err, code, ...) ((void)trust_error_prefix(err, code, __VA_ARGS__), (code))
#define crypto_error(err, code, ...)       ((void)crypto_error(err, code, __VA_ARGS__), (code))
#define crypto_no_memory(err, what)        ((void)crypto_no_memory(err, what), TRUST_ENOMEM)

#ifdef LINT_libtrust /* lint.sh: the folder of the file */
#include "index_internal.h"
#include "store_internal.h"

#define index_no_memory(err) ((void)index_no_memory(err), TRUST_ENOMEM)
#define store_no_memory(err) ((void)store_no_memory(err), TRUST_ENOMEM)
#endif

#endif
