#include "wire.h"

#include "clock.h"
#include "promise.h"
#include "sims.h"
#include "tests/fixture.h"
#include "tvsctl/guard.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS   20000
#define STEP_MS   5
#define WORDS_MAX 40

struct wire {
    const char *programs;
    struct site site;
    struct sim sims[HISTORY_PHONES]; /* their families and servers alone */
    pid_t tvsd[HISTORY_NODES];       /* 0: none runs */
    char log[HISTORY_NODES][300];
    char address[HISTORY_NODES][80];
    struct promise promise;
    bool follows[HISTORY_PHONES]; /* when it booted last */
    struct play_result *result;
    FILE *told;
};

/* ---- Programs */

static pid_t start(const struct wire *wire, const char *program, char *text, int out, int err)
{
    char path[600], *words[WORDS_MAX], *save = NULL;
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", wire->programs, program);
    words[count++] = path;
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        ck_assert_uint_lt(count, WORDS_MAX - 1);
        words[count++] = word;
    }
    words[count] = NULL;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    int nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(126);
    execv(path, words);
    _exit(127);
}

static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    return fd;
}

/* Run it to its end. *out, which the caller frees, is what it wrote, and err.txt what it complained. */
static int run(struct wire *wire, char **out, const char *program, const char *format, ...)
    TRUST_PRINTF(4, 5);

static int run(struct wire *wire, char **out, const char *program, const char *format, ...)
{
    char *text, out_path[300], err_path[300];
    int status;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    snprintf(out_path, sizeof out_path, "%s", bench_path(&wire->site.bench, "out.txt"));
    snprintf(err_path, sizeof err_path, "%s", bench_path(&wire->site.bench, "err.txt"));
    int to = open_file(out_path), complaints = open_file(err_path);
    pid_t pid = start(wire, program, text, to, complaints);
    close(to);
    close(complaints);
    free(text);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "%s ended with %d", program, status);
    if (out != NULL) {
        struct trust_bytes bytes = fixture_read(out_path);
        *out = strndup((const char *)bytes.data, bytes.len);
        fixture_free(bytes);
    }
    return WEXITSTATUS(status);
}

/* ---- Servers */

/* The log from an offset on holds a text; the caller frees what comes. */
static char *wait_for(const struct wire *wire, size_t node, size_t offset, const char *text)
{
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        struct trust_bytes log = fixture_read(wire->log[node]);
        char *rest = log.len > offset ? strndup((const char *)log.data + offset, log.len - offset) : NULL;
        fixture_free(log);
        const char *found = rest != NULL ? strstr(rest, text) : NULL;
        if (found != NULL && strchr(found, '\n') != NULL) {
            memmove(rest, found, strlen(found) + 1);
            return rest;
        }
        free(rest);
        poll(NULL, 0, STEP_MS);
    }
    ck_abort_msg("tvsd of %s did not say %s", site_server(node), text);
}

static void server_start(struct wire *wire, size_t node)
{
    char text[400];
    snprintf(wire->log[node], sizeof wire->log[node], "%s/%s.log", wire->site.bench.folder,
             site_server(node));
    snprintf(text, sizeof text, "--config %s", wire->site.config_path[node]);
    int log = open_file(wire->log[node]);
    wire->tvsd[node] = start(wire, "tvsd", text, log, log);
    close(log);
    char *ready = wait_for(wire, node, 0, "event=ready"), *at = strstr(ready, "listen=");
    ck_assert_ptr_nonnull(at);
    at += strlen("listen=");
    at += *at == '"';
    snprintf(wire->address[node], sizeof wire->address[node], "%.*s", (int)strcspn(at, "\" \n"), at);
    free(ready);
}

static void server_end(struct wire *wire, size_t node)
{
    int status;
    if (wire->tvsd[node] == 0)
        return;
    kill(wire->tvsd[node], SIGKILL);
    ck_assert_int_eq(waitpid(wire->tvsd[node], &status, 0), wire->tvsd[node]);
    wire->tvsd[node] = 0;
}

