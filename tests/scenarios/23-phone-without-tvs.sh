#!/bin/bash
# A phone without Security By Default, as in scenario 5: nobody vouches for the new signer.
. "$(dirname "$0")/lib.sh"

test_stranded_until_its_ctl_is_deleted() {
    local family
    LISTS='recovery_anchor: false' site mixed
    for family in 7940 jabber; do
        rm -rf "$T/phones"
        follows 'ctl=accepted ctl-by=blind itl=none config=accepted' --family "$family"
        keep
        changes CallManager set cert regen CallManager
        FAMILY=7940 rehearsed stranded utils ctl update CTLFile
        FAMILY=88xx rehearsed_with_the_itl
        changes ctl utils ctl update CTLFile
        mark
        refuses 'ctl=refused config=refused why=family-without-tvs' --family "$family"
        kept
        not_asked
        rm "$(held CTLFile.tlv)" # by hand, at the phone
        follows 'ctl=accepted ctl-by=blind config=accepted' --family "$family"
    done
}
# Phones with TVS are not concerned.
rehearsed_with_the_itl() {
    expect 0 tvsctl utils rehearse utils ctl update CTLFile --installed "$(held CTLFile.tlv)" \
        --installed "$T/tftp/ITLFile.tlv" --family 88xx --json
    out_has '"outcome": "follows"'
}

run_tests "$@"
