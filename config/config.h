/* The configuration file that tvsd and tvsctl share: one table of options (options.c) describes each once,
 * and from it come parser, range check, default, `tvsd -T`, "needs restart" and the test of manual page and
 * sample. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "trust.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_PATH_DEFAULT "/etc/tvs/tvsd.yaml"
#define CONFIG_AUTO         0 /* of a number that says "auto" */
#define CONFIG_CONTROL_AUTO "auto"
#define CONFIG_CONTROL_OFF  "off"

enum config_tls_version { CONFIG_TLS_1_0, CONFIG_TLS_1_1, CONFIG_TLS_1_2, CONFIG_TLS_1_3 };
enum config_itl { CONFIG_ITL_AUTOMATIC, CONFIG_ITL_MANUAL };
enum config_records { CONFIG_RECORDS_HASH, CONFIG_RECORDS_CERTIFICATE };
enum config_dns { CONFIG_DNS_HOST, CONFIG_DNS_ADDRESS, CONFIG_DNS_BLANK };
enum config_expired { CONFIG_EXPIRED_ANSWER, CONFIG_EXPIRED_REFUSE };
enum config_log_level { CONFIG_LOG_DEBUG, CONFIG_LOG_INFO, CONFIG_LOG_WARNING, CONFIG_LOG_ERROR };
enum config_log_format { CONFIG_LOG_LOGFMT, CONFIG_LOG_JSON, CONFIG_LOG_TRACE };

struct config_strings {
    char **items;
    size_t count;
};

/* All of it, checked. Strings are never NULL. Times are milliseconds unless named otherwise. */
struct config {
    struct {
        struct config_strings listen;              /* "ADDRESS:PORT", "[ADDRESS]:PORT"; port 0 is allowed */
        int64_t workers;                           /* CONFIG_AUTO: as many as cores, at most 4 */
        int64_t max_connections;                   /* CONFIG_AUTO: the hard limit of descriptors less 64 */
        int64_t max_connections_per_address;       /* 0: none */
        struct config_strings unlimited_addresses; /* networks: see network.h */
        int64_t max_handshakes; /* under way at a time; CONFIG_AUTO: a quarter of the connections, see
                                   workers.c */
        int64_t handshake_timeout, request_timeout, idle_timeout, drain_timeout;
    } server;
    struct {
        int minimum; /* enum config_tls_version */
        bool rsa_key_exchange;
    } tls;
    struct {
        char *name;    /* the host's name if the file has none */
        char *address; /* IPv4; see config_load */
    } node;
    struct {
        char *subject; /* "OU=…;O=…;L=…;ST=…;C=…" */
        char *key;     /* "rsa:2048" */
        int64_t days;
        int signature; /* enum trust_digest */
    } certificates;
    char *state;        /* folder */
    bool state_is_copy; /* a rehearsal's; no option */
    struct {
        char *directory; /* the TFTP folder */
        int itl;         /* enum config_itl */
        int digest;      /* enum trust_digest */
        int signer;      /* enum trust_unit: CALLMANAGER or ITLRECOVERY */
        bool recovery_anchor, require_trusted_signer, refuse_older_ctl;
        int itl_records; /* enum config_records: of TVS and CAPF in an ITL */
        int dns_names;   /* enum config_dns: what records give as DNSNAME */
        bool addresses;  /* records give IPADDRESS */
    } trust_lists;
    struct {
        int64_t ttl; /* seconds */
        int expired; /* enum config_expired */
    } answers;
    struct {
        int level;    /* enum config_log_level */
        int format;   /* enum config_log_format */
        char *target; /* "stderr", "syslog", or a file's path */
    } log;
    struct {
        char *socket; /* a path, CONFIG_CONTROL_AUTO or CONFIG_CONTROL_OFF: see config_control_path */
    } control;
    struct {
        int64_t max; /* that tvsd remembers */
    } phones;
};

/* Read and check a file. Nothing is taken from a file with an error in it. Errors are one line with file,
 * line and column: unknown keys (naming the nearest), values out of range (naming the range), text that is no
 * YAML. node.address becomes the first IPv4 of server.listen that is no wildcard, else that of the default
 * route, else 127.0.0.1. A file that everybody may write is refused (TRUST_EDENIED). The caller frees *out
 * with config_free. */
int config_load(const char *path, struct config **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Same from memory; name stands in errors. */
int config_parse(const char *text, size_t len, const char *name, struct config **out,
                 struct trust_error *err) TRUST_MUST_CHECK;

void config_free(struct config *config);

/* Write every option with its value in force, as a file that config_load takes (`tvsd -T`). */
void config_dump(const struct config *config, FILE *out);

/* The names, comma-separated, of options that differ between the two and take effect only at a restart; "" if
 * there are none. Returns out. */
char *config_needs_restart(const struct config *old, const struct config *fresh, char *out, size_t size);

/* A path inside the state folder: "STATE/NAME". Returns out, or NULL if it does not fit. */
char *config_state_path(const struct config *config, const char *name, char *out, size_t size);

/* Where clients find tvsd's control socket. With auto that is STATE/control, which tvsd makes a link to the
 * socket in its runtime folder if the service manager gave it one: so nobody talks to the tvsd of another
 * configuration. Returns out; NULL if it does not fit, or there is none (off). */
char *config_control_path(const struct config *config, char *out, size_t size);
#define CONFIG_CONTROL_NAME "control"

/* Split "ADDRESS:PORT" or "[ADDRESS]:PORT". false if it is neither, or no port up to 65535. */
bool config_split_address(const char *text, char *address, size_t size, uint16_t *port);

#endif
