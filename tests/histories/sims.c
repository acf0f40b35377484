#include "sims.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A family of the simulator's whose name the rehearsal knows. */
static const struct phone_family *some_family(unsigned number, const struct trust_family **same)
{
    size_t count;
    const struct phone_family *families = phone_families(&count);
    do {
        *same = trust_family_by_name(families[number % count].name);
        number++;
    } while (*same == NULL);
    return &families[(number - 1) % count];
}

void sim_open(struct sim *sim, const struct history_phone *what, unsigned number)
{
    *sim = (struct sim){.servers = what->servers};
    sim->plan = (struct phone_plan){
        .source = {.folder = true}, .mac = SITE_FIRST_MAC + number, .count = 1, .family_count = 1};
    sim->plan.families[0] = some_family(what->family, &sim->family);
    sim->phone = phone_new(&sim->plan, 0, NULL);
    ck_assert_ptr_nonnull(sim->phone);
}

void sim_close(struct sim *sim)
{
    phone_free(sim->phone);
    sim->phone = NULL;
}

size_t sim_servers(const struct sim *sim, const struct site *site, size_t nodes[HISTORY_NODES])
{
    static const size_t orders[][HISTORY_NODES] = {{0, 1}, {1, 0}, {0}, {1}};
    nodes[0] = 0;
    if (site->config[1] == NULL)
        return 1;
    memcpy(nodes, orders[sim->servers], sizeof orders[0]);
    return sim->servers < 2 ? 2 : 1;
}

static struct trust_list *copy_list(const struct trust_list *list)
{
    struct trust_list *copy = NULL;
    struct trust_error err = {0};
    if (list != NULL)
        ck_assert_msg(trust_list_parse(list->file, &copy, &err) == 0, "%s", err.text);
    return copy;
}

static void copy_cache(const struct phone *from, struct phone *to, time_t now)
{
    for (size_t i = 0; i < from->cache.count; i++) {
        const struct phone_cache_entry *entry = &from->cache.entries[i];
        if (entry->expires > now)
            phone_cache_add(&to->cache, entry->cert, &entry->roles, (uint32_t)(entry->expires - now), now);
    }
}

struct phone *sim_boot(struct sim *sim, const struct phone *from, bool cached, const char *folder,
                       struct site_way *way)
{
    size_t nodes[HISTORY_NODES];
    struct phone_plan *plan = &sim->plan;
    plan->source.where = folder;
    plan->way = site_way(way);
    plan->tvs_count = (unsigned)sim_servers(sim, way->site, nodes);
    for (size_t i = 0; i < plan->tvs_count; i++)
        ck_assert_int_eq(net_parse(site_server(nodes[i]), &plan->tvs[i], NULL), 0);
    struct phone *phone = phone_new(plan, 0, NULL);
    ck_assert_ptr_nonnull(phone);
    phone->ctl = copy_list(from->ctl);
    phone->itl = copy_list(from->itl);
    if (cached)
        copy_cache(from, phone, time(NULL));
    phone_run(phone);
    return phone;
}

void sim_become(struct sim *sim, struct phone *take_phone)
{
    phone_free(sim->phone);
    sim->phone = take_phone;
}
