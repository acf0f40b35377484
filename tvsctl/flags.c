#include "flags.h"

#include <string.h>

static const struct flag_row {
    const char *name;  /* with the two hyphens */
    const char *usage; /* with the name of its value, if it takes one */
    const char *help;
} table[FLAG_COUNT] = {
    [FLAG_CONFIG] = {"--config", "--config FILE", "the configuration, instead of /etc/tvs/tvsd.yaml"},
    [FLAG_YES] = {"--yes", "--yes", "answer the question with yes"},
    [FLAG_HELP] = {"--help", "--help", "explain the phrases that begin with the words given"},
    [FLAG_VERSION] = {"--version", "--version", "print the version"},
    [FLAG_JSON] = {"--json", "--json", "print for programs"},
    [FLAG_PASSWORD_FILE] = {"--password-file", "--password-file FILE",
                            "a file whose first line opens a PKCS#12, an encrypted key or a backup"},
    [FLAG_NODE] = {"--node", "--node NAME", "another node than node.name of the configuration"},
    [FLAG_KEY] = {"--key", "--key SPEC", "rsa:1024, rsa:2048, rsa:4096, ec:P-256, ec:P-384 or ec:P-521"},
    [FLAG_DAYS] = {"--days", "--days N", "how long the certificate is valid, 1 to 36500"},
    [FLAG_ALL] = {"--all", "--all",
                  "every signed file of the TFTP folder; every phone of a roll-out; every open roll-out"},
    [FLAG_FAMILY] = {"--family", "--family NAME",
                     "phones of this family (79xx, 69xx, 78xx, 7940, …); can be given again"},
    [FLAG_INSTALLED] = {"--installed", "--installed FILE",
                        "a CTL or ITL file that a phone holds; can be given again"},
    [FLAG_TO] = {"--to", "--to FILE", "a CTL, ITL or signed file of the other cluster; can be given again"},
    [FLAG_TOKEN] = {"--token", "--token URI",
                    "a security token, pkcs11:… or file:/PATH; the first signs; can be given again"},
    [FLAG_PIN_FILE] = {"--pin-file", "--pin-file FILE",
                       "a file whose first line is the PIN of the security token"},
    [FLAG_STYLE] = {"--style", "--style STYLE",
                    "how a CTL file with tokens is written: ctl-client (as the CTL client does) or cucm"},
    [FLAG_PHONES_ARE_BACK] = {"--phones-are-back", "--phones-are-back", "all phones have fetched the list"},
    [FLAG_FORCE] = {"--force", "--force", "do it although a guard rail refuses; that is logged"},
};

static bool takes_value(const struct flag_row *row)
{
    return strcmp(row->name, row->usage) != 0;
}

/* The option that word names, with or without =VALUE; FLAG_COUNT if there is none. */
static enum flag_id find(const char *word)
{
    size_t len = strcspn(word, "=");
    enum flag_id id = 0;
    while (id < FLAG_COUNT && (strncmp(table[id].name, word, len) != 0 || table[id].name[len] != '\0'))
        id++;
    return id;
}

/* Whether it can be given several times. */
static bool repeats(enum flag_id id)
{
    return id == FLAG_FAMILY || id == FLAG_INSTALLED || id == FLAG_TO || id == FLAG_TOKEN;
}

static bool add_value(struct flags *flags, enum flag_id id, const char *value)
{
    if (!flag_given(flags, id)) {
        flags->value[id] = value;
        return true;
    }
    if (flags->further_count == FLAGS_FURTHER_MAX)
        return false;
    flags->further[flags->further_count].id = id;
    flags->further[flags->further_count++].value = value;
    return true;
}

const char *flags_parse(int argc, char **argv, struct flags *flags, char **words, size_t *word_count,
                        char *text, size_t size)
{
    memset(flags, 0, sizeof *flags);
    *word_count = 0;
    for (int i = 0; i < argc; i++) {
        bool looks_like_one = strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0';
        enum flag_id id = looks_like_one ? find(argv[i]) : FLAG_COUNT;
        if (id == FLAG_COUNT) {
            if (looks_like_one && flags->unknown == NULL)
                flags->unknown = argv[i];
            words[(*word_count)++] = argv[i];
            continue;
        }
        const char *name = table[id].name, *equals = strchr(argv[i], '=');
        if (!takes_value(&table[id]) && equals != NULL) {
            snprintf(text, size, "%s takes no value", name);
            return text;
        }
        if (takes_value(&table[id]) && equals == NULL && i + 1 == argc) {
            snprintf(text, size, "%s needs a value: %s", name, table[id].usage);
            return text;
        }
        if (flag_given(flags, id) && takes_value(&table[id]) && !repeats(id)) {
            snprintf(text, size, "%s stands there twice", name);
            return text;
        }
        if (takes_value(&table[id]) && !add_value(flags, id, equals != NULL ? equals + 1 : argv[++i])) {
            snprintf(text, size, "%s stands there too often: %d times are the most", name,
                     FLAGS_FURTHER_MAX + 1);
            return text;
        }
        flags->given |= FLAG_BIT(id);
    }
    return NULL;
}

bool flag_given(const struct flags *flags, enum flag_id id)
{
    return (flags->given & FLAG_BIT(id)) != 0;
}

const char *flag_value(const struct flags *flags, enum flag_id id, size_t n)
{
    if (n == 0)
        return flags->value[id];
    for (size_t i = 0; i < flags->further_count; i++)
        if (flags->further[i].id == id && --n == 0)
            return flags->further[i].value;
    return NULL;
}

const char *flag_usage(enum flag_id id)
{
    return table[id].usage;
}

const char *flag_help(enum flag_id id)
{
    return table[id].help;
}
