#!/bin/bash
# `tvsc bench` against a real tvsd: what it reports is what tvsd counted. Short: `make bench` measures.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/client.sh"

# bench STATUS WORD…: its JSON goes to $T/out, with what it tells of tvsd's process.
bench() { ask "$1" bench --json --pid "$PID" "${@:2}"; }
# figure KEY: of that JSON, where the key stands first. figures KEY=VALUE…: what they must be.
figure() { grep -oE "\"$1\":\"?[^\",}]*" "$T/out" | head -n 1 | sed -E 's/^[^:]*:"?//'; }
figures() {
    local pair
    for pair in "$@"; do
        [ "$(figure "${pair%%=*}")" = "${pair#*=}" ] || fail "not $pair but $(figure "${pair%%=*}")"
    done
}
# between LOW VALUE HIGH WHAT
between() { awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { exit !(a <= b && b <= c) }' || fail "$4: $2 is not between $1 and $3"; }

begin() {
    setup "$@"
    start
    cat "$CERTS/tvs.crt" "$CERTS/other.crt" >"$T/both.pem"
}

# CPU time of tvsd in ms, in ticks, by a way that is not ours.
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' "/proc/$PID/stat"; }

test_counters_agree() {
    local before
    begin
    before=$(cpu_ms)
    bench 0 --threads 2 --connections 31 --requests 6 --batch 2 --at-once 8 "$T/both.pem"
    figures connections=31 answered=31 refused=0 handshakes=31 resumed=0 trusted=93 not_trusted=93 protocol=TLSv1.3
    wait_until ends_are 31
    counted accepted=31 handshakes=31 verify=186 query=0 answer-trusted=93 answer-unknown=93 \
        bytes_in="$(figure bytes_out)" bytes_out="$(figure bytes_in)"
    [ "$(figure count)" -eq 31 ] || fail "$(figure count) handshakes in the histogram"
    file_has "$T/out" '"answer":{"count":186,'
    between 0 "$(figure cpu_us)" "$((($(cpu_ms | cut -d. -f1) - ${before%.*} + 50) * 1000))" 'CPU time in us'
    between 1000 "$(figure cpu_us)" 20000000 'CPU time in us'
    bench 0 --by-name --connections 5 --requests 4 --tls1.2 "$T/both.pem"
    figures answered=5 trusted=10 not_trusted=10 protocol=TLSv1.2
    counted query=20 answer-trusted=103
    wait_times 6 'event=answer .*device=CP-8861-SEP00000000001E'
    stop
}
ends_are() {
    stats
    [ "$(stat end-peer-closed)" -eq "$1" ]
}

# All but the first take up its session; without the option none does.
test_resumed() {
    local way
    begin
    for way in ticket id; do
        bench 0 --resume "$way" --tls1.2 --at-once 1 --connections 8 "$CERTS/tvs.crt"
        figures answered=8 handshakes=8 resumed=7 trusted=8
    done
    bench 0 --resume ticket --tls1.3 --at-once 1 --connections 8 "$CERTS/tvs.crt"
    figures resumed=7
    bench 0 --tls1.2 --at-once 1 --connections 8 "$CERTS/tvs.crt"
    figures resumed=0
    stop
}

# 60 a second for half a second; one in five goes on to the end, and tvsd has shaken hands with no more.
test_recorded_hellos() {
    begin
    bench 0 --rate 60 --for 500ms --whole-every 5 --tls1.2 "$CERTS/tvs.crt"
    figures connections=30 answered=6 served=24 handshakes=6 trusted=6
    between 0.4 "$(figure seconds)" "$DEADLINE" 'seconds'
    counted handshakes=6 verify=6
    stop
}

# All are open when the memory is read; one that tvsd closes meanwhile is told.
test_hold() {
    begin
    bench 0 --hold --burst --connections 200 --requests 1 --timeout "${DEADLINE}s" "$CERTS/tvs.crt"
    figures answered=200 dropped=0
    wait_until ends_are 200
    between 100 "$(sed -E 's/.*"rest":\{"rss_kb":([0-9]+).*/\1/' "$T/out")" 1000000 'memory in kB'
    stop
    limits idle_timeout: 100ms
    start
    bench 1 --hold --rate 10 --connections 10 "$CERTS/tvs.crt"
    figures answered=10
    between 1 "$(figure dropped)" 10 'dropped'
    stop
}

# Each phone has an address of its own if it is to.
test_addresses() {
    begin
    bench 0 --connections 9 --phones 3 --from 127.1.2.254 "$CERTS/tvs.crt"
    wait_until ends_are 9
    wait_times 3 'event=answer .*device=CP-8861-SEP000000000000 peer="127.1.2.254:'
    wait_times 3 'event=answer .*device=CP-8861-SEP000000000001 peer="127.1.2.255:'
    wait_times 3 'event=answer .*device=CP-8861-SEP000000000002 peer="127.1.3.0:'
    stop
}

# Whoever gets no answer gives up when it said; tvsd is not to blame for what it cannot do.
test_patience() {
    begin
    freeze "$PID"
    bench 3 --burst --connections 20 --timeout 200ms "$CERTS/tvs.crt"
    kill -CONT "$PID"
    figures answered=0 gave-up=20 handshakes=0 trusted=0
    between 0.2 "$(figure took)" "$DEADLINE" 'seconds'
    ask 3 bench --tls1.0 --connections 3 "$CERTS/tvs.crt"
    out_has 'Connections: 3, 3 refused (first: '
    bench 0 --handshakes --connections 4
    figures answered=4 handshakes=4 trusted=0
    stop
}

run_tests "$@"
