#include "checks.h"

#include "config.h"

#include <stdio.h>
#include <string.h>

/* It becomes the common name of certificates, the name of records, and part of file names. */
int check_node_name(const char *value, struct trust_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (value[strspn(value, letters)] != '\0' || value[0] == '.' || value[0] == '-')
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%s\" is no host name; letters, digits, dots, '-' and '_' would do", value);
    return 0;
}

int check_subject(const char *value, struct trust_error *err)
{
    struct trust_name *name = NULL;
    if (value[0] == '\0') /* the common name alone */
        return 0;
    int rc = trust_name_parse(value, strlen(value), &name, err);
    if (rc == 0 && trust_name_common_name(name)[0] != '\0')
        rc = trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                             "there is a CN in it, which each certificate has of its own; leave it out");
    else if (rc != 0 && rc != TRUST_ENOMEM) {
        struct trust_error why = err != NULL ? *err : (struct trust_error){0};
        rc = trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                             "%.200s; something like \"OU=Voice;O=Example;L=Town;ST=State;C=US\" would do",
                             why.text);
    }
    trust_name_free(name);
    return rc;
}

int check_key(const char *value, struct trust_error *err)
{
    if (trust_key_spec_is_valid(value))
        return 0;
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                           "\"%s\" is no kind of key; rsa:1024, rsa:2048, rsa:4096, ec:P-256, ec:P-384 or "
                           "ec:P-521 would do",
                           value);
}

/* A file's path has a slash, so that a misspelt word does not become a file. */
int check_log_target(const char *value, struct trust_error *err)
{
    if (strcmp(value, "stderr") == 0 || strcmp(value, "syslog") == 0 || strchr(value, '/') != NULL)
        return 0;
    return trust_error_set(
        err, TRUST_EVALUE, TRUST_NO_OFFSET,
        "\"%.100s\" is no target; stderr, syslog, or a file's path (with a '/' in it) would do", value);
}

int check_control_socket(const char *value, struct trust_error *err)
{
    if (strcmp(value, CONFIG_CONTROL_AUTO) == 0 || strcmp(value, CONFIG_CONTROL_OFF) == 0 ||
        (strchr(value, '/') != NULL && value[strlen(value) - 1] != '/'))
        return 0;
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                           "\"%.100s\" is no socket; auto, off, or a path (with a '/' in it) would do",
                           value);
}
