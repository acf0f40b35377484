#!/bin/bash
# Bad input: every way in which it ends has its name in the log and its counter, and phones are answered as before.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/client.sh"

# A file of bytes from hexadecimal text.
bytes() { # FILE HEX
    printf '%b' "$(tr -d ' \n' <<<"$2" | sed 's/../\\x&/g')" >"$T/$1"
}
# The same noise each time; the first byte is no 0x57 (checked below), nor that of a TLS record.
noise() { openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c "$1"; }

word() { printf '%02x%02x' $(($1 >> 8)) $(($1 & 255)); }
# verify_request VERSION FILE: a request to verify the DER in FILE, into $T/request.
verify_request() {
    local len
    len=$(wc -c <"$2")
    bytes request "57 $1 01 00 00000001 $(word $((len + 3))) 02 $(word "$len")"
    cat "$2" >>"$T/request"
}
# send_request STATUS: the same, by a phone.
send_request() { send_hex "$(od -An -v -tx1 "$T/request")" "$1"; }
der() { openssl x509 -in "$1" -outform DER -out "$2"; }

# phone: somebody who asks properly gets an answer, whatever else is going on.
phone() {
    ask 0 verify "$CERTS/tvs.crt"
    out_has 'Roles:    21 (TVS)'
}

# ends REASON FILE [OPTION…]: what is sent ends the connection for that reason; the counter is one more.
ends() {
    local before
    stats
    before=$(stat "end-$1")
    mark
    client "${@:3}" "$T/$2"
    wait_log "event=conn-closed reason=$1 "
    end_client
    counted "end-$1=$((before + 1))" active=0
}

# no_answer: not one byte came back from the last client.
no_answer() { ! grep -q '^answered' "$T/client" || fail "it was answered"; }

test_malformed_messages() {
    setup
    start
    der "$CERTS/tvs.crt" "$T/tvs.der"
    bytes discriminator '58 01 01 00 00000001 0000'
    ends bad-discriminator discriminator
    no_answer
    verify_request 02 "$T/tvs.der"
    ends bad-version request
    no_answer
    bytes type '57 01 4d 00 00000001 0000'
    ends bad-type type
    no_answer
    bytes element '57 01 01 00 00000001 0007 02 0005 41424344'
    ends bad-element element
    no_answer
    phone
    counted end-peer-closed=1 answer-trusted=1 answer-unusable=0
    stop
}

# Version 0 is answered like version 1.
test_version_0() {
    setup
    start
    der "$CERTS/tvs.crt" "$T/tvs.der"
    verify_request 00 "$T/tvs.der"
    send_request 0
    out_has 'Roles:    21 (TVS)'
    counted answer-trusted=1 end-bad-version=0
    stop
}

# A message that is not all there: the phone closes, or it waits for what never comes.
test_incomplete_messages() {
    local file
    setup
    limits request_timeout: 300ms
    start
    bytes header '57 01 03 00 00'
    bytes body '57 01 01 00 00000001 0020 02 0004 41424344'
    for file in header body; do
        ends truncated-request "$file" -a close
        no_answer
        ends request-timeout "$file"
        no_answer
    done
    phone
    counted end-truncated-request=2 end-request-timeout=2
    stop
}

test_noise_inside_tls() {
    setup
    start
    noise 65536 >"$T/noise"
    [ "$(head -c 1 "$T/noise" | od -An -tx1)" != ' 57' ] || fail "this noise begins like a message"
    ends bad-discriminator noise
    # Behind a header that is in order.
    bytes framed '57 01 01 00 00000001 fff5'
    noise 65525 >>"$T/framed"
    ends bad-element framed
    phone
    stop
}

# refused FAILURE REASON FILE [OPTION…]: the handshake fails, for that reason.
refused() {
    local before
    stats
    before=$(stat "refused-$1")
    ends handshake-failed "$3" "${@:4}"
    log_shows "event=conn-closed reason=handshake-failed .*detail=$1\$" || fail "the end has no detail $1"
    wait_log "event=tls-refused reason=\"the client at 127.0.0.1 $2"
    [ "$(stat "refused-$1")" -eq $((before + 1)) ] || fail "refused-$1 was not counted: $STATS"
}

test_noise_instead_of_tls() {
    setup
    start
    noise 65536 >"$T/noise"
    refused not-tls 'did not speak TLS' noise -w connected
    printf 'GET / HTTP/1.1\r\nHost: tvs\r\n\r\n' >"$T/http"
    refused plain-http 'spoke HTTP without TLS' http -w connected
    phone
    counted end-handshake-failed=2 handshakes=1
    stop
}

# TLS to look at: a record that holds noise at once, after the ClientHello, and after the handshake.
test_tls_noise() {
    setup
    start
    bytes record '16 0301 4000'
    noise 16384 >>"$T/record"
    refused not-tls 'did not speak TLS' record -w connected
    bytes second '17 0303 0400'
    noise 1024 >>"$T/second"
    refused tls-protocol 'broke the TLS protocol' second -w hello
    ends tls-failed second -w shaken
    log_shows 'event=conn-closed reason=tls-failed .*detail="' || fail "the end has no detail"
    phone
    counted refused-tls-protocol=2 handshakes=2
    stop
}

test_resets() {
    setup
    start
    : >"$T/nothing"
    refused reset 'reset the connection during the handshake' nothing -w hello -a reset
    ends silent nothing -w connected -a reset
    ends peer-closed nothing -a reset
    phone
    counted refused-reset=1
    stop
}

