/* utils ctl|itl reset …: the present content of a list under the signature of another anchor, for phones that
 * do not know the one that signed it. */
#include "handlers.h"
#include "history.h"
#include "input.h"
#include "list_dialogue.h"
#include "print.h"
#include "publish.h"
#include "say.h"
#include "signed_files.h"
#include "signing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 1024

struct reset {
    enum compose_kind kind;
    enum trust_unit unit;        /* whose anchor signs, unless signer is given */
    struct trust_signer *signer; /* of a key from elsewhere */
    char question[TEXT_SIZE], done[TEXT_SIZE];
};

/* Whether a record with one of the functions holds the whole certificate. */
static bool is_anchor(const struct trust_list *list, const struct trust_cert *cert, bool as_server)
{
    const struct trust_bytes der = trust_cert_der(cert);
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        bool signs =
            record->function == TRUST_ROLE_SAST || (as_server && record->function == TRUST_ROLE_CCM_TFTP);
        if (signs && record->certificate.len == der.len &&
            memcmp(record->certificate.data, der.data, der.len) == 0)
            return true;
    }
    return false;
}

static bool is_empty(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].certificate.len > 0)
            return false;
    return true;
}

static int check_anchor(struct state *state, const struct reset *reset, const struct trust_list *list,
                        struct trust_error *err)
{
    struct trust_store_row row;
    const char *unit = trust_unit_by_number((int)reset->unit)->name;
    const char *update = reset->kind == COMPOSE_CTL ? "utils ctl update CTLFile" : "utils itl update";
    int code = state_own_row(state, state->node, reset->unit, &row, err);
    if (code == TRUST_ENOTFOUND)
        return trust_error_set(err, code, TRUST_NO_OFFSET,
                               "the other anchor is %s, and node %s has no such certificate: no phone could "
                               "check what it signs. `set cert regen %s`, then `%s`, give the lists one",
                               unit, state->node, unit, update);
    if (code == 0 && !is_anchor(list, row.cert, false))
        code = trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "%s holds no %s record of our %s certificate: no phone could check what it "
            "signs. `%s` publishes a list with the anchors that the configuration asks for",
            compose_file_name(reset->kind), trust_role_function_name(TRUST_ROLE_SAST), unit, update);
    trust_cert_free(row.cert);
    return code;
}

/* Whether phones may know an anchor: by the lists before the one that stands now. */
struct earlier {
    const struct reset *reset;
    const struct state *state;
    const struct trust_cert *cert;
    int64_t last;
    bool is_any, is_known;
};

static int take_earlier(void *arg, const struct trust_publication *row)
{
    struct earlier *earlier = arg;
    struct trust_list *list = NULL;
    uint8_t *data = NULL;
    size_t len;
    if (row->number >= earlier->last || strcmp(row->filename, compose_file_name(earlier->reset->kind)) != 0 ||
        history_look(earlier->state, row, &data, &len) != HISTORY_SAME)
        return 0;
    if (trust_list_parse((struct trust_bytes){data, len}, &list, NULL) == 0 && !is_empty(list)) {
        earlier->is_any = true;
        earlier->is_known = earlier->is_known || is_anchor(list, earlier->cert, false);
    }
    trust_list_free(list);
    free(data);
    return 0;
}

static int warn_of_unknown(struct tvsctl *ctl, struct state *state, const struct reset *reset,
                           const struct trust_list *list, struct trust_error *err)
{
    bool is_last;
    struct trust_store_row row = {0};
    struct earlier earlier = {.reset = reset, .state = state};
    int code = history_is_last(state, reset->kind, list, &is_last, &earlier.last, err);
    if (code == 0)
        code = state_own_row(state, state->node, reset->unit, &row, err);
    earlier.cert = row.cert;
    if (code == 0)
        code = trust_store_each_publication(state->store, take_earlier, &earlier, err);
    if (code == 0 && earlier.is_any && !earlier.is_known)
        say_warning(ctl,
                    "no list before number %" PRId64
                    " holds our %s certificate: phones that have not taken that "
                    "one do not know it, and refuse what it signs",
                    earlier.last, trust_unit_by_number((int)reset->unit)->name);
    trust_cert_free(row.cert);
    return code;
}

/* What speaks against signing the list anew. */
static int check_content(struct state *state, const struct reset *reset, const struct trust_list *list,
                         struct trust_error *err)
{
    int code = history_check_ours(state, reset->kind, list, err);
    if (code != 0)
        return code;
    if (is_empty(list))
        return trust_error_set(err, TRUST_EEMPTY, TRUST_NO_OFFSET,
                               "%s is empty, as for a rollback: phones that hold it accept any next list; "
                               "`utils itl rollback off` publishes one with content",
                               compose_file_name(reset->kind));
    return reset->signer == NULL ? check_anchor(state, reset, list, err) : 0;
}

