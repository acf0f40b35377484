#include "site.h"

#include "certificates.h"
#include "clock.h"
#include "made_once.h"
#include "tests/fixture.h"
#include "tests/tvsctl/helper_lists.h"
#include "tvsd/identity.h"
#include "tvsd/request.h"

#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HOUR 3600
#define DAY  86400

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

/* ---- Set-up */

static void configure(struct site *site)
{
    const struct history *history = site->history;
    char extra[512];
    snprintf(extra, sizeof extra,
             "  recovery_anchor: %s\n  signer: %s\n  digest: %s\n  itl_records: %s\n  itl: %s\n"
             "  refuse_older_ctl: %s\n"
             "answers:\n  expired: %s\nserver:\n  listen: \"127.0.0.1:0\"\n"
             "tls:\n  minimum: \"%s\"\n",
             history->no_recovery ? "false" : "true", history->recovery_signs ? "itlrecovery" : "callmanager",
             history->sha512 ? "sha512" : "sha1", history->records_hash ? "hash" : "certificate",
             history->manual ? "manual" : "automatic", history->refuse_older ? "true" : "false",
             history->refuse_expired ? "refuse" : "answer", history->new_tls ? "1.2" : "1.0");
    bench_open(&site->bench, extra);
    snprintf(site->config_path[0], sizeof site->config_path[0], "%s", site->bench.config);
    must(config_load(site->config_path[0], &site->config[0], &err));
}

/* The other node works in the same state folder, with a configuration of its own. */
static void configure_sub(struct site *site)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    struct trust_bytes ours = fixture_read(site->config_path[0]);
    const char *rest = strstr((const char *)ours.data, "certificates:");
    ck_assert_ptr_nonnull(rest);
    fprintf(to, "node:\n  name: sub\n  address: 10.48.47.156\n%.*s",
            (int)(ours.len - (size_t)(rest - (const char *)ours.data)), rest);
    fclose(to);
    snprintf(site->config_path[1], sizeof site->config_path[1], "%s",
             bench_write(&site->bench, "sub.yaml", helper_bytes(text)));
    fixture_free(ours);
    free(text);
    must(config_load(site->config_path[1], &site->config[1], &err));
}

static void do_say(struct site *site, size_t node, const char *words)
{
    int status = site_say(site, node, words);
    ck_assert_msg(status == TVSCTL_DONE, "seed %" PRIu64 ": %s: %d: %s", site->history->seed, words, status,
                  site->bench.err);
}

static void sign_configurations(struct site *site)
{
    char name[40], words[600] = "file sign";
    for (unsigned i = 0; i < HISTORY_PHONES; i++) {
        snprintf(name, sizeof name, "SEP%012" PRIX64 ".cnf.xml", SITE_FIRST_MAC + i);
        bench_write(&site->bench, bench_in_tftp(&site->bench, name), helper_bytes("<device/>"));
        snprintf(words + strlen(words), sizeof words - strlen(words), " %s", name);
    }
    do_say(site, 0, words);
}

void site_open(struct site *site, const struct history *history)
{
    char words[600];
    *site = (struct site){.history = history};
    clock_start();
    made_once_begin();
    configure(site);
    if (history->has_hardware)
        hardware_open(&site->hardware);
    ck_assert_int_eq(mkdir(bench_path(&site->bench, "tmp"), 0755), 0);
    do_say(site, 0, "set cert regen CallManager");
    do_say(site, 0, "set cert regen TVS");
    if (history->has_sub) {
        configure_sub(site);
        do_say(site, 1, "set cert regen TVS");
    }
    if (history->is_mixed)
        do_say(site, 0, "set cert regen CAPF");
    if (history->has_tokens) {
        snprintf(words, sizeof words, "set cert import trust Phone-SAST-trust %s %s", certificates_path(0),
                 certificates_path(1));
        do_say(site, 0, words);
    }
    if (history->manual || history->has_sub)
        do_say(site, 0, "utils itl update");
    if (history->is_mixed)
        do_say(site, 0, "utils ctl set-cluster mixed-mode");
    sign_configurations(site);
    site_follow(site);
}

void site_close(struct site *site)
{
    site_answers_fini(&site->answers);
    for (size_t i = 0; i < HISTORY_NODES; i++)
        config_free(site->config[i]);
    hardware_close(&site->hardware);
    bench_close(&site->bench);
}

/* ---- What is said */

