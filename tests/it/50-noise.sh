#!/bin/bash
# What does not speak the protocol: closed, with a name in the log, and nobody else is disturbed.
. "$(dirname "$0")/lib.sh"

closes_with() { # REASON HEX
    mark
    send_hex "$2" 3
    err_has 'without an answer'
    wait_log "event=conn-closed reason=$1 "
}

test_bad_frames() {
    setup 'log: { level: debug }'
    start
    closes_with bad-discriminator '58 01 01 00 00000001 0000'
    closes_with bad-version '57 02 01 00 00000001 0000'
    closes_with bad-type '57 01 09 00 00000001 0000'
    closes_with bad-type '57 01 02 00 00000001 0004 07 0001 00'
    closes_with bad-element '57 01 01 00 00000001 0005 02 0010 41 42'
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

# Well-formed but of no use: answered, not closed.
test_unusable_requests() {
    setup
    start
    send_hex '57 01 01 00 00000001 0000' 1
    out_has 'Elements: 7[1]'
    send_hex '57 01 01 00 00000001 0007 02 0004 41424344' 1
    send_hex '57 01 03 00 00000001 0000' 1
    wait_log 'event=answer .*result=unusable'
    # Version 0, a reserved byte that is not zero, an unknown tag: all in order.
    send_hex '57 00 03 f7 00000001 0004 63 0001 00' 1
    stop
}

speak() { # TEXT: over plain TCP
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    printf '%b' "$1" >&5
    cat <&5 >"$T/reply" 2>/dev/null
    exec 5>&-
}

test_noise() {
    setup 'log: { level: debug }'
    start
    speak 'GET / HTTP/1.0\r\n\r\n'
    wait_log 'event=tls-refused .*HTTP'
    mark
    speak '\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c'
    wait_log 'event=conn-closed reason=handshake-failed '
    mark
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    exec 5>&-
    wait_log 'event=conn-closed reason=silent '
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

# A request that stops in the middle, and a phone that connects and says nothing.
test_deadlines() {
    setup 'log: { level: debug }'
    sed -i 's/^server: { /&handshake_timeout: 300ms, request_timeout: 300ms, idle_timeout: 300ms, /' "$T/tvsd.yaml"
    start
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    wait_log 'event=conn-closed reason=handshake-timeout '
    exec 5>&-
    send_hex '57 01 03 00 00000001 008f 01 0018' 3
    wait_log 'event=conn-closed reason=request-timeout '
    stop
}

run_tests "$@"
