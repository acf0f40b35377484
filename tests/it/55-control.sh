#!/bin/bash
# The control socket: what tvsctl asks the running tvsd, and the phones that it remembers.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/client.sh"

PHONES=${TVS_PHONES:-3000} # as many names ask at most; `make check-guardrails` has a hundred thousand

# crowd FIRST COUNT EACH: what it did goes to $T/crowd.
crowd() {
    "$BUILD/tests/it/crowd" "$HOST" "$1" "$2" "$3" "$CERTS/tvs.crt" "$CERTS/other.crt" >"$T/crowd" 2>"$T/err" ||
        fail "the crowd was not answered"
}

# status KEY: of `show status`, by its label.
status() { tvsctl show status | sed -nE "s/^$1 *: (.*)$/\1/p" | head -n 1; }
status_is() { [ "$(status "$1")" = "$2" ]; }

# What a terminal could act on, and what is no UTF-8.
has_harm() { LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]' "$1" || ! iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1; }

# ---- Counters

# What a load did, counted by who made it, stands in the log's line and in `show status` alike.
test_counters_agree() {
    local pair connections
    setup
    start
    do_tvsctl set trace level warning
    crowd 0 "$PHONES" 37
    connections=$(sed -nE 's/.*accepted=([0-9]+).*/\1/p' "$T/crowd")
    wait_until status_is end-peer-closed "$connections"
    do_tvsctl show status
    cp "$T/out" "$T/status"
    do_tvsctl show status --json
    do_tvsctl set trace level info
    mark
    kill -USR1 "$PID"
    wait_log 'event=stats'
    for pair in $(cat "$T/crowd"); do
        grep -qE "^${pair%=*} *: ${pair#*=}$" "$T/status" || fail "show status lacks $pair: $(cat "$T/status")"
        log_shows "event=stats .*\b$pair\b" || fail "the log lacks $pair: $(log_since)"
    done
    # Nothing is counted that was not asked.
    [ "$(grep -cE '^(answer-|refused-|end-)' "$T/status")" -eq 3 ] || fail "more was counted: $(cat "$T/status")"
    stop
}

# ---- Phones