/* The number of one of the lists of that kind which were published; a number that is none, at times. */
static unsigned long some_number(const struct site *site, const char *file, uint32_t choice)
{
    unsigned long numbers[512], number;
    size_t count = 0;
    char path[400];
    const struct dirent *entry;
    snprintf(path, sizeof path, "%s/published", site->bench.state);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL && count < sizeof numbers / sizeof numbers[0]) {
        const char *rest = strchr(entry->d_name, '-');
        if (rest != NULL && strcmp(rest + 1, file) == 0 && sscanf(entry->d_name, "%lu", &number) == 1) {
            size_t at = count++;
            for (; at > 0 && numbers[at - 1] > number; at--)
                numbers[at] = numbers[at - 1];
            numbers[at] = number;
        }
    }
    if (dir != NULL)
        closedir(dir);
    return count > 0 ? numbers[choice % count] : 1;
}

/* Under the name that our node has now. */
static struct trust_cert *own_signer(const struct site *site)
{
    char node[TRUST_NODE_NAME_SIZE];
    struct trust_store *store;
    struct trust_cert *cert;
    must(trust_store_open(site->bench.store, TRUST_STORE_READ, &store, &err));
    must(trust_store_node_name(store, site->config[0]->node.name, node, &err));
    must(trust_store_own(store, node, TRUST_UNIT_CALLMANAGER, &cert, &err));
    trust_store_close(store);
    return cert;
}

static int take_rollout(void *arg, const struct trust_rollout *rollout)
{
    FILE *to = arg;
    fprintf(to, " %" PRId64, rollout->number);
    return 0;
}

/* " 1 3": those that are open. */
static void put_rollouts(const struct site *site, char *out, size_t size)
{
    struct trust_store *store;
    FILE *to = fmemopen(out, size, "w");
    ck_assert_ptr_nonnull(to);
    must(trust_store_open(site->bench.store, TRUST_STORE_READ, &store, &err));
    must(trust_store_each_rollout(store, TRUST_ROLLOUTS_OPEN, take_rollout, to, &err));
    trust_store_close(store);
    fputc('\0', to);
    fclose(to);
}

/* A certificate with issuer and serial number of the CallManager's, and another key. */
static void write_twin(struct site *site)
{
    struct trust_cert *own = own_signer(site);
    struct trust_bytes serial = trust_cert_serial(own);
    char hex[2 * 20 + 1];
    ck_assert_uint_le(serial.len, 20);
    trust_hex(serial, 0, true, hex);
    const struct lists_cert spec = {
        .subject = trust_name_cucm(trust_cert_subject(own)), .serial = hex, .bits = 1024};
    lists_write_cert(&site->bench, "twin.pem", &spec);
    trust_cert_free(own);
}

static void happen(struct site *site, const struct history_event *event, char out[SITE_WORDS_MAX])
{
    static const int64_t steps[] = {HOUR, HOUR, 25 * HOUR, 25 * HOUR, 40 * DAY, INT64_C(6) * 366 * DAY};
    if (event->kind == HISTORY_NODE) {
        size_t node = site->config[1] != NULL ? event->choice % 2 : 0;
        site->down[node] = !site->down[node];
        snprintf(out, SITE_WORDS_MAX, "(%s goes %s)", site_server(node), site->down[node] ? "down" : "up");
    } else if (event->kind == HISTORY_TOKEN_LOST) {
        snprintf(out, SITE_WORDS_MAX, "(there is no token to lose)");
        if (hardware_is_there(&site->hardware))
            hardware_turn(&site->hardware, event->choice % HARDWARE_TOKENS, event->choice / 4 % 3 == 0, out,
                          SITE_WORDS_MAX);
    } else {
        int64_t step = steps[event->choice % (sizeof steps / sizeof steps[0])];
        clock_pass(step);
        snprintf(out, SITE_WORDS_MAX, "(%" PRId64 " h pass)", step / HOUR);
    }
}

#define put(...) snprintf(out, SITE_WORDS_MAX, __VA_ARGS__)

/* Where tokens are not built in, own units keep their keys in files: that is refused, as a rehearsal says. */
static void put_token_words(const struct site *site, const struct history_event *event,
                            char out[SITE_WORDS_MAX])
{
    const uint32_t choice = event->choice;
    const struct hardware *hardware = &site->hardware;
    const char *what = history_what(event->kind);
    const size_t one = choice % 2;
    if (event->kind == HISTORY_TOKEN_OWN && hardware_is_there(hardware))
        put("%s %s --token %s", what, one == 0 ? "CallManager" : "ITLRecovery",
            hardware_uri(hardware, choice / 2 % 4 > 0 ? 2 + choice / 8 % 2 : choice / 8 % 2));
    else if (event->kind == HISTORY_TOKEN_OWN)
        put("%s CallManager --token file:%s", what, certificates_path(CERTIFICATES_TRUSTED));
    else if (event->kind == HISTORY_TOKEN_OTHER && hardware_is_there(hardware))
        put("%s --token %s", what, hardware_uri(hardware, hardware_signer(hardware, one)));
    else if (hardware_is_there(hardware))
        put("%s --token %s --token %s", what, hardware_uri(hardware, one), hardware_uri(hardware, 1 - one));
    else
        put("%s --token file:%s --token file:%s", what, certificates_path(one), certificates_path(1 - one));
}

