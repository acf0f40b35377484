#!/bin/bash
# More clients than there is room for: who fits is answered, the others as room comes; it is said once, and waiting
# costs nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/client.sh"

# start_limited LIMIT: tvsd, which may have so many descriptors and no more; clients and tools have theirs.
start_limited() {
    local program
    mkdir "$T/bin"
    printf '#!/bin/sh\nulimit -n %s || exit 1\nexec "%s" "$@"\n' "$1" "$BUILD/tvsd" >"$T/bin/tvsd"
    chmod +x "$T/bin/tvsd"
    program=$BUILD
    BUILD=$T/bin
    start
    BUILD=$program
    WORKERS=$(sed -nE 's/.*event=started .*workers=([0-9]+).*/\1/p' "$T/log")
}

# How many are open of those that the limit allows: one that was inherited may have a higher number.
descriptors() { find "/proc/$PID/fd" -mindepth 1 -printf '%f\n' | awk '$1 < 32' | wc -l; }
# Hundredths of a second of CPU time, of user and system.
cpu() { sed 's/.*) //' "/proc/$PID/stat" | awk '{ print $12 + $13 }'; }
now() { echo $((${EPOCHREALTIME/[.,]/} / 10000)); }

# crowd COUNT: so many clients at once, who ask and stay until `release`.
crowd() {
    mkfifo "$T/input"
    exec 7<>"$T/input"
    openssl x509 -in "$CERTS/tvs.crt" -outform DER -out "$T/tvs.der"
    local len
    len=$(wc -c <"$T/tvs.der")
    {
        printf 'W\1\1\0\0\0\0\1'
        word $((len + 3))
        printf '\2'
        word "$len"
        cat "$T/tvs.der"
    } >"$T/request"
    CLIENT_INPUT=$T/input client -n "$1" -a hold "$T/request"
}
word() { printf '%b' "$(printf '\\x%02x\\x%02x' $(($1 >> 8)) $(($1 & 255)))"; }
release() { echo >&7; }

answered() { grep -c '^answered' "$T/client"; }
paused_at_least() { stats && [ "$(stat accept_paused)" -ge "$1" ]; }

# waits_quietly: in some seconds of waiting for room, next to no CPU time passes, each worker looks twice a second,
# and the log has one line.
waits_quietly() {
    local cpu time paused
    stats
    paused=$(stat accept_paused)
    cpu=$(cpu)
    time=$(now)
    wait_until paused_at_least $((paused + 4 * WORKERS))
    cpu=$(($(cpu) - cpu))
    time=$(($(now) - time))
    paused=$(($(stat accept_paused) - paused))
    echo "        waiting for room: $cpu/100 s of CPU time in $time/100 s, $paused looks by $WORKERS workers"
    [ $((cpu * 5)) -le "$time" ] || fail "$cpu/100 s of CPU time in $time/100 s of waiting"
    [ "$paused" -le $((WORKERS * (time / 50 + 2))) ] || fail "$paused looks in $time/100 s"
}

# all_are_answered COUNT: once there is room.
all_are_answered() {
    release
    wait_client "answered $1"
    end_client
    counted "answer-trusted=$1" "handshakes=$1" "accepted=$1" "end-peer-closed=$1" active=0
}

# Every descriptor is in use, and who has one for its connection has been answered.
is_full() { [ "$(descriptors)" -eq 32 ] && stats && [ "$(stat active)" -eq "$(answered)" ]; }

