#include "remedy.h"

#include "config/config.h"

#include <stdio.h>
#include <string.h>

char *remedy_phrase(const char *config_path, const char *phrase, char *out, size_t size)
{
    bool usual = config_path == NULL || strcmp(config_path, CONFIG_PATH_DEFAULT) == 0;
    snprintf(out, size, "`tvsctl %s%s%s`", phrase, usual ? "" : " --config ", usual ? "" : config_path);
    return out;
}
