/* utils migrate-check --to FILE…: may phones that hold our lists move to another cluster, while their
 * configuration still names our TVS? */
#include "handlers.h"
#include "json.h"
#include "known_signers.h"
#include "print.h"
#include "rehearse_worse.h"
#include "say.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* A certificate that signs there. */
struct stranger {
    struct trust_cert *cert;
    bool signs_ctl, signs_itl, signs_files;
};

struct migration {
    struct tvsctl *ctl;
    struct published lists;         /* theirs */
    struct trust_list *signed_file; /* theirs; NULL: none was given */
    struct trust_cert *server;      /* without one: their CCM+TFTP, which is taken for its signer */
    enum trust_digest digest;
    struct rehearse_site site; /* ours */
    struct rehearse_holders holders;
    struct rehearse_question question;
    struct rehearse_words words;
    struct rehearse_worse worse;
    struct stranger *strangers;
    size_t stranger_count;
};

static void fini(struct migration *migration)
{
    rehearse_words_fini(&migration->words);
    rehearse_holders_fini(&migration->holders);
    rehearse_site_fini(&migration->site);
    published_fini(&migration->lists);
    trust_list_free(migration->signed_file);
    trust_cert_free(migration->server);
    for (size_t i = 0; i < migration->stranger_count; i++)
        trust_cert_free(migration->strangers[i].cert);
    free(migration->strangers);
}

/* ---- Their files */

static int take_file(struct migration *migration, const char *path, struct trust_list *take_list,
                     bool is_list)
{
    struct trust_list **place = !is_list                       ? &migration->signed_file
                                : trust_list_is_itl(take_list) ? &migration->lists.itl
                                                               : &migration->lists.ctl;
    const bool is_second = *place != NULL;
    if (is_second) {
        int result = say_usage(migration->ctl, "%s is a second %s; give one of each", path,
                               known_signers_kind(take_list, is_list));
        trust_list_free(take_list);
        return result;
    }
    *place = take_list;
    return TVSCTL_DONE;
}

static int read_file(struct migration *migration, const char *path)
{
    struct trust_error err = {0};
    struct trust_list *list = NULL;
    bool is_list;
    uint8_t *data = NULL;
    size_t len;
    int code = trust_file_read(path, TRUST_SIGNED_FILE_MAX, &data, &len, NULL, &err);
    if (code != 0)
        return say_error(migration->ctl, &err);
    code = known_signers_parse(path, (struct trust_bytes){data, len}, &list, &is_list, &err);
    free(data);
    return code != 0 ? say_refusal(migration->ctl, "%s: %s", path, err.text)
                     : take_file(migration, path, list, is_list);
}

static int read_files(struct migration *migration, char *const *args, size_t count)
{
    const struct flags *flags = &migration->ctl->flags;
    const char *path;
    int result = TVSCTL_DONE;
    if (!flag_given(flags, FLAG_TO))
        return say_usage(migration->ctl,
                         "the other cluster's files are missing: --to CTLFile.tlv ITLFile.tlv");
    for (size_t i = 0; result == TVSCTL_DONE && (path = flag_value(flags, FLAG_TO, i)) != NULL; i++)
        result = read_file(migration, path);
    for (size_t i = 0; result == TVSCTL_DONE && i < count; i++)
        result = read_file(migration, args[i]);
    if (result == TVSCTL_DONE && migration->lists.ctl == NULL && migration->lists.itl == NULL)
        result = say_usage(migration->ctl, "the other cluster's CTL file or ITL file is missing");
    return result;
}

/* ---- Who signs there */

static struct stranger *stranger_of(struct migration *migration, struct trust_cert *cert)
{
    for (size_t i = 0; i < migration->stranger_count; i++)
        if (trust_cert_equal(migration->strangers[i].cert, cert))
            return &migration->strangers[i];
    struct stranger *items = reallocarray(migration->strangers, migration->stranger_count + 1, sizeof *items);
    if (items == NULL)
        return NULL;
    migration->strangers = items;
    items[migration->stranger_count] = (struct stranger){.cert = trust_cert_ref(cert)};
    return &items[migration->stranger_count++];
}

