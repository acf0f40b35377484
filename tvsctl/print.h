/* Text for people: names out of files and arguments, made safe for a terminal; times; hex. */
#ifndef TVSCTL_PRINT_H
#define TVSCTL_PRINT_H

#include "trust.h"

#include <stdio.h>
#include <time.h>

/* Write text with everything that is not plain (config/text.h: control characters, what turns the direction
 * of writing, bytes that are no UTF-8) as \XX. */
void print_text(FILE *out, struct trust_bytes bytes);

/* The same into a new string, which the caller frees; NULL if memory ran out. */
char *print_escaped(const char *text);

/* Columns that a string from print_escaped takes. */
size_t print_width(const char *text);

struct trust_bytes print_bytes(const char *text); /* without the NUL */

/* "Fri Mar 06 19:45:13 CET 2015", local time, as `show ctl` prints it. Returns out. */
#define PRINT_TIME_SIZE 64
char *print_time(time_t when, char out[PRINT_TIME_SIZE]);
/* "2015-03-06T18:45:13Z". Returns out. */
char *print_time_utc(time_t when, char out[PRINT_TIME_SIZE]);
/* "2015-03-06", UTC. Returns out. */
#define PRINT_DATE_SIZE 24
char *print_date(time_t when, char out[PRINT_DATE_SIZE]);

/* A serial number in hex, long ones by what tells them apart: "79E26574...". Returns out. */
#define PRINT_SHORT_SERIAL_SIZE 16
char *print_short_serial(const char *hex, char out[PRINT_SHORT_SERIAL_SIZE]);

/* Hex of bytes, as trust_hex, into a new string that the caller frees; NULL if memory ran out. */
char *print_hex(struct trust_bytes bytes, char separator, bool upper);

/* A number of any size in decimal digits, into a new string that the caller frees; NULL if memory ran out. */
char *print_decimal(struct trust_bytes big_endian);

/* What a certificate is called: its common name, its subject if it has none. Borrowed. */
const char *print_cert_name(const struct trust_cert *cert);

/* "RSA 2048", "EC P-256", "unknown". Returns out. */
char *print_key(const struct trust_cert *cert, char *out, size_t size);

/* "SAST, CCM+TFTP"; "none". Returns out. */
#define PRINT_ROLES_SIZE 512
char *print_roles(const struct trust_roles *roles, char out[PRINT_ROLES_SIZE]);

#endif
