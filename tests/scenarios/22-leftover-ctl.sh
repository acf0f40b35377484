#!/bin/bash
# A cluster that is not in mixed mode, and a CTL of mixed mode that is left over.
. "$(dirname "$0")/lib.sh"

test_named_and_deleted() {
    site mixed
    cp "$T/tftp/CTLFile.tlv" "$T/left.tlv"
    changes ctl utils ctl set-cluster non-secure-mode
    replace "$T/left.tlv" "$T/tftp/CTLFile.tlv"
    wait_log "event=ctl-loaded .*sha1=$(sha1sum <"$T/left.tlv" | cut -c1-40)"
    follows 'ctl=accepted ctl-by=blind itl=accepted config=accepted'
    expect 0 tvsctl show ctl
    err_has 'left over' '`file delete activelog cm/tftpdata/CTLFile.tlv`'
    changes gone file delete activelog cm/tftpdata/CTLFile.tlv
    wait_log 'level=warning event=ctl-gone '
    follows 'ctl=missing itl=same config=accepted'
    expect 1 tvsctl show ctl
    out_has 'CTL File not found'
    # A phone that comes new finds no CTL and does without.
    rm -rf "$T/phones"
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
}

run_tests "$@"
