/* utils itl diagnose FILE: whether all four conditions hold under which an ITL is deleted from a phone by
 * hand.
 */
#include "backup.h"
#include "handlers.h"
#include "input.h"
#include "json.h"
#include "print.h"
#include "rehearse_run.h"
#include "rehearse_words.h"
#include "say.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

#define CONDITIONS 4

struct diagnosis {
    struct tvsctl *ctl;
    struct published phone; /* the ITL */
    struct rehearse_site site;
    struct rehearse_place place;
    struct rehearse_candidates candidates;
    struct trust_cert *signer; /* of the phone's ITL; NULL: nobody here has its certificate */
    /* The file with its key; "": it is not here, or in a token. */
    char key[STATE_PATH_MAX + TRUST_KEY_NAME_SIZE];
    struct trust_fate fate; /* of a phone that holds the ITL alone */
    enum answer answer[CONDITIONS];
    char *why[CONDITIONS];
};

static void fini(struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < CONDITIONS; i++)
        free(diagnosis->why[i]);
    trust_cert_free(diagnosis->signer);
    rehearse_candidates_fini(&diagnosis->candidates);
    rehearse_place_remove(&diagnosis->place);
    rehearse_site_fini(&diagnosis->site);
    published_fini(&diagnosis->phone);
}

static int set(struct diagnosis *diagnosis, size_t which, enum answer answer, const char *format, ...)
    TRUST_PRINTF(4, 5);

static int set(struct diagnosis *diagnosis, size_t which, enum answer answer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vasprintf(&diagnosis->why[which], format, args) < 0)
        diagnosis->why[which] = NULL;
    va_end(args);
    diagnosis->answer[which] = answer;
    return diagnosis->why[which] != NULL ? 0 : TRUST_ENOMEM;
}

/* ---- 1: the signature */

static bool same_bytes(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static char *md5_of(const struct trust_list *list, char out[2 * TRUST_DIGEST_MAX + 1])
{
    uint8_t digest[TRUST_DIGEST_MAX];
    if (trust_digest_pieces(TRUST_DIGEST_MD5, &list->file, 1, digest, NULL) != 0)
        return strcpy(out, "unknown");
    return trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_MD5)}, 0, false, out);
}

static int compare_signatures(struct diagnosis *diagnosis)
{
    char ours[2 * TRUST_DIGEST_MAX + 1], theirs[2 * TRUST_DIGEST_MAX + 1];
    const struct trust_list *phone = diagnosis->phone.itl, *here = diagnosis->site.lists.itl;
    if (here == NULL)
        return set(diagnosis, 0, ANSWER_UNKNOWN, "there is no ITL file in %s",
                   diagnosis->ctl->config->trust_lists.directory);
    const bool same = same_bytes(phone->header.signature, here->header.signature);
    return set(diagnosis, 0, same ? ANSWER_NO : ANSWER_YES, "%s(MD5) on the phone, %s(MD5) on the server",
               md5_of(phone, theirs), md5_of(here, ours));
}

/* ---- 2: TVS */

static bool names_tvs(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].function == TRUST_ROLE_TVS)
            return true;
    return false;
}

static int compare_tvs(struct diagnosis *diagnosis)
{
    const struct rehearse_site *site = &diagnosis->site;
    if (site->node_count == 0)
        return set(diagnosis, 1, ANSWER_UNKNOWN, "no node has a TVS certificate");
    for (size_t i = 0; i < site->node_count; i++)
        if (trust_list_holds(diagnosis->phone.itl, site->nodes[i].tvs))
            return set(diagnosis, 1, ANSWER_NO, "it holds the TVS certificate of node %s",
                       site->nodes[i].name);
    return set(diagnosis, 1, ANSWER_YES, "%s",
               names_tvs(diagnosis->phone.itl) ? "it holds no TVS certificate that is in force"
                                               : "it names no TVS at all");
}

/* ---- 3: verification */

