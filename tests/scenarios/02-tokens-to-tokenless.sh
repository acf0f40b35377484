#!/bin/bash
# From eTokens to the tokenless CTL.
. "$(dirname "$0")/lib.sh"

test_update_drops_the_tokens() {
    site mixed
    tokens
    upload token1 token2
    changes ctl utils ctl sign --token "$(token token1)"
    follows 'ctl=accepted ctl-by=blind itl=accepted itl-by=ctl config=accepted'
    cp -r "$T/phones/$PHONE" "$T/away" # another phone, which stays away for a while

    # A CallManager that the CTL with the tokens does not name, but the ITL does: nobody is asked.
    changes CallManager set cert regen CallManager
    follows 'ctl=same itl=accepted itl-by=tvs config=accepted'
    changes ctl utils ctl update CTLFile
    follows 'ctl=accepted ctl-by=itl config=accepted by=itl'
    not_asked
    expect 0 tvsctl show ctl
    out_lacks SAST-ADN

    # The other comes back: neither of its lists names the signer.
    rm -rf "${T:?}/phones/$PHONE"
    mv "$T/away" "$T/phones/$PHONE"
    mark
    follows 'ctl=accepted ctl-by=tvs itl=accepted config=accepted by=tvs'
    answered 'type=query result=trusted roles=0,2 source=store'
    says 'Using TVS to get signer'
}

run_tests "$@"
