#!/bin/bash
# file sign: the phone's configuration, and what is not ours.
. "$(dirname "$0")/lib.sh"

test_signed_files() {
    local sgn
    site mixed
    sgn=$T/tftp/$PHONE.cnf.xml.sgn
    follows 'ctl=accepted itl=accepted config=accepted config-by=ctl'
    says 'verifyFile: verify SUCCESS'
    device "$HOST" # another version
    follows 'ctl=same itl=same config=accepted config-by=ctl'
    cmp -s "$(held "$PHONE.cnf.xml")" "$T/tftp/$PHONE.cnf.xml" || fail 'the phone has another configuration'
    keep
    cp "$sgn" "$T/good.sgn"

    # A changed byte.
    sed 's/<version>/<Version>/' "$T/good.sgn" >"$sgn"
    refuses 'ctl=same config=refused why=bad-signature'
    says 'sgn verify file failed'
    kept

    # A foreign signer.
    publisher stranger other
    cp "$T/tftp/$PHONE.cnf.xml" "$T/stranger/tftp/"
    expect 0 publish stranger file sign "$PHONE.cnf.xml"
    cp "$T/stranger/tftp/$PHONE.cnf.xml.sgn" "$sgn"
    mark
    refuses 'ctl=same config=refused why=tvs-denies'
    says '(signer not in CTL)'
    answered 'type=query result=unknown'
    kept

    # No list holds a plain file good enough.
    rm "$sgn"
    follows 'ctl=same config=missing'
    kept
    cp "$T/good.sgn" "$sgn"
    follows 'ctl=same config=accepted'
}

# By the ITL, where there is no CTL.
test_by_the_itl() {
    site non-secure
    follows 'ctl=missing itl=accepted config=accepted config-by=itl'
    expect 0 tvsctl file verify "$T/tftp/$PHONE.cnf.xml.sgn"
    out_has 'Signer found in: ITL'
}

run_tests "$@"
