/* Roll-outs, and what was forced. */
#include "trust/rollout.h"

#include "internal.h"
#include "store_internal.h"

#include <string.h>

static const char *const kinds[] = {"signer", "tvs"};
_Static_assert(sizeof kinds / sizeof kinds[0] == TRUST_ROLLOUT_TVS + 1, "each kind has a name");

static const char *const ends[] = {"open", "back", "superseded"};
_Static_assert(sizeof ends / sizeof ends[0] == TRUST_ROLLOUT_SUPERSEDED + 1, "each end has a name");

const char *trust_rollout_kind_name(enum trust_rollout_kind kind)
{
    return kinds[kind];
}

const char *trust_rollout_end_name(enum trust_rollout_end end)
{
    return ends[end];
}

bool trust_rollout_is_of(const struct trust_rollout *rollout, const uint8_t *sha256)
{
    return memcmp(rollout->sha256, sha256, TRUST_SHA256_SIZE) == 0;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

#define HEX_SIZE (2 * TRUST_SHA256_SIZE + 1)

/* As the table has it: "" if it is not known. */
static void to_hex(const uint8_t sha256[TRUST_SHA256_SIZE], char out[HEX_SIZE])
{
    static const uint8_t unknown[TRUST_SHA256_SIZE];
    out[0] = '\0';
    if (memcmp(sha256, unknown, sizeof unknown) != 0)
        trust_hex((struct trust_bytes){sha256, TRUST_SHA256_SIZE}, 0, false, out);
}

/* One digit, -1 if it is none. */
static int nibble(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Anything but 64 digits is a certificate that nobody knows. */
static void from_hex(const char *text, uint8_t sha256[TRUST_SHA256_SIZE])
{
    bool good = strlen(text) == HEX_SIZE - 1;
    for (size_t i = 0; good && i < TRUST_SHA256_SIZE; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        if (good)
            sha256[i] = (uint8_t)(high << 4 | low);
    }
    if (!good)
        memset(sha256, 0, TRUST_SHA256_SIZE);
}

/* Write what is known when it opens, under its number, or the next if it has none or that is taken. */
static int insert(struct trust_store *store, const struct trust_rollout *rollout, const char *sha256,
                  int64_t *number, struct trust_error *err)
{
    int rc = store_number(store, 1, number, err,
                          "SELECT CASE WHEN ?1 > 0 AND NOT EXISTS (SELECT 1 FROM rollout WHERE number = ?1)"
                          " THEN ?1 ELSE (SELECT coalesce(max(number), 0) + 1 FROM rollout) END",
                          "i", rollout->number);
    if (rc != 0)
        return rc;
    return store_run(store, err,
                     "INSERT INTO rollout (number, kind, filename, publication, unit, servername, sha256,"
                     " subject, issuer, serial, opened, phrase, person)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                     "ittiitttttitt", *number, kinds[rollout->kind], rollout->filename, rollout->publication,
                     (int64_t)rollout->unit, or_empty(rollout->server_name), sha256,
                     or_empty(rollout->subject), or_empty(rollout->issuer), or_empty(rollout->serial),
                     (int64_t)rollout->opened, or_empty(rollout->phrase), or_empty(rollout->person));
}

int trust_store_add_rollout(struct trust_store *store, const struct trust_rollout *rollout, int64_t *number,
                            struct trust_error *err)
{
    char sha256[HEX_SIZE];
    struct trust_rollout fresh = *rollout;
    int64_t made;
    *number = 0;
    fresh.number = 0;
    if (rollout->filename == NULL || (size_t)rollout->kind >= sizeof kinds / sizeof kinds[0])
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "a roll-out needs its kind and the name of its list");
    to_hex(rollout->sha256, sha256);
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_end(store, insert(store, &fresh, sha256, &made, err), err);
    if (rc == 0)
        *number = made;
    return rc;
}

static enum trust_rollout_end end_of(const char *how)
{
    return strcmp(how, ends[TRUST_ROLLOUT_BACK]) == 0         ? TRUST_ROLLOUT_BACK
           : strcmp(how, ends[TRUST_ROLLOUT_SUPERSEDED]) == 0 ? TRUST_ROLLOUT_SUPERSEDED
                                                              : TRUST_ROLLOUT_OPEN;
}

static struct trust_rollout read_rollout(sqlite3_stmt *statement)
{
    struct trust_rollout rollout = {
        .number = sqlite3_column_int64(statement, 0),
        .kind = strcmp(store_column_text(statement, 1), kinds[TRUST_ROLLOUT_TVS]) == 0 ? TRUST_ROLLOUT_TVS
                                                                                       : TRUST_ROLLOUT_SIGNER,
        .filename = store_column_text(statement, 2),
        .publication = sqlite3_column_int64(statement, 3),
        .unit = sqlite3_column_int(statement, 4),
        .server_name = store_column_text(statement, 5),
        .subject = store_column_text(statement, 7),
        .issuer = store_column_text(statement, 8),
        .serial = store_column_text(statement, 9),
        .opened = (time_t)sqlite3_column_int64(statement, 10),
        .phrase = store_column_text(statement, 11),
        .person = store_column_text(statement, 12),
        .closed = (time_t)sqlite3_column_int64(statement, 13),
        .closed_by = store_column_text(statement, 14),
        .end = end_of(store_column_text(statement, 15)),
        .asked = sqlite3_column_int64(statement, 16),
        .known = sqlite3_column_int64(statement, 17),
        .withdrawn = (time_t)sqlite3_column_int64(statement, 18),
    };
    from_hex(store_column_text(statement, 6), rollout.sha256);
    return rollout;
}

int trust_store_each_rollout(struct trust_store *store, enum trust_rollout_which which,
                             trust_rollout_visit visit, void *arg, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT number, kind, filename, publication, unit, servername, sha256, subject,"
                           " issuer, serial, opened, phrase, person, closed, closedby, how, asked, known,"
                           " withdrawn"
                           " FROM rollout WHERE closed = 0 OR ?1 ORDER BY number",
                           "i", (int64_t)(which == TRUST_ROLLOUTS_ALL));
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_rollout rollout = read_rollout(statement);
        rc = visit(arg, &rollout);
    }
    sqlite3_finalize(statement);
    return rc;
}

