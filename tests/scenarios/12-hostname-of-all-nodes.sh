#!/bin/bash
# Two nodes, ITL only: both get another host name at once; or the phone knows one server only.
. "$(dirname "$0")/lib.sh"

two_nodes() {
    LISTS='recovery_anchor: false' site non-secure
    add_node node-b
    do_tvsctl utils itl update
}

# alone NODE: what the rehearsal says of phones that ask that node alone, where it differs.
alone() { grep -A 1 "\"asks_alone\": \"$1\"" "$T/out"; }

test_both_at_once() {
    two_nodes
    device "$HOST" "${HOSTS[node-b]}"
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    rehearsed follows set network hostname node-y --node node-b
    expect 0 on_node node-b set network hostname node-y
    rehearsed stranded set network hostname node-z
    refused_by rename-all set network hostname node-z
    changes TVS set network hostname node-z --force
    mark
    refuses 'itl=refused config=refused why=tvs-peer'
    says 'Trust List update failed, verification failure'
    kept
    not_asked
    ! node_shows node-b 'event=answer .*device=CP-8861-SEP' || fail 'node-b was asked'
}

test_one_server_in_the_group() {
    two_nodes
    device "$HOST"
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    # It is said for phones that ask one node alone, and of the one whose certificate changes.
    rehearsed follows set network hostname node-z
    alone node-z | grep -q '"outcome": "stranded"' || fail 'who asks the renamed node alone is not stranded'
    [ -z "$(alone node-b)" ] || fail 'who asks node-b alone is said to fare otherwise'
    expect 3 tvsctl utils rehearse set network hostname node-z
    out_has stranded
    refused_by stranded set network hostname node-z
    changes 'CallManager TVS' set network hostname node-z --force
    wait_until node_knows node-b "$T/CallManager.crt"
    refuses 'itl=refused config=refused why=tvs-peer'
    kept
    # Another server in its group is the cure.
    follows 'itl=accepted itl-by=tvs config=accepted' --tvs "$HOST" --tvs "${HOSTS[node-b]}"
    wait_node node-b 'event=answer type=query result=trusted .*device=CP-8861-SEP'
}

run_tests "$@"
