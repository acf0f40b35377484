#!/bin/bash
# "Prepare Cluster for Rollback to pre 8.0": a signed, empty ITL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"

test_empty_itl() {
    clusters
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    changes '' utils itl rollback on
    mark
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
    not_asked
    # Any configuration: one that a stranger signed.
    cp "$T/tftp/$PHONE.cnf.xml.sgn" "$T/ours.sgn"
    cp "$T/far/tftp/$PHONE.cnf.xml.sgn" "$T/tftp/$PHONE.cnf.xml.sgn"
    follows 'itl=same config=accepted config-by=blind'
    # The next list, whoever signed it; and that signer binds the phone from then on.
    cp "$T/ours.sgn" "$T/tftp/$PHONE.cnf.xml.sgn"
    move
    follows 'itl=accepted itl-by=blind config=accepted config-by=itl'
    says 'Using leap of faith to accept TL file'
    keep
    serve
    do_tvsctl utils itl rollback off
    refuses 'itl=refused config=refused'
    says 'Trust List update failed, verification failure'
    kept
    log_lacks 'event=answer .*result=trusted .*device=CP-8861-SEP'
}

test_mixed_mode_is_warned_of() {
    site mixed
    follows 'ctl=accepted itl=accepted config=accepted'
    rehearsed follows utils itl rollback on
    out_has '"empty-beside-ctl"'
    refused_by rollback-mixed utils itl rollback on
    changes '' utils itl rollback on --force
    follows 'ctl=same itl=accepted config=accepted'
    # The CTL stays, and TVS is gone with the ITL: a new CallManager cannot be followed any more.
    changes CallManager set cert regen CallManager
    rehearsed waiting utils ctl update CTLFile
    changes ctl utils ctl update CTLFile
    mark
    refuses 'ctl=refused why=no-tvs-record'
    not_asked
}

run_tests "$@"
