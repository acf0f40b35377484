# The clients of client.c, and the daemon's counters: for tests that source lib.sh first.
# shellcheck shell=bash

# client OPTION… [FILE]: in the background; what it says goes to $T/client.
client() {
    local options=()
    while [[ ${1:-} == -* ]]; do
        options+=("$1" "$2")
        shift 2
    done
    : >"$T/client"
    "$BUILD/tests/it/client" "${options[@]}" "$HOST" "$@" >"$T/client" 2>"$T/client.err" <"${CLIENT_INPUT:-/dev/null}" &
    HELPER=$!
}
client_says() { grep -qx -- "$1" "$T/client"; }
wait_client() { wait_until client_says "$1"; }
client_is_gone() { ! kill -0 "$HELPER" 2>/dev/null || [ "$(ps_state "$HELPER")" = Z ]; }
# end_client: it must end by itself: all its connections are closed.
end_client() {
    wait_until client_is_gone
    wait "$HELPER" || fail "the client ended with $?: $(cat "$T/client.err")"
    HELPER=
}
client_total() { sed -nE "s/^total .*\b$1=([0-9]+).*/\1/p" "$T/client"; }

# stats: ask for the statistics line. stat KEY: that counter of it; 0 if it does not stand there.
stats() {
    SEEN=$(grep -c 'event=stats' "$T/log")
    kill -USR1 "$PID"
    wait_until more_stats
    STATS=$(grep 'event=stats' "$T/log" | tail -n 1)
}
more_stats() { [ "$(grep -c 'event=stats' "$T/log")" -gt "$SEEN" ]; }
stat() {
    local value
    value=$(sed -nE "s/.* $1=([0-9]+).*/\1/p" <<<"$STATS ")
    echo "${value:-0}"
}
# counted KEY=NUMBER…: what the counters stand at, once the workers have seen what the clients did last.
counted() { wait_until counts_are "$@"; }
counts_are() {
    local pair
    stats
    for pair in "$@"; do
        [ "$(stat "${pair%=*}")" -eq "${pair#*=}" ] || return 1
    done
}
# Regular expressions over log lines that must be there so often, from the mark on.
log_times() { [ "$(log_since | grep -cE -- "$2")" -eq "$1" ]; }
wait_times() { wait_until log_times "$@"; }

# limits NAME: VALUE, …: of the section `server` of a configuration that has been set up.
limits() { sed -i "s/^server: { /&$*, /" "$T/tvsd.yaml"; }