static int take_record(struct migration *migration, const struct trust_list *list,
                       const struct trust_list_record *record)
{
    struct trust_cert *cert;
    const bool is_server = record->function == TRUST_ROLE_CCM_TFTP;
    if ((!is_server && record->function != TRUST_ROLE_SAST) || record->certificate.len == 0)
        return 0;
    int code = trust_cert_from_der(record->certificate, &cert, NULL);
    if (code != 0)
        return code == TRUST_ENOMEM ? code : 0;
    struct stranger *stranger = stranger_of(migration, cert);
    if (stranger != NULL) {
        const bool signs = trust_list_verify(list, cert, NULL) == 0;
        stranger->signs_ctl |= signs && list == migration->lists.ctl;
        stranger->signs_itl |= signs && list == migration->lists.itl;
        stranger->signs_files |= migration->signed_file != NULL
                                     ? trust_list_verify(migration->signed_file, cert, NULL) == 0
                                     : is_server;
    }
    if (is_server && migration->server == NULL) {
        migration->server = trust_cert_ref(cert);
        migration->digest = (enum trust_digest)list->header.digest;
    }
    trust_cert_free(cert);
    return stranger != NULL ? 0 : TRUST_ENOMEM;
}

static int find_strangers(struct migration *migration)
{
    const struct trust_list *const lists[] = {migration->lists.itl, migration->lists.ctl};
    int code = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t j = 0; lists[i] != NULL && code == 0 && j < lists[i]->record_count; j++)
            code = take_record(migration, lists[i], &lists[i]->records[j]);
    return code != 0 ? say_no_memory(migration->ctl) : TVSCTL_DONE;
}

static bool signs(const struct trust_roles *roles)
{
    return trust_roles_has(roles, TRUST_ROLE_SAST) || trust_roles_has(roles, TRUST_ROLE_CCM_TFTP) ||
           trust_roles_has(roles, TRUST_ROLE_TFTP);
}

enum known { KNOWN_NOT, KNOWN_NO_ROLE, KNOWN };

/* Whether our TVS vouches for it. */
static enum known is_known(const struct migration *migration, const struct trust_cert *cert)
{
    const struct trust_index *const sources[] = {migration->site.store, migration->site.ctl};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const struct trust_entry *entry =
            sources[i] != NULL ? trust_index_by_der(sources[i], trust_cert_der(cert)) : NULL;
        if (entry != NULL)
            return signs(&entry->roles) ? KNOWN : KNOWN_NO_ROLE;
    }
    return KNOWN_NOT;
}

/* ---- The question */

static struct trust_site view(void *arg, bool after, size_t node, struct trust_server *servers)
{
    const struct migration *migration = arg;
    (void)after;
    struct trust_site site = rehearse_site_view(&migration->site, node, servers);
    site.ctl = migration->lists.ctl;
    site.itl = migration->lists.itl;
    site.anew = (struct trust_configuration){.signer = migration->server, .digest = migration->digest};
    site.configuration = site.anew;
    if (migration->signed_file != NULL)
        site.configuration = (struct trust_configuration){.file = migration->signed_file};
    return site;
}

static int judge(struct migration *migration)
{
    struct trust_error err = {0};
    struct rehearse_question *question = &migration->question;
    int code = rehearse_site_read(migration->ctl->config, &migration->site, &err);
    if (code == 0)
        code = rehearse_holders_of(&migration->site.lists, &migration->holders, &err);
    question->holders = &migration->holders;
    question->view = view;
    question->arg = migration;
    question->room = migration->site.node_count;
    question->now = migration->ctl->now;
    if (code == 0)
        code = rehearse_judge(question, &migration->words, &err);
    if (code == 0 && !flag_given(&migration->ctl->flags, FLAG_FAMILY))
        code = rehearse_worse_look(question, &migration->words, &migration->worse, &err);
    return code == 0 ? TVSCTL_DONE : say_error(migration->ctl, &err);
}

/* ---- Telling */

static const char *const known_names[] = {"unknown", "no-role", "known"};
static const char *const known_texts[] = {
    "unknown to our TVS",
    "known to our TVS, in no role that signs",
    "our TVS vouches for it",
};

static char *signs_what(const struct stranger *stranger, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s%s", stranger->signs_ctl ? "CTL" : "",
             stranger->signs_ctl && stranger->signs_itl ? ", " : "", stranger->signs_itl ? "ITL" : "",
             (stranger->signs_ctl || stranger->signs_itl) && stranger->signs_files ? ", " : "",
             stranger->signs_files ? "configuration" : "");
    if (out[0] == '\0')
        snprintf(out, size, "nothing of these");
    return out;
}

