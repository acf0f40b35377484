#include "print.h"

#include "config/text.h"

#include <stdlib.h>
#include <string.h>

struct trust_bytes print_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

void print_text(FILE *out, struct trust_bytes bytes)
{
    const char *text = (const char *)bytes.data;
    for (size_t i = 0, size; i < bytes.len; i += size) {
        if (text_is_plain(text_decode(text + i, bytes.len - i, &size)))
            fwrite(text + i, 1, size, out);
        else
            for (size_t k = i; k < i + size; k++)
                fprintf(out, "\\%02X", bytes.data[k]);
    }
}

char *print_escaped(const char *text)
{
    char *copy = NULL;
    size_t size;
    FILE *memory = open_memstream(&copy, &size);
    if (memory == NULL)
        return NULL;
    print_text(memory, print_bytes(text));
    if (fclose(memory) != 0) {
        free(copy);
        return NULL;
    }
    return copy;
}

size_t print_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

char *print_time(time_t when, char out[PRINT_TIME_SIZE])
{
    struct tm parts = {0};
    tzset();
    localtime_r(&when, &parts);
    if (strftime(out, PRINT_TIME_SIZE, "%a %b %d %H:%M:%S %Z %Y", &parts) == 0)
        out[0] = '\0';
    return out;
}

char *print_time_utc(time_t when, char out[PRINT_TIME_SIZE])
{
    struct tm parts = {0};
    gmtime_r(&when, &parts);
    if (strftime(out, PRINT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        out[0] = '\0';
    return out;
}

char *print_date(time_t when, char out[PRINT_DATE_SIZE])
{
    struct tm parts = {0};
    gmtime_r(&when, &parts);
    if (strftime(out, PRINT_DATE_SIZE, "%Y-%m-%d", &parts) == 0)
        out[0] = '\0';
    return out;
}

char *print_short_serial(const char *hex, char out[PRINT_SHORT_SERIAL_SIZE])
{
    const bool is_long = strlen(hex) > 12;
    snprintf(out, PRINT_SHORT_SERIAL_SIZE, "%.*s%s", is_long ? 8 : 12, hex, is_long ? "..." : "");
    return out;
}

char *print_hex(struct trust_bytes bytes, char separator, bool upper)
{
    char *out = malloc(3 * bytes.len + 1);
    return out != NULL ? trust_hex(bytes, separator, upper, out) : NULL;
}

char *print_decimal(struct trust_bytes big_endian)
{
    /* A byte is worth less than 2.41 digits. digits[] holds them backwards. */
    size_t room = big_endian.len * 5 / 2 + 2, count = 1;
    char *digits = calloc(room, 1), *out = malloc(room + 1);
    if (digits == NULL || out == NULL) {
        free(digits);
        free(out);
        return NULL;
    }
    for (size_t i = 0; i < big_endian.len; i++) {
        unsigned carry = big_endian.data[i];
        for (size_t d = 0; d < count || carry > 0; d++) {
            unsigned value = (unsigned)digits[d] * 256 + carry;
            digits[d] = (char)(value % 10);
            carry = value / 10;
            if (d >= count)
                count = d + 1;
        }
    }
    for (size_t d = 0; d < count; d++)
        out[d] = (char)('0' + digits[count - 1 - d]);
    out[count] = '\0';
    free(digits);
    return out;
}

const char *print_cert_name(const struct trust_cert *cert)
{
    const struct trust_name *subject = trust_cert_subject(cert);
    const char *common_name = trust_name_common_name(subject);
    return common_name[0] != '\0' ? common_name : trust_name_cucm(subject);
}

char *print_key(const struct trust_cert *cert, char *out, size_t size)
{
    int bits = trust_cert_key_bits(cert);
    switch (trust_cert_key_type(cert)) {
    case TRUST_KEY_RSA:
        snprintf(out, size, "RSA %d", bits);
        break;
    case TRUST_KEY_EC:
        snprintf(out, size, "EC P-%d", bits);
        break;
    case TRUST_KEY_OTHER:
        snprintf(out, size, "unknown");
        break;
    }
    return out;
}

char *print_roles(const struct trust_roles *roles, char out[PRINT_ROLES_SIZE])
{
    size_t used = 0;
    snprintf(out, PRINT_ROLES_SIZE, "none");
    for (uint8_t i = 0; i < roles->count && used < PRINT_ROLES_SIZE; i++)
        used += (size_t)snprintf(out + used, PRINT_ROLES_SIZE - used, "%s%s", i > 0 ? ", " : "",
                                 trust_role_short_name(roles->code[i]));
    return out;
}
