#!/bin/bash
# Roll-outs: who has followed, as tvsd saw it; and TVS-ECDSA, which phones are shown when its roll-out is closed.
. "$(dirname "$0")/lib.sh"

cluster() {
    LISTS='digest: sha1' setup 'certificates: { key: "rsa:2048" }' 'tls: { minimum: "1.0" }'
    echo '<device/>' >"$T/tftp/SEP001122334455.cnf.xml"
    do_tvsctl set cert regen CallManager
    cp "$T/tftp/SEP001122334455.cnf.xml" "$T/tftp/SEP001122334456.cnf.xml"
    do_tvsctl file sign SEP001122334455.cnf.xml SEP001122334456.cnf.xml
}
phone() { expect "$1" "$BUILD/tvsc" phone --tftp "$T/tftp" --state "$T/phones" --tvs "$HOST" --timeout "${DEADLINE}s" "${@:2}"; }
# says WORD…: the phone's last line has each.
says() {
    local word
    for word in "$@"; do
        tail -n 1 "$T/out" | grep -qF -- " $word " || fail "the phone does not say $word: $(tail -n 1 "$T/out")"
    done
}
asked() { tvsctl utils rollout show "$1" 2>/dev/null | grep -qF -- "$2"; }

test_who_has_asked() {
    cluster
    start
    phone 0
    ask 0 verify "$CERTS/tvs.crt" --device CP-8861-SEPAAAAAAAAAAAA
    mark
    do_tvsctl set cert regen CallManager
    out_has 'roll-out 1 (ITLFile.tlv is signed by CallManager of node-a ('
    wait_log 'event=store-loaded '
    do_tvsctl utils rollout show
    out_has 'A phone that knows the signer from its own lists need not ask'
    # It trusts the ITL's new signer by TVS alone.
    phone 0
    says state=follows itl=accepted itl-by=tvs
    wait_until asked 1 'Phones that have asked about that signer: 1 of 2'
    do_tvsctl utils rollout show 1
    [ "$(sed -n '/have asked/,/have not/p' "$T/out" | grep -c SEP001122334455)" -eq 1 ] || fail "who has asked is not told"
    [ "$(sed -n '/have not/,$p' "$T/out" | grep -c SEPAAAAAAAAAAAA)" -eq 1 ] || fail "who has not is not told"
    expect 1 tvsctl utils rollout close
    err_has 'which --yes does not answer'
    do_tvsctl utils rollout close --phones-are-back
    out_has '1 of 2 known phones were not seen to follow:' 'SEPAAAAAAAAAAAA' 'Have all phones fetched list 2? (y/n):y' \
        'roll-out 1 is closed'
    out_lacks SEP001122334455
    stop
    do_tvsctl utils rollout show 1
    out_has 'who said that all phones had fetched it' 'Phones that have asked about that signer: 1 of 2'
}

# Who came to know the new TVS certificate: by a question on a connection that showed it. Over a restart, too.
test_who_was_served() {
    cluster
    start
    phone 0
    mark
    do_tvsctl set cert regen TVS
    out_has 'roll-out 1 (ITLFile.tlv has the TVS certificate ' 'of node-a) is open'
    wait_log 'event=certificate-loaded '
    cp "$T/tftp/ITLFile.tlv" "$T/new.tlv"
    expect 1 "$BUILD/tvsc" --host "$HOST" --trust "$T/new.tlv" verify "$CERTS/other.crt" --device CP-8861-SEPBBBBBBBBBBBB
    # Another one refuses it, since it holds the old one.
    expect 3 "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/tvs.crt" verify "$CERTS/other.crt" --device CP-8861-SEPCCCCCCCCCCCC
    wait_until asked 1 'Phones that have been served with that certificate: 1 of 1'
    stop
    do_tvsctl utils rollout show 1
    out_has 'Phones that have been served with that certificate: 1 of 1' 'SEPBBBBBBBBBBBB' 'Note: no tvsd answers; the phones are as'
    start
    wait_until asked 1 'Phones that have been served with that certificate: 1 of 1'
    stop
}

# ---- TVS-ECDSA