static int judge(struct diagnosis *diagnosis, bool with_ctl, struct trust_fate *fate, struct trust_error *err)
{
    const struct trust_held held = {.ctl = with_ctl ? diagnosis->site.lists.ctl : NULL,
                                    .itl = diagnosis->phone.itl};
    struct trust_server *servers = calloc(diagnosis->site.node_count + 1, sizeof *servers);
    if (servers == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    struct trust_site site = rehearse_site_view(&diagnosis->site, REHEARSE_ALL_NODES, servers);
    site.candidates = diagnosis->candidates.items;
    site.candidate_count = diagnosis->candidates.count;
    int code = rehearse_fate(trust_family_by_name("with TVS"), &held, &site, diagnosis->ctl->now, fate, err);
    free(servers);
    return code;
}

static int try_verification(struct diagnosis *diagnosis, struct trust_error *err)
{
    struct trust_fate with_ctl = {0};
    const struct trust_fate *fate = &diagnosis->fate;
    int code = judge(diagnosis, false, &diagnosis->fate, err);
    if (code != 0)
        return code;
    if (fate->outcome == TRUST_OUTCOME_FOLLOWS)
        return set(diagnosis, 2, ANSWER_NO, "a phone that holds it takes what is published, %s",
                   trust_how_text(fate->by));
    if (diagnosis->site.lists.ctl != NULL)
        code = judge(diagnosis, true, &with_ctl, err);
    if (code != 0)
        return code;
    if (diagnosis->site.lists.ctl != NULL && with_ctl.outcome == TRUST_OUTCOME_FOLLOWS)
        return set(diagnosis, 2, ANSWER_UNKNOWN, "it would, unless the phone also holds our CTL file");
    return set(diagnosis, 2, ANSWER_YES, "%s: %s", trust_anchor_file_text(fate->file),
               trust_reason_text(fate->reason));
}

/* ---- 4: the key */

static int take_signer(void *arg, const struct trust_store_row *row)
{
    struct diagnosis *diagnosis = arg;
    if (trust_list_verify(diagnosis->phone.itl, row->cert, NULL) != 0)
        return 0;
    diagnosis->signer = trust_cert_ref(row->cert);
    return 1;
}

/* A key's file that names a token only. */
static bool is_token(const char *name)
{
    const char *end = strrchr(name, '.');
    return end != NULL && strcmp(end, ".uri") == 0;
}

/* *here: its key is in our folder of keys. */
static int look_for_key(struct diagnosis *diagnosis, bool *here, struct trust_error *err)
{
    struct state state;
    char name[TRUST_KEY_NAME_SIZE];
    *here = false;
    int code = state_open(diagnosis->ctl->config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    code = trust_list_verify_self(diagnosis->phone.itl, &diagnosis->signer, NULL);
    code = code == 0 || code == TRUST_ENOMEM
               ? code
               : trust_store_each_signer(state.store, diagnosis->phone.itl, take_signer, diagnosis, err);
    if (code >= 0 && diagnosis->signer != NULL) {
        code = trust_key_find(state.keys, "CallManager", diagnosis->signer, name, err);
        *here = code == 0;
        if (*here && !is_token(name))
            snprintf(diagnosis->key, sizeof diagnosis->key, "%s/%s", state.keys, name);
        code = code == TRUST_ENOTFOUND ? 0 : code;
    }
    state_close(&state);
    return code < 0 ? code : 0;
}

/* The unsealed copy lies in the rehearsal's place, and goes with it. */
static int look_into_backup(struct diagnosis *diagnosis, const char *file, const char *password, bool *has,
                            struct trust_error *err)
{
    char path[PATH_MAX];
    struct trust_store *store = NULL;
    struct backup backup = {0};
    *has = false;
    snprintf(path, sizeof path, "%s/backup", diagnosis->place.folder.path);
    int code = trust_unseal(file, path, password, err);
    if (code == 0)
        code = trust_store_open(path, TRUST_STORE_WRITE, &store, err);
    if (code == 0)
        code = backup_read(store, &backup, err);
    if (code == 0)
        *has = backup_has_key(&backup, diagnosis->signer);
    backup_fini(&backup);
    trust_store_close(store);
    unlink(path);
    return code != 0 && strstr(err->text, file) == NULL ? trust_error_prefix(err, code, "%s", file) : code;
}

static int find_key(struct diagnosis *diagnosis, const char *backup, const char *password,
                    struct trust_error *err)
{
    bool here, has = false;
    int code = look_for_key(diagnosis, &here, err);
    if (code != 0)
        return code;
    if (diagnosis->signer == NULL)
        return set(diagnosis, 3, ANSWER_UNKNOWN, "nobody here has the certificate of its signer");
    if (here)
        return set(diagnosis, 3, ANSWER_NO, "the key of its signer is in %s/keys",
                   diagnosis->ctl->config->state);
    if (backup == NULL)
        return set(diagnosis, 3, ANSWER_UNKNOWN,
                   "the key of its signer is not here; name a BACKUP to be looked into");
    code = look_into_backup(diagnosis, backup, password, &has, err);
    if (code != 0)
        return code;
    return set(diagnosis, 3, has ? ANSWER_NO : ANSWER_YES, "the key of its signer is %sin %s",
               has ? "" : "neither here nor ", backup);
}

/* ---- The verdict */

static const struct {
    const char *name, *text;
} conditions[CONDITIONS] = {
    {"signature-differs", "The signature differs from that of the TFTP server's ITL file"},
    {"tvs-differs", "The TVS certificate differs from the ITL's"},
    {"verification-fails", "The phone shows a verification failure"},
    {"key-is-lost", "The key of its signer is lost, here and in backups"},
};
static const char *const answers[] = {"unknown", "no", "yes"};

/* Whether to delete it: what all conditions come to. */
static enum answer verdict_of(const struct diagnosis *diagnosis)
{
    enum answer verdict = ANSWER_YES;
    for (size_t i = 0; i < CONDITIONS; i++) {
        if (diagnosis->answer[i] == ANSWER_NO)
            return ANSWER_NO;
        if (diagnosis->answer[i] == ANSWER_UNKNOWN)
            verdict = ANSWER_UNKNOWN;
    }
    return verdict;
}

/* NULL if memory ran out, or it follows. */
static char *remedy_of(const struct trust_fate *fate)
{
    const struct rehearse_word word = {.fate = *fate};
    return fate->outcome == TRUST_OUTCOME_WAITING ? rehearse_remedy(&word) : NULL;
}

/* What a retired anchor is signed with again: no phrase gives a certificate that is in force no more. */
static void print_anchor(const struct diagnosis *diagnosis)
{
    char *pem = NULL;
    FILE *out = diagnosis->ctl->io.out;
    if (diagnosis->key[0] == '\0' || trust_cert_to_pem(diagnosis->signer, &pem, NULL) != 0)
        return;
    fputs("No phrase but `utils itl reset remotekey ANCHOR` uses that key: ANCHOR is a file, 0600, with what "
          "is in ",
          out);
    print_text(out, print_bytes(diagnosis->key));
    fprintf(out, " and behind it this certificate:\n%s", pem);
    free(pem);
}

static void print_verdict(const struct diagnosis *diagnosis)
{
    static const char *const texts[] = {
        [ANSWER_YES] = "All four hold: delete the ITL on that phone by hand.",
        [ANSWER_UNKNOWN] = "Delete the ITL on that phone by hand only if what is unknown turns out to be so.",
        [ANSWER_NO] = "Not all four hold: do not delete the ITL on that phone.",
    };
    FILE *out = diagnosis->ctl->io.out;
    fprintf(out, "%s\n", texts[verdict_of(diagnosis)]);
    if (diagnosis->fate.outcome == TRUST_OUTCOME_FOLLOWS)
        return;
    if (diagnosis->answer[3] == ANSWER_NO)
        fputs("Where the key of its signer is, lists can be signed that the phone takes: `utils restore`, or "
              "`utils itl reset remotekey`.\n",
              out);
    if (diagnosis->fate.outcome == TRUST_OUTCOME_STRANDED)
        print_anchor(diagnosis);
    char *remedy = remedy_of(&diagnosis->fate);
    if (remedy != NULL)
        fprintf(out, "It waits: %s.\n", remedy);
    free(remedy);
}

static void tell_people(const struct diagnosis *diagnosis)
{
    FILE *out = diagnosis->ctl->io.out;
    for (size_t i = 0; i < CONDITIONS; i++) {
        fprintf(out, "%zu. %s: %s (", i + 1, conditions[i].text, answers[diagnosis->answer[i]]);
        print_text(out, print_bytes(diagnosis->why[i]));
        fputs(")\n", out);
    }
    print_verdict(diagnosis);
}

static void tell_programs(const struct diagnosis *diagnosis)
{
    struct json json;
    char *remedy = remedy_of(&diagnosis->fate), *pem = NULL;
    if (diagnosis->signer != NULL && trust_cert_to_pem(diagnosis->signer, &pem, NULL) != 0)
        pem = NULL;
    json_init(&json, diagnosis->ctl->io.out);
    json_object(&json, NULL);
    json_array(&json, "conditions");
    for (size_t i = 0; i < CONDITIONS; i++) {
        json_object(&json, NULL);
        json_string(&json, "condition", conditions[i].name);
        json_string(&json, "text", conditions[i].text);
        json_string(&json, "answer", answers[diagnosis->answer[i]]);
        json_string(&json, "reason", diagnosis->why[i]);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_string(&json, "delete", answers[verdict_of(diagnosis)]);
    json_string(&json, "outcome", trust_outcome_name(diagnosis->fate.outcome));
    json_string(&json, "remedy_text", remedy);
    json_string(&json, "signer_certificate", pem);
    json_string(&json, "signer_key", diagnosis->key[0] != '\0' ? diagnosis->key : NULL);
    json_object_end(&json);
    free(remedy);
    free(pem);
}

static int tell(const struct diagnosis *diagnosis)
{
    if (flag_given(&diagnosis->ctl->flags, FLAG_JSON))
        tell_programs(diagnosis);
    else
        tell_people(diagnosis);
    return verdict_of(diagnosis) == ANSWER_YES ? TVSCTL_DONE : TVSCTL_NO;
}

static int diagnose(struct diagnosis *diagnosis, const char *backup, const char *password)
{
    struct trust_error err = {0};
    const struct config *config = diagnosis->ctl->config;
    int code = rehearse_site_read(config, &diagnosis->site, &err);
    if (code == 0)
        code = rehearse_place_make(config, REHEARSE_LISTS, &diagnosis->place, &err);
    if (code == 0)
        code = rehearse_candidates_read(diagnosis->ctl, &diagnosis->place, &diagnosis->candidates, &err);
    if (code == 0)
        code = compare_signatures(diagnosis);
    if (code == 0)
        code = compare_tvs(diagnosis);
    if (code == 0)
        code = try_verification(diagnosis, &err);
    if (code == 0)
        code = find_key(diagnosis, backup, password, &err);
    if (code == TRUST_ENOMEM)
        return say_no_memory(diagnosis->ctl);
    return code != 0 ? say_error(diagnosis->ctl, &err) : tell(diagnosis);
}

int itl_diagnose(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct diagnosis diagnosis = {.ctl = ctl};
    char *password = NULL;
    sigset_t before;
    int result = rehearse_read_list(ctl, args[0], &diagnosis.phone);
    if (result == TVSCTL_DONE && diagnosis.phone.itl == NULL)
        result = say_refusal(ctl, "%s is a CTL file; the ITL file of the phone is wanted", args[0]);
    if (result == TVSCTL_DONE && count == 1 && flag_given(&ctl->flags, FLAG_PASSWORD_FILE))
        result = say_usage(ctl, "--password-file opens a BACKUP, and none is named");
    if (result == TVSCTL_DONE && count > 1)
        result = backup_password(ctl, false, &password);
    rehearse_hold_signals(&before);
    if (result == TVSCTL_DONE)
        result = diagnose(&diagnosis, count > 1 ? args[1] : NULL, password);
    input_wipe(password);
    fini(&diagnosis);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}
