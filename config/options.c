#include "options.h"

#include "address.h"
#include "checks.h"
#include "network.h"

#include <string.h>

#define SECOND ((int64_t)1000)
#define HOUR   (3600 * SECOND)

static const struct option_choice words_auto[] = {{"auto", CONFIG_AUTO}, {NULL, 0}};
static const struct option_choice tls_versions[] = {{"1.0", CONFIG_TLS_1_0},
                                                    {"1.1", CONFIG_TLS_1_1},
                                                    {"1.2", CONFIG_TLS_1_2},
                                                    {"1.3", CONFIG_TLS_1_3},
                                                    {NULL, 0}};
static const struct option_choice digests[] = {
    {"sha1", TRUST_DIGEST_SHA1}, {"sha256", TRUST_DIGEST_SHA256}, {"sha512", TRUST_DIGEST_SHA512}, {NULL, 0}};
static const struct option_choice itl_ways[] = {
    {"automatic", CONFIG_ITL_AUTOMATIC}, {"manual", CONFIG_ITL_MANUAL}, {NULL, 0}};
static const struct option_choice record_forms[] = {
    {"hash", CONFIG_RECORDS_HASH}, {"certificate", CONFIG_RECORDS_CERTIFICATE}, {NULL, 0}};
static const struct option_choice dns_names[] = {
    {"host", CONFIG_DNS_HOST}, {"address", CONFIG_DNS_ADDRESS}, {"blank", CONFIG_DNS_BLANK}, {NULL, 0}};
static const struct option_choice signers[] = {
    {"CallManager", TRUST_UNIT_CALLMANAGER}, {"ITLRecovery", TRUST_UNIT_ITLRECOVERY}, {NULL, 0}};
static const struct option_choice expired_ways[] = {
    {"answer", CONFIG_EXPIRED_ANSWER}, {"refuse", CONFIG_EXPIRED_REFUSE}, {NULL, 0}};
static const struct option_choice log_levels[] = {{"debug", CONFIG_LOG_DEBUG},
                                                  {"info", CONFIG_LOG_INFO},
                                                  {"warning", CONFIG_LOG_WARNING},
                                                  {"error", CONFIG_LOG_ERROR},
                                                  {NULL, 0}};
static const struct option_choice log_formats[] = {
    {"logfmt", CONFIG_LOG_LOGFMT}, {"json", CONFIG_LOG_JSON}, {"trace", CONFIG_LOG_TRACE}, {NULL, 0}};
static const struct option_choice control_sockets[] = {
    {CONFIG_CONTROL_AUTO, 0}, {CONFIG_CONTROL_OFF, 0}, {NULL, 0}};
static const struct option_choice log_targets[] = {{"stderr", 0}, {"syslog", 0}, {NULL, 0}};

#define MEMBER(name)     .offset = offsetof(struct config, name)
#define RANGE(low, high) .min = (low), .max = (high)
#define PATH_LENGTH      RANGE(1, 1024)

