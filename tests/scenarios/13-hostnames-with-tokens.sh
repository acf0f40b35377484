#!/bin/bash
# CTL with eTokens and ITL: every node gets another host name, the token signs the CTL again; nobody needs TVS.
. "$(dirname "$0")/lib.sh"

test_trusted_by_the_ctl() {
    site mixed
    add_node node-b
    do_tvsctl utils itl update
    tokens
    upload token1 token2
    changes ctl utils ctl sign --token "$(token token1)"
    device "$HOST" "${HOSTS[node-b]}"
    follows 'ctl=accepted ctl-by=blind itl=accepted itl-by=ctl config=accepted'
    back
    expect 0 on_node node-b set network hostname node-y
    # No guard rail knows that somebody has the token.
    refused_by rename-all set network hostname node-z
    changes TVS set network hostname node-z --force
    out_has 'run `utils ctl sign --token URI`'
    rehearsed follows utils ctl sign --token "$(token token1)"
    changes ctl utils ctl sign --token "$(token token1)"
    stop
    kill -TERM "${NODES[node-b]}"
    wait_node node-b 'event=stopped'
    follows 'ctl=accepted ctl-by=ctl itl=accepted itl-by=ctl config=accepted config-by=ctl by=ctl'
    ! grep -q 'Using TVS' "$T/out" || fail 'the phone wanted TVS'
    not_asked
}

run_tests "$@"
