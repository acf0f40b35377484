/* The configuration file: what is taken is dumped as a file that means the same. */
#include "fuzz.h"

#include "config/config.h"
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct config *config)
{
    struct trust_error err = {0};
    struct config *again;
    char *text = NULL, restart[2048];
    size_t len, count;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    config_dump(config, out);
    ck_assert_int_eq(fclose(out), 0);
    int rc = config_parse(text, len, "dump", &again, &err);
    ck_assert_msg(rc == 0, "what is dumped is not taken: %s\n%s", err.text, text);
    const struct option *table = option_table(&count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(option_equal(&table[i], config, again), "%s is dumped otherwise:\n%s", table[i].key,
                      text);
    ck_assert_str_eq(config_needs_restart(config, again, restart, sizeof restart), "");
    config_free(again);
    free(text);
}

void fuzz_one(struct trust_bytes input)
{
    struct trust_error err = {0};
    struct config *config;
    int rc = config_parse((const char *)input.data, input.len, "/etc/tvs/fuzz.yaml", &config, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (config != NULL));
    if (rc == 0)
        check(config);
    config_free(config);
}