static const struct option table[] = {
    {"server.listen", OPTION_LIST, MEMBER(server.listen), "0.0.0.0:2445 [::]:2445", RANGE(1, 64),
     .check = address_check_listen, .needs_restart = true},
    {"server.workers", OPTION_INTEGER, MEMBER(server.workers), "auto", RANGE(1, 64), .choices = words_auto,
     .needs_restart = true},
    {"server.max_connections", OPTION_INTEGER, MEMBER(server.max_connections), "auto", RANGE(1, 1000000),
     .choices = words_auto, .needs_restart = true},
    {"server.max_connections_per_address", OPTION_INTEGER, MEMBER(server.max_connections_per_address), "0",
     RANGE(0, 1000000)},
    {"server.unlimited_addresses", OPTION_LIST, MEMBER(server.unlimited_addresses), "", RANGE(0, 64),
     .check = network_check},
    {"server.max_handshakes", OPTION_INTEGER, MEMBER(server.max_handshakes), "auto", RANGE(1, 1000000),
     .choices = words_auto, .needs_restart = true},
    {"server.handshake_timeout", OPTION_DURATION, MEMBER(server.handshake_timeout), "30s", RANGE(100, HOUR)},
    {"server.request_timeout", OPTION_DURATION, MEMBER(server.request_timeout), "10s", RANGE(100, HOUR)},
    {"server.idle_timeout", OPTION_DURATION, MEMBER(server.idle_timeout), "60s", RANGE(100, 24 * HOUR)},
    {"server.drain_timeout", OPTION_DURATION, MEMBER(server.drain_timeout), "5s", RANGE(0, HOUR)},
    {"tls.minimum", OPTION_CHOICE, MEMBER(tls.minimum), "1.2", .choices = tls_versions},
    {"tls.rsa_key_exchange", OPTION_SWITCH, MEMBER(tls.rsa_key_exchange), "true"},
    {"node.name", OPTION_TEXT, MEMBER(node.name), NULL, RANGE(1, 253), .check = check_node_name},
    {"node.address", OPTION_TEXT, MEMBER(node.address), NULL, RANGE(7, 15), .check = address_check_node},
    {"certificates.subject", OPTION_TEXT, MEMBER(certificates.subject), "OU=TVS;O=tvsd", RANGE(0, 512),
     .check = check_subject},
    {"certificates.key", OPTION_TEXT, MEMBER(certificates.key), "rsa:2048", RANGE(1, 16), .check = check_key},
    {"certificates.days", OPTION_INTEGER, MEMBER(certificates.days), "1825", RANGE(1, 36500)},
    {"certificates.signature", OPTION_CHOICE, MEMBER(certificates.signature), "sha256", .choices = digests},
    {"state", OPTION_PATH, MEMBER(state), "/var/lib/tvs", PATH_LENGTH, .needs_restart = true},
    {"trust_lists.directory", OPTION_PATH, MEMBER(trust_lists.directory), "/srv/tftp", PATH_LENGTH},
    {"trust_lists.itl", OPTION_CHOICE, MEMBER(trust_lists.itl), "automatic", .choices = itl_ways},
    {"trust_lists.digest", OPTION_CHOICE, MEMBER(trust_lists.digest), "sha1", .choices = digests},
    {"trust_lists.signer", OPTION_CHOICE, MEMBER(trust_lists.signer), "CallManager", .choices = signers},
    {"trust_lists.recovery_anchor", OPTION_SWITCH, MEMBER(trust_lists.recovery_anchor), "true"},
    {"trust_lists.itl_records", OPTION_CHOICE, MEMBER(trust_lists.itl_records), "hash",
     .choices = record_forms},
    {"trust_lists.dns_names", OPTION_CHOICE, MEMBER(trust_lists.dns_names), "host", .choices = dns_names},
    {"trust_lists.addresses", OPTION_SWITCH, MEMBER(trust_lists.addresses), "true"},
    {"trust_lists.require_trusted_signer", OPTION_SWITCH, MEMBER(trust_lists.require_trusted_signer), "true"},
    {"trust_lists.refuse_older_ctl", OPTION_SWITCH, MEMBER(trust_lists.refuse_older_ctl), "false"},
    {"answers.ttl", OPTION_INTEGER, MEMBER(answers.ttl), "86400", RANGE(0, INT32_MAX)},
    {"answers.expired", OPTION_CHOICE, MEMBER(answers.expired), "answer", .choices = expired_ways},
    {"log.level", OPTION_CHOICE, MEMBER(log.level), "info", .choices = log_levels},
    {"log.format", OPTION_CHOICE, MEMBER(log.format), "logfmt", .choices = log_formats},
    {"log.target", OPTION_PATH, MEMBER(log.target), "stderr", PATH_LENGTH, .choices = log_targets,
     .check = check_log_target},
    {"control.socket", OPTION_PATH, MEMBER(control.socket), CONFIG_CONTROL_AUTO, PATH_LENGTH,
     .choices = control_sockets, .check = check_control_socket, .needs_restart = true},
    {"phones.max", OPTION_INTEGER, MEMBER(phones.max), "100000", RANGE(0, 1000000), .needs_restart = true},
};

#define OPTION_COUNT (sizeof table / sizeof table[0])
_Static_assert(OPTION_COUNT <= OPTIONS_MAX, "OPTIONS_MAX is too small");

const struct option *option_table(size_t *count)
{
    *count = OPTION_COUNT;
    return table;
}

const char *option_name(const struct option *option)
{
    const char *dot = strchr(option->key, '.');
    return dot == NULL ? option->key : dot + 1;
}

size_t option_section_length(const struct option *option)
{
    const char *dot = strchr(option->key, '.');
    return dot == NULL ? 0 : (size_t)(dot - option->key);
}

static bool same(const char *word, size_t word_len, const char *text, size_t len)
{
    return word_len == len && memcmp(word, text, len) == 0;
}

const struct option *option_find(const char *section, const char *name, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *have = option_name(&table[i]);
        if (same(table[i].key, option_section_length(&table[i]), section, strlen(section)) &&
            same(have, strlen(have), name, len))
            return &table[i];
    }
    return NULL;
}

const struct option *option_find_section(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (len > 0 && same(table[i].key, option_section_length(&table[i]), name, len))
            return &table[i];
    return NULL;
}

void *option_member(const struct option *option, struct config *config)
{
    return (char *)config + option->offset;
}
