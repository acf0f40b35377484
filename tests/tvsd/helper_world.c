#include "helper_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site site;
struct person tvs, signer, stranger;
struct world world;
struct trust_error err;
char config_path[240], good_path[240];

void write_config(const char *more)
{
    char *text;
    int len = asprintf(&text, "state: %s\nnode: { name: %s }\ntrust_lists: { directory: %s%s }\n", site.state,
                       site.config->node.name, site.tftp, more);
    ck_assert_int_gt(len, 0);
    put_file(config_path, (struct trust_bytes){(const uint8_t *)text, (size_t)len});
    free(text);
}

void world_set_up(void)
{
    site_init(&site);
    person_init(&tvs, "tvs");
    person_init(&signer, "publisher");
    person_init(&stranger, "stranger");
    snprintf(config_path, sizeof config_path, "%s/tvsd.yaml", site.root);
    snprintf(good_path, sizeof good_path, "%s/%s", site.state, CTL_FILE_GOOD);
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &signer);
    site_set_own(&site, TRUST_UNIT_TVS, &tvs);
    write_config("");
}

void world_tear_down(void)
{
    world_fini(&world);
    person_fini(&tvs);
    person_fini(&signer);
    person_fini(&stranger);
    site_fini(&site);
}

int start(void)
{
    err = (struct trust_error){0};
    int rc = world_read_config(&world, config_path, &err);
    if (rc == 0)
        rc = world_build(&world, NULL, &err);
    if (rc == 0) {
        world_say(&world);
        world_remember_ctl(&world);
    }
    return rc;
}

int reload(void)
{
    struct world next;
    err = (struct trust_error){0};
    int rc = world_read_config(&next, config_path, &err);
    if (rc == 0)
        rc = world_build(&next, &world, &err);
    if (rc != 0) {
        world_fini(&next);
        return rc;
    }
    world_fini(&world);
    world = next;
    world_remember_ctl(&world);
    return 0;
}

static bool announced(bool fresh)
{
    world_announce(&world);
    return fresh;
}

bool store_changed(void)
{
    return announced(world_store_changed(&world));
}

bool ctl_changed(void)
{
    return announced(world_ctl_changed(&world));
}

bool retry_ctl(void)
{
    return announced(world_retry_ctl(&world));
}

bool retry_cert(void)
{
    return announced(world_retry_cert(&world));
}

size_t ctl_count(void)
{
    struct snapshot *snapshot = world_snapshot(&world);
    ck_assert_ptr_nonnull(snapshot);
    size_t count = trust_index_count(snapshot->ctl);
    snapshot_free(snapshot);
    return count;
}

void put_ctl(const struct person *by, const struct person *also)
{
    put_list(site.ctl_path, "CTLFile.tlv", by, by, also);
}

void garble_ctl(void)
{
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"\1\0\2\1\2\2\0", 7});
}
