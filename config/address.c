#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned long)(text[i] - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

bool config_split_address(const char *text, char *address, size_t size, uint16_t *port)
{
    const char *start = text, *end = strchr(text, ':'), *colon = end;
    if (text[0] == '[') {
        start = text + 1;
        end = strchr(start, ']');
        colon = end == NULL ? NULL : end + 1;
    }
    if (end == NULL || *colon != ':' || end == start || (size_t)(end - start) >= size)
        return false;
    if (!parse_port(colon + 1, port))
        return false;
    memcpy(address, start, (size_t)(end - start));
    address[end - start] = '\0';
    return true;
}

/* An IPv6 address may name its interface: "fe80::1%eth0". */
static bool is_ipv6(char *address)
{
    struct in6_addr v6;
    char *zone = strchr(address, '%');
    if (zone != NULL) {
        if (zone[1] == '\0')
            return false;
        *zone = '\0';
    }
    return inet_pton(AF_INET6, address, &v6) == 1;
}

int address_check_listen(const char *value, struct trust_error *err)
{
    char address[128];
    uint16_t port;
    struct in_addr v4;
    if (!config_split_address(value, address, sizeof address, &port))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "\"%.100s\" is no address with a port (0 to 65535); \"192.0.2.1:2445\" or "
                               "\"[2001:db8::1]:2445\" would do",
                               value);
    if (value[0] == '[' ? is_ipv6(address) : inet_pton(AF_INET, address, &v4) == 1)
        return 0;
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                           "\"%.100s\" is no %s address; names are not looked up, write the address itself",
                           address, value[0] == '[' ? "IPv6" : "IPv4");
}

int address_check_node(const char *value, struct trust_error *err)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, value, &v4) == 1 && v4.s_addr != htonl(INADDR_ANY))
        return 0;
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                           "\"%s\" is no IPv4 address that phones could call; 192.0.2.1 would do", value);
}

static bool address_of_listen(const struct config_strings *listen, char out[ADDRESS_IPV4_MAX])
{
    for (size_t i = 0; i < listen->count; i++) {
        char address[128];
        uint16_t port;
        if (!config_split_address(listen->items[i], address, sizeof address, &port) ||
            address_check_node(address, NULL) != 0)
            continue;
        strcpy(out, address);
        return true;
    }
    return false;
}

/* Connecting a UDP socket chooses a route and sends nothing; 192.0.2.1 is for documentation (RFC 5737). */
static bool address_of_route(char out[ADDRESS_IPV4_MAX])
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(2445)}, here = {0};
    socklen_t len = sizeof here;
    bool found = false;
    inet_pton(AF_INET, "192.0.2.1", &there.sin_addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)&there, sizeof there) == 0 &&
        getsockname(fd, (struct sockaddr *)&here, &len) == 0 && here.sin_addr.s_addr != htonl(INADDR_ANY))
        found = inet_ntop(AF_INET, &here.sin_addr, out, ADDRESS_IPV4_MAX) != NULL;
    close(fd);
    return found;
}

void address_of_node(const struct config_strings *listen, char out[ADDRESS_IPV4_MAX])
{
    if (!address_of_listen(listen, out) && !address_of_route(out))
        strcpy(out, "127.0.0.1");
}
