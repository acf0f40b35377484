#!/bin/bash
# Two clusters: nobody told the source about the destination's signers; or only where it gives no role.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"

test_refused() {
    clusters
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    expect 3 tvsctl utils migrate-check --to "$T/far/tftp/ITLFile.tlv" --family 88xx
    out_has Phone-SAST-trust
    move
    mark
    refuses 'itl=refused config=refused why=tvs-denies'
    says 'Trust List update failed, verification failure'
    kept
    answered 'type=query result=unknown'
    ! node_shows far 'event=answer ' || fail 'the destination was asked'
}

# The classic mistake.
test_callmanager_trust_alone() {
    clusters
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    changes '' set cert import trust CallManager-trust "$CERTS/far-CallManager.crt"
    expect 3 tvsctl utils migrate-check --to "$T/far/tftp/ITLFile.tlv" --family 88xx
    move
    wait_until no_role
    wait_log 'level=warning event=no-role .*device=CP-8861-SEP.* remedy=".*Phone-SAST-trust'
    kept
}
no_role() {
    refuses 'itl=refused config=refused why=tvs-denies'
    log_shows 'event=no-role '
}

# Another certificate with the serial number of the destination's signer: the issuer decides.
test_serial_number_of_another() {
    clusters
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    self_signed namesake '/O=Somebody/CN=else' "0x$(serial_of "$CERTS/far-CallManager.crt")"
    upload namesake
    move
    mark
    refuses 'itl=refused config=refused why=tvs-denies'
    kept
    answered 'type=query result=unknown'
}

run_tests "$@"
