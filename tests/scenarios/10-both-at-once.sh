#!/bin/bash
# One node, ITL only: CallManager and TVS regenerated before the phones came back.
. "$(dirname "$0")/lib.sh"

# both OUTCOME: the rehearsal's word on the second of them; it is refused, then forced; and the phone.
both() {
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    changes CallManager set cert regen CallManager
    rehearsed "$1" set cert regen TVS
    refused_by tvs-while-signer set cert regen TVS
    changes TVS set cert regen TVS --force
    wait_log 'event=certificate-loaded'
    mark
    refuses 'itl=refused config=refused why=tvs-peer'
    says 'Trust List update failed, verification failure' 'EROR:tvs_cert_vfy: TVS cert not in CTL'
    kept
    # The phone ended the connection without a question.
    wait_log 'event=(conn-closed|tls-refused) reason='
    not_asked
}

test_waiting_for_the_other_anchor() {
    site non-secure
    both waiting
    changes '' utils itl reset localkey
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
}

test_stranded() {
    LISTS='recovery_anchor: false' site non-secure
    both stranded
    expect 1 tvsctl utils itl reset localkey
    rm -rf "$T/phones" # a visit to the phone
    follows 'itl=accepted itl-by=blind config=accepted'
}

run_tests "$@"