static int check_open(struct trust_store *store, int64_t number, struct trust_error *err)
{
    int64_t closed;
    int rc =
        store_number(store, -1, &closed, err, "SELECT closed FROM rollout WHERE number = ?1", "i", number);
    if (rc == 0 && closed != 0)
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                             closed < 0 ? "%s: there is no roll-out %lld"
                                        : "%s: roll-out %lld is closed already",
                             store->path, (long long)number);
    return rc;
}

static int add_phone(struct trust_store *store, int64_t number, const struct trust_rollout_phone *phone,
                     struct trust_error *err)
{
    return store_run(store, err,
                     "INSERT OR IGNORE INTO rolloutphone (rollout, name, address, asked, lastseen)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)",
                     "ittii", number, or_empty(phone->name), or_empty(phone->address), (int64_t)phone->asked,
                     (int64_t)phone->last_seen);
}

static int add_phones(struct trust_store *store, int64_t number, const struct trust_rollout_close *end,
                      struct trust_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < end->count; i++)
        rc = add_phone(store, number, &end->phones[i], err);
    return rc;
}

int trust_store_close_rollout(struct trust_store *store, int64_t number,
                              const struct trust_rollout_close *end, struct trust_error *err)
{
    if ((end->end != TRUST_ROLLOUT_BACK && end->end != TRUST_ROLLOUT_SUPERSEDED) || end->when <= 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "a roll-out is closed at a time and for a reason");
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = check_open(store, number, err);
    if (rc == 0)
        rc =
            store_run(store, err, "UPDATE rollout SET closed = ?2, closedby = ?3, how = ?4 WHERE number = ?1",
                      "iitt", number, (int64_t)end->when, or_empty(end->person), ends[end->end]);
    if (rc == 0)
        rc = add_phones(store, number, end, err);
    if (rc == 0 && end->counted)
        rc = store_run(store, err,
                       "UPDATE rollout SET known = (SELECT count(*) FROM rolloutphone WHERE rollout = ?1),"
                       " asked = (SELECT count(*) FROM rolloutphone WHERE rollout = ?1 AND asked <> 0)"
                       " WHERE number = ?1",
                       "i", number);
    return store_end(store, rc, err);
}

int trust_store_each_rollout_phone(struct trust_store *store, int64_t number, trust_rollout_phone_visit visit,
                                   void *arg, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT name, address, asked, lastseen FROM rolloutphone WHERE rollout = ?1"
                           " ORDER BY asked <> 0, name, address",
                           "i", number);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_rollout_phone phone = {
            .name = store_column_text(statement, 0),
            .address = store_column_text(statement, 1),
            .asked = (time_t)sqlite3_column_int64(statement, 2),
            .last_seen = (time_t)sqlite3_column_int64(statement, 3),
        };
        rc = visit(arg, &phone);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_withdraw_rollout(struct trust_store *store, int64_t number, time_t when,
                                 struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_run(store, err, "UPDATE rollout SET withdrawn = ?2 WHERE number = ?1 AND closed <> 0", "ii",
                   number, (int64_t)when);
    return store_end(store, rc, err);
}