static void put_words(struct site *site, const struct history_event *event, char out[SITE_WORDS_MAX])
{
    const uint32_t choice = event->choice;
    const char *what = history_what(event->kind);
    char numbers[256];
    switch (event->kind) {
    case HISTORY_REGEN_TVS_SUB:
        put("set cert regen TVS");
        break;
    case HISTORY_IMPORT_OWN:
        put("%s %s", what, certificates_path(CERTIFICATES_TRUSTED + choice % CERTIFICATES_OWN));
        break;
    case HISTORY_IMPORT_TRUST:
        put("%s %s", what, certificates_path(choice % CERTIFICATES_TRUSTED));
        break;
    case HISTORY_IMPORT_TWIN:
        write_twin(site);
        put("set cert import trust Phone-SAST-trust %s", bench_path(&site->bench, "twin.pem"));
        break;
    case HISTORY_DELETE_TRUST:
        put("%s %s", what, certificates_serial(choice % CERTIFICATES_TRUSTED));
        break;
    case HISTORY_DELETE_FILE:
        put("%s %s", what, choice % 3 == 0 ? "ITLFile.tlv" : "CTLFile.tlv");
        break;
    case HISTORY_HOST_NAME:
    case HISTORY_HOST_NAME_SUB:
        put("set network hostname %s-%" PRIx32,
            site_server(event->kind == HISTORY_HOST_NAME_SUB && site->config[1] != NULL ? 1 : 0), choice);
        break;
    case HISTORY_RESTORE_CTL:
        put("%s %lu", what, some_number(site, "CTLFile.tlv", choice));
        break;
    case HISTORY_RESTORE_ITL:
        put("%s %lu", what, some_number(site, "ITLFile.tlv", choice));
        break;
    case HISTORY_TOKEN_SIGN:
    case HISTORY_TOKEN_OTHER:
    case HISTORY_TOKEN_OWN:
        put_token_words(site, event, out);
        break;
    case HISTORY_CLOSE:
        put_rollouts(site, numbers, sizeof numbers);
        put("%s%s --phones-are-back", what, numbers);
        break;
    default:
        put("%s", what);
    }
}

static bool takes_force(enum history_kind kind)
{
    return kind != HISTORY_NON_SECURE && kind != HISTORY_CLOSE && kind != HISTORY_FILE_SIGN;
}

bool site_words(struct site *site, const struct history_event *event, char out[SITE_WORDS_MAX], size_t *node)
{
    *node = 0;
    if (event->kind == HISTORY_NODE || event->kind == HISTORY_CLOCK || event->kind == HISTORY_TOKEN_LOST) {
        happen(site, event, out);
        return false;
    }
    if (event->kind == HISTORY_REGEN_TVS_SUB || event->kind == HISTORY_HOST_NAME_SUB)
        *node = site->config[1] != NULL ? 1 : 0;
    put_words(site, event, out);
    if (event->force && takes_force(event->kind))
        snprintf(out + strlen(out), SITE_WORDS_MAX - strlen(out), " --force");
    return true;
}

int site_say(struct site *site, size_t node, const char *words)
{
    clock_pass(1);
    char all[SITE_WORDS_MAX + 400];
    snprintf(all, sizeof all, "--config %s --yes %s", site->config_path[node], words);
    bench_run_plain(&site->bench, NULL, all);
    return site->bench.status;
}

/* ---- The servers */

static struct trust_index *read_index(struct trust_store *store)
{
    struct trust_index_builder *builder;
    struct trust_index *index;
    must(trust_index_builder_new(&builder, &err));
    must(trust_store_load(store, builder, &err));
    must(trust_index_build(builder, &index, &err));
    trust_index_builder_free(builder);
    return index;
}

/* A CTL that is refused leaves the one in force, unless that one's signer was withdrawn; at a start, the last
 * good one. */
static void follow_ctl(const struct config *config, struct trust_store *store, struct ctl_file *in_force)
{
    struct ctl_file fresh = {0}, same = {0};
    enum ctl_status status = ctl_source_load(config, store, &fresh, NULL);
    if (status == CTL_REFUSED && in_force->list == NULL &&
        ctl_source_load_good(config, store, in_force, NULL) == 0)
        return ctl_file_fini(&fresh);
    if (status == CTL_REFUSED && in_force->list != NULL &&
        ctl_source_judge(config, store, in_force, &same, NULL) != TRUST_ESIGNER)
        return ctl_file_fini(&same);
    ctl_file_fini(&same);
    ctl_file_fini(in_force);
    *in_force = fresh;
}

