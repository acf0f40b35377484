#include "phone_plan.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAC    "001122334455"
#define DEFAULT_FAMILY "88xx"
#define MAC_MAX        UINT64_C(0xffffffffffff)
#define YEARS_500      ((int64_t)500 * 366 * 86400)

#define usage(err, ...) trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, __VA_ARGS__)

static int take_mac(const char *text, unsigned count, uint64_t *out, struct trust_error *err)
{
    size_t digits = 0;
    uint64_t mac = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr(":-.", *c) != NULL)
            continue;
        if (!isxdigit((unsigned char)*c) || ++digits > 12)
            return usage(err, "--mac %s: not 12 hexadecimal digits", text);
        mac = mac << 4 |
              (unsigned)(isdigit((unsigned char)*c) ? *c - '0' : tolower((unsigned char)*c) - 'a' + 10);
    }
    if (digits != 12)
        return usage(err, "--mac %s: not 12 hexadecimal digits", text);
    if (mac + count - 1 > MAC_MAX)
        return usage(err, "--mac %s: there are not %u addresses from there on", text, count);
    *out = mac;
    return 0;
}

static int no_family(const char *text, size_t len, struct trust_error *err)
{
    char names[200] = "";
    size_t count;
    const struct phone_family *families = phone_families(&count);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", families[i].name);
    }
    return usage(err, "--family %.*s: no such family: %s", (int)len, text, names);
}

static int take_families(const char *text, struct phone_plan *out, struct trust_error *err)
{
    for (;;) {
        size_t len = strcspn(text, ",");
        const struct phone_family *family = phone_family_by_name(text, len);
        if (family == NULL)
            return no_family(text, len, err);
        if (out->family_count == PHONE_FAMILIES_MAX)
            return usage(err, "--family: more than %d families", PHONE_FAMILIES_MAX);
        out->families[out->family_count++] = family;
        if (text[len] == '\0')
            return 0;
        text += len + 1;
    }
}

/* "+25h": a number and s, m, h or d. */
static bool take_offset(const char *text, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end[0] == units[i].unit && end[1] == '\0' && errno == 0 &&
            number <= YEARS_500 / units[i].seconds) {
            *out = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

static int take_now(const char *text, int64_t *offset, struct trust_error *err)
{
    struct tm tm = {0};
    const char *end;
    char *last;
    if (text[0] == '+' && take_offset(text + 1, offset))
        return 0;
    if (text[0] == '@' && isdigit((unsigned char)text[1])) {
        errno = 0;
        long long at = strtoll(text + 1, &last, 10);
        if (*last == '\0' && errno == 0 && at <= YEARS_500) {
            *offset = at - time(NULL);
            return 0;
        }
    }
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return usage(err, "--now %s: not 2026-11-20T12:00:00Z, @SECONDS since 1970 or +25h (s, m, h, d)",
                     text);
    *offset = timegm(&tm) - time(NULL);
    return 0;
}

static int take_https(const char *url, struct net_target *out, struct trust_error *err)
{
    static const char scheme[] = "https://";
    char host[300];
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return usage(err, "--https %s: not https://HOST:PORT/", url);
    snprintf(host, sizeof host, "%.*s", (int)strcspn(url + strlen(scheme), "/?#"), url + strlen(scheme));
    int rc = net_parse_option("--https", host, "443", out, err);
    out->what = "HTTPS server";
    return rc;
}

static int take_servers(const struct options *options, struct phone_plan *out, struct trust_error *err)
{
    int rc;
    for (unsigned i = 0; i < options->tvs.count; i++) {
        if ((rc = net_parse_option("--tvs", options->tvs.value[i], "2445", &out->tvs[i], err)) != 0)
            return rc;
    }
    for (unsigned i = 0; i < options->https.count; i++) {
        if ((rc = take_https(options->https.value[i], &out->https[i], err)) != 0)
            return rc;
    }
    out->tvs_count = options->tvs.count;
    out->https_count = options->https.count;
    return 0;
}

int phone_plan_make(const struct options *options, struct phone_plan *out, struct trust_error *err)
{
    int rc;
    *out = (struct phone_plan){.state = options->state,
                               .tvs_timeout_ms = options->tvs_timeout_ms,
                               .timeout_ms = options->timeout_ms,
                               .count = options->count,
                               .at_once = options->at_once,
                               .fresh = options->fresh,
                               .json = options->json,
                               .verbose = options->verbose};
    if ((rc = phone_source_parse(options->tftp, options->timeout_ms, &out->source, err)) != 0 ||
        (rc = take_mac(options->mac != NULL ? options->mac : DEFAULT_MAC, out->count, &out->mac, err)) != 0 ||
        (rc = take_families(options->family != NULL ? options->family : DEFAULT_FAMILY, out, err)) != 0 ||
        (rc = take_servers(options, out, err)) != 0)
        return rc;
    return options->now != NULL ? take_now(options->now, &out->clock_offset, err) : 0;
}

time_t phone_plan_now(const struct phone_plan *plan)
{
    return (time_t)(time(NULL) + plan->clock_offset);
}

void phone_plan_name(const struct phone_plan *plan, unsigned number, char out[PHONE_NAME_SIZE])
{
    snprintf(out, PHONE_NAME_SIZE, "SEP%012" PRIX64, (plan->mac + number) & MAC_MAX);
}
