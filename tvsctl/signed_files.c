#include "signed_files.h"

#include "say.h"
#include "signing.h"
#include "tftp_folder.h"

#include <stdlib.h>
#include <string.h>

/* Phones know version 1.0 in front of a configuration file. */
#define SIGNED_FILE_MINOR 0

/* So many that cannot be signed are named where nobody asked about them. */
#define NAMED_MAX 10

/* Who may have signed what is signed again: the CallManagers that our node has and had, under whatever name:
 * who has the key is who we are. */
struct signers {
    struct state *state;
    struct trust_cert **certs;
    size_t count;
};

static bool is_of_our_node(const struct state *state, const struct trust_store_row *row)
{
    char name[TRUST_KEY_NAME_SIZE];
    return strcmp(row->server_name, state->node) == 0 ||
           trust_key_find(state->keys, "key", row->cert, name, NULL) == 0;
}

static int take_signer(void *arg, const struct trust_store_row *row)
{
    struct signers *signers = arg;
    const uint32_t call_manager = UINT32_C(1) << TRUST_UNIT_CALLMANAGER;
    bool signs = (row->units & call_manager) != 0;
    if ((!signs && !row->retired) || !is_of_our_node(signers->state, row))
        return 0;
    /* Of the retired, only those from units that sign. */
    int code = signs ? 0 : trust_store_vouches(signers->state->store, row->cert, &signs, NULL);
    if (code != 0 || !signs)
        return code;
    struct trust_cert **certs = reallocarray(signers->certs, signers->count + 1, sizeof *certs);
    if (certs == NULL)
        return TRUST_ENOMEM;
    signers->certs = certs;
    certs[signers->count++] = trust_cert_ref(row->cert);
    return 0;
}

static void signers_fini(struct signers *signers)
{
    for (size_t i = 0; i < signers->count; i++)
        trust_cert_free(signers->certs[i]);
    free(signers->certs);
}

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* Lists and signed files are told apart by their content alone: whoever writes a configuration must not get a
 * list signed. */
static int check_no_list(const struct trust_list *file, struct trust_error *err)
{
    struct trust_list *list = NULL;
    int code = trust_list_parse(file->file, &list, NULL);
    bool is_list = code == 0 && list->record_count > 0;
    trust_list_free(list);
    if (code == TRUST_ENOMEM)
        return no_memory(err);
    return is_list ? trust_error_set(err, TRUST_ETYPE, TRUST_NO_OFFSET,
                                     "its content is records of a trust list, no configuration: phones could "
                                     "take it for a list that we signed")
                   : 0;
}

static int build(const struct config *config, const char *filename, struct trust_bytes body, time_t now,
                 struct trust_signer *signer, struct trust_list **out, struct trust_error *err)
{
    struct trust_header_spec header = {
        .filename = filename,
        .timestamp = now,
        .digest = (enum trust_digest)config->trust_lists.digest,
        .minor = SIGNED_FILE_MINOR,
    };
    int code = trust_signed_file_build(&header, body, signer, out, err);
    if (code == 0)
        code = check_no_list(*out, err);
    if (code != 0) {
        trust_list_free(*out);
        *out = NULL;
    }
    return code != 0 ? trust_error_prefix(err, code, "%s", filename) : 0;
}

int signed_files_build(struct state *state, const char *filename, struct trust_bytes body, time_t now,
                       struct trust_list **out, struct trust_error *err)
{
    struct trust_signer *signer;
    *out = NULL;
    int code = signing_open(state, TRUST_UNIT_CALLMANAGER, &signer, err);
    if (code == 0)
        code = build(state->config, filename, body, now, signer, out, err);
    trust_signer_free(signer);
    return code;
}

/* One pass over the folder. */
struct pass {
    struct change *change;
    struct trust_cert *present;
    struct trust_signer *signer; /* of present; opened for the first file that needs it */
    bool has_trouble;            /* the security token with the key does not sign */
    bool names_all;              /* of those that cannot be signed */
    struct signers known;
    struct signed_files_tally tally;
};

/* Whether one of ours signed the file as it stands. */
static bool is_ours(const struct pass *pass, const struct trust_list *file)
{
    for (size_t i = 0; i < pass->known.count; i++)
        if (trust_list_verify(file, pass->known.certs[i], NULL) == 0)
            return true;
    return false;
}

static bool is_right(const struct pass *pass, const struct trust_list *file)
{
    return file->header.digest == (uint8_t)pass->change->ctl->config->trust_lists.digest &&
           trust_list_verify(file, pass->present, NULL) == 0;
}

/* Under another name than a signed file's a list of before would come back under our present signature:
 * whoever writes into the folder need only call a copy of it SEP….sgn. */
static int check_name(const struct trust_list *file, struct trust_error *err)
{
    const struct trust_bytes name = file->header.filename;
    const size_t end = strlen(SIGNED_FILE_SUFFIX);
    if (name.len == 0 || (name.len > end && memcmp(name.data + name.len - end, SIGNED_FILE_SUFFIX, end) == 0))
        return 0;
    return trust_error_set(err, TRUST_ETYPE, TRUST_NO_OFFSET,
                           "the name in its header does not end in " SIGNED_FILE_SUFFIX
                           ": it is a trust list, or no signed configuration file of ours");
}

static int read_signed(const struct config *config, const char *name, struct trust_list **out,
                       struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    int code = tftp_folder_read(config, name, TRUST_SIGNED_FILE_MAX, &data, &len, err);
    if (code == 0)
        code = trust_signed_file_parse((struct trust_bytes){data, len}, out, err);
    free(data);
    return code == 0 ? check_name(*out, err) : code;
}