static void follow(const struct config *const *configs, struct site_answers *answers)
{
    struct trust_store *store;
    char path[600];
    snprintf(path, sizeof path, "%s/" TRUST_STORE_FILE, configs[0]->state);
    must(trust_store_open(path, TRUST_STORE_READ, &store, &err));
    trust_index_free(answers->store);
    answers->store = read_index(store);
    if (answers->none == NULL)
        must(sources_empty_index(&answers->none, &err));
    follow_ctl(configs[0], store, &answers->ctl);
    for (size_t i = 0; i < HISTORY_NODES && configs[i] != NULL; i++) {
        struct identity identity;
        trust_cert_free(answers->wire[i]);
        trust_cert_free(answers->ecdsa[i]);
        must(identity_look(configs[i], NULL, store, &identity, &err));
        answers->wire[i] = identity.cert;
        answers->ecdsa[i] = identity.ecdsa;
    }
    trust_store_close(store);
}

void site_follow(struct site *site)
{
    follow((const struct config *const *)site->config, &site->answers);
    if (site->answers.ctl.list != NULL)
        ctl_source_keep(site->config[0], &site->answers.ctl);
    else
        ctl_source_forget(site->config[0]);
}

void site_answers_read(const struct site *site, const struct config *config, struct site_answers *out)
{
    struct config other[HISTORY_NODES];
    const struct config *configs[HISTORY_NODES] = {NULL};
    *out = (struct site_answers){0};
    for (size_t i = 0; i < HISTORY_NODES && site->config[i] != NULL; i++) {
        other[i] = *site->config[i];
        other[i].state = config->state;
        other[i].trust_lists.directory = config->trust_lists.directory;
        configs[i] = &other[i];
    }
    follow(configs, out);
}

void site_answers_fini(struct site_answers *answers)
{
    trust_index_free(answers->store);
    trust_index_free(answers->none);
    ctl_file_fini(&answers->ctl);
    for (size_t i = 0; i < HISTORY_NODES; i++) {
        trust_cert_free(answers->wire[i]);
        trust_cert_free(answers->ecdsa[i]);
    }
    *answers = (struct site_answers){0};
}

/* ---- Questions */

const char *site_server(size_t node)
{
    static const char *const names[HISTORY_NODES] = {"pub", "sub"};
    return names[node];
}

/* One frame in, one frame out, as tvsd does. */
static void answer(const struct site_way *way, struct trust_bytes message, struct exchange *out)
{
    const struct site_answers *answers = way->answers;
    const struct request_known known = {.store = answers->store,
                                        .ctl = answers->ctl.list != NULL ? answers->ctl.index : answers->none,
                                        .config = way->site->config[0],
                                        .now = time(NULL)};
    struct trust_request request;
    struct request_answer said;
    must(trust_request_decode(message, &request, &err));
    request_answer(&known, &request, &said);
    out->frame_len = trust_response_size(&said.response);
    out->frame = malloc(out->frame_len);
    ck_assert_ptr_nonnull(out->frame);
    must(trust_response_encode(&said.response, out->frame, out->frame_len, &err));
    must(trust_response_decode((struct trust_bytes){out->frame, out->frame_len}, &out->response, &err));
}

static int ask(void *context, const struct exchange_server *server, struct trust_bytes message,
               const struct trust_request *request, struct exchange *out, struct trust_error *err)
{
    struct site_way *way = context;
    const char *who = server->target.shown;
    size_t node = 0;
    (void)request;
    *out = (struct exchange){0};
    snprintf(out->server, sizeof out->server, "%s", who);
    while (node < HISTORY_NODES && strcmp(site_server(node), server->target.host) != 0)
        node++;
    ck_assert_uint_lt(node, HISTORY_NODES);
    const bool old = way->site->history->new_tls && server->tls.version == OPTIONS_TLS_1_0;
    if (way->answers->wire[node] == NULL || ((way->site->down[node] || old) && !way->all_up))
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: cannot connect", who);
    const struct trust_cert *shown = way->answers->wire[node];
    if (way->answers->ecdsa[node] != NULL && server->tls.ciphers != NULL &&
        strstr(server->tls.ciphers, "ECDHE-ECDSA") != NULL)
        shown = way->answers->ecdsa[node];
    int rc = server->check(server->context, shown, who, err);
    if (rc != 0)
        return rc;
    way->asked++;
    answer(way, message, out);
    return 0;
}

struct phone_way site_way(struct site_way *way)
{
    return (struct phone_way){ask, way};
}
