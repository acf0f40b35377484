#include "phone_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 16
#define NO_PRIORITY 1000
#define VALUE_SIZE  256
#define SERVER_SIZE (VALUE_SIZE + 16)
/* Of names, and of addresses with their zone. */
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%"
#define COMMENT_START   "<!--"
#define COMMENT_END     "-->"

struct member {
    char server[SERVER_SIZE];
    long priority;
};

/* A copy as text, without comments; NUL bytes end it. The caller frees it. */
static char *text_of(struct trust_bytes config)
{
    char *text = malloc(config.len + 1), *start, *end;
    if (text == NULL)
        return NULL;
    if (config.len > 0)
        memcpy(text, config.data, config.len);
    text[config.len] = '\0';
    for (char *from = text; (start = strstr(from, COMMENT_START)) != NULL; from = start) {
        end = strstr(start, COMMENT_END);
        if (end == NULL) {
            *start = '\0';
            break;
        }
        end += strlen(COMMENT_END);
        memmove(start, end, strlen(end) + 1);
    }
    return text;
}

/* The start tag of an element of that name; *inside is what follows it. */
static const char *find_element(const char *text, const char *name, const char **inside)
{
    size_t len = strlen(name);
    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        if (strncmp(at + 1, name, len) != 0 || strchr(" \t\r\n>", at[1 + len]) == NULL || at[1 + len] == '\0')
            continue;
        const char *close = strchr(at, '>');
        if (close == NULL)
            return NULL;
        *inside = close + 1;
        return at;
    }
    return NULL;
}

/* What stands between the tags of the first element of that name, without the blanks around it. */
static bool value_of(const char *text, const char *name, char out[VALUE_SIZE])
{
    const char *value;
    if (find_element(text, name, &value) == NULL)
        return false;
    value += strspn(value, " \t\r\n");
    size_t len = strcspn(value, "<");
    while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
        len--;
    if (len == 0 || len >= VALUE_SIZE)
        return false;
    memcpy(out, value, len);
    out[len] = '\0';
    return true;
}

/* Cut text off before the end tag of that name. false: there is none. */
static bool cut(char *text, const char *name)
{
    char tag[32];
    snprintf(tag, sizeof tag, "</%s>", name);
    char *end = strstr(text, tag);
    if (end != NULL)
        *end = '\0';
    return end != NULL;
}

static bool take_member(const char *start_tag, const char *inside, struct member *out)
{
    char address[VALUE_SIZE], port[VALUE_SIZE] = "2445";
    const char *priority = strstr(start_tag, "priority=");
    *out = (struct member){.priority = NO_PRIORITY};
    if (priority != NULL && priority < inside)
        out->priority = atol(priority + strlen("priority=\""));
    if (!value_of(inside, "address", address) || address[strspn(address, HOST_CHARACTERS)] != '\0')
        return false;
    value_of(inside, "port", port);
    snprintf(out->server, sizeof out->server, strchr(address, ':') != NULL ? "[%s]:%s" : "%s:%s", address,
             port);
    return true;
}

static unsigned take_members(char *text, struct member *members)
{
    unsigned count = 0;
    const char *inside, *tag;
    while (count < MEMBERS_MAX && (tag = find_element(text, "member", &inside)) != NULL) {
        char *body = text + (inside - text);
        if (!cut(body, "member"))
            break;
        size_t used = strlen(body);
        if (take_member(tag, inside, &members[count]))
            count++;
        text = body + used + strlen("</member>");
    }
    return count;
}

static void sort(struct member *members, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct member member = members[i];
        unsigned at = i;
        for (; at > 0 && members[at - 1].priority > member.priority; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

unsigned phone_config_servers(struct trust_bytes config, struct net_target *out, unsigned max)
{
    struct member members[MEMBERS_MAX];
    const char *inside;
    unsigned count = 0, taken = 0;
    char *text = text_of(config);
    if (text != NULL && find_element(text, "TVS", &inside) != NULL) {
        char *body = text + (inside - text);
        if (cut(body, "TVS"))
            count = take_members(body, members);
    }
    free(text);
    sort(members, count);
    for (unsigned i = 0; i < count && taken < max; i++) {
        if (net_parse_option("TVS server", members[i].server, "2445", &out[taken], NULL) == 0)
            taken++;
    }
    return taken;
}
