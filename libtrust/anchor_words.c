/* The families, and the words of every enum. */
#include "trust/anchor.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define SHA1   (1U << TRUST_DIGEST_SHA1)
#define SHA512 (1U << TRUST_DIGEST_SHA512)

static const struct trust_family families[] = {
    {"79xx", true, true, SHA1, 2048, true, false},
    {"69xx/89xx/99xx", true, true, SHA1, 2048, true, false},
    {"894x", true, true, SHA1, 2048, false, false}, /* from 9.4(2)SR2 on */
    {"78xx/88xx", true, true, SHA1 | SHA512, 4096, false, true},
    {"7940/7960", false, false, SHA1, 2048, false, false},
    {"TelePresence/Jabber", false, false, SHA1, 2048, false, false},
    {"with TVS", true, true, SHA1 | SHA512, 4096, false, true},
    {"without TVS", true, false, SHA1 | SHA512, 4096, false, false},
};

#define FAMILY_COUNT (sizeof families / sizeof families[0])

const struct trust_family *trust_families(size_t *count)
{
    *count = FAMILY_COUNT;
    return families;
}

static bool is_part(const char *name, const char *wanted)
{
    const size_t len = strlen(wanted);
    while (name != NULL) {
        const size_t part = strcspn(name, "/");
        if (part == len && strncasecmp(name, wanted, len) == 0)
            return true;
        name = name[part] == '/' ? name + part + 1 : NULL;
    }
    return false;
}

const struct trust_family *trust_family_by_name(const char *name)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (strcasecmp(families[i].name, name) == 0 || is_part(families[i].name, name))
            return &families[i];
    return NULL;
}

/* ---- Words */

struct anchor_word {
    const char *name, *text;
};

#define X(constant, name, text) {name, text},
static const struct anchor_word files[] = {TRUST_ANCHOR_FILES(X)};
static const struct anchor_word hows[] = {TRUST_ANCHOR_HOWS(X)};
static const struct anchor_word reasons[] = {TRUST_ANCHOR_REASONS(X)};
static const struct anchor_word outcomes[] = {TRUST_ANCHOR_OUTCOMES(X)};
static const struct anchor_word remedies[] = {TRUST_ANCHOR_REMEDIES(X)};
#undef X

const char *trust_anchor_file_name(enum trust_anchor_file file)
{
    assert((size_t)file < TRUST_ANCHOR_FILE_COUNT);
    return files[file].name;
}

const char *trust_anchor_file_text(enum trust_anchor_file file)
{
    assert((size_t)file < TRUST_ANCHOR_FILE_COUNT);
    return files[file].text;
}

const char *trust_how_name(enum trust_how how)
{
    assert((size_t)how < TRUST_HOW_COUNT);
    return hows[how].name;
}

const char *trust_how_text(enum trust_how how)
{
    assert((size_t)how < TRUST_HOW_COUNT);
    return hows[how].text;
}

const char *trust_reason_name(enum trust_reason reason)
{
    assert((size_t)reason < TRUST_REASON_COUNT);
    return reasons[reason].name;
}

const char *trust_reason_text(enum trust_reason reason)
{
    assert((size_t)reason < TRUST_REASON_COUNT);
    return reasons[reason].text;
}

const char *trust_outcome_name(enum trust_outcome outcome)
{
    assert((size_t)outcome < TRUST_OUTCOME_COUNT);
    return outcomes[outcome].name;
}

const char *trust_outcome_text(enum trust_outcome outcome)
{
    assert((size_t)outcome < TRUST_OUTCOME_COUNT);
    return outcomes[outcome].text;
}

const char *trust_remedy_name(enum trust_remedy remedy)
{
    assert((size_t)remedy < TRUST_REMEDY_COUNT);
    return remedies[remedy].name;
}

const char *trust_remedy_text(enum trust_remedy remedy)
{
    assert((size_t)remedy < TRUST_REMEDY_COUNT);
    return remedies[remedy].text;
}

static const struct anchor_word *warning_word(enum trust_warning warning)
{
    static const struct {
        enum trust_warning bit;
        struct anchor_word word;
    } words[] = {
#define X(constant, bit, name, text) {bit, {name, text}},
        TRUST_ANCHOR_WARNINGS(X)
#undef X
    };
    size_t i = 0;
    while (words[i].bit != warning) {
        i++;
        assert(i < sizeof words / sizeof words[0]);
    }
    return &words[i].word;
}

const char *trust_warning_name(enum trust_warning warning)
{
    return warning_word(warning)->name;
}

const char *trust_warning_text(enum trust_warning warning)
{
    return warning_word(warning)->text;
}
