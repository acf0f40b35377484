/* What tvsc can be told to do. Each returns an enum tvsc_exit; *err is filled when something is to be said.
 */
#ifndef TVSC_COMMANDS_H
#define TVSC_COMMANDS_H

#include "options.h"
#include "tvsc.h"

int command_verify(const struct options *options, FILE *out, struct trust_error *err);
int command_query(const struct options *options, FILE *out, struct trust_error *err);
int command_send(const struct options *options, FILE *out, struct trust_error *err);
int command_phone(const struct options *options, FILE *out, struct trust_error *err);
int command_bench(const struct options *options, FILE *out, struct trust_error *err);

#endif
