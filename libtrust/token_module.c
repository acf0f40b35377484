/* PKCS#11 modules, and the tokens that are seen through them. */
#include "internal.h"
#include "token_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Errors */

static int code_of(CK_RV rv)
{
    switch (rv) {
    case CKR_HOST_MEMORY:
        return TRUST_ENOMEM;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return TRUST_EPASSWORD;
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
        return TRUST_EDENIED;
    /* A session ends when its token is taken out. */
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
        return TRUST_ENOTFOUND;
    default:
        return TRUST_ECRYPTO;
    }
}

int token_error(struct trust_error *err, CK_RV rv, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const int code = code_of(rv);
    if (code == TRUST_ENOTFOUND)
        return trust_error_set(err, code, TRUST_NO_OFFSET,
                               "%s: the token was taken out; put it in again and repeat", what);
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: %s (PKCS#11 error 0x%lx)", what,
                           p11_kit_strerror(rv), (unsigned long)rv);
}

/* ---- Modules */

static int make_room(struct token_modules *modules, size_t count, struct trust_error *err)
{
    modules->count = count;
    modules->started = calloc(count + 1, sizeof *modules->started);
    return modules->started != NULL ? 0 : crypto_no_memory(err, "PKCS#11 modules");
}

/* p11-kit looks for a bare name among its own modules. */
static int load_single(const char *path, struct token_modules *modules, struct trust_error *err)
{
    struct stat info;
    modules->is_single = true;
    modules->loaded = calloc(2, sizeof(CK_FUNCTION_LIST *));
    if (modules->loaded == NULL)
        return crypto_no_memory(err, "a PKCS#11 module");
    if (path[0] == '/' && stat(path, &info) != 0)
        return trust_error_set(err, errno == ENOENT ? TRUST_ENOTFOUND : TRUST_EDENIED, TRUST_NO_OFFSET,
                               "PKCS#11 module %.200s: %s; correct module-path in the URI", path,
                               strerror(errno));
    modules->loaded[0] = p11_kit_module_load(path, 0);
    if (modules->loaded[0] == NULL)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "PKCS#11 module %.200s: it cannot be loaded: it is none, it is of another "
                               "machine, or libraries that it needs are missing (`ldd` names them)",
                               path);
    return make_room(modules, 1, err);
}

/* Modules that p11-kit calls trusted have lists of authorities, and sign nothing. */
static bool is_wanted(CK_FUNCTION_LIST *module, const char *name)
{
    bool is = (p11_kit_module_get_flags(module) & P11_KIT_MODULE_TRUSTED) == 0;
    char *own = p11_kit_module_get_name(module);
    is = is && (name == NULL || (own != NULL && strcmp(own, name) == 0));
    free(own);
    return is;
}

static int load_known(const char *name, struct token_modules *modules, struct trust_error *err)
{
    size_t count = 0, wanted = 0;
    modules->loaded = p11_kit_modules_load(NULL, 0);
    for (; modules->loaded != NULL && modules->loaded[count] != NULL; count++)
        wanted += is_wanted(modules->loaded[count], name);
    if (wanted == 0)
        return trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "p11-kit knows no PKCS#11 module%s%.60s here; install the token's, or name it in "
            "the URI: ?module-path=/usr/lib/…/MODULE.so",
            name != NULL ? " of the name " : "", name != NULL ? name : "");
    return make_room(modules, count, err);
}

static void tell(trust_token_loading loading, void *arg, CK_FUNCTION_LIST *module)
{
    char *file = p11_kit_module_get_filename(module);
    if (loading != NULL)
        loading(arg, file != NULL ? file : "");
    free(file);
}

/* One of p11-kit's that does not start is as if it were not there; the one that was named has to. */
static int start(struct token_modules *modules, const char *name, trust_token_loading loading, void *arg,
                 struct trust_error *err)
{
    for (size_t i = 0; i < modules->count; i++) {
        if (!modules->is_single && !is_wanted(modules->loaded[i], name))
            continue;
        tell(loading, arg, modules->loaded[i]);
        const CK_RV rv = p11_kit_module_initialize(modules->loaded[i]);
        modules->started[i] = rv == CKR_OK;
        if (rv != CKR_OK && modules->is_single) {
            char *file = p11_kit_module_get_filename(modules->loaded[i]);
            int code =
                token_error(err, rv, "PKCS#11 module %.150s: it does not start", file != NULL ? file : "");
            free(file);
            return code;
        }
    }
    return 0;
}

int token_modules_open(P11KitUri *uri, trust_token_loading loading, void *arg, struct token_modules *modules,
                       struct trust_error *err)
{
    const char *path = uri != NULL ? p11_kit_uri_get_module_path(uri) : NULL;
    const char *name = uri != NULL ? p11_kit_uri_get_module_name(uri) : NULL;
    *modules = (struct token_modules){0};
    p11_kit_be_quiet();
    if (loading != NULL)
        loading(arg, path != NULL ? path : "");
    int code = path != NULL ? load_single(path, modules, err) : load_known(name, modules, err);
    return code == 0 ? start(modules, name, loading, arg, err) : code;
}

