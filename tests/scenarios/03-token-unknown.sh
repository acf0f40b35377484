#!/bin/bash
# A tokenless CTL, and a token that stands in no list and was not uploaded.
. "$(dirname "$0")/lib.sh"

test_refused() {
    local before
    site mixed
    tokens
    follows 'ctl=accepted itl=accepted config=accepted'
    keep
    before=$(published)
    mark
    expect 1 tvsctl utils ctl sign --token "$(token token1)" --token "$(token token2)"
    err_has 'The Security Token you have inserted does not exist in the CTL File' \
        'Please remove any Security Tokens already inserted and insert another Security Token' \
        '`set cert import trust Phone-SAST-trust FILE`'
    err_is_one_line
    [ "$before" = "$(published)" ] || fail 'something was published'
    follows 'ctl=same itl=same config=accepted'
    kept
    not_asked
    log_lacks 'event=(ctl|store)-'
}

run_tests "$@"
