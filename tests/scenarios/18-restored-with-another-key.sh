#!/bin/bash
# A restored node with another CallManager key: the ITL in the TFTP folder is no longer of one piece.
. "$(dirname "$0")/lib.sh"

# A header of one list before the records of another, as a restore leaves them that brings back half of it.
header_length() { od -An -tu1 -j7 -N2 "$1" | awk '{ print $1 * 256 + $2 }'; }

test_show_itl() {
    local before
    site non-secure
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    cp "$T/tftp/ITLFile.tlv" "$T/before.tlv"
    export_own CallManager "$T/before.crt"
    changes CallManager set cert regen CallManager
    {
        head -c "$(header_length "$T/tftp/ITLFile.tlv")" "$T/tftp/ITLFile.tlv"
        tail -c +$(($(header_length "$T/before.tlv") + 1)) "$T/before.tlv"
    } >"$T/half.tlv"
    replace "$T/half.tlv" "$T/tftp/ITLFile.tlv"

    expect 3 tvsctl show itl
    out_has 'This etoken was not used to sign the ITL file.' 'Verification of the ITL file failed.' \
        'Error parsing the ITL file!!'
    ! grep -q 'This etoken was used' "$T/out" || fail 'an etoken was used'
    # The store has another certificate than the list.
    expect 0 tvsctl run sql "select c.subjectname, c.serialnumber, c.ipv4address, t.name from certificate as c, \
        certificatetrustrolemap as r, typetrustrole as t where c.pkid = r.fkcertificate and t.enum = r.tktrustrole"
    before=$(serial_of "$T/before.crt")
    grep -i "$(serial_of "$T/CallManager.crt")" "$T/out" | grep -q 'CallManager+TFTP' || fail 'the new one is not in the store'
    ! grep -i "$before" "$T/out" | grep -q 'CallManager+TFTP' || fail 'the store has the old one'

    # The phone finds the signer by TVS, and the signature is not of this list.
    mark
    refuses 'itl=refused why=bad-signature'
    says 'Trust List update failed, verification failure'
    cmp -s "$T/kept/ITLFile.tlv" "$(held ITLFile.tlv)" || fail 'the phone took it'
    answered 'type=query result=trusted roles=0,2 source=store'
    changes '' utils itl update
    follows 'itl=accepted itl-by=cache config=accepted'
}

run_tests "$@"