static int check(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct reset *reset = dialogue->arg;
    struct published lists;
    struct trust_error err = {0};
    int code = published_read(ctl->config, &lists, &err);
    const struct trust_list *list = reset->kind == COMPOSE_CTL ? lists.ctl : lists.itl;
    if (code == 0)
        code = check_content(state, reset, list, &err);
    if (code == 0 && reset->signer == NULL)
        code = warn_of_unknown(ctl, state, reset, list, &err);
    published_fini(&lists);
    snprintf(reset->done, sizeof reset->done,
             "The reset ITL file was generated successfully\n"
             "Locating active Tftp servers in the cluster.....\n"
             "Following is the list of Active tftp servers in the cluster\n"
             "%s\n"
             "Number of Active TFTP servers in the cluster : 1\n"
             "Transferring new reset ITL file to the TFTP server nodes in the cluster.........\n"
             "Successfully transferred reset ITL to node %s",
             state->node, state->node);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

/* The signatures of configuration files are CallManager's, whoever signs the lists; only the digest may have
 * changed. When CallManager's key is what was lost, they stay. */
static int follow_with_files(struct change *change, struct trust_error *err)
{
    struct trust_signer *signer;
    struct trust_error why = {0};
    if (signing_open(change->state, TRUST_UNIT_CALLMANAGER, &signer, &why) == 0) {
        trust_signer_free(signer);
        return signed_files_follow(change, err);
    }
    say_warning(change->ctl, "nothing can sign configuration files: %s", why.text);
    return 0;
}

static int publish_signed(struct change *change, const struct reset *reset, struct trust_signer *signer,
                          struct trust_error *err)
{
    const struct trust_cert *cert = trust_signer_cert(signer);
    const struct trust_list *present = publish_present(change, reset->kind);
    const struct trust_header_spec header =
        compose_header(change->ctl->config, compose_file_name(reset->kind), change->ctl->now);
    const struct trust_record_spec anchor = {
        .form = TRUST_RECORD_WHOLE, .function = TRUST_ROLE_SAST, .cert = cert};
    struct trust_list *list;
    int code = trust_list_resign(present, &header, &anchor, is_anchor(present, cert, true) ? 0 : 1, signer,
                                 &list, err);
    if (code == 0)
        code = compose_check(list, cert, err);
    if (code == 0)
        code = publish_list(change, reset->kind, list, err);
    change->deeds.signs_next = trust_unit_by_number((int)signing_unit(change->ctl->config))->name;
    trust_list_free(list);
    return code;
}

static int sign_anew(struct change *change, void *arg, struct trust_error *err)
{
    const struct reset *reset = arg;
    struct trust_signer *own = NULL;
    int code = check_content(change->state, reset, publish_present(change, reset->kind), err);
    if (code == 0 && reset->signer == NULL)
        code = signing_open(change->state, reset->unit, &own, err);
    if (code == 0)
        code = publish_signed(change, reset, own != NULL ? own : reset->signer, err);
    trust_signer_free(own);
    return code == 0 ? follow_with_files(change, err) : code;
}

static int run(struct tvsctl *ctl, struct reset *reset)
{
    const bool is_ctl = reset->kind == COMPOSE_CTL;
    return list_dialogue_run(
        ctl, &(struct list_dialogue){
                 .kind = reset->kind,
                 .question = reset->question,
                 .begins = is_ctl ? "Resetting CTL file" : "Generating the reset ITL file.....",
                 .done = is_ctl ? "CTL file Reset" : reset->done,
                 .restart = is_ctl,
                 .check = check,
                 .work = sign_anew,
                 .arg = reset,
             });
}

static int reset_localkey(struct tvsctl *ctl, enum compose_kind kind)
{
    struct reset reset = {.kind = kind, .unit = signing_other_unit(ctl->config)};
    snprintf(reset.question, sizeof reset.question,
             "This operation will reset the %s: its present content is signed with the key of %s.",
             kind == COMPOSE_CTL ? "CTLFile" : "ITLFile", trust_unit_by_number((int)reset.unit)->name);
    return run(ctl, &reset);
}

int ctl_reset_localkey(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args, (void)count;
    return reset_localkey(ctl, COMPOSE_CTL);
}

int itl_reset_localkey(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args, (void)count;
    return reset_localkey(ctl, COMPOSE_ITL);
}

/* ---- A key from elsewhere */

/* A signer of the key in the file and the certificate that belongs to it. */
static int take_signer(const struct trust_bundle *bundle, const char *path, struct trust_signer **out,
                       struct trust_error *err)
{
    *out = NULL;
    if (bundle->key == NULL)
        return trust_error_set(err, TRUST_EKEY, TRUST_NO_OFFSET,
                               "%s: there is no private key in it; export ITLRecovery with its key", path);
    for (size_t i = 0; i < bundle->cert_count; i++) {
        if (!trust_key_matches(bundle->key, bundle->certs[i]))
            continue;
        int code = trust_signer_from_key(bundle->certs[i], bundle->key, out, err);
        return code != 0 ? trust_error_prefix(err, code, "%s", path) : 0;
    }
    return trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                           "%s: there is no certificate of its private key in it; export ITLRecovery with "
                           "its certificate",
                           path);
}

static int reset_remotekey(struct tvsctl *ctl, struct reset *reset, const char *path)
{
    const struct trust_cert *cert = trust_signer_cert(reset->signer);
    char *name = print_escaped(print_cert_name(cert)), *file = print_escaped(path);
    char *serial = print_hex(trust_cert_serial(cert), 0, true);
    int result = TVSCTL_DONE;
    if (name == NULL || file == NULL || serial == NULL)
        result = say_no_memory(ctl);
    else
        snprintf(
            reset->question, sizeof reset->question,
            "This operation will reset the ITLFile: its present content is signed with the key of %.300s "
            "(serial number %.100s) from %.300s.",
            name, serial, file);
    free(name);
    free(file);
    free(serial);
    return result == TVSCTL_DONE ? run(ctl, reset) : result;
}

int itl_reset_remotekey(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct reset reset = {.kind = COMPOSE_ITL};
    struct input input;
    struct trust_error err = {0};
    (void)count;
    int code = input_read(ctl, args, 1, &input, &err);
    if (code == 0)
        code = take_signer(input.files[0].bundle, args[0], &reset.signer, &err);
    int result = code != 0 ? say_error(ctl, &err) : reset_remotekey(ctl, &reset, args[0]);
    trust_signer_free(reset.signer);
    input_free(&input);
    return result;
}