/* What a phrase changed is noticed soon; at a reload, at once. */
static void servers_follow(struct wire *wire)
{
    for (size_t i = 0; i < HISTORY_NODES; i++) {
        if (wire->tvsd[i] == 0)
            continue;
        struct trust_bytes log = fixture_read(wire->log[i]);
        size_t len = log.len;
        fixture_free(log);
        kill(wire->tvsd[i], SIGHUP);
        free(wait_for(wire, i, len, "event=reload "));
    }
}

/* ---- Phones */

static bool holds(const struct wire *wire, size_t i, const char *name, char out[400])
{
    snprintf(out, 400, "%s/phones/SEP%012" PRIX64 "/%s", wire->site.bench.folder, SITE_FIRST_MAC + i, name);
    return access(out, F_OK) == 0;
}

struct deed {
    bool follows;
    char *line;
};

static struct deed boot(struct wire *wire, size_t i)
{
    char servers[300] = "", cache[400];
    size_t nodes[HISTORY_NODES], count = sim_servers(&wire->sims[i], &wire->site, nodes);
    struct deed deed;
    if (holds(wire, i, "tvs-cache", cache))
        ck_assert_int_eq(unlink(cache), 0);
    for (size_t k = 0; k < count; k++)
        snprintf(servers + strlen(servers), sizeof servers - strlen(servers), " --tvs %s",
                 wire->address[nodes[k]]);
    int status = run(wire, &deed.line, "tvsc",
                     "phone --tftp %s --mac %012" PRIx64 " --state %s/phones --family %s --tvs-timeout 10s "
                     "--json%s",
                     wire->site.bench.tftp, SITE_FIRST_MAC + i, wire->site.bench.folder,
                     wire->sims[i].plan.families[0]->name, servers);
    const bool has_waited = status == 3 && strstr(deed.line, "\"why\":\"tvs-silent\"") != NULL;
    ck_assert_msg(status == 0 || status == 1 || has_waited, "tvsc ended with %d: %s", status, deed.line);
    deed.follows = status == 0;
    wire->follows[i] = deed.follows;
    return deed;
}

/* ---- The word */

struct word {
    bool said, follows, stranded, by_tvs;
    bool of_choice; /* it cannot read what comes: guard_is_of_choice */
    int status;
    char *text;
};

static bool has(const char *object, size_t len, const char *text)
{
    return memmem(object, len, text, strlen(text)) != NULL;
}

static bool is_of_choice(const char *object, size_t len)
{
    char text[64];
    for (int reason = 0; reason < TRUST_REASON_COUNT; reason++) {
        snprintf(text, sizeof text, "\"reason\": \"%s\"", trust_reason_name((enum trust_reason)reason));
        if (guard_is_of_choice((enum trust_reason)reason) && has(object, len, text))
            return true;
    }
    return false;
}

/* The phone's own word: of one that holds nothing, a fresh phone's; of one that asks one node alone, that
 * node's where it differs. */
static void pick(const struct wire *wire, size_t i, bool is_fresh, struct word *word)
{
    size_t nodes[HISTORY_NODES], count = sim_servers(&wire->sims[i], &wire->site, nodes);
    const char *at = word->text;
    while ((at = strstr(at, "\"holds\": {")) != NULL) {
        const char *next = strstr(at + 1, "\"holds\": {");
        size_t len = next != NULL ? (size_t)(next - at) : strlen(at);
        const char *end = memmem(at, len, "\"same_as\"", 9);
        const bool none = end != NULL && has(at, (size_t)(end - at), "\"ctl\": null") &&
                          has(at, (size_t)(end - at), "\"itl\": null");
        const bool all = has(at, len, "\"asks_alone\": null");
        const bool sub = has(at, len, "\"asks_alone\": \"sub");
        if ((!is_fresh || none) &&
            (all || (count == 1 && wire->site.config[1] != NULL && sub == (nodes[0] == 1)))) {
            word->said = true;
            word->follows = has(at, len, "\"outcome\": \"follows\"");
            word->stranded = has(at, len, "\"outcome\": \"stranded\"");
            word->by_tvs = has(at, len, "\": \"tvs\"");
            word->of_choice = is_of_choice(at, len);
        }
        at += len;
    }
}

