#include "complete_values.h"

#include "compose.h"
#include "config/options.h"
#include "handlers.h"
#include "known_signers.h"
#include "print.h"
#include "run.h"
#include "state.h"
#include "tftp_folder.h"

#include <inttypes.h>
#include <string.h>

/* What is being collected, and from where. */
struct values {
    const struct complete_place *place;
    const struct config *config;
    struct state state;
    const char *file_name; /* of published lists */
    struct completion *out;
};

static int stop_without_memory(bool done)
{
    return done ? 0 : TRUST_ENOMEM;
}

/* By its name: a list, or a signed file. */
static bool is_signed(const char *name)
{
    return known_signers_ends(name, ".tlv") || known_signers_ends(name, ".sgn");
}

static int offer_files(struct values *values)
{
    struct tftp_names names = {0};
    const bool to_sign = values->place->phrase->run == file_sign;
    bool done = true;
    if (tftp_folder_names(values->config, NULL, &names, NULL) == 0)
        for (size_t i = 0; i < names.count && done; i++)
            done = (to_sign && is_signed(names.name[i])) || complete_offer(values->out, names.name[i]);
    tftp_folder_names_free(&names);
    return stop_without_memory(done);
}

static int take_cert(void *arg, const struct trust_store_row *row)
{
    struct values *values = arg;
    return stop_without_memory(complete_offer(values->out, print_cert_name(row->cert)));
}

static int take_imported(void *arg, const struct trust_store_row *row)
{
    return row->imported ? take_cert(arg, row) : 0;
}

static int offer_certs(struct values *values)
{
    const struct trust_unit_info *unit = trust_unit_by_name(values->place->before);
    return trust_store_each(values->state.store, unit != NULL ? (int)unit->unit : 0,
                            unit != NULL ? take_cert : take_imported, values, NULL);
}

static int take_node(void *arg, const struct trust_node *node)
{
    struct values *values = arg;
    const bool is_ours = strcmp(node->server_name, values->state.node) == 0;
    if (is_ours && values->place->phrase != NULL)
        return 0; /* it cannot be deleted */
    return stop_without_memory(complete_offer(values->out, node->server_name));
}

static int offer_nodes(struct values *values)
{
    const struct trust_node ours = {.server_name = values->state.node};
    int code = take_node(values, &ours);
    return code == 0 ? trust_store_each_node(values->state.store, take_node, values, NULL) : code;
}

static int take_number(void *arg, const struct trust_publication *row)
{
    struct values *values = arg;
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, row->number);
    return strcmp(row->filename, values->file_name) != 0
               ? 0
               : stop_without_memory(complete_offer(values->out, number));
}

static int offer_numbers(struct values *values)
{
    return trust_store_each_publication(values->state.store, take_number, values, NULL);
}

static int offer_ctl_numbers(struct values *values)
{
    values->file_name = compose_file_name(COMPOSE_CTL);
    return offer_numbers(values);
}

static int offer_itl_numbers(struct values *values)
{
    values->file_name = compose_file_name(COMPOSE_ITL);
    return offer_numbers(values);
}

static int offer_levels(struct values *values)
{
    bool done = true;
    for (const struct option_choice *level = option_find("log", "level", strlen("level"))->choices;
         level->name != NULL && done; level++)
        done = complete_offer(values->out, level->name);
    return stop_without_memory(done);
}

typedef int (*offer_fn)(struct values *values);

static const struct {
    int (*run)(struct tvsctl *ctl, char *const *args, size_t count);
    offer_fn offer;
    bool from_store;
} kinds[] = {
    {file_get_tftp, offer_files, false},    {file_delete_tftp, offer_files, false},
    {file_sign, offer_files, false},        {cert_delete, offer_certs, true},
    {show_cert_trust, offer_certs, true},   {node_delete, offer_nodes, true},
    {ctl_restore, offer_ctl_numbers, true}, {itl_restore, offer_itl_numbers, true},
    {set_trace_level, offer_levels, false},
};

static offer_fn find_offer(const struct complete_place *place, bool *from_store)
{
    *from_store = true;
    if (place->phrase == NULL)
        return place->option == FLAG_NODE ? offer_nodes : NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].run == place->phrase->run) {
            *from_store = kinds[i].from_store;
            return kinds[i].offer;
        }
    return NULL;
}

bool complete_values(void *session, const struct complete_place *place, struct completion *out)
{
    const struct session *of = session;
    struct values values = {.place = place, .out = out};
    struct config *config = NULL;
    bool from_store;
    const offer_fn offer = find_offer(place, &from_store);
    const char *path = flag_given(place->flags, FLAG_CONFIG) ? place->flags->value[FLAG_CONFIG]
                                                             : of->flags.value[FLAG_CONFIG];
    if (offer == NULL || config_load(path != NULL ? path : CONFIG_PATH_DEFAULT, &config, NULL) != 0)
        return true;
    values.config = config;
    int code = 0;
    if (!from_store || state_open(config, TRUST_STORE_READ, &values.state, NULL) == 0)
        code = offer(&values);
    state_close(&values.state);
    config_free(config);
    return code != TRUST_ENOMEM;
}
