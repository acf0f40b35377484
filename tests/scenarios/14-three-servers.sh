#!/bin/bash
# Three TVS servers: the first is down, the second hangs after it accepted, the third answers.
. "$(dirname "$0")/lib.sh"

test_third_answers() {
    local down began
    site non-secure
    add_node node-b # will hang
    do_tvsctl utils itl update
    start_node tvsd # a third
    down=${HOSTS[tvsd]}
    kill -TERM "${NODES[tvsd]}"
    wait_node tvsd 'event=stopped'
    device "$down" "${HOSTS[node-b]}" "$HOST"
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    changes CallManager set cert regen CallManager
    freeze "${NODES[node-b]}"
    mark
    began=${EPOCHREALTIME/[.,]/}
    TVS_TIMEOUT=2s follows 'itl=accepted itl-by=tvs config=accepted by=tvs'
    [ $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) -lt 8000 ] || fail 'it took more than the timers of two servers'
    [ "$(grep -c 'EROR:connectToTvsServer: no answer' "$T/out")" -eq 2 ] || fail 'not two servers failed'
    answered 'type=query result=trusted roles=0,2 source=store'
    kill -CONT "${NODES[node-b]}"
}

run_tests "$@"