static void foretell(struct wire *wire, size_t i, size_t node, const char *words, struct word *word)
{
    char ctl[400], itl[400], all[SITE_WORDS_MAX + 1600];
    const bool has_ctl = holds(wire, i, "CTLFile.tlv", ctl),
               has_itl = wire->sims[i].family->knows_itl && holds(wire, i, "ITLFile.tlv", itl);
    const char *force = strstr(words, " --force"); /* a rehearsal is never refused by guard rails */
    const int len = (int)(force != NULL ? (size_t)(force - words) : strlen(words));
    snprintf(all, sizeof all, "--config %s utils rehearse %.*s --json --family %s%s%s%s%s",
             wire->site.config_path[node], len, words, wire->sims[i].plan.families[0]->name,
             has_ctl ? " --installed " : "", has_ctl ? ctl : "", has_itl ? " --installed " : "",
             has_itl ? itl : "");
    bench_run_plain(&wire->site.bench, NULL, all);
    *word = (struct word){.status = wire->site.bench.status, .text = strdup(wire->site.bench.out)};
    ck_assert_ptr_nonnull(word->text);
    if (word->status == TVSCTL_DONE || word->status == TVSCTL_NO)
        pick(wire, i, !has_ctl && !has_itl, word);
}

/* ---- Word and deed */

static bool some_server_is_down(const struct wire *wire, size_t i)
{
    size_t nodes[HISTORY_NODES], count = sim_servers(&wire->sims[i], &wire->site, nodes);
    for (size_t k = 0; k < count; k++)
        if (wire->tvsd[nodes[k]] == 0)
            return true;
    return false;
}

static void compare(struct wire *wire, size_t i, const struct word *word, const struct deed *deed)
{
    if (!word->said || (word->follows && word->by_tvs && some_server_is_down(wire, i)))
        return;
    wire->result->words++;
    wire->result->by[word->follows ? 0 : 2]++;
    if (word->follows == deed->follows)
        return;
    wire->result->disagrees = true;
    snprintf(wire->result->what, sizeof wire->result->what,
             "  phone %zu (%s), servers %u: another word than deed\n%s\n%s\n", i,
             wire->sims[i].plan.families[0]->name, wire->sims[i].servers, word->text, deed->line);
}

static void change_node(struct wire *wire, size_t node)
{
    if (wire->site.down[node])
        server_end(wire, node);
    else
        server_start(wire, node);
}

/* ---- The promise of the guard rails */

static struct trust_list *read_held(const struct wire *wire, size_t i, const char *name)
{
    char path[400];
    struct trust_list *list = NULL;
    if (!holds(wire, i, name, path))
        return NULL;
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_int_eq(trust_list_parse(bytes, &list, NULL), 0);
    fixture_free(bytes);
    return list;
}

static void renew_promise(struct wire *wire)
{
    bool newest[HISTORY_PHONES];
    for (size_t i = 0; i < HISTORY_PHONES; i++) {
        const struct trust_family *family = wire->sims[i].family;
        struct trust_list *ctl = read_held(wire, i, "CTLFile.tlv"), *itl = read_held(wire, i, "ITLFile.tlv");
        newest[i] = family->knows_tvs && wire->follows[i] &&
                    promise_is_newest(&wire->site, ctl, itl, family->knows_itl);
        trust_list_free(ctl);
        trust_list_free(itl);
    }
    promise_renew(&wire->promise, &wire->site, newest);
}

/* A phone that stayed away may have been struck by any phrase since. */
static void check_promise(struct wire *wire, size_t i, const struct word *word, const struct deed *deed)
{
    const bool is_stranded = word->said && word->stranded && !deed->follows;
    wire->result->kept += wire->promise.holds[i];
    if (!promise_is_broken(&wire->promise, i, is_stranded, deed->follows, !word->of_choice))
        return;
    wire->result->disagrees = true;
    snprintf(wire->result->what, sizeof wire->result->what,
             "  phone %zu (%s), servers %u: promised to be kept, and stranded\n%s\n%s\n", i,
             wire->sims[i].plan.families[0]->name, wire->sims[i].servers, word->text, deed->line);
}

