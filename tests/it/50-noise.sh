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

# events_say TEXT: tvsd-events(7), whose words stand in several strings.
events_say() {
    tr -d '\n\\"' <"$ROOT/tvsd/log_events.h" | tr -s ' ' | grep -qF "$1" || fail "tvsd-events(7) does not say: $1"
}

# As many lines as tvsd(8) and tvsd-events(7) say, in each of the seconds that it takes, which are not those of the wall clock;
# all are counted.
test_lines_of_one_address() {
    local most began lines count=150
    most=$(sed -n 's/.*have at most \([0-9]*\) lines a second for one address.*/\1/p' "$ROOT/man/tvsd.8")
    [ -n "$most" ] || fail 'tvsd(8) does not say how many lines one address has'
    events_say "One address has at most $most lines a second"
    setup
    start
    began=$(date +%s)
    for ((i = 0; i < count; i++)); do
        exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
        exec 5>&-
    done
    all_are_counted() { kill -USR1 "$PID" && log_shows "event=stats .*\\bend-silent=$count\\b"; }
    wait_until all_are_counted
    stop
    lines=$(grep -c 'event=conn-closed reason=silent ' "$T/log")
    [ "$lines" -ge "$most" ] || fail "$lines lines"
    [ "$lines" -le $((most * ($(date +%s) - began + 2))) ] || fail "$lines lines, not $most a second"
}

# A request that stops in the middle, and a phone that connects and says nothing.
test_deadlines() {
    setup 'log: { level: debug }'
    sed -i 's/^server: { /&request_timeout: 300ms, /' "$T/tvsd.yaml"
    start
    send_hex '57 01 03 00 00000001 008f 01 0018' 3
    wait_log 'event=conn-closed reason=request-timeout '
    sed -i 's/^server: { /&handshake_timeout: 1s, /' "$T/tvsd.yaml"
    kill -HUP "$PID"
    wait_log 'event=reload '
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    wait_log 'event=conn-closed reason=handshake-timeout '
    exec 5>&-
    # Who had begun is a phone that failed. Nobody knows why, as tvsd-events(7) says.
    log_lacks 'event=tls-refused'
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    printf '\x16\x03\x01' >&5
    wait_log 'event=tls-refused reason="[^"]* did not finish the handshake in time" .*remedy=""'
    exec 5>&-
    events_say 'did not finish the handshake in time began one, and sent too slowly'
    stop
}

run_tests "$@"
