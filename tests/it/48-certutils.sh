#!/bin/bash
# Another reader of our lists: the parser of the open Python tools. TVS_CERTUTILS is the command that reads a
# list, such as `tlvfile --parse`; without it nothing is compared. It knows SHA-1 and SHA-512, and needs the
# signer's certificate in a record; its exit status says nothing.
. "$(dirname "$0")/lib.sh"

test_lists_of_the_cross() {
    local program=$BUILD/tests/tvsctl/check_cross list count=0
    if [ -z "${TVS_CERTUTILS:-}" ]; then
        echo 'skipped: TVS_CERTUTILS names no other reader of lists' >&2
        return
    fi
    [ -x "$program" ] || fail "$program is missing: run make tests"
    mkdir "$T/lists"
    expect 0 env TVS_TEST_DATA="$DATA" TVS_CROSS_LISTS="$T/lists" CK_DEFAULT_TIMEOUT=120 "$program"
    for list in "$T/lists"/*.tlv; do
        # The command is several words.
        # shellcheck disable=SC2086
        $TVS_CERTUTILS "$list" >"$T/out" 2>"$T/err" </dev/null
        grep -qx 'Valid signature' "$T/out" || fail "$(basename "$list") is not taken by $TVS_CERTUTILS"
        count=$((count + 1))
    done
    # Two digests of three, four kinds of five, two signers, three sizes, three curves, one node or three.
    [ "$count" -eq 288 ] || fail "$count lists were compared, not 288"
    # It is no reader that finds everything good.
    flip_bit "$list"
    # shellcheck disable=SC2086
    $TVS_CERTUTILS "$list" >"$T/out" 2>"$T/err" </dev/null
    ! grep -qx 'Valid signature' "$T/out" || fail "$TVS_CERTUTILS takes a damaged list"
}

# The last byte: of an address or a certificate, which the signature covers.
flip_bit() {
    local last
    last=$(tail -c 1 "$1" | od -An -tu1)
    truncate -s -1 "$1"
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((last ^ 1)))" >>"$1"
}

run_tests "$@"