/* The phrase that no guard rail refuses ends the promise, as force does; whom it struck is seen when he
 * boots. */
static void note_guards(struct wire *wire, const struct history_event *what, int status)
{
    const char *err = wire->site.bench.err;
    wire->result->guarded +=
        status == TVSCTL_REFUSED && err != NULL && strstr(err, "tvsctl: refused by guard rail ") != NULL;
    const bool forced = promise_was_forced(&wire->promise, &wire->site);
    wire->result->forced += forced;
    if (forced || (what->kind == HISTORY_NON_SECURE && status == TVSCTL_DONE))
        for (size_t i = 0; i < HISTORY_PHONES; i++)
            wire->promise.holds[i] = wire->follows[i] = false;
}

/* ---- An event */

static void happen(struct wire *wire, size_t event, struct word words[HISTORY_PHONES], int *status)
{
    const struct history_event *what = &wire->site.history->events[event];
    char said[SITE_WORDS_MAX];
    size_t node;
    const bool is_phrase = site_words(&wire->site, what, said, &node);
    for (size_t i = 0; what->kind == HISTORY_CLOSE && what->is_true && i < HISTORY_PHONES; i++)
        free(boot(wire, i).line);
    for (size_t i = 0; is_phrase && i < HISTORY_PHONES; i++)
        if ((what->boots >> i & 1) != 0)
            foretell(wire, i, node, said, &words[i]);
    if (is_phrase)
        *status = site_say(&wire->site, node, said);
    else
        for (size_t i = 0; i < HISTORY_NODES; i++)
            if (wire->site.config[i] != NULL && (wire->tvsd[i] == 0) != wire->site.down[i])
                change_node(wire, i);
    if (wire->told != NULL)
        fprintf(wire->told, "  %zu. %s%s (%d)\n", event + 1, node > 0 ? "on sub: " : "", said, *status);
}

static void play_event(struct wire *wire, size_t event)
{
    const struct history_event *what = &wire->site.history->events[event];
    struct word words[HISTORY_PHONES] = {0};
    int status = TVSCTL_DONE;
    if (what->kind == HISTORY_CLOCK)
        return;
    happen(wire, event, words, &status);
    note_guards(wire, what, status);
    servers_follow(wire);
    wire->result->by[3] += status != TVSCTL_DONE;
    for (size_t i = 0; i < HISTORY_PHONES; i++) {
        if ((what->boots >> i & 1) != 0 && !wire->result->disagrees) {
            struct deed deed = boot(wire, i);
            if (status == TVSCTL_DONE)
                compare(wire, i, &words[i], &deed);
            if (status == TVSCTL_DONE && !wire->result->disagrees)
                check_promise(wire, i, &words[i], &deed);
            free(deed.line);
        }
        free(words[i].text);
    }
    renew_promise(wire);
}

void wire_history(const char *programs, const struct history *history, FILE *told, struct play_result *result)
{
    struct wire wire = {.programs = programs, .told = told, .result = result};
    *result = (struct play_result){0};
    clock_is_real();
    site_open(&wire.site, history);
    for (unsigned i = 0; i < HISTORY_PHONES; i++)
        sim_open(&wire.sims[i], &history->phones[i], i);
    for (size_t i = 0; i < HISTORY_NODES; i++)
        if (wire.site.config[i] != NULL)
            server_start(&wire, i);
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        if (history->phones[i].boots_at_once)
            free(boot(&wire, i).line);
    renew_promise(&wire);
    for (size_t i = 0; i < history->event_count && !result->disagrees; i++) {
        result->event = i;
        play_event(&wire, i);
    }
    for (size_t i = 0; i < HISTORY_NODES; i++)
        server_end(&wire, i);
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        sim_close(&wire.sims[i]);
    site_close(&wire.site);
}
