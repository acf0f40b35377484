#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct network {
    int family;
    uint8_t address[16];
    unsigned bits; /* of the prefix */
};

static bool parse_length(const char *text, unsigned most, unsigned *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return false;
    *out = (unsigned)strtoul(text, NULL, 10);
    return *out <= most;
}

static bool parse(const char *text, struct network *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    *out = (struct network){.family = memchr(text, ':', len) != NULL ? AF_INET6 : AF_INET};
    const unsigned most = out->family == AF_INET6 ? 128 : 32;
    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    out->bits = most;
    return inet_pton(out->family, address, out->address) == 1 &&
           (slash == NULL || parse_length(slash + 1, most, &out->bits));
}

/* Whether two addresses have the same first bits. */
static bool same_start(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    const uint8_t mask = (uint8_t)(0xff00u >> bits % 8);
    return memcmp(a, b, bits / 8) == 0 && (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

/* Whether nothing stands behind the prefix. */
static bool is_whole(const struct network *network)
{
    for (unsigned bit = network->bits; bit < sizeof network->address * 8; bit++)
        if ((network->address[bit / 8] & 0x80u >> bit % 8) != 0)
            return false;
    return true;
}

int network_check(const char *value, struct trust_error *err)
{
    struct network network;
    if (!parse(value, &network))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%.100s\" is no network; 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1 would do",
                               value);
    if (!is_whole(&network))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%.100s\" has an address inside a network of %u bits: write the network's "
                               "own address, or leave the length out",
                               value, network.bits);
    return 0;
}

bool network_has(const struct config_strings *networks, const char *address)
{
    struct network one, network;
    if (!parse(address, &one))
        return false;
    for (size_t i = 0; i < networks->count; i++)
        if (parse(networks->items[i], &network) && network.family == one.family &&
            same_start(one.address, network.address, network.bits))
            return true;
    return false;
}
