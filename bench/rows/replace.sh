#!/bin/bash
# Certificates are replaced while phones ask: how soon new ones are answered, and what that does to the others.
. "$(dirname "$0")/../lib.sh"
row replace s '<= 1' '100 000 certificates replaced under load: new ones are answered after the commit'
count=$(few 100000)
seconds=${BENCH_SECONDS:-20}
certificates
configure a "$RUN/a.state"
tvsctl_in a set cert import own TVS "$WORK/node-a.pem"
"$BUILD/bench/fill" "$RUN/a.state/tvs.sqlite3" 1 "$count" >/dev/null
first=1
PATIENCE=600 tvsd a
warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"

# A fraction of what a core can do, so that it is the replacement that is seen.
phones() { load "$1" --rate 500 --for "${seconds}s" --resume ticket --tls1.2 --ciphers "$SUITE" "$TRUST"; }
quiet() { phones quiet; }
busy() {
    local next=$((first + 1000000)) watcher filler seen
    "$BUILD/bench/fill" --pem "$next" 1 >"$RUN/new.pem"
    mkfifo "$RUN/go"
    FILL_GO=$RUN/go taskset -c "$LOAD_CORE" "$BUILD/bench/fill" "$RUN/a.state/tvs.sqlite3" "$next" "$count" "$first" >"$RUN/filled" &
    filler=$!
    PATIENCE=1200 wait_for grep -q ready "$RUN/filled"
    # Somebody asks for a new one, fifty times a second, and notes when it is there.
    taskset -c "$LOAD_CORE" "$BUILD/tvsc" bench --json --host "$AT" --trust "$TRUST" --by-name --tls1.2 --resume ticket --rate 50 --from 127.2.0.1 \
        --for "${seconds}s" "$RUN/new.pem" >"$RUN/watcher" 2>&1 &
    watcher=$!
    { read -rt "$((seconds / 4))" _ <>"$RUN/nap" || echo go >"$RUN/go"; } &
    phones busy
    wait "$filler" "$watcher"
    rm "$RUN/go"
    first=$next
    seen=$(sed -E 's/.*"first_trusted":([0-9.]+).*/\1/' "$RUN/watcher")
    [ "${seen%.*}" -gt 0 ] || die "none of the new certificates was answered"
    calc "$seen - $(tail -n 1 "$RUN/filled" | cut -d' ' -f1)" 3 >>"$RUN/delays"
    echo >>"$RUN/delays"
}
again quiet busy
delay=$(median <"$RUN/delays")
later=$(paste <(values busy answer_p999) <(values quiet answer_p999) | awk '{ print ($1 - $2) / 1000 }' | median)
beside="$(typical busy answer_p999) us beside $(typical quiet answer_p999) us"
conclude "$delay" "$count certificates"
ROW=replace-latency UNIT=ms LIMIT='<= 20' WHAT='p99.9 of all answers, more than without'
conclude "$later" "$beside"
