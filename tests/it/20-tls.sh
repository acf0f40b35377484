#!/bin/bash
# Which clients get in, with what, and how the log says who did not.
. "$(dirname "$0")/lib.sh"

# handshake CIPHER OPTION…: OpenSSL's own client ends up with that cipher suite.
handshake() {
    openssl s_client -connect "$HOST" "${@:2}" </dev/null >"$T/out" 2>"$T/err"
    grep -q "Cipher is $1\$" "$T/out" || fail "s_client ${*:2}: not $1 but: $(grep 'Cipher is' "$T/out")"
}
refused() { handshake '(NONE)' "$@"; }

# tvsc is answered with that cipher suite, too.
answered() {
    ask 0 verify "$CERTS/tvs.crt" "${@:2}"
    out_has "$1" 'Roles:    21 (TVS)'
}

# Old, middle-aged and new phones on one port.
test_all_generations() {
    setup 'tls: { minimum: "1.0" }'
    start
    handshake AES256-SHA -tls1 -cipher 'AES256-SHA:@SECLEVEL=0'
    handshake AES256-SHA -tls1_2 -cipher 'AES256-SHA:@SECLEVEL=0'
    handshake ECDHE-RSA-AES256-GCM-SHA384 -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
    handshake TLS_AES_256_GCM_SHA384 -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384
    answered 'TLSv1, AES256-SHA' --tls1.0 --ciphers AES256-SHA
    answered 'TLSv1.2, AES256-SHA' --tls1.2 --ciphers AES256-SHA
    answered 'TLSv1.2, ECDHE-RSA-AES256-GCM-SHA384' --tls1.2 --ciphers ECDHE-RSA-AES256-GCM-SHA384
    answered 'TLSv1.3, TLS_' --tls1.3
    stop
}

# Who can do better gets better, also while old phones are let in.
test_better_is_chosen() {
    setup 'tls: { minimum: "1.0" }'
    start
    openssl s_client -connect "$HOST" -tls1_2 -cipher 'AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0' \
        </dev/null >"$T/out" 2>"$T/err"
    grep -q 'Cipher is ECDHE-RSA-AES256-GCM-SHA384$' "$T/out" || fail "not ECDHE with GCM"
    refused -tls1 -cipher 'ECDHE-RSA-AES256-SHA:@SECLEVEL=0'
    stop
}

test_sha1_signatures_alone() {
    setup 'tls: { minimum: "1.0" }'
    start
    mark
    refused -tls1_2 -sigalgs RSA+SHA1 -cipher 'ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0'
    wait_log 'event=tls-refused '
    stop
}

# By default TLS 1.0 is refused, and the log says what would let it in.
test_default_refuses_old_phones() {
    setup
    start
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    err_has "$HOST"
    err_has '(the server takes no such version of TLS: tls.minimum in its tvsd.yaml)'
    err_is_one_line
    wait_log 'level=warning event=tls-refused .*setting="?tls\.minimum'
    refused -tls1 -cipher 'AES256-SHA:@SECLEVEL=0'
    refused -tls1_1 -cipher 'AES256-SHA:@SECLEVEL=0'
    answered TLSv1.3
    stop
}

test_rsa_key_exchange_switched_off() {
    setup 'tls: { rsa_key_exchange: false }'
    start
    refused -tls1_2 -cipher 'AES256-SHA:@SECLEVEL=0'
    wait_log 'event=tls-refused .*setting="?tls\.rsa_key_exchange'
    stop
}

# sum EVENT: the counts of its lines.
sum() { log_since | sed -nE "s/.* event=$1 .* count=([0-9]+)\$/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

# One line says who it was, why, and what the user sees; the others of the minute are counted, and said at the
# latest at the end.
test_why_a_phone_failed() {
    setup
    start
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    wait_log 'event=tls-refused reason="the client at 127.0.0.1 \(if it is a phone: 79xx, 69xx, 89xx or 99xx\) offered TLS 1.0 only; '
    stop
    start
    ask 0 verify "$CERTS/tvs.crt" --device CP-7975-SEP001122334455
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    wait_log "level=warning event=tls-refused reason=\"CP-7975 at 127.0.0.1 offered TLS 1.0 only; tls.minimum is 1.2: the phone \
shows 'Host not found'\" peer=\"127.0.0.1:[0-9]+\" setting=tls.minimum remedy=\"if it is one of yours: tls.minimum: 1.0 in tvsd.yaml, and \`tvsctl utils service reload\`\" device=CP-7975-SEP001122334455 count=1\$"
    for _ in 2 3 4 5; do
        expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    done
    stop
    [ "$(log_since | grep -c 'event=tls-refused ')" -eq 2 ] || fail "not one line, and one at the end"
    [ "$(sum tls-refused)" -eq 5 ] || fail "the counts do not add up to 5"
}

# An answer that is "no" has its line each time; why it is, once a minute for each phone.
answered_no() { [ "$(log_since | grep -c 'event=answer .*result=unknown')" -eq "$1" ]; }
test_why_an_answer_is_no() {
    setup
    start
    self_signed nobodys /CN=other 0x4711
    for phone in CP-8841-SEP000000000001 CP-8841-SEP000000000002; do
        expect 1 tvsc verify "$CERTS/nobodys.crt" --device "$phone"
        wait_log "level=warning event=unknown-refused serial=4711 issuer=\"CN=other\" source=none device=$phone peer=\"127.0.0.1:[0-9]+\" \
remedy=\"[^\"]*tomcat-trust[^\"]*\" reason=\"CP-8841 at 127.0.0.1 asked whether to trust certificate 4711, which neither the store nor the CTL holds: "
        for _ in 2 3; do
            expect 1 tvsc verify "$CERTS/nobodys.crt" --device "$phone"
        done
    done
    wait_until answered_no 6 # what was answered last is logged a moment later
    stop
    [ "$(sum unknown-refused)" -eq 6 ] || fail "the counts do not add up to 6"
    [ "$(log_since | grep -c 'event=unknown-refused ')" -eq 4 ] || fail "not one line, and one at the end, of each phone"
}

# A certificate of an old cluster: RSA-1024.
test_small_server_key() {
    new_key small 1024
    self_signed small '/C=PL/O=Cisco/OU=TAC/CN=node-a' 0x1234567890abcdef small
    configure 'tls: { minimum: "1.0" }'
    do_tvsctl set cert import own TVS "$CERTS/small.pem"
    start
    for version in --tls1.0 --tls1.2; do
        expect 0 "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/small.crt" verify "$CERTS/small.crt" "$version" --ciphers AES256-SHA
    done
    stop
}

run_tests "$@"
