#!/bin/bash
# Non-secure to mixed mode: the signer of the first CTL stands in the ITL that phones hold.
. "$(dirname "$0")/lib.sh"

test_first_ctl() {
    site non-secure
    expect 1 tvsctl show ctl
    out_has 'CTL File not found'
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'

    changes ctl utils ctl set-cluster mixed-mode
    follows 'ctl=accepted ctl-by=itl itl=same config=accepted by=itl'
    says 'File sign verify SUCCESS'
    not_asked
    holds CTLFile.tlv "$T/tftp/CTLFile.tlv"

    # A phone with neither list takes it blindly.
    cp "$T/tftp/$PHONE.cnf.xml.sgn" "$T/tftp/SEP0011223344AA.cnf.xml.sgn"
    MAC=0011223344AA follows 'ctl=accepted ctl-by=blind itl-by=ctl config=accepted'
    says 'Using leap of faith to accept TL file'

    expect 0 tvsctl run sql "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"
    grep -qE '^ClusterSecurityMode +1' "$T/out" || fail 'not in mixed mode'
    expect 0 tvsctl show ctl
    out_has "$(md5sum <"$(held CTLFile.tlv)" | cut -c1-32)(MD5)" "$(sha1sum <"$(held CTLFile.tlv)" | cut -c1-40)(SHA1)" \
        'This etoken was used to sign the CTL file.' 'The CTL file was verified successfully.'
    export_own CallManager "$T/ccm.crt"
    [ "$(tr -d : <"$T/out" | awk '$2 == "SERIALNUMBER" { print $4; exit }')" = "$(serial_of "$T/ccm.crt")" ] ||
        fail 'CallManager did not sign it'
}

# A TFTP server that is told to give out everybody's list under the phone's own name, as conf/tftpd.map says.
test_map_of_the_tftp_server() {
    local reason
    site mixed
    reason=$(without_tftp)
    if [ -n "$reason" ]; then
        echo "skipped: the map: $reason" >&2
        return
    fi
    serve "$T/tftp" "$ROOT/conf/tftpd.map"
    follows 'ctl=accepted itl=accepted config=accepted'
    says "Requesting CTLSEP$MAC.tlv" "Requesting ITLSEP$MAC.tlv"
    out_lacks 'File Not Found'
    holds CTLFile.tlv "$T/tftp/CTLFile.tlv"
    holds ITLFile.tlv "$T/tftp/ITLFile.tlv"
}

run_tests "$@"
