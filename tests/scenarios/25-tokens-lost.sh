#!/bin/bash
# Both tokens are lost: the CTL file goes back to our own key, which needs none.
. "$(dirname "$0")/lib.sh"

test_update_needs_no_token() {
    LISTS='recovery_anchor: false' site mixed
    tokens
    upload token1 token2
    changes ctl utils ctl sign --token "$(token token1)"
    follows 'ctl=accepted ctl-by=blind itl=accepted config=accepted'
    MAC=001122334456 PHONE=SEP001122334456 boots 0 'state=follows ctl=accepted itl=none' --family 7940
    changes CallManager set cert regen CallManager

    # Those that cannot follow are named before.
    PHONE=SEP001122334456 FAMILY=7940 rehearsed stranded utils ctl update CTLFile
    rehearsed follows utils ctl update CTLFile
    changes ctl utils ctl update CTLFile --force
    expect 0 tvsctl show ctl
    out_lacks SAST-ADN
    mark
    follows 'ctl=accepted ctl-by=tvs itl=accepted config=accepted by=tvs'
    answered 'type=query result=trusted roles=0,2 source=store'
    MAC=001122334456 refuses 'ctl=refused why=family-without-tvs' --family 7940
}

run_tests "$@"
