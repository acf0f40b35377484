/* set cert import own UNIT FILE…: our certificate and its key, in any order, from any containers. */
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "own_cert.h"
#include "print.h"
#include "relist.h"
#include "say.h"

/* What the files hold for one unit. */
struct own_import {
    const struct trust_unit_info *unit;
    struct own_cert_request request;
    bool foreign; /* --node names another node: its certificate may come without the key */
    const struct trust_cert *cert;
    struct trust_key *key;     /* borrowed from the input, or owned if loaded */
    struct trust_key *own_key; /* loaded from the state's keys */
    struct relist_behind behind;
    struct trust_error waits; /* code not 0: why a key that waits there cannot be used */
};

/* The one key of all files; NULL if none. false: there are two. */
static bool find_key(struct tvsctl *ctl, const struct input *input, struct own_import *import)
{
    for (size_t i = 0; i < input->count; i++) {
        struct trust_key *key = input->files[i].bundle->key;
        if (key != NULL && import->key != NULL) {
            say_refusal(ctl, "%s: it holds a second private key; a unit has one", input->files[i].path);
            return false;
        }
        import->key = key != NULL ? key : import->key;
    }
    return true;
}

static size_t count_certs(const struct input *input)
{
    size_t count = 0;
    for (size_t i = 0; i < input->count; i++)
        count += input->files[i].bundle->cert_count;
    return count;
}

/* Choose among the certificates the one that belongs to the key: given, or waiting in the folder of keys. A
 * chain may stand beside it. */
static const struct trust_cert *choose(const struct input *input, const struct state *state,
                                       struct own_import *import)
{
    for (size_t i = 0; i < input->count; i++) {
        const struct trust_bundle *bundle = input->files[i].bundle;
        for (size_t k = 0; k < bundle->cert_count; k++) {
            const struct trust_cert *cert = bundle->certs[k];
            if (import->key != NULL && trust_key_matches(import->key, cert))
                return cert;
            struct trust_error err = {0};
            int code = import->key != NULL
                           ? TRUST_ENOTFOUND
                           : trust_key_load(state->keys, import->unit->name, cert, &import->own_key, &err);
            if (code == 0)
                return cert;
            if (code != TRUST_ENOTFOUND)
                import->waits = err;
        }
    }
    return NULL;
}

static int say_no_match(struct tvsctl *ctl, const struct input *input, const struct state *state,
                        const struct own_import *import)
{
    const char *path = input->files[0].path;
    if (import->key != NULL)
        return say_refusal(
            ctl,
            "%s: certificate and private key do not belong together: no certificate in the files has "
            "this key; nothing was imported",
            path);
    if (import->waits.code != 0)
        return say_error(ctl, &import->waits);
    return say_refusal(
        ctl,
        "%s: there is no private key in it, and none waits in %s; name the key's file too, or the node "
        "that has it with --node NAME",
        path, state->keys);
}

/* The certificates beside ours are a chain, which no list and no answer uses. */
static void say_passed_over(struct tvsctl *ctl, const struct input *input, const struct own_import *import)
{
    for (size_t i = 0; i < input->count; i++)
        for (size_t k = 0; k < input->files[i].bundle->cert_count; k++) {
            const struct trust_cert *cert = input->files[i].bundle->certs[k];
            if (!trust_cert_equal(cert, import->cert))
                say_warning(
                    ctl,
                    "%s: %s was passed over; it is not the certificate of the key, and phones need no "
                    "chain",
                    input->files[i].path, print_cert_name(cert));
        }
}

/* Another node's certificate, whose key is there. */
static int take_single(struct tvsctl *ctl, const struct input *input, struct own_import *import)
{
    if (count_certs(input) > 1)
        return say_refusal(
            ctl,
            "%s: it holds more than one certificate and no key to tell which is the node's; give "
            "that one alone",
            input->files[0].path);
    for (size_t i = 0; i < input->count; i++)
        if (input->files[i].bundle->cert_count > 0)
            import->cert = input->files[i].bundle->certs[0];
    return TVSCTL_DONE;
}

static int find_cert(struct tvsctl *ctl, const struct input *input, const struct state *state,
                     struct own_import *import)
{
    if (count_certs(input) == 0)
        return say_refusal(ctl, "%s: there is no certificate in it", input->files[0].path);
    import->cert = choose(input, state, import);
    if (import->cert == NULL && import->foreign && import->key == NULL && import->waits.code == 0)
        return take_single(ctl, input, import);
    if (import->cert == NULL)
        return say_no_match(ctl, input, state, import);
    import->key = import->key != NULL ? import->key : import->own_key;
    return TVSCTL_DONE;
}

static int put_in_force(struct change *change, void *arg, struct trust_error *err)
{
    struct own_import *import = arg;
    int code = own_cert_install(change, &import->request, import->cert, import->key, err);
    if (code == 0)
        code = relist_follow(change, err);
    return code == 0 ? relist_look(change, &import->behind, err) : code;
}

static int install(struct tvsctl *ctl, struct state *state, struct own_import *import)
{
    const char *objection = own_cert_objection(import->unit->unit, import->cert);
    if (objection != NULL)
        return say_refusal(ctl, "%s: %s: %s", import->unit->name, print_cert_name(import->cert), objection);
    int result = change_run(ctl, state, put_in_force, import);
    if (result != TVSCTL_DONE)
        return result;
    limits_warn(ctl, import->cert);
    fprintf(ctl->io.out, "Successfully imported certificate for %s.\n", import->unit->name);
    fprintf(ctl->io.out, "Please restart services related to %s for the new certificate to become active.\n",
            import->unit->name);
    relist_say(ctl, &import->behind);
    return TVSCTL_DONE;
}

/* Whose certificate it is. TVSCTL_DONE, or said. */
static int find_node(struct tvsctl *ctl, struct state *state, struct state_node *node,
                     struct own_import *import)
{
    int result = input_node(ctl, state, node);
    if (result != TVSCTL_DONE)
        return result;
    import->request = own_cert_request(state, import->unit->unit);
    import->request.node = node->node;
    import->foreign = !node->is_ours;
    return TVSCTL_DONE;
}

static int import_files(struct tvsctl *ctl, const struct input *input, struct own_import *import)
{
    struct state state;
    struct state_node node;
    struct trust_error err = {0};
    if (!find_key(ctl, input, import))
        return TVSCTL_REFUSED;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = find_node(ctl, &state, &node, import);
    if (result == TVSCTL_DONE)
        result = find_cert(ctl, input, &state, import);
    if (result == TVSCTL_DONE)
        result = install(ctl, &state, import);
    if (result == TVSCTL_DONE)
        say_passed_over(ctl, input, import);
    trust_key_free(import->own_key);
    state_close(&state);
    return result;
}

int cert_import_own(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input input;
    struct trust_error err = {0};
    struct own_import import = {.unit = input_unit(ctl, args[0], true)};
    if (import.unit == NULL)
        return TVSCTL_REFUSED;
    int code = input_read(ctl, args + 1, count - 1, &input, &err);
    int result = code == 0 ? import_files(ctl, &input, &import) : say_error(ctl, &err);
    input_free(&input);
    return result;
}
