#!/bin/bash
# Two clusters: the signers of the destination were uploaded at the source, by whose TVS the phone asks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"

test_queries_the_source() {
    clusters
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    expect 3 tvsctl utils migrate-check --to "$T/far/tftp/ITLFile.tlv" --family 88xx
    upload far-CallManager far-ITLRecovery
    do_tvsctl set cert import trust CallManager-trust "$CERTS/far-CallManager.crt" "$CERTS/far-ITLRecovery.crt"
    expect 0 tvsctl utils migrate-check --to "$T/far/tftp/ITLFile.tlv" --to "$T/far/tftp/$PHONE.cnf.xml.sgn" --family 88xx
    move
    mark
    follows 'ctl=missing itl=accepted itl-by=tvs config=accepted config-by=itl by=tvs'
    answered 'type=query result=trusted roles=0,3 source=store'
    holds ITLFile.tlv "$T/far/tftp/ITLFile.tlv"
    # It is at home there now, and the destination's own TVS serves it.
    mark
    expect 0 far set cert regen CallManager
    export_own CallManager "$T/far-new.crt" far
    wait_until node_knows far "$T/far-new.crt"
    follows 'itl=accepted itl-by=tvs config=accepted'
    wait_node far 'event=answer type=query result=trusted roles=0,2 source=store .*device=CP-8861-SEP'
    not_asked
}

run_tests "$@"