static int sign_again(struct pass *pass, const char *name, const struct trust_list *old,
                      struct trust_list **out, struct trust_error *err)
{
    const struct trust_bytes in_header = old->header.filename;
    int code = 0;
    if (!is_ours(pass, old))
        return trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                               "no CallManager certificate of ours verifies it as it stands; `file sign` "
                               "signs the plain file anew");
    char *filename = in_header.len > 0 ? strndup((const char *)in_header.data, in_header.len) : strdup(name);
    if (filename == NULL)
        return no_memory(err);
    if (pass->signer == NULL)
        code = signing_open(pass->change->state, TRUST_UNIT_CALLMANAGER, &pass->signer, err);
    pass->has_trouble = code != 0 && signing_is_in_token(pass->change->state, TRUST_UNIT_CALLMANAGER);
    if (code == 0)
        code = build(pass->change->ctl->config, filename, old->payload, pass->change->ctl->now, pass->signer,
                     out, err);
    free(filename);
    return code;
}

/* Says nothing of the file: a disk that fails, or no memory. The step is given up, since nobody could tell
 * afterwards which files lag behind. */
static bool is_trouble(int code)
{
    return code == TRUST_ENOMEM || code == TRUST_ESYSTEM;
}

static void say_failed(const struct pass *pass, const char *name, const char *why)
{
    if (pass->names_all || pass->tally.failed < NAMED_MAX)
        say_warning(pass->change->ctl,
                    "%s stays as it is and is not signed by the present CallManager key: %s", name, why);
}

static void say_more_failed(const struct pass *pass)
{
    if (!pass->names_all && pass->tally.failed > NAMED_MAX)
        say_warning(pass->change->ctl,
                    "%zu more stay as they are and are not signed by the present CallManager key; `file sign "
                    "--all` names them",
                    pass->tally.failed - NAMED_MAX);
}

/* A file of others is none of our business, and no reason to stop. */
static int look_at(struct pass *pass, const char *name, struct trust_error *err)
{
    struct tvsctl *ctl = pass->change->ctl;
    struct trust_list *file = NULL, *fresh = NULL;
    struct trust_error why = {0};
    if (tftp_folder_is_alias(ctl->config, name))
        return 0;
    int bad = read_signed(ctl->config, name, &file, &why), code = 0;
    bool right = bad == 0 && is_right(pass, file);
    if (bad == 0 && !right)
        bad = sign_again(pass, name, file, &fresh, &why);
    if (is_trouble(bad) || pass->has_trouble)
        code = trust_error_set(err, bad, why.offset, "%s: %.300s", name, why.text);
    else if (bad != 0)
        say_failed(pass, name, why.text);
    if (fresh != NULL)
        code = change_put(pass->change, TRUST_PLACE_TFTP, name, fresh->file, err);
    pass->tally.found++;
    pass->tally.right += right;
    pass->tally.signed_anew += fresh != NULL;
    pass->tally.failed += bad != 0;
    trust_list_free(fresh);
    trust_list_free(file);
    return code;
}

static int look_at_all(struct pass *pass, struct trust_error *err)
{
    struct tftp_names names;
    int code = tftp_folder_names(pass->change->ctl->config, SIGNED_FILE_SUFFIX, &names, err);
    if (code == TRUST_ENOTFOUND)
        return 0;
    for (size_t i = 0; code == 0 && i < names.count; i++)
        code = look_at(pass, names.name[i], err);
    if (code == 0)
        say_more_failed(pass);
    tftp_folder_names_free(&names);
    return code;
}

static int collect_from(struct signers *signers, struct state *state, struct trust_error *err)
{
    signers->state = state;
    int code = trust_store_each_listed(state->store, take_signer, signers, err);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

static int collect_signers(struct pass *pass, struct trust_error *err)
{
    int code = collect_from(&pass->known, pass->change->state, err);
    return code == 0 && pass->change->own != NULL ? collect_from(&pass->known, pass->change->own, err) : code;
}

static int run_pass(struct change *change, bool again, struct signed_files_tally *tally,
                    struct trust_error *err)
{
    struct state *state = change->state;
    struct pass pass = {.change = change, .names_all = again};
    struct trust_store_row row;
    int code = state_own_row(state, state->node, TRUST_UNIT_CALLMANAGER, &row, err);
    pass.present = row.cert;
    bool was_done = code == 0 && !again && change->files_signer != NULL &&
                    trust_cert_equal(change->files_signer, pass.present);
    if (code == 0 && !was_done)
        code = collect_signers(&pass, err);
    if (code == 0 && !was_done)
        code = look_at_all(&pass, err);
    if (code == 0 && !was_done) {
        trust_cert_free(change->files_signer);
        change->files_signer = trust_cert_ref(pass.present);
        *tally = pass.tally;
    }
    signers_fini(&pass.known);
    trust_signer_free(pass.signer);
    trust_cert_free(pass.present);
    return code;
}

int signed_files_sign_all(struct change *change, struct signed_files_tally *tally, struct trust_error *err)
{
    *tally = (struct signed_files_tally){0};
    return run_pass(change, true, tally, err);
}

int signed_files_follow(struct change *change, struct trust_error *err)
{
    struct signed_files_tally tally = {0};
    int code = run_pass(change, false, &tally, err);
    change->deeds.signed_files += tally.signed_anew;
    return code;
}
