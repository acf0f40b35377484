/* A PKCS#11 module for tests, which does what real ones do only when something is wrong. FAKE_TOKENS names a
 * folder: each folder in it is a token whose serial number is its name, with the files
 *
 *   label, pin      text
 *   cert.der        its certificate; several: cert*.der
 *   key.pem         its private key
 *   tries           how often its PIN may still be wrong, 3 at first
 *   logins          a byte for each PIN that it was given
 *   rights          the user ids, real, effective and saved, of who gave the last
 *   mode            words: pad, each-time, removed, garbage, crash-sign, no-pin
 *
 * and FAKE_TOKENS/mode has words for the module: noise, refuse-start, crash-start, crash-end, hang. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKENS_MAX 8
#define CERTS_MAX  4
#define TRIES_MAX  3
#define KEY        ((CK_OBJECT_HANDLE)100)
#define FILE_MAX   8192

static struct fake {
    char folder[PATH_MAX], name[256];
    bool logged_in;
    uint8_t cert[CERTS_MAX][FILE_MAX];
    size_t cert_len[CERTS_MAX], cert_count;
    CK_OBJECT_HANDLE found[CERTS_MAX + 1];
    size_t found_count, given;
} tokens[TOKENS_MAX];
static size_t token_count;

/* ---- Files */

