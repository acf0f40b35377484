#!/bin/bash
# One node, ITL only: CallManager and TVS regenerated, and the phones reset after each.
. "$(dirname "$0")/lib.sh"

test_callmanager_first() {
    site non-secure
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    rehearsed follows set cert regen CallManager
    changes CallManager set cert regen CallManager
    follows 'itl=accepted itl-by=tvs config=accepted by=tvs'
    answered 'type=query result=trusted roles=0,2 source=store'
    back
    changes TVS set cert regen TVS
    wait_log 'event=certificate-loaded'
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
}

test_tvs_first() {
    site non-secure
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    changes TVS set cert regen TVS
    wait_log 'event=certificate-loaded'
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
    not_asked
    back
    changes CallManager set cert regen CallManager
    follows 'itl=accepted itl-by=tvs config=accepted by=tvs'
    answered 'type=query result=trusted roles=0,2 source=store'
}

run_tests "$@"
