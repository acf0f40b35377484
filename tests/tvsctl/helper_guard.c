#include "helper_guard.h"

#include "helper_lists.h"
#include "helper_rehearse.h"
#include "tests/fixture.h"
#include "tvsctl/rehearse_run.h"
#include "tvsctl/rehearse_words.h"
#include "tvsctl/run.h"

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

/* ---- The bench */

void guard_open(struct bench *bench, const char *extra)
{
    rehearse_open(bench, extra);
    bench_run(bench, "set cert regen TVS --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_run(bench, "set cert regen CallManager --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

static void expect_nothing_left(void)
{
    const struct dirent *entry;
    DIR *dir = opendir(getenv("TMPDIR"));
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL)
        ck_assert_msg(entry->d_name[0] == '.', "%s is left over", entry->d_name);
    closedir(dir);
}

void guard_close(struct bench *bench)
{
    expect_nothing_left();
    rehearse_close(bench);
}

void guard_configure(struct bench *bench, const char *extra)
{
    char text[2048];
    struct trust_bytes file = fixture_read(bench->config);
    const char *lists = memmem(file.data, file.len, "trust_lists:\n", 13);
    ck_assert_ptr_nonnull(lists);
    snprintf(text, sizeof text, "%.*strust_lists:\n  directory: %s\n%s",
             (int)(lists - (const char *)file.data), (const char *)file.data, bench->tftp, extra);
    fixture_free(file);
    bench_write(bench, bench->config, helper_bytes(text));
}

struct bench guard_open_sub(struct bench *bench)
{
    struct bench sub = *bench;
    char text[2048];
    struct trust_bytes file = fixture_read(bench->config);
    const char *rest = memmem(file.data, file.len, "certificates:\n", 14);
    ck_assert_ptr_nonnull(rest);
    snprintf(text, sizeof text, "node:\n  name: sub\n  address: 10.48.47.156\n%.*s",
             (int)(file.len - (size_t)(rest - (const char *)file.data)), rest);
    fixture_free(file);
    snprintf(sub.config, sizeof sub.config, "%s", bench_write(bench, "sub.yaml", helper_bytes(text)));
    sub.out = sub.err = NULL;
    return sub;
}

void guard_close_sub(struct bench *sub)
{
    free(sub->out);
    free(sub->err);
    sub->out = sub->err = NULL;
}

/* ---- Phrases */

void guard_write_own(struct bench *bench, const char *name, const char *serial)
{
    const struct lists_cert spec = {.subject = "CN=cucm-1051-a-pub;O=Cisco", .serial = serial, .bits = 1024};
    lists_write_cert(bench, name, &spec);
}

const char *guard_delete_own(const struct bench *bench, enum trust_unit unit)
{
    static char words[256];
    char serial[64];
    struct trust_cert *cert = lists_own(bench, unit);
    ck_assert_uint_lt(trust_cert_serial(cert).len, 30);
    trust_hex(trust_cert_serial(cert), 0, true, serial);
    snprintf(words, sizeof words, "set cert delete %s %s", trust_unit_by_number((int)unit)->name, serial);
    trust_cert_free(cert);
    return words;
}

struct forced {
    int count;
    char guard[64], phrase[256], person[64];
};

static int take_forced(void *arg, const struct trust_forced *row)
{
    struct forced *forced = arg;
    forced->count++;
    snprintf(forced->guard, sizeof forced->guard, "%s", row->guard);
    snprintf(forced->phrase, sizeof forced->phrase, "%s", row->phrase);
    snprintf(forced->person, sizeof forced->person, "%s", row->person);
    ck_assert_int_gt(row->at, 0);
    ck_assert_str_ne(row->reason, "");
    return 0;
}

static struct forced read_forced(const struct bench *bench)
{
    struct forced forced = {0};
    struct trust_store *store;
    must(trust_store_open(bench->store, TRUST_STORE_READ, &store, &err));
    must(trust_store_each_forced(store, take_forced, &forced, &err));
    trust_store_close(store);
    return forced;
}

int guard_count_forced(const struct bench *bench)
{
    return read_forced(bench).count;
}

void guard_refused(struct bench *bench, const char *rail, const char *words, const char *text)
{
    char first[128];
    char *before = lists_snapshot(bench);
    bench_run(bench, "%s --yes", words);
    bench_expect(bench, TVSCTL_REFUSED, "", text);
    snprintf(first, sizeof first, "tvsctl: refused by guard rail %s: ", rail);
    ck_assert_msg(strncmp(bench->err, first, strlen(first)) == 0, "%s: %s", words, bench->err);
    const char *end = strchr(bench->err, '\n');
    ck_assert_msg(end - bench->err > 22 && strncmp(end - 21, "; nothing was changed", 21) == 0, "%s",
                  bench->err);
    ck_assert_msg(helper_holds(end, "Looked at: "), "%s", bench->err);
    ck_assert_msg(helper_holds(end, "follow"), "%s", bench->err);
    ck_assert_msg(helper_holds(end, "Instead: "), "%s", bench->err);
    ck_assert_msg(helper_holds(end, "--force does it all the same, and is logged."), "%s", bench->err);
    lists_expect_unchanged(bench, before);
    expect_nothing_left();
    /* The rehearsal knows of it. */
    snprintf(first, sizeof first, "Guard rail %s would refuse it without --force: ", rail);
    bench_run(bench, "utils rehearse %s", words);
    ck_assert_msg(helper_holds(bench->out, first), "%s: %s%s", words, bench->out, bench->err);
}

void guard_passes(struct bench *bench, const char *words)
{
    const int count = guard_count_forced(bench);
    bench_run(bench, "%s --yes", words);
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_msg(!helper_holds(bench->err, "guard rail"), "%s: %s", words, bench->err);
    ck_assert_int_eq(guard_count_forced(bench), count);
    expect_nothing_left();
}

void guard_forced(struct bench *bench, const char *rail, const char *words)
{
    char said[128];
    const int count = guard_count_forced(bench);
    snprintf(said, sizeof said, "tvsctl: warning: forced past guard rail %s: ", rail);
    bench_run(bench, "%s --yes --force", words);
    bench_expect(bench, TVSCTL_DONE, NULL, said);
    const struct forced forced = read_forced(bench);
    ck_assert_int_eq(forced.count, count + 1);
    ck_assert_str_eq(forced.guard, rail);
    ck_assert_str_eq(forced.phrase, words);
    ck_assert_str_ne(forced.person, "");
    expect_nothing_left();
}

static int take_open(void *arg, const struct trust_rollout *row)
{
    *(int64_t *)arg = row->number;
    return 1;
}

static int64_t find_open(const struct bench *bench)
{
    int64_t number = 0;
    struct trust_store *store;
    must(trust_store_open(bench->store, TRUST_STORE_READ, &store, &err));
    ck_assert_int_ge(trust_store_each_rollout(store, TRUST_ROLLOUTS_OPEN, take_open, &number, NULL), 0);
    trust_store_close(store);
    return number;
}

void guard_close_rollouts(struct bench *bench)
{
    int64_t number;
    while ((number = find_open(bench)) != 0) {
        bench_run(bench, "utils rollout close %d --phones-are-back", (int)number);
        bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    }
}

/* ---- A phone */

static void take_over(struct trust_list **mine, const struct trust_list *now)
{
    struct trust_list *copy = NULL;
    if (*mine == now)
        return;
    if (now != NULL)
        must(trust_list_parse(now->file, &copy, &err));
    trust_list_free(*mine);
    *mine = copy;
}

static void read_candidates(struct config *config, struct rehearse_candidates *candidates)
{
    struct session session = {.grammar = &grammar};
    struct tvsctl ctl = {
        .io = {-1, stdout, stderr}, .config = config, .session = &session, .now = time(NULL)};
    const struct rehearse_place place = {.config = *config};
    must(rehearse_candidates_read(&ctl, &place, candidates, &err));
}

enum trust_outcome guard_phone_boots(struct bench *bench, struct guard_phone *phone)
{
    struct config *config;
    struct rehearse_site site;
    struct rehearse_candidates candidates;
    struct trust_server servers[8];
    struct trust_fate fate;
    const struct trust_held held = {.ctl = phone->ctl, .itl = phone->itl};
    must(config_load(bench->config, &config, &err));
    must(rehearse_site_read(config, &site, &err));
    ck_assert_uint_le(site.node_count, sizeof servers / sizeof servers[0]);
    read_candidates(config, &candidates);
    struct trust_site view = rehearse_site_view(&site, REHEARSE_ALL_NODES, servers);
    view.candidates = candidates.items;
    view.candidate_count = candidates.count;
    const char *family = phone->family != NULL ? phone->family : "78xx/88xx";
    must(trust_anchor_judge(trust_family_by_name(family), &held, &view, time(NULL), &fate, &err));
    take_over(&phone->ctl, fate.after.ctl);
    take_over(&phone->itl, fate.after.itl);
    rehearse_candidates_fini(&candidates);
    rehearse_site_fini(&site);
    config_free(config);
    return fate.outcome;
}

void guard_phone_follows(struct bench *bench, struct guard_phone *phone)
{
    const enum trust_outcome outcome = guard_phone_boots(bench, phone);
    ck_assert_msg(outcome == TRUST_OUTCOME_FOLLOWS, "the phone is %s", trust_outcome_name(outcome));
}

void guard_phone_fini(struct guard_phone *phone)
{
    trust_list_free(phone->ctl);
    trust_list_free(phone->itl);
    *phone = (struct guard_phone){0};
}