static size_t read_file(const char *folder, const char *name, void *out, size_t size)
{
    char path[PATH_MAX + 300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(out, 1, size - 1, file) : 0;
    ((char *)out)[len] = '\0';
    if (file != NULL)
        fclose(file);
    return len;
}

static bool has_mode(const char *folder, const char *word)
{
    char mode[256];
    read_file(folder, "mode", mode, sizeof mode);
    return strstr(mode, word) != NULL;
}

static const char *all_folder(void)
{
    const char *folder = getenv("FAKE_TOKENS");
    return folder != NULL ? folder : "/nowhere";
}

static int tries_of(const struct fake *token)
{
    char text[16];
    return read_file(token->folder, "tries", text, sizeof text) > 0 ? atoi(text) : TRIES_MAX;
}

static void append(const struct fake *token, const char *name, int flags, const char *text)
{
    char path[PATH_MAX + 300];
    snprintf(path, sizeof path, "%s/%s", token->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

static void add_token(const char *name)
{
    struct fake *token = &tokens[token_count];
    *token = (struct fake){.cert_count = 0};
    snprintf(token->folder, sizeof token->folder, "%s/%s", all_folder(), name);
    snprintf(token->name, sizeof token->name, "%s", name);
    for (size_t i = 0; i < CERTS_MAX; i++) {
        char file[16];
        snprintf(file, sizeof file, i == 0 ? "cert.der" : "cert%zu.der", i + 1);
        token->cert_len[i] = read_file(token->folder, file, token->cert[i], FILE_MAX);
        token->cert_count += token->cert_len[i] > 0;
    }
    token_count++;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void look(void)
{
    struct dirent **entries;
    int count = scandir(all_folder(), &entries, NULL, by_name);
    token_count = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.' && entries[i]->d_type == DT_DIR && token_count < TOKENS_MAX)
            add_token(entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* ---- The module */

static CK_RV initialize(void *args)
{
    (void)args;
    if (has_mode(all_folder(), "noise")) {
        printf("fake module: noise on standard output\n");
        fflush(stdout);
        fprintf(stderr, "fake module: noise on standard error\n");
    }
    if (has_mode(all_folder(), "crash-start"))
        raise(SIGSEGV);
    if (has_mode(all_folder(), "hang"))
        pause();
    if (has_mode(all_folder(), "refuse-start"))
        return CKR_DEVICE_ERROR;
    look();
    return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    if (has_mode(all_folder(), "crash-end"))
        raise(SIGSEGV);
    return CKR_OK;
}

static void pad(unsigned char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strnlen(text, size));
}

static CK_RV get_info(CK_INFO *info)
{
    memset(info, 0, sizeof *info);
    info->cryptokiVersion = (CK_VERSION){2, 40};
    pad(info->manufacturerID, sizeof info->manufacturerID, "tests");
    pad(info->libraryDescription, sizeof info->libraryDescription, "fake tokens");
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
    (void)present;
    if (list != NULL && *count < token_count)
        return CKR_BUFFER_TOO_SMALL;
    for (size_t i = 0; list != NULL && i < token_count; i++)
        list[i] = i;
    *count = token_count;
    return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    (void)slot;
    memset(info, 0, sizeof *info);
    pad(info->slotDescription, sizeof info->slotDescription, "a fake slot");
    pad(info->manufacturerID, sizeof info->manufacturerID, "tests");
    info->flags = CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE;
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    char label[64];
    if (slot >= token_count)
        return CKR_SLOT_ID_INVALID;
    const struct fake *token = &tokens[slot];
    if (access(token->folder, F_OK) != 0)
        return CKR_TOKEN_NOT_PRESENT;
    read_file(token->folder, "label", label, sizeof label);
    label[strcspn(label, "\n")] = '\0';
    memset(info, 0, sizeof *info);
    pad(info->label, sizeof info->label, label);
    pad(info->manufacturerID, sizeof info->manufacturerID, "tests");
    pad(info->model, sizeof info->model, "fake");
    pad(info->serialNumber, sizeof info->serialNumber, token->name);
    info->ulMinPinLen = 4;
    info->ulMaxPinLen = 16;
    info->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED;
    info->flags |= has_mode(token->folder, "no-pin") ? 0 : CKF_USER_PIN_INITIALIZED;
    info->flags |= has_mode(token->folder, "pad") ? CKF_PROTECTED_AUTHENTICATION_PATH : 0;
    const int tries = tries_of(token);
    info->flags |= tries < TRIES_MAX ? CKF_USER_PIN_COUNT_LOW : 0;
    info->flags |= tries == 1 ? CKF_USER_PIN_FINAL_TRY : 0;
    info->flags |= tries < 1 ? CKF_USER_PIN_LOCKED : 0;
    return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *out)
{
    (void)flags, (void)app, (void)notify;
    if (slot >= token_count)
        return CKR_SLOT_ID_INVALID;
    *out = slot + 1;
    return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    tokens[session - 1].logged_in = false;
    return CKR_OK;
}

static const char *ids_of_process(void)
{
    static char text[64];
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) != 0)
        abort();
    snprintf(text, sizeof text, "%u %u %u\n", (unsigned)real, (unsigned)effective, (unsigned)saved);
    return text;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *given, CK_ULONG len)
{
    char pin[64], count[16];
    struct fake *token = &tokens[session - 1];
    const int tries = tries_of(token);
    append(token, "logins", O_APPEND, user == CKU_USER ? "u" : "c");
    append(token, "rights", O_TRUNC, ids_of_process());
    read_file(token->folder, "pin", pin, sizeof pin);
    pin[strcspn(pin, "\n")] = '\0';
    if (tries < 1)
        return CKR_PIN_LOCKED;
    const bool is_good =
        given == NULL ? has_mode(token->folder, "pad") : len == strlen(pin) && memcmp(pin, given, len) == 0;
    snprintf(count, sizeof count, "%d\n", is_good ? TRIES_MAX : tries - 1);
    append(token, "tries", O_TRUNC, count);
    token->logged_in = token->logged_in || is_good;
    return is_good ? CKR_OK : CKR_PIN_INCORRECT;
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
    tokens[session - 1].logged_in = false;
    return CKR_OK;
}

/* ---- Objects: certificate i is object i + 1, with the id i + 1; the key has the id of the first */

static EVP_PKEY *read_key(const struct fake *token)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/key.pem", token->folder);
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file != NULL)
        fclose(file);
    return key;
}

/* The value of an attribute, into out; 0: none. */
static size_t value_of(const struct fake *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                       uint8_t *out)
{
    const bool is_key = object == KEY;
    const CK_ULONG class = is_key ? CKO_PRIVATE_KEY : CKO_CERTIFICATE;
    if (type == CKA_CLASS)
        return memcpy(out, &class, sizeof class), sizeof class;
    if (type == (is_key ? CKA_KEY_TYPE : CKA_CERTIFICATE_TYPE))
        return memset(out, 0, sizeof(CK_ULONG)), sizeof(CK_ULONG); /* RSA, X.509 */
    if (type == CKA_ID)
        return out[0] = is_key ? 1 : (uint8_t)object, 1;
    if (type == CKA_LABEL)
        return memcpy(out, "signer", 6), 6;
    if (type == CKA_ALWAYS_AUTHENTICATE && is_key)
        return out[0] = has_mode(token->folder, "each-time"), 1;
    if (type == CKA_VALUE && !is_key)
        return memcpy(out, token->cert[object - 1], token->cert_len[object - 1]), token->cert_len[object - 1];
    if (type == CKA_MODULUS && is_key) {
        EVP_PKEY *key = read_key(token);
        BIGNUM *n = NULL;
        size_t len = 0;
        if (key != NULL && EVP_PKEY_get_bn_param(key, "n", &n) == 1)
            len = (size_t)BN_bn2bin(n, out);
        BN_free(n);
        EVP_PKEY_free(key);
        return len;
    }
    return 0;
}

static bool fits(const struct fake *token, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *wanted,
                 CK_ULONG count)
{
    uint8_t value[FILE_MAX];
    for (CK_ULONG i = 0; i < count; i++) {
        size_t len = value_of(token, object, wanted[i].type, value);
        if (len != wanted[i].ulValueLen || memcmp(value, wanted[i].pValue, len) != 0)
            return false;
    }
    return true;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG count)
{
    struct fake *token = &tokens[session - 1];
    token->found_count = token->given = 0;
    for (size_t i = 0; i < token->cert_count; i++)
        if (fits(token, i + 1, wanted, count))
            token->found[token->found_count++] = i + 1;
    if (token->logged_in && fits(token, KEY, wanted, count))
        token->found[token->found_count++] = KEY;
    return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *count)
{
    struct fake *token = &tokens[session - 1];
    for (*count = 0; *count < max && token->given < token->found_count; (*count)++)
        out[*count] = token->found[token->given++];
    return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

static CK_RV get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *wanted,
                           CK_ULONG count)
{
    uint8_t value[FILE_MAX];
    for (CK_ULONG i = 0; i < count; i++) {
        size_t len = value_of(&tokens[session - 1], object, wanted[i].type, value);
        if (len == 0) {
            wanted[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            return CKR_ATTRIBUTE_TYPE_INVALID;
        }
        if (wanted[i].pValue != NULL)
            memcpy(wanted[i].pValue, value, len);
        wanted[i].ulValueLen = len;
    }
    return CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    if (!tokens[session - 1].logged_in)
        return CKR_USER_NOT_LOGGED_IN;
    if (has_mode(tokens[session - 1].folder, "each-time"))
        tokens[session - 1].logged_in = false; /* until the PIN comes again */
    return mechanism->mechanism == CKM_RSA_PKCS && key == KEY ? CKR_OK : CKR_MECHANISM_INVALID;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
    struct fake *token = &tokens[session - 1];
    size_t size = *out_len;
    if (access(token->folder, F_OK) != 0 || has_mode(token->folder, "removed"))
        return CKR_DEVICE_REMOVED;
    if (has_mode(token->folder, "crash-sign"))
        raise(SIGBUS);
    if (!token->logged_in)
        return CKR_USER_NOT_LOGGED_IN;
    EVP_PKEY *key = read_key(token);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    const bool is_made = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                         EVP_PKEY_sign(context, out, &size, data, len) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    *out_len = size;
    if (is_made && has_mode(token->folder, "garbage"))
        out[size / 2] ^= 1;
    return is_made ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* ---- What the module can */

static CK_FUNCTION_LIST functions;

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    functions = (CK_FUNCTION_LIST){
        .version = {2, 40},
        .C_Initialize = initialize,
        .C_Finalize = finalize,
        .C_GetInfo = get_info,
        .C_GetFunctionList = C_GetFunctionList,
        .C_GetSlotList = get_slot_list,
        .C_GetSlotInfo = get_slot_info,
        .C_GetTokenInfo = get_token_info,
        .C_OpenSession = open_session,
        .C_CloseSession = close_session,
        .C_Login = login,
        .C_Logout = logout,
        .C_FindObjectsInit = find_init,
        .C_FindObjects = find,
        .C_FindObjectsFinal = find_final,
        .C_GetAttributeValue = get_attribute,
        .C_SignInit = sign_init,
        .C_Sign = sign,
    };
    *list = &functions;
    return CKR_OK;
}
