#!/bin/bash
# Questions come a thousand times a second while everything that answers depend on changes ten times a second.
# TVS_HAMMER_SECONDS: for how long, 5 by default; `make check-hammer` takes 60.
. "$(dirname "$0")/lib.sh"

TVS_SECONDS=${TVS_HAMMER_SECONDS:-5}
RATE=1000     # questions a second
RSS_MORE=2048 # KiB that tvsd may grow by in the second half; the store itself grows, by a retired certificate a turn

# every_100ms COMMAND…: until $T/go is gone, with the number of the turn behind it. $T/turns-COMMAND tells how
# often it was done, $T/failed what it said when it failed. A turn that is late is not made up for.
every_100ms() {
    local turn=0 due now
    due=$(clock)
    while [ -e "$T/go" ]; do
        "$@" "$turn" >"$T/said-$1" 2>&1 || { echo "$1: $(cat "$T/said-$1")" >>"$T/failed"; }
        turn=$((turn + 1))
        echo "$turn" >"$T/turns-$1"
        due=$((due + 100))
        now=$(clock)
        [ "$now" -lt "$due" ] || due=$now
        until_due $((due - now))
    done
}
clock() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
until_due() { # MILLISECONDS: nobody ever writes into that FIFO
    [ "$1" -le 0 ] || read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" _ <>"$T/never" || true
}

change_configuration() {
    cp "$T/ttl-$((1000 + $1 % 2)).yaml" "$T/tvsd.yaml.new"
    mv "$T/tvsd.yaml.new" "$T/tvsd.yaml"
    kill -HUP "$PID"
}
# again PHRASE…: two phrases at a time, and what the guard rails looked at for one is changed by the other: it is refused,
# and said again. On a slow machine one may be outrun until the other rests.
again() {
    local said
    until said=$(tvsctl "$@" 2>&1); do
        case $said in *'say it again'*) ;; *) printf '%s\n' "$said"; return 1 ;; esac
    done
}
change_server_certificate() { again set cert regen TVS; }
change_ctl() { replace "$T/pub-$(($1 % 2)).tlv" "$T/tftp/CTLFile.tlv"; }
change_store() {
    if [ $(($1 % 2)) -eq 0 ]; then
        again set cert import trust tomcat-trust "$CERTS/other.crt"
    else
        again set cert delete tomcat-trust other
    fi
}
CHANGES='change_configuration change_server_certificate change_ctl change_store'

# Every answer judged. The first two certificates are always known, to the store and to every CTL; the next two
# never, though one was ours once; then one that every other CTL holds, and one that every CTL holds, and the
# store half of the time.
hammer() { # until it is ended
    exec "$BUILD/tests/it/hammer" "$HOST" 3600 "$RATE" '1000|1001' "$CERTS/captured.crt=0+3" "$CERTS/etoken.crt=2" \
        "$T/stranger.crt=no" "$CERTS/tvs.crt=no" "$CERTS/node-b.crt=2|no" "$CERTS/other.crt=7|2"
}

rss() { sed -nE 's/^VmRSS:[^0-9]*([0-9]+) kB/\1/p' "/proc/$PID/status"; }
cpu_ms() { # of the daemon, so far
    local fields
    read -ra fields < <(sed 's/.*) //' "/proc/$PID/stat")
    echo $(((fields[11] + fields[12]) * 1000 / $(getconf CLK_TCK)))
}
counter() { log_since | grep 'event=stats ' | tail -n 1 | sed -nE "s/.* $1=([0-9]+).*/\1/p"; }
at_rest() {
    mark
    kill -USR1 "$PID"
    wait_log 'event=stats '
    [ "$(counter snapshots_live)" = 1 ]
}

