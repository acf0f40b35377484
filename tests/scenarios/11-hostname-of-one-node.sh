#!/bin/bash
# Two nodes, ITL only: one gets another host name, and with it other certificates; the other's TVS vouches.
. "$(dirname "$0")/lib.sh"

test_other_node_vouches() {
    site non-secure
    add_node node-b
    do_tvsctl utils itl update
    device "$HOST" "${HOSTS[node-b]}"
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    rehearsed follows set network hostname node-z
    changes 'CallManager TVS' set network hostname node-z
    wait_until node_knows node-b "$T/CallManager.crt"
    mark
    follows 'itl=accepted itl-by=tvs config=accepted by=tvs'
    # Its own node's TVS has a certificate that the phone does not know, and was left.
    says 'EROR:tvs_cert_vfy: TVS cert not in CTL' 'Using TVS to get signer'
    wait_node node-b 'event=answer type=query result=trusted roles=0,2 source=store .*device=CP-8861-SEP'
    not_asked
    # From now on it knows both.
    follows 'ctl=missing itl=same config=accepted'
}
run_tests "$@"
