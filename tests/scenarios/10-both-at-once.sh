#!/bin/bash
# One node, ITL only: CallManager and TVS regenerated before the phones came back.
. "$(dirname "$0")/lib.sh"

# both OUTCOME: the rehearsal's word on the second of them; it is refused, then forced; and the phone.
both() {
    follows 'ctl=missing itl=accepted itl-by=blind config=accepted'
    keep
    changes CallManager set cert regen CallManager
    rehearsed "$1" set cert regen TVS
    refused_by tvs-while-signer set cert regen TVS
    changes TVS set cert regen TVS --force
    wait_log 'event=certificate-loaded'
    mark
    refuses 'itl=refused config=refused why=tvs-peer'
    says 'Trust List update failed, verification failure' 'EROR:tvs_cert_vfy: TVS cert not in CTL'
    kept
    # The phone ended the connection without a question.
    wait_log 'event=(conn-closed|tls-refused) reason='
    not_asked
}

test_waiting_for_the_other_anchor() {
    site non-secure
    both waiting
    changes '' utils itl reset localkey
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
}

test_stranded() {
    LISTS='recovery_anchor: false' site non-secure
    both stranded
    expect 1 tvsctl utils itl reset localkey
    rm -rf "$T/phones" # a visit to the phone
    follows 'itl=accepted itl-by=blind config=accepted'
}

# No visit where the old signer's key is still in the state folder: `utils itl diagnose` has its certificate.
test_retired_key_signs() {
    LISTS='recovery_anchor: false' site non-secure
    both stranded
    local key anchor=$T/anchor.pem
    expect 3 tvsctl utils itl diagnose "$(held ITLFile.tlv)"
    sed -n '/^-----BEGIN/,/^-----END/p' "$T/out" >"$anchor"
    openssl x509 -in "$anchor" -noout || fail 'no certificate'
    key=$(sed -nE 's/.* with what is in ([^ ]+) .*/\1/p' "$T/out")
    case $key in "$T"/state/keys/CallManager-*.pem) ;; *) fail "no file of a key: $key" ;; esac
    cat "$key" >>"$anchor"
    expect 3 tvsctl utils itl diagnose "$(held ITLFile.tlv)" --json
    out_has '"signer_certificate": "-----BEGIN CERTIFICATE-----' "\"signer_key\": \"$key\""
    changes '' utils itl reset remotekey "$anchor"
    follows 'itl=accepted itl-by=itl config=accepted by=itl'
    changes '' utils itl update --force # with one anchor, as ever
    follows 'itl=accepted itl-by=itl config=accepted'
}

run_tests "$@"