# What takes part: two configurations, two CTLs of one signer whom the store knows, certificates.
setup_hammer() {
    local ttl
    for ttl in 1001 1000; do
        configure "answers: { ttl: $ttl }" 'certificates: { key: "ec:P-256" }'
        cp "$T/tvsd.yaml" "$T/ttl-$ttl.yaml"
    done
    CERTS=$T self_signed stranger /CN=stranger
    do_tvsctl set cert import own TVS "$CERTS/tvs.pem"
    do_tvsctl set cert regen TVS
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/node-a.crt"
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/captured.crt"
    publisher pub-0 node-a etoken other node-b
    publisher pub-1 node-a etoken other
    cp "$T/pub-1.tlv" "$T/tftp/CTLFile.tlv"
}

# One half of the time, and as long as it takes for each answer to have come: while others have the machine, a phrase may
# lose the store to the other changes several times.
hammer_half() { # FILE
    local until=$((SECONDS + half)) turns status=0
    turns=$(turns_of store)
    hammer >"$1" 2>&1 &
    HELPER=$!
    DEADLINE=$((half + DEADLINE * 6)) wait_until half_is_over
    kill -TERM "$HELPER"
    wait "$HELPER" || status=$?
    HELPER=
    return "$status"
}
half_is_over() { [ "$SECONDS" -ge "$until" ] && [ "$(turns_of store)" -ge $((turns + 4)) ]; }
turns_of() {
    local turns
    turns=$(cat "$T/turns-change_$1" 2>/dev/null) || true
    echo "${turns:-0}" # it may just be written
}

test_no_wrong_answer_and_none_lost() {
    local change changing=() half status=0 cpu rss more made began=$SECONDS
    half=$(((TVS_SECONDS + 1) / 2))
    setup_hammer
    start
    mark
    mkfifo "$T/never"
    : >"$T/go"
    for change in $CHANGES; do
        every_100ms "$change" &
        changing+=($!)
    done
    # The first half warms it up, the second is measured.
    hammer_half "$T/first" || status=1
    rss=$(rss)
    cpu=$(cpu_ms)
    hammer_half "$T/second" || status=1
    more=$(($(rss) - rss))
    cpu=$(($(cpu_ms) - cpu))
    began=$((SECONDS - began))
    rm "$T/go"
    wait "${changing[@]}"
    sed 's/^/    /' "$T/first" "$T/second"
    for change in $CHANGES; do
        printf '    %s %s times in %s s\n' "$change" "$(cat "$T/turns-$change")" "$began"
    done
    [ "$status" -eq 0 ] || fail "an answer was wrong, lost or missing"
    [ ! -e "$T/failed" ] || fail "a change failed: $(sort "$T/failed" | uniq -c | head -n 5)"
    log_lacks 'event=(reload|ctl|store|certificate)-refused'
    wait_until at_rest
    made=$(counter snapshots_made)
    printf '    %s snapshots made, 1 live; resident %s KiB after the first half, %s more after the second; %s ms of CPU in it\n' \
        "$made" "$rss" "$more" "$cpu"
    [ "$made" -ge $((4 * half)) ] || fail "$made snapshots in $began s: what changes does not get in force"
    # Sanitizers keep freed memory for a while.
    if ! grep -qE '__(asan|tsan)_init' "$BUILD/tvsd" && [ "$more" -gt "$RSS_MORE" ]; then
        fail "it grew by $more KiB, from $rss"
    fi
    stop
}

# Signals that come before it reloads, or while it does, are one reload more, not one each: else whoever sends them
# faster than that is done keeps the main thread from everything else.
test_signals_are_not_queued() {
    local round i reloads
    setup
    start
    for round in {1..10}; do
        mark
        for i in {1..300}; do
            kill -HUP "$PID"
        done
        wait_log 'event=reload '
        ask 0 verify "$CERTS/tvs.crt" # and it is idle again, more likely than not
    done
    stop
    reloads=$(grep -c 'event=reload ' "$T/log")
    [ "$reloads" -lt 100 ] || fail "$reloads reloads of 3000 signals"
}

run_tests "$@"
