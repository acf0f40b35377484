#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_messages.h"

#include <stdlib.h>
#include <string.h>

/* Good files and messages, changed at random: nothing crashes, nothing that parses is written back otherwise,
 * nothing that was changed verifies. The random numbers are the same in every run. */

#define LIST_ROUNDS    12000
#define MESSAGE_ROUNDS 6000

static const char *const *lists, *const *messages;
static size_t list_count, message_count;

/* ---- Changes */

/* xorshift64*: all that is asked of it is to be the same everywhere. */
static uint64_t state;

static size_t below(size_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return limit == 0 ? 0 : (size_t)((state * UINT64_C(2685821657736338717)) >> 33) % limit;
}

static void copy(uint8_t *to, const uint8_t *from, size_t len)
{
    if (len > 0)
        memcpy(to, from, len);
}

/* Bytes on the heap, exactly as long as they are, so that a sanitizer sees every step past the end. */
static void replace(struct trust_bytes *bytes, size_t at, size_t removed, const uint8_t *insert,
                    size_t inserted)
{
    const size_t len = bytes->len - removed + inserted;
    uint8_t *changed = malloc(len > 0 ? len : 1);
    ck_assert_ptr_nonnull(changed);
    copy(changed, bytes->data, at);
    copy(changed + at, insert, inserted);
    if (removed + at < bytes->len)
        copy(changed + at + inserted, bytes->data + at + removed, bytes->len - at - removed);
    fixture_free(*bytes);
    *bytes = (struct trust_bytes){changed, len};
}

static void change(struct trust_bytes *bytes)
{
    static const uint8_t edges[] = {0, 1, 2, 3, 4, 5, 9, 10, 13, 0x7f, 0x80, 0xfe, 0xff};
    uint8_t piece[64];
    /* Half of the changes near the start, where the structure is dense. */
    const size_t range = below(2) == 0 || bytes->len < 400 ? bytes->len : 400;
    const size_t at = below(range);
    const size_t left = bytes->len - at;
    const size_t some = 1 + below(left < sizeof piece ? left : sizeof piece);
    if (left == 0)
        return;
    switch (below(7)) {
    case 0:
        piece[0] = (uint8_t)(bytes->data[at] ^ 1 << below(8));
        replace(bytes, at, 1, piece, 1);
        break;
    case 1:
        piece[0] = edges[below(sizeof edges)];
        replace(bytes, at, 1, piece, 1);
        break;
    case 2:
        replace(bytes, at, left, NULL, 0);
        break;
    case 3:
        replace(bytes, at, some <= left ? some : left, NULL, 0);
        break;
    case 4:
        memcpy(piece, bytes->data + at, some <= left ? some : left);
        replace(bytes, at, 0, piece, some <= left ? some : left);
        break;
    case 5:
        for (size_t i = 0; i < some; i++)
            piece[i] = (uint8_t)below(256);
        replace(bytes, below(bytes->len + 1), 0, piece, some);
        break;
    default:
        piece[0] = edges[below(sizeof edges)];
        piece[1] = edges[below(sizeof edges)];
        replace(bytes, at, left > 1 ? 2 : 1, piece, 2);
        break;
    }
}

static struct trust_bytes changed_copy(struct trust_bytes original)
{
    struct trust_bytes changed = {NULL, 0};
    replace(&changed, 0, 0, original.data, original.len);
    for (size_t changes = 1 + below(3); changes > 0; changes--)
        change(&changed);
    return changed;
}

static bool equal(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- Lists */

START_TEST(mutated_list)
{
    state = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    struct trust_bytes file = fixture_read(lists[_i]);
    struct trust_list *list = helper_parse(file);
    struct trust_cert *signer;
    struct trust_error err = {0};
    helper_ok(trust_list_verify_self(list, &signer, &err), &err);
    trust_list_free(list);
    size_t parsed = 0;
    for (int round = 0; round < LIST_ROUNDS; round++) {
        struct trust_bytes changed = changed_copy(file);
        if (trust_list_parse(changed, &list, &err) == 0) {
            helper_round_trip(list);
            trust_list_free(list);
            parsed++;
            ck_assert_msg(helper_verdict(changed, signer) != HELPER_VERIFIED || equal(changed, file),
                          "%s: round %d verifies", lists[_i], round);
        } else {
            ck_assert_ptr_null(list);
            ck_assert_int_lt(err.code, 0);
        }
        if (trust_signed_file_parse(changed, &list, &err) == 0) {
            helper_round_trip(list);
            ck_assert(trust_list_verify(list, signer, NULL) != 0 || equal(changed, file));
            trust_list_free(list);
        }
        fixture_free(changed);
    }
    ck_assert_uint_gt(parsed, LIST_ROUNDS / 20);
    trust_cert_free(signer);
    fixture_free(file);
}
END_TEST

/* ---- Messages */

static void try_message(struct trust_bytes frame)
{
    struct trust_request request;
    struct trust_response answer;
    if (trust_request_decode(frame, &request, NULL) == 0)
        helper_request_again(&request);
    if (trust_response_decode(frame, &answer, NULL) == 0)
        helper_answer_again(&answer);
}

START_TEST(mutated_message)
{
    state = 0xd1b54a32d192ed03 + (uint64_t)_i;
    struct trust_bytes frame = helper_hex(messages[_i]);
    for (int round = 0; round < MESSAGE_ROUNDS; round++) {
        struct trust_bytes changed = changed_copy(frame);
        size_t len;
        int rc = trust_frame_peek(changed, &len, NULL);
        ck_assert(rc == 0 || len == 0);
        /* Most changes break the length; mend it in half of them, so that the elements are reached. */
        if (rc == 0 && changed.len >= TRUST_FRAME_HEADER && below(2) == 0) {
            const size_t body = changed.len - TRUST_FRAME_HEADER;
            const uint8_t length[2] = {(uint8_t)(body >> 8), (uint8_t)body};
            replace(&changed, 8, 2, length, 2);
        }
        try_message(changed);
        fixture_free(changed);
    }
    fixture_free(frame);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("mutation");
    TCase *tcase = tcase_create("mutation");
    lists = helper_files("good/*.tlv", &list_count);
    messages = helper_files("proto/*.hex", &message_count);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, mutated_list, 0, (int)list_count);
    tcase_add_loop_test(tcase, mutated_message, 0, (int)message_count);
    suite_add_tcase(suite, tcase);
    return suite;
}
