/* A writer of JSON. Members of an object have a key, elements of an array have none (NULL). */
#ifndef TVSCTL_JSON_H
#define TVSCTL_JSON_H

#include "trust.h"

#include <stdbool.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
    FILE *out;
    unsigned depth;
    bool filled[JSON_DEPTH]; /* whether the object or array of that depth has something in it */
};

/* Embedded; needs no end: closing the outermost object or array ends the line. */
void json_init(struct json *json, FILE *out);

void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);

/* Bytes that are no UTF-8 come out as the Latin-1 characters of their numbers, so that nothing is lost. */
void json_text(struct json *json, const char *key, struct trust_bytes value);
void json_string(struct json *json, const char *key, const char *value); /* NULL gives null */
void json_hex(struct json *json, const char *key, struct trust_bytes value);
/* A serial number: hex in upper case, as CUCM's tables and phones have it. */
void json_serial(struct json *json, const char *key, struct trust_bytes value);
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* Seconds since 1970, as "2015-03-06T18:45:13Z". */
void json_time(struct json *json, const char *key, int64_t value);

#endif