# shown [OPTION…]: the certificate that a client with these options is shown, as "EC" or "RSA".
shown() {
    openssl s_client -connect "$HOST" "$@" </dev/null 2>/dev/null | openssl x509 -noout -text 2>/dev/null |
        sed -nE 's/.*Public Key Algorithm: (rsaEncryption|id-ecPublicKey).*/\1/p' | sed 's/rsaEncryption/RSA/; s/id-ecPublicKey/EC/'
}
is_shown() { [ "$(shown "${@:2}")" = "$1" ] || fail "$* is shown \"$(shown "${@:2}")\""; }

test_ecdsa_is_shown_when_it_is_rolled_out() {
    cluster
    do_tvsctl set cert regen TVS-ECDSA
    out_has 'roll-out 1 (ITLFile.tlv has the TVS-ECDSA certificate '
    do_tvsctl show cert list own
    grep -E 'TVS-ECDSA.pem .* TVS +ITL ' "$T/out" >"$T/line" || fail "its lists are not shown"
    start
    wait_log 'event=ecdsa-waits reason="roll-out 1 is open: .*utils rollout close 1 '
    is_shown RSA
    is_shown RSA -tls1_2
    ask 0 verify "$CERTS/tvs.crt"
    do_tvsctl utils rollout close --phones-are-back
    wait_log 'event=ecdsa-shown '
    is_shown EC
    is_shown EC -tls1_2
    is_shown EC -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
    is_shown EC -tls1_3 -sigalgs ECDSA+SHA256:RSA-PSS+SHA256
    is_shown RSA -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
    is_shown RSA -tls1_2 -sigalgs RSA+SHA256
    is_shown RSA -tls1_3 -sigalgs RSA-PSS+SHA256
    is_shown RSA -tls1_2 -groups X25519
    is_shown RSA -tls1_2 -cipher AES256-SHA:@SECLEVEL=0
    is_shown RSA -tls1_1 -cipher AES256-SHA:@SECLEVEL=0
    is_shown RSA -tls1 -cipher AES256-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0
    # Who holds the ITL knows it; who knows the other one alone does not.
    expect 0 "$BUILD/tvsc" --host "$HOST" --trust "$T/tftp/ITLFile.tlv" verify "$CERTS/tvs.crt"
    ask 3 verify "$CERTS/tvs.crt"
    ask 0 verify "$CERTS/tvs.crt" --tls1.0
    # It goes at once when it goes.
    mark
    do_tvsctl set cert delete TVS-ECDSA node-a
    wait_log 'event=ecdsa-ended '
    is_shown RSA
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

# Phones of today and of before follow a new signer, whichever they are shown.
test_ecdsa_and_phones() {
    cluster
    do_tvsctl set cert regen TVS-ECDSA
    start
    phone 0 --family 88xx
    phone 0 --family 79xx --mac 001122334456
    do_tvsctl utils rollout close --phones-are-back
    wait_log 'event=ecdsa-shown '
    mark
    do_tvsctl set cert regen CallManager
    wait_log 'event=store-loaded '
    phone 0 --family 88xx
    says state=follows itl=accepted itl-by=tvs
    phone 0 --family 79xx --mac 001122334456
    says state=follows itl=accepted itl-by=tvs
    stop
}

# Another one, and one whose ITL was taken back, are not shown; a reload and a restart change nothing.
test_ecdsa_that_is_replaced() {
    cluster
    do_tvsctl set cert regen TVS-ECDSA
    do_tvsctl utils rollout close --phones-are-back
    start
    wait_log 'event=ecdsa-shown '
    is_shown EC
    mark
    kill -HUP "$PID"
    wait_log 'event=ecdsa-shown '
    is_shown EC
    mark
    do_tvsctl set cert regen TVS-ECDSA
    wait_log 'event=ecdsa-waits '
    log_shows 'event=ecdsa-ended ' || fail "the log does not say that the one before is not shown any more"
    is_shown RSA
    mark
    do_tvsctl utils rollout close --phones-are-back
    wait_log 'event=ecdsa-shown '
    is_shown EC
    mark
    do_tvsctl utils itl restore 1 --force
    wait_log 'event=ecdsa-waits reason="no ITL with it was rolled out'
    is_shown RSA
    stop
    start
    wait_log 'event=ecdsa-waits '
    is_shown RSA
    stop
}

run_tests "$@"