static bool add_stranger(struct table *table, const struct migration *migration,
                         const struct stranger *stranger)
{
    char what[64];
    char *serial = print_hex(trust_cert_serial(stranger->cert), 0, true);
    const char *const cells[] = {print_cert_name(stranger->cert), serial,
                                 signs_what(stranger, what, sizeof what),
                                 known_texts[is_known(migration, stranger->cert)]};
    const bool done = serial != NULL && table_add_row(table, cells);
    free(serial);
    return done;
}

/* The certificates that our TVS should vouch for, and does not. */
static bool print_strangers(const struct migration *migration, bool may_move)
{
    static const char *const head[] = {"CERTIFICATE", "SERIAL", "SIGNS THERE", "HERE"};
    FILE *out = migration->ctl->io.out;
    struct table table;
    table_init(&table, sizeof head / sizeof head[0]);
    bool done = table_add_row(&table, head);
    for (size_t i = 0; done && i < migration->stranger_count; i++)
        if (is_known(migration, migration->strangers[i].cert) != KNOWN)
            done = add_stranger(&table, migration, &migration->strangers[i]);
    if (done && table_rows(&table) > 0) {
        fprintf(out,
                "%s these certificates from there with `set cert import trust Phone-SAST-trust FILE`%s:\n",
                may_move ? "Better import also" : "Import", may_move ? ", for what they may sign later" : "");
        table_print(&table, out);
    }
    table_fini(&table);
    return done;
}

static int print_for_people(const struct migration *migration, const struct rehearse_telling *telling)
{
    char ways[256];
    const struct rehearse_words *words = &migration->words;
    const struct published *held = &migration->site.lists;
    const bool may_move = words->waiting == 0 && words->stranded == 0;
    FILE *out = migration->ctl->io.out;
    rehearse_print_ways(words, ways, sizeof ways);
    fprintf(out, "Phones that hold %s here, and whose configuration still names our TVS:\n",
            held->ctl != NULL && held->itl != NULL ? "the CTL and the ITL published"
            : held->ctl != NULL                    ? "the CTL published"
            : held->itl != NULL                    ? "the ITL published"
                                                   : "no list");
    if (migration->signed_file == NULL)
        fprintf(out, "No signed configuration file of theirs was given: %s is taken for its signer.\n",
                migration->server != NULL ? "their CCM+TFTP" : "nobody");
    if (may_move)
        fprintf(out, "They may move: %s.\n", ways);
    else
        fprintf(out, "They may not all move: of %zu families %zu follow%s%s.\n", words->judged,
                words->judged - words->waiting - words->stranded, ways[0] != '\0' ? " " : "", ways);
    int code = rehearse_print_table(out, telling);
    rehearse_worse_print(&migration->worse, "utils migrate-check", out);
    return code == 0 && print_strangers(migration, may_move) ? TVSCTL_DONE : say_no_memory(migration->ctl);
}

static int print_for_programs(const struct migration *migration, const struct rehearse_telling *telling)
{
    struct json json;
    json_init(&json, migration->ctl->io.out);
    json_object(&json, NULL);
    rehearse_print_json(&json, telling);
    rehearse_worse_json(&migration->worse, !flag_given(&migration->ctl->flags, FLAG_FAMILY), &json);
    json_array(&json, "signers");
    for (size_t i = 0; i < migration->stranger_count; i++) {
        const struct stranger *stranger = &migration->strangers[i];
        json_object(&json, NULL);
        json_string(&json, "name", print_cert_name(stranger->cert));
        json_serial(&json, "serial", trust_cert_serial(stranger->cert));
        json_bool(&json, "signs_ctl", stranger->signs_ctl);
        json_bool(&json, "signs_itl", stranger->signs_itl);
        json_bool(&json, "signs_configuration", stranger->signs_files);
        json_string(&json, "here", known_names[is_known(migration, stranger->cert)]);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    return TVSCTL_DONE;
}

int migrate_check(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct migration migration = {.ctl = ctl};
    int result = rehearse_families(ctl, &migration.question);
    if (result == TVSCTL_DONE)
        result = read_files(&migration, args, count);
    if (result == TVSCTL_DONE)
        result = find_strangers(&migration);
    if (result == TVSCTL_DONE)
        result = judge(&migration);
    if (result == TVSCTL_DONE) {
        const struct rehearse_telling telling = {&migration.words, &migration.question, NULL, false};
        result = flag_given(&ctl->flags, FLAG_JSON) ? print_for_programs(&migration, &telling)
                                                    : print_for_people(&migration, &telling);
    }
    if (result == TVSCTL_DONE && migration.words.waiting + migration.words.stranded > 0)
        result = TVSCTL_NO;
    fini(&migration);
    return result;
}