void token_modules_close(struct token_modules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        if (modules->started[i])
            p11_kit_module_finalize(modules->loaded[i]);
    if (modules->is_single && modules->loaded != NULL && modules->loaded[0] != NULL)
        p11_kit_module_release(modules->loaded[0]);
    if (!modules->is_single && modules->loaded != NULL)
        p11_kit_modules_release(modules->loaded);
    else
        free(modules->loaded);
    free(modules->started);
    *modules = (struct token_modules){0};
}

/* ---- Tokens */

/* Blanks fill the fields of PKCS#11. */
static void take_text(const CK_UTF8CHAR *field, size_t size, char *out, size_t out_size)
{
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0'))
        size--;
    utf8_escape((struct trust_bytes){field, size}, out, out_size);
}

static enum trust_token_tries tries_of(CK_FLAGS flags)
{
    return (flags & CKF_USER_PIN_LOCKED) != 0      ? TRUST_TRIES_NONE
           : (flags & CKF_USER_PIN_FINAL_TRY) != 0 ? TRUST_TRIES_LAST
           : (flags & CKF_USER_PIN_COUNT_LOW) != 0 ? TRUST_TRIES_LOW
                                                   : TRUST_TRIES_ALL;
}

static void take_info(struct token_place *place)
{
    const CK_TOKEN_INFO *told = &place->told;
    struct trust_token_info *info = &place->info;
    take_text(told->label, sizeof told->label, info->label, sizeof info->label);
    take_text(told->manufacturerID, sizeof told->manufacturerID, info->manufacturer,
              sizeof info->manufacturer);
    take_text(told->model, sizeof told->model, info->model, sizeof info->model);
    take_text(told->serialNumber, sizeof told->serialNumber, info->serial, sizeof info->serial);
    info->needs_pin = (told->flags & CKF_LOGIN_REQUIRED) != 0;
    info->has_pad = (told->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    info->tries = tries_of(told->flags);
    char *file = p11_kit_module_get_filename(place->module);
    snprintf(info->module, sizeof info->module, "%s", file != NULL ? file : "");
    free(file);
}

int token_place_ask(struct token_place *place, struct trust_error *err)
{
    const CK_RV rv = place->module->C_GetTokenInfo(place->slot, &place->told);
    if (rv != CKR_OK)
        return token_error(err, rv, "token '%s'", place->info.label);
    take_info(place);
    return 0;
}

static bool fits(P11KitUri *uri, const struct token_place *place)
{
    CK_INFO module;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO told = place->told;
    if (uri == NULL)
        return true;
    const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
    return (wanted == (CK_SLOT_ID)-1 || wanted == place->slot) &&
           p11_kit_uri_match_token_info(uri, &told) != 0 && place->module->C_GetInfo(&module) == CKR_OK &&
           p11_kit_uri_match_module_info(uri, &module) != 0 &&
           place->module->C_GetSlotInfo(place->slot, &slot) == CKR_OK &&
           p11_kit_uri_match_slot_info(uri, &slot) != 0;
}

/* Between the two questions a token may have been put in. */
static CK_RV slots_of(CK_FUNCTION_LIST *module, CK_SLOT_ID **slots, CK_ULONG *count)
{
    CK_RV rv;
    *slots = NULL;
    do {
        free(*slots);
        *slots = NULL;
        *count = 0;
        rv = module->C_GetSlotList(CK_TRUE, NULL, count);
        if (rv != CKR_OK || *count == 0)
            return rv;
        *slots = calloc(*count, sizeof **slots);
        if (*slots == NULL)
            return CKR_HOST_MEMORY;
        rv = module->C_GetSlotList(CK_TRUE, *slots, count);
    } while (rv == CKR_BUFFER_TOO_SMALL);
    return rv;
}

static int each_of(CK_FUNCTION_LIST *module, P11KitUri *uri, token_place_visit visit, void *arg,
                   struct trust_error *err)
{
    CK_SLOT_ID *slots;
    CK_ULONG count;
    int result = 0;
    const CK_RV rv = slots_of(module, &slots, &count);
    if (rv != CKR_OK)
        result = token_error(err, rv, "a PKCS#11 module does not tell its tokens");
    for (CK_ULONG i = 0; rv == CKR_OK && result == 0 && i < count; i++) {
        struct token_place place = {.module = module, .slot = slots[i]};
        if (token_place_ask(&place, NULL) == 0 && (place.told.flags & CKF_TOKEN_INITIALIZED) != 0 &&
            fits(uri, &place))
            result = visit(arg, &place);
    }
    free(slots);
    return result;
}

int token_modules_each(const struct token_modules *modules, P11KitUri *uri, token_place_visit visit,
                       void *arg, struct trust_error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < modules->count; i++) {
        struct trust_error why = {0};
        if (!modules->started[i])
            continue;
        result = each_of(modules->loaded[i], uri, visit, arg, &why);
        if (why.code == 0 || result != why.code)
            continue;
        /* One of several that does not answer has no tokens. */
        if (modules->is_single || why.code == TRUST_ENOMEM)
            trust_error_set(err, why.code, why.offset, "%s", why.text);
        else
            result = 0;
    }
    return result;
}
