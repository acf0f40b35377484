/* The phones of a history: the simulator's own, in memory, at the folder of a site. */
#ifndef TESTS_HISTORIES_SIMS_H
#define TESTS_HISTORIES_SIMS_H

#include "site.h"

struct sim {
    struct phone_plan plan;
    struct phone *phone;               /* as it stands after its last boot */
    const struct trust_family *family; /* the same family, as the rehearsal knows it */
    unsigned servers;                  /* as history.h says */
};

void sim_open(struct sim *sim, const struct history_phone *what, unsigned number);
void sim_close(struct sim *sim);

/* The nodes whose servers its configuration names, in their order. Returns how many; a site without the other
 * node has ours alone. */
size_t sim_servers(const struct sim *sim, const struct site *site, size_t nodes[HISTORY_NODES]);

/* A phone that holds what from does (its lists; what it remembers too, if cached) and boots with the files of
 * that folder. The caller frees it with phone_free, or hands it to sim_become. */
struct phone *sim_boot(struct sim *sim, const struct phone *from, bool cached, const char *folder,
                       struct site_way *way);
void sim_become(struct sim *sim, struct phone *take_phone);

#endif