# All of them are known, or counted as missed; how long it takes and how much memory is said.
test_phones_of_a_crowd() {
    local before after began known missed
    setup "phones: { max: $PHONES }"
    start
    do_tvsctl set trace level warning
    ask 0 verify "$CERTS/tvs.crt" --device first
    status_is Known 1 || fail "it is not known: $(status Known)"
    before=$(sed -nE 's/^VmRSS:[[:space:]]*([0-9]+) kB/\1/p' "/proc/$PID/status")
    crowd 0 "$PHONES" 500
    known=$(status Known) missed=$(status 'Requests missed')
    after=$(sed -nE 's/^VmRSS:[[:space:]]*([0-9]+) kB/\1/p' "/proc/$PID/status")
    [ "$known" -le "$PHONES" ] && [ $((known + missed)) -ge "$PHONES" ] || fail "$known known, $missed missed"
    began=${EPOCHREALTIME/[.,]/}
    do_tvsctl show tvs clients
    echo "$known phones, $missed requests missed: tvsd grew by $((after - before)) kB to $after kB;" \
        "show tvs clients took $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) ms" >&2
    [ "$(grep -c '^CP-8861-SEP' "$T/out")" -ge $((known - 1)) ] || fail "not all are shown"
    sed -n '3,$p' "$T/out" | head -n -1 | LC_ALL=C sort -c || fail "they are not sorted"
    # The first was away longest, and has made room.
    [ "$missed" -gt 0 ] || out_lacks 'first '
    do_tvsctl show tvs clients --json
    [ "$(grep -c '"name": "CP-8861-SEP' "$T/out")" -ge $((known - 1)) ] || fail "not all are in the JSON"
    # They are known after a restart.
    stop
    began=${EPOCHREALTIME/[.,]/}
    start
    echo "ready after $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) ms" >&2
    status_is Known "$known" || fail "after the restart there are $(status Known), not $known"
    stop
}

test_hostile_names() {
    setup
    start
    crowd - 0 5
    expect 0 tvsctl show tvs clients
    ! has_harm "$T/out" || fail "a name reaches the terminal as it is"
    [ "$(wc -l <"$T/out")" -eq 16 ] || fail "a name breaks a line"
    out_has 'CP-8861-SEP\1B[2J\1B]0;owned\07' '\FF\FE not utf-8 \C0\80' 'line\0Abreak\0Dand\09tab' 'Telefon-Empfang-Straße' \
        'a-name-that-is-much-longer-than-any-phone-has-an…' '- ' '13 phones.'
    expect 0 tvsctl show tvs clients --json
    ! has_harm "$T/out" || fail "a name reaches the JSON as it is"
    out_has '"name": "CP-8861-SEP\u001b[2J\u001b]0;owned\u0007"' '"name": "quote\" back\\slash '"'single'"' `tick` $(id)"' \
        '"name": null' '"cut": true' '"name": "done"'
    [ "$(grep -c '^    "name": ' "$T/out")" -eq 13 ] || fail "a name makes another"
    # Over a restart they are the same.
    cp "$T/out" "$T/before"
    stop
    ! has_harm "$T/state/phones" || fail "a name reaches the file as it is"
    start
    expect 0 tvsctl show tvs clients --json
    cmp -s "$T/out" "$T/before" || fail "they changed with the restart: $(diff "$T/before" "$T/out")"
    stop
}

test_one_phone() {
    setup
    start
    ask 0 verify "$CERTS/tvs.crt" --device CP-7975-SEP0011AA
    ask 1 verify "$CERTS/other.crt" --device CP-8861-SEP0022BB --tls1.2 --ciphers AES256-SHA
    do_tvsctl show tvs clients sep0022
    out_has '8861-SEP0022BB' 'TLSv1.2 rsa' 'verify unknown' '1 phone.'
    out_lacks 7975
    do_tvsctl show tvs clients 127.0.0.1
    out_has '2 phones.'
    expect 1 tvsctl show tvs clients nobody
    err_has nobody
    err_is_one_line
    # Without tvsd they are those of its file, with a warning; without the file there is nothing to tell.
    stop
    do_tvsctl show tvs clients
    out_has CP-7975-SEP0011AA
    err_has 'tvsctl: warning: these are the phones as of' 'no tvsd of this configuration runs'
    sed -i '$d' "$T/state/phones"
    do_tvsctl show tvs clients
    err_has 'phones: line 4: the file ends too early' 'phones are missing'
    rm "$T/state/phones"
    expect 1 tvsctl show tvs clients
    err_has 'no tvsd of this configuration runs' 'start it'
    err_is_one_line
}

# A damaged file is a warning, and phones are answered.
test_damaged_file() {
    setup
    printf 'phones=1 written=1\nname=SEP1 first=1 last=1\nrubbish\n' >"$T/state/phones"
    start
    log_shows "level=warning event=phones-failed file=$T/state/phones reason=\".*line 3: .*\" remedy=" || fail "not said"
    ask 0 verify "$CERTS/tvs.crt" --device SEP2
    do_tvsctl show tvs clients
    out_has SEP1 SEP2
    stop
    do_tvsctl show tvs clients
    out_has SEP1 SEP2
}

test_nobody_is_remembered() {
    setup 'phones: { max: 0 }'
    start
    ask 0 verify "$CERTS/tvs.crt" --device SEP2
    do_tvsctl show tvs clients
    out_has '0 phones.'
    stop
    [ ! -e "$T/state/phones" ] || fail "there is a file of phones"
}

followed() { tvsctl show tvs clients --json "$1" | grep -q "\"rollout\": $2,"; }

# Who asked about the newest signer, and who was shown the new TVS certificate: also after a restart, and before tvsd
# has read that there is a roll-out.
test_who_has_followed() {
    setup
    do_tvsctl set cert import own CallManager "$CERTS/node-a.pem"
    do_tvsctl set cert import own CallManager "$CERTS/node-b.pem" # the first list opens no roll-out, this one does
    start
    ask 0 verify "$CERTS/node-b.crt" --device follower
    ask 0 verify "$CERTS/tvs.crt" --device stranger
    do_tvsctl show tvs clients
    grep -qE '^follower .* trusted +1 +20..-..-..T..:..:..Z$' "$T/out" || fail "it did not follow: $(cat "$T/out")"
    grep -qE '^stranger .* trusted +1 +no$' "$T/out" || fail "it follows: $(cat "$T/out")"
    out_has '2 phones; 1 asked about the newest signer (roll-out 1)'
    do_tvsctl show tvs clients --json
    out_has '"newest_signer": true' '"newest_signer": false' '"rollout": 1,'
    ask 0 verify "$CERTS/tvs.crt" --device follower # its last question does not tell
    stop
    start
    followed follower 1 || fail "it is forgotten with the restart"
    # One that is closed is forgotten; the next one has other followers.
    do_tvsctl utils rollout close --phones-are-back
    wait_until lacks_rollout
    do_tvsctl set cert import own TVS "$CERTS/twin.pem"
    wait_until new_server_serves
    followed newcomer 2 || fail "it was shown the new certificate: $(tvsctl show tvs clients --json)"
    ! followed follower 2 || fail "it was not there"
    stop
}
lacks_rollout() { ! followed follower 1; }
new_server_serves() {
    "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/twin.crt" verify "$CERTS/other.crt" --device newcomer >"$T/out" 2>"$T/err"
    [ $? -eq 1 ]
}

# ---- set trace level, utils service reload

test_trace_level() {
    setup
    start
    do_tvsctl set trace level Error
    out_has 'Trace level of tvsd is now error, until the next reload or restart (log.level: info).'
    log_shows "level=warning event=control command=trace argument=error uid=$(id -u) pid=[0-9]+" || fail "who asked is not said"
    ask 0 verify "$CERTS/tvs.crt" --device SEP1
    do_tvsctl set trace level info
    ask 0 verify "$CERTS/tvs.crt" --device SEP2
    wait_log 'event=answer .*device=SEP2'
    log_lacks 'device=SEP1'
    do_tvsctl set trace level debug
    err_has 'log.format: trace'
    do_tvsctl show status
    grep -qE '^Level *: debug$' "$T/out" && grep -qE '^Configured *: info$' "$T/out" || fail "show status says another level"
    do_tvsctl utils service reload
    status_is Level info || fail "a reload does not take log.level again"
    expect 2 tvsctl set trace level loud
    err_is_one_line
    stop
}

test_reload() {
    setup
    start
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    configure 'tls: { minimum: "1.0" }'
    do_tvsctl utils service reload
    out_has "Read again, and in force: $T/tvsd.yaml" 'Certificates: 1 in the store'
    # It is in force when the phrase ends.
    ask 0 verify "$CERTS/tvs.crt" --tls1.0
    log_shows 'event=control command=reload .*uid=' || fail "who asked is not said"
    configure 'tls: { minimum: "1.0" }' 'phones: { max: 5 }'
    do_tvsctl utils service reload
    err_has 'tvsctl: warning: these options were changed and need a restart: phones.max'
    # Refused: with the reason, and nothing changes.
    rm -r "$T/state/keys"
    expect 1 tvsctl utils service reload
    err_has 'tvsd refused the reload' 'no usable key for the TVS certificate' 'what was in force stays'
    err_is_one_line
    ask 0 verify "$CERTS/tvs.crt" --tls1.0
    do_tvsctl show status
    out_has 'The last reload was refused'
    stop
}

# Several that ask at once are all told, by one reload or more.
test_reloads_at_once() {
    local i pids=()
    setup
    start
    for i in 1 2 3 4 5 6; do
        tvsctl utils service reload >"$T/reload.$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || fail "a reload failed: $(cat "$T"/reload.*)"
    done
    [ "$(cat "$T"/reload.* | grep -c '^Read again')" -eq 6 ] || fail "not all were told: $(cat "$T"/reload.*)"
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

# ---- The socket

test_socket_of_a_dead_daemon() {
    setup
    start
    [ "$(command stat -c %a "$T/state/control")" = 660 ] || fail "its mode is $(command stat -c %a "$T/state/control")"
    kill -KILL "$PID"
    wait "$PID" 2>/dev/null
    PID=
    [ -S "$T/state/control" ] || fail "there is no socket left"
    expect 1 tvsctl show status
    err_has 'no tvsd of this configuration runs' "$T/state/control" 'start it'
    err_is_one_line
    start
    do_tvsctl show status
    stop
    [ ! -e "$T/state/control" ] || fail "the socket is left"
}

# The second of one state folder answers phones, and leaves the rest to the first.
test_two_daemons() {
    local first
    setup
    start
    first=$PID
    HELPER=$first
    start
    log_shows 'level=warning event=control-refused .*another tvsd runs with this state folder' || fail "not said"
    ask 0 verify "$CERTS/tvs.crt" --device SEP1
    do_tvsctl show status
    grep -qE "^Process *: $first$" "$T/out" || fail "another answers: $(cat "$T/out")"
    stop
    do_tvsctl show status
    [ ! -e "$T/state/phones" ] || fail "the second wrote the file of phones"
    PID=$first
    HELPER=
    stop
}

test_places_of_the_socket() {
    setup "control: { socket: $T/nowhere/control }"
    start
    log_shows "level=warning event=control-refused socket=$T/nowhere/control reason=\".*its folder is not there\" remedy=" || fail "not said"
    ask 0 verify "$CERTS/tvs.crt"
    expect 1 tvsctl show status
    err_has "$T/nowhere/control"
    stop
    configure 'control: { socket: off }'
    start
    expect 1 tvsctl show status
    err_has 'control.socket is off'
    stop
    # A runtime folder, as systemd gives one.
    configure
    mkdir "$T/run"
    RUNTIME_DIRECTORY=$T/run start
    [ -S "$T/run/control" ] && [ -L "$T/state/control" ] || fail "it is not in the runtime folder"
    do_tvsctl show status
    stop
    [ ! -e "$T/run/control" ] && [ ! -L "$T/state/control" ] || fail "something is left"
    # A path that is longer than a socket's may be.
    mkdir -p "$T/$(printf 'long%0100d' 1)"
    configure "control: { socket: $T/$(printf 'long%0100d' 1)/control }"
    start
    do_tvsctl show status
    stop
}

run_tests "$@"