/* ---- Out of another store */

struct phone_copy {
    struct trust_store *to;
    int64_t number;
    struct trust_error *err;
};

static int copy_phone(void *arg, const struct trust_rollout_phone *phone)
{
    const struct phone_copy *copy = arg;
    return add_phone(copy->to, copy->number, phone, copy->err);
}

/* How it ended, and with which phones. */
static int copy_end(struct trust_store *store, struct trust_store *from, const struct trust_rollout *rollout,
                    int64_t number, struct trust_error *err)
{
    struct phone_copy copy = {store, number, err};
    if (rollout->end == TRUST_ROLLOUT_OPEN)
        return 0;
    int rc = store_run(store, err,
                       "UPDATE rollout SET closed = ?2, closedby = ?3, how = ?4, asked = ?5, known = ?6,"
                       " withdrawn = ?7 WHERE number = ?1",
                       "iittiii", number, (int64_t)rollout->closed, or_empty(rollout->closed_by),
                       ends[rollout->end], rollout->asked, rollout->known, (int64_t)rollout->withdrawn);
    return rc == 0 ? trust_store_each_rollout_phone(from, rollout->number, copy_phone, &copy, err) : rc;
}

int trust_store_copy_rollout(struct trust_store *store, struct trust_store *from,
                             const struct trust_rollout *rollout, struct trust_error *err)
{
    char sha256[HEX_SIZE];
    int64_t number, open = 1;
    to_hex(rollout->sha256, sha256);
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_number(store, 0, &number, err,
                      "SELECT number FROM rollout WHERE kind = ?1 AND filename = ?2 AND sha256 = ?3"
                      " AND opened = ?4",
                      "ttti", kinds[rollout->kind], rollout->filename, sha256, (int64_t)rollout->opened);
    if (rc == 0 && number != 0)
        rc = store_number(store, 0, &open, err, "SELECT closed = 0 FROM rollout WHERE number = ?1", "i",
                          number);
    else if (rc == 0)
        rc = insert(store, rollout, sha256, &number, err);
    if (rc == 0 && open)
        rc = copy_end(store, from, rollout, number, err);
    return store_end(store, rc, err);
}

int trust_store_rolled_out(struct trust_store *store, const uint8_t sha256[TRUST_SHA256_SIZE], bool *is,
                           struct trust_error *err)
{
    char text[HEX_SIZE];
    int64_t good;
    to_hex(sha256, text);
    int rc = store_number(store, 0, &good, err,
                          "SELECT how = 'back' AND withdrawn = 0 FROM rollout"
                          " WHERE kind = 'tvs' AND sha256 = ?1 AND sha256 <> ''"
                          " ORDER BY number DESC LIMIT 1",
                          "t", text);
    *is = rc == 0 && good > 0;
    return rc;
}

int trust_store_add_forced(struct trust_store *store, const struct trust_forced *forced,
                           struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_run(store, err,
                   "INSERT INTO forced (at, phrase, person, guard, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                   "itttt", (int64_t)forced->at, or_empty(forced->phrase), or_empty(forced->person),
                   or_empty(forced->guard), or_empty(forced->reason));
    return store_end(store, rc, err);
}

int trust_store_copy_forced(struct trust_store *store, const struct trust_forced *forced,
                            struct trust_error *err)
{
    int64_t count;
    int rc = store_number(
        store, 0, &count, err,
        "SELECT count(*) FROM forced WHERE at = ?1 AND phrase = ?2 AND person = ?3 AND guard = ?4", "ittt",
        (int64_t)forced->at, forced->phrase, forced->person, forced->guard);
    return rc == 0 && count == 0 ? trust_store_add_forced(store, forced, err) : rc;
}

int trust_store_each_forced(struct trust_store *store, trust_forced_visit visit, void *arg,
                            struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc =
        store_prepare(store, &statement, err,
                      "SELECT number, at, phrase, person, guard, reason FROM forced ORDER BY number", "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_forced forced = {
            .number = sqlite3_column_int64(statement, 0),
            .at = (time_t)sqlite3_column_int64(statement, 1),
            .phrase = store_column_text(statement, 2),
            .person = store_column_text(statement, 3),
            .guard = store_column_text(statement, 4),
            .reason = store_column_text(statement, 5),
        };
        rc = visit(arg, &forced);
    }
    sqlite3_finalize(statement);
    return rc;
}