# Who says nothing, before and after the handshake, is in nobody's way, and goes when its time has come.
test_silence() {
    local open=$T/open shaken=$T/shaken
    : >"$open" >"$shaken"
    setup
    limits handshake_timeout: 8s, idle_timeout: 8s
    start
    "$BUILD/tests/it/client" -n 20 "$HOST" >"$shaken" </dev/null &
    HELPER=$!
    wait_until grep -qx 'shaken 20' "$shaken"
    "$BUILD/tests/it/client" -n 20 -w connected "$HOST" >"$open" </dev/null &
    HELPER="$HELPER $!"
    wait_until grep -qx 'connected 20' "$open"
    phone
    # They were all there while the phone was answered.
    log_lacks 'reason=(handshake|idle)-timeout'
    wait_times 20 'event=conn-closed reason=idle-timeout .*requests=0 ms=([89]|[1-9][0-9])[0-9]{3} '
    wait_times 20 'event=conn-closed reason=handshake-timeout .*requests=0 ms=([89]|[1-9][0-9])[0-9]{3} '
    for HELPER in $HELPER; do
        end_client
    done
    phone
    counted end-handshake-timeout=20 end-idle-timeout=20 accepted=42 handshakes=22 active=0
    stop
}

# A byte now and then: the deadline is not put off, and is met while bytes still come.
test_one_byte_at_a_time() {
    setup
    limits handshake_timeout: 2s, request_timeout: 2s
    start
    der "$CERTS/tvs.crt" "$T/tvs.der"
    verify_request 01 "$T/tvs.der"
    ends request-timeout request -p 50
    arrived
    # The same before the handshake: the first bytes of a long ClientHello.
    bytes hello '16 0301 0200 01 0001fc 0303'
    noise 500 >>"$T/hello"
    ends handshake-timeout hello -w connected -p 50
    arrived
    phone
    stop
}
# More than one byte came, fewer than all; and the end was on time.
arrived() {
    local sent
    sent=$(client_total sent)
    [ "$sent" -ge 3 ] && [ "$sent" -le 100 ] || fail "$sent bytes were sent"
    log_shows 'event=conn-closed reason=(request|handshake)-timeout .* ms=([2-9]|[1-4][0-9])[0-9]{3} ' || fail "not on time"
    ! client_says 'sent 1' || fail "it had sent all"
}

# Who asks for ever and reads nothing: once unsent answers take 16 KiB of memory no more is read, and the deadline is for the
# answers, too.
test_deaf_client() {
    local asked taken query unsent unread answer
    setup
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/captured.crt"
    limits request_timeout: 1s
    start
    bytes query "$(cat "$DATA/query-request.hex")"
    query=$(wc -c <"$T/query")
    ends request-timeout query -a deaf -t 0
    asked=$(stat query)
    taken=$(stat bytes_out)
    unread=$(($(stat bytes_in) - asked * query))
    # How long each of the answers was.
    ask 0 send "$DATA/query-request.hex"
    stats
    answer=$(($(stat bytes_out) - taken))
    unsent=$((asked * answer - taken))
    echo "        a deaf client: $asked requests taken, $unsent bytes unsent, $unread bytes read beside"
    [ "$unsent" -le $((16384 + answer)) ] || fail "$unsent bytes were kept for it"
    [ "$unsent" -ge $((3 * answer)) ] || fail "only $unsent bytes were unsent"
    [ "$unread" -ge 0 ] && [ "$unread" -le 4096 ] || fail "$unread bytes were read that were not answered"
    phone
    stop
}

# not_trusted RESULT: the request in $T/request is answered "not trusted", and the connection goes on.
not_trusted() {
    local before
    stats
    before=$(stat "answer-$1")
    mark
    send_request 1
    out_has 'Status:   1 (not trusted)' 'Elements: 7[1]'
    wait_log "event=answer type=verify result=$1 "
    wait_log 'event=conn-closed reason=peer-closed '
    counted "answer-$1=$((before + 1))" end-bad-element=0
}

test_odd_certificates() {
    setup
    start
    # Not a byte more than the certificate that we know.
    der "$CERTS/tvs.crt" "$T/cert"
    verify_request 01 "$T/cert"
    send_request 0
    printf '\0' >>"$T/cert"
    verify_request 01 "$T/cert"
    not_trusted unusable
    # 60 KB that are no certificate, and 60 KB that are one.
    noise 61440 >"$T/cert"
    verify_request 01 "$T/cert"
    not_trusted unusable
    wait_log 'event=answer .*reason="the certificate cannot be parsed: '
    # One that OpenSSL would be slow to read: what is wrong with it is said.
    cp "$DATA/odd-certs/explicit-curve.der" "$T/cert"
    verify_request 01 "$T/cert"
    not_trusted unusable
    wait_log 'event=answer .*reason="the certificate cannot be parsed: .*a curve without a name'
    large_certificate
    verify_request 01 "$T/cert"
    not_trusted unknown
    phone
    stop
}
large_certificate() {
    {
        printf '[req]\ndistinguished_name=dn\nx509_extensions=large\n[dn]\n[large]\n1.2.3.4=DER:'
        noise 60000 | od -An -v -tx1 | tr -d ' \n'
        echo
    } >"$T/large.cnf"
    openssl req -x509 -new -config "$T/large.cnf" -key "$CERTS/tvs.key" -subj /CN=large -outform DER -out "$T/cert" \
        2>"$T/err" || fail "no large certificate: $(cat "$T/err")"
    [ "$(wc -c <"$T/cert")" -gt 60000 ] || fail "not a large certificate"
}

run_tests "$@"