test_descriptors_run_out() {
    local room
    setup
    start_limited 32
    [ "$(awk '/Max open files/ { print $4, $5 }' "/proc/$PID/limits")" = '32 32' ] || fail "the limit is not 32"
    crowd 100
    wait_log 'level=warning event=accept-paused reason="no descriptor left" error="Too many open files" remedy=".*LimitNOFILE'
    wait_until is_full
    waits_quietly
    wait_until is_full
    room=$(answered)
    echo "        $room of 100 fitted"
    [ "$room" -ge 5 ] || fail "only $room phones fitted"
    log_times 1 'event=accept-paused' || fail "not one line says that there is no room"
    all_are_answered 100
    wait_until descriptors_are $((32 - room))
    ask 0 verify "$CERTS/tvs.crt"
    log_lacks 'event=accept-resumed'
    wait_log 'event=accept-resumed reason="no descriptor left" seconds=[0-9]+ pauses=[0-9]+$'
    [ "$(sed -nE 's/.*event=accept-resumed .* pauses=//p' "$T/log")" -eq "$(stats; stat accept_paused)" ] ||
        fail "the pauses are not those that were counted: $STATS"
    log_times 1 'event=accept-paused' || fail "it was said twice that there is no room"
    stop
}
descriptors_are() { [ "$(descriptors)" -eq "$1" ]; }

test_workers_are_full() {
    setup
    limits max_connections: 10, workers: 2
    start_limited 1024
    crowd 30
    wait_client 'answered 10'
    wait_log 'level=warning event=accept-paused reason=.*server.max_connections'
    waits_quietly
    [ "$(answered)" -eq 10 ] || fail "$(answered) are answered, 10 may be"
    log_times 1 'event=accept-paused' || fail "not one line says that there is no room"
    all_are_answered 30
    stop
}

# Whoever says nothing gives way to phones, however many connections the configuration allows.
test_more_connections_than_descriptors() {
    setup
    limits max_connections: 1000
    start_limited 200
    log_shows 'level=warning event=connections-limited option=server.max_connections limit=200 max_connections=136 remedy=".*LimitNOFILE' ||
        fail "it is not said that there are not descriptors enough"
    log_shows 'event=started .*max_connections=136$' || fail "$(cat "$T/log")"
    client -n 400 -w connected
    wait_client 'connected 400'
    ask 0 verify "$CERTS/tvs.crt"
    timeout 10 "$BUILD/tvsctl" --config "$T/tvsd.yaml" show status >"$T/out" || fail "status is not told"
    log_lacks 'event=accept-paused .*Too many open files'
    kill "$HELPER"
    wait "$HELPER" || true
    HELPER=
    stop
}

# What changes while there is no descriptor to read it with: what was known stays, and the change is taken up later
# without being asked again.
test_changes_without_descriptors() {
    setup
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/node-a.crt"
    publisher first node-a node-b
    publisher second node-a node-b other
    replace "$T/first.tlv" "$T/tftp/CTLFile.tlv"
    start_limited 32
    crowd 100
    wait_until is_full
    mark
    replace "$T/second.tlv" "$T/tftp/CTLFile.tlv"
    wait_log 'level=error event=ctl-refused .*Too many open files.* in-force=[0-9a-f]{40} remedy="it is tried again"$'
    kill -HUP "$PID"
    wait_log 'level=error event=reload-refused reason=.* remedy=".*no descriptor is left.*LimitNOFILE.*SIGHUP again'
    all_are_answered 100
    ask 0 verify "$CERTS/node-b.crt"
    wait_log 'event=ctl-loaded '
    ask 0 verify "$CERTS/other.crt"
    stop
}

# That the published lists cannot be read is no word against a signer whom they vouch for.
test_signer_stays_without_descriptors() {
    setup
    publisher first node-a node-b
    mkdir -p "$T/state/published"
    cp "$T/first.tlv" "$T/state/published/000001-CTLFile.tlv"
    replace "$T/first.tlv" "$T/tftp/CTLFile.tlv"
    start_limited 32
    log_shows 'event=ctl-loaded' || fail "the CTL is not in force at the start"
    crowd 100
    wait_until is_full
    mark
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    wait_log 'event=store-loaded '
    all_are_answered 100
    log_lacks 'event=ctl-refused'
    ask 0 verify "$CERTS/node-b.crt"
    stop
}

run_tests "$@"
