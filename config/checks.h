/* What the option table asks of values beyond kind and range. Each returns 0 or TRUST_EVALUE (TRUST_ENOMEM),
 * with "why; what would do". */
#ifndef CONFIG_CHECKS_H
#define CONFIG_CHECKS_H

#include "trust.h"

int check_node_name(const char *value, struct trust_error *err);
int check_subject(const char *value, struct trust_error *err);
int check_key(const char *value, struct trust_error *err);
int check_log_target(const char *value, struct trust_error *err);
int check_control_socket(const char *value, struct trust_error *err);

#endif
