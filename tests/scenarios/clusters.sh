# Two clusters, for the scenarios that source lib.sh first: ours, and one far away in $T/far.
# shellcheck shell=bash

far() { on_node far "$@"; }

# clusters: both with their lists, their tvsd and the phone's configuration; the signers of the far one as
# $CERTS/far-CallManager.crt and $CERTS/far-ITLRecovery.crt, in a folder of this test's own.
clusters() {
    local unit
    site non-secure
    mkdir -p "$T/far/tftp"
    sed "s|^node: .*|node: { name: node-far, address: 127.0.0.1 }|; s|$T/state|$T/far/state|; s|$T/tftp|$T/far/tftp|" \
        "$T/tvsd.yaml" >"$T/far.yaml"
    expect 0 far set cert regen CallManager
    expect 0 far set cert regen TVS
    start_node far
    cp -r "$CERTS" "$T/certs"
    CERTS=$T/certs
    for unit in CallManager ITLRecovery; do
        export_own "$unit" "$CERTS/far-$unit.crt" far
    done
    sed "s|<port>.*</port>|<port>${HOSTS[far]##*:}</port>|" "$T/tftp/$PHONE.cnf.xml" >"$T/far/tftp/$PHONE.cnf.xml"
    expect 0 far file sign "$PHONE.cnf.xml"
}

# move: the phone's TFTP server is the far one from now on.
move() { serve "$T/far/tftp"; }
