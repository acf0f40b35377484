# Shared by the end-to-end tests: a tvsd of one's own, its log, certificates, and a phone to ask with.
#
# A test file sources this, defines functions test_NAME and ends with `run_tests`. Each test runs in a shell and
# a folder ($T) of its own; what it started is ended, and the folder removed, whatever comes out.
# shellcheck shell=bash

set -u
BUILD=${BUILD:-build}
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
export DATA=$ROOT/tests/data
PATH=$PATH:$BUILD/tools/usr/bin
DEADLINE=${TVS_IT_DEADLINE:-20} # seconds that anything may take which ought to happen at once
export LC_ALL=C TZ=UTC OPENSSL_CONF=$DATA/openssl.cnf

# ---- Results

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    for file in out err said log; do
        [ -s "$T/$file" ] && { printf -- '--- %s (end)\n' "$file"; tail -n 25 "$T/$file"; } >&2
    done
    exit 1
}

# expect STATUS COMMAND…: run it; standard output goes to $T/out, standard error to $T/err. A program that has not
# ended after five minutes, as a server that starts where it should refuse, ends with status 124.
expect() {
    local want=$1 got=0 limit=()
    shift
    [ "$(type -t "$1")" != file ] || limit=(timeout --foreground 300)
    "${limit[@]}" "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
    [ "$got" -eq "$want" ] || fail "exit status $got, not $want: $*"
}

# out_has TEXT…, err_has TEXT…: each stands in what the last expect printed (a fixed string).
out_has() { file_has "$T/out" "$@"; }
err_has() { file_has "$T/err" "$@"; }
file_has() {
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || fail "$(basename "$file") lacks: $text"
    done
}
out_lacks() {
    ! grep -qF -- "$1" "$T/out" || fail "out holds what it must not: $1"
}
# One line on standard error, no more: what a refusal looks like.
err_is_one_line() {
    [ "$(wc -l <"$T/err")" -eq 1 ] || fail "standard error has $(wc -l <"$T/err") lines, not one"
}

# ---- Waiting, without sleeping for a guessed time

# A short wait: nobody ever writes into that FIFO.
nap() {
    [ -p "$T/nap" ] || mkfifo "$T/nap"
    read -rt 0.02 _ <>"$T/nap" || true
}

# wait_until COMMAND…: until it succeeds; fails the test when that takes too long.
wait_until() {
    local end=$((SECONDS + DEADLINE))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "did not happen within $DEADLINE s: $*"
        nap
    done
}

# Log lines before the mark are forgotten: what wait_log finds came after the last `mark`.
MARK=0
mark() { MARK=$(wc -l <"$T/log"); }
log_since() { tail -n +$((MARK + 1)) "$T/log"; }
log_shows() { log_since | grep -qE -- "$1"; }
# wait_log REGEX: until a line says it, or tvsd is gone.
log_shows_or_ended() { log_shows "$1" || is_gone; }
wait_log() {
    wait_until log_shows_or_ended "$1"
    log_shows "$1" || fail "tvsd ended before its log said: $1"
}
log_lacks() { ! log_shows "$1" || fail "the log says what it must not: $(log_since | grep -E -m 3 -- "$1")"; }

# ---- The daemon

# configure [YAML-LINE…]: a configuration with a state and a TFTP folder under $T; lines are added at the end.
configure() {
    mkdir -p "$T/state" "$T/tftp"
    chmod 0750 "$T/state"
    {
        echo "server: { listen: \"${LISTEN:-127.0.0.1:0}\" }"
        echo "node: { name: ${NODE:-node-a}, address: 127.0.0.1 }"
        echo "state: $T/state"
        echo "trust_lists: { directory: $T/tftp${LISTS:+, $LISTS} }"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$T/tvsd.yaml"
    chmod 0644 "$T/tvsd.yaml"
}

tvsctl() { timeout --foreground 300 "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes "$@" </dev/null; }

# do_tvsctl PHRASE…: must succeed.
do_tvsctl() { expect 0 tvsctl "$@"; }

# publisher NAME CERT [OTHER-CERT…]: another server, with a state of its own, whose CallManager certificate is
# CERT; its CTL file, $T/NAME.tlv, holds the CCM+TFTP certificates of other nodes, too.
publisher() {
    local name=$1 cert=$2 other
    mkdir -p "$T/$name/tftp"
    printf '%s\n' "node: { name: $cert, address: 127.0.0.1 }" "state: $T/$name/state" \
        "trust_lists: { directory: $T/$name/tftp, recovery_anchor: false }" >"$T/$name.yaml"
    expect 0 publish "$name" set cert import own CallManager "$CERTS/$cert.pem"
    for other in "${@:3}"; do
        expect 0 publish "$name" utils node add "$other"
        expect 0 publish "$name" set cert import own CallManager "$CERTS/$other.crt" --node "$other"
    done
    expect 0 publish "$name" utils ctl set-cluster mixed-mode
    cp "$T/$name/tftp/CTLFile.tlv" "$T/$name.tlv"
}
publish() { "$BUILD/tvsctl" --config "$T/$1.yaml" --yes "${@:2}" </dev/null; }

# setup [YAML-LINE…]: configured, with the TVS certificate $CERTS/tvs.pem.
setup() {
    configure "$@"
    do_tvsctl set cert import own TVS "$CERTS/tvs.pem"
}

PID=
start() {
    : >"$T/log"
    MARK=0
    "$BUILD/tvsd" --config "$T/tvsd.yaml" >"$T/stdout" 2>"$T/log" </dev/null &
    PID=$!
    wait_log 'event"?[=:]"?ready'
    HOST=$(sed -nE 's/.*listen"?[=:]"?([^" ]+).*/\1/p' "$T/log" | head -n 1)
    [ -n "$HOST" ] || fail "no address in the ready line"
}

# stop: SIGTERM; tvsd must end by itself with 0.
stop() {
    kill -TERM "$PID"
    wait_end 0
}

# freeze PID: a stop that is for a process reaches its threads once one of them has been given a processor.
freeze() {
    kill -STOP "$1" || fail "process $1 cannot be stopped"
    wait_until is_frozen "$1"
}
is_frozen() { ! grep -h '^State:' "/proc/$1"/task/*/status | grep -qv 'T (stopped)'; }
is_gone() { ! kill -0 "$PID" 2>/dev/null || [ "$(ps_state "$PID")" = Z ]; }
ps_state() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1; }
wait_end() {
    local got=0
    wait_until is_gone
    wait "$PID" || got=$?
    PID=
    [ "$got" -eq "$1" ] || fail "tvsd ended with $got, not $1"
}

# ---- The phone

tvsc() { "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/tvs.crt" --timeout "${DEADLINE}s" "$@"; }
ask() { expect "$1" tvsc "${@:2}"; }
asks_as() { tvsc "${@:2}" >"$T/out" 2>"$T/err"; [ $? -eq "$1" ]; }
# send_hex HEX STATUS: a request of one's own making.
send_hex() {
    printf '%s\n' "$1" >"$T/request.hex"
    ask "$2" send "$T/request.hex"
}

# hold_store write|all: as another program may, against writers or against all, until release_store.
hold_store() {
    mkfifo "$T/hold"
    "$BUILD/tests/it/lock" "$T/state/tvs.sqlite3" "$1" <"$T/hold" >"$T/held" 2>&1 &
    HELPER=$!
    exec {HOLD}>"$T/hold"
    wait_until test -s "$T/held"
    grep -qx locked "$T/held" || fail "the store is not held: $(cat "$T/held")"
}
release_store() {
    exec {HOLD}>&-
    wait "$HELPER"
    HELPER=
    rm "$T/hold" "$T/held"
}

# replace FROM TO: as a careful writer does it, by rename.
replace() {
    cp "$1" "$2.new"
    mv "$2.new" "$2"
}

# ---- Certificates, made once a run into $CERTS

CERTS=${TVS_IT_CERTS:-}

quietly() {
    "$@" >"$CERTS/log" 2>&1 || { cat "$CERTS/log" >&2; exit 1; }
}
new_key() { [ -f "$CERTS/$1.key" ] || quietly openssl genrsa -out "$CERTS/$1.key" "${2:-2048}"; }

# self_signed NAME SUBJECT [SERIAL] [KEY]: NAME.crt, and NAME.pem with its key.
self_signed() {
    new_key "${4:-$1}"
    quietly openssl req -x509 -new -utf8 -key "$CERTS/${4:-$1}.key" -subj "$2" -set_serial "${3:-0x$(openssl rand -hex 15)}" \
        -days 1000 -sha256 -out "$CERTS/$1.crt"
    cat "$CERTS/$1.crt" "$CERTS/${4:-$1}.key" >"$CERTS/$1.pem"
}

# issued NAME SUBJECT ISSUER SERIAL [DAYS] [KEY]
issued() {
    new_key "${6:-$1}"
    new_key ca
    quietly openssl req -x509 -new -key "$CERTS/ca.key" -subj "$3" -days 3000 -out "$CERTS/$1.ca"
    quietly openssl req -new -key "$CERTS/${6:-$1}.key" -subj "$2" -out "$CERTS/$1.csr"
    quietly openssl x509 -req -in "$CERTS/$1.csr" -CA "$CERTS/$1.ca" -CAkey "$CERTS/ca.key" -set_serial "$4" \
        -days "${5:-1000}" -sha256 -out "$CERTS/$1.crt"
}

make_certificates() {
    self_signed tvs '/C=PL/O=Cisco/OU=TAC/CN=node-a'
    self_signed node-a '/C=PL/O=Cisco/OU=TAC/CN=node-a'
    self_signed node-b '/C=PL/O=Cisco/OU=TAC/CN=node-b'
    self_signed other '/C=PL/O=Cisco/OU=TAC/CN=other'
    issued captured '/CN=ucm11pub.stormin.local/OU=IST/O=Stormin/L=Brisbane/ST=QLD/C=AU' \
        '/DC=local/DC=stormin/CN=stormin-WIN2012-CA' 0x24000000179479B8F124AC3F3B000000000017
    issued etoken '/CN=SAST-ADN0054f509/OU=IPCBU/O=Cisco Systems' '/CN=Cisco Manufacturing CA/O=Cisco Systems' \
        0x45DAA2AF00000027F93C
    # Twins of `other`: its issuer and serial number with another key, and its own key with other dates.
    local serial
    serial=0x$(openssl x509 -in "$CERTS/other.crt" -noout -serial | cut -d= -f2)
    self_signed twin '/C=PL/O=Cisco/OU=TAC/CN=other' "$serial"
    quietly openssl req -x509 -new -key "$CERTS/other.key" -subj '/C=PL/O=Cisco/OU=TAC/CN=other' -set_serial "$serial" \
        -days 2000 -sha256 -out "$CERTS/renewed.crt"
}

# ---- Running

cleanup() {
    if [ -n "${PID:-}" ]; then
        kill -KILL "$PID" 2>/dev/null
        wait "$PID" 2>/dev/null
    fi
    [ -z "${HELPER:-}" ] || kill "$HELPER" 2>/dev/null
    rm -rf "$T"
}

run_one() (
    T=$(mktemp -d "${TMPDIR:-/tmp}/tvs-it-XXXXXX")
    trap cleanup EXIT
    "$1"
)

# begin_files: for a run.sh, which runs many files. What they share is made once; what each says goes into $SAID.
begin_files() {
    local program
    command -v openssl >/dev/null || { echo "openssl is missing: scripts/tools.sh unpacks it" >&2; exit 1; }
    for program in tvsd tvsctl tvsc; do
        [ -x "$BUILD/$program" ] || { echo "$BUILD/$program is missing: run make" >&2; exit 1; }
    done
    work=$(mktemp -d "${TMPDIR:-/tmp}/tvs-it-run-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    CERTS=$work/certs
    mkdir "$CERTS" "$work/said"
    make_certificates
    export BUILD TVS_IT_CERTS=$CERTS SAID=$work/said
}

# run_tests: every test_* of the file, or those named on its command line; exit status 1 if one failed.
run_tests() {
    local own='' failed=0 passed=0 name status started took
    if [ -z "$CERTS" ]; then
        own=$(mktemp -d "${TMPDIR:-/tmp}/tvs-it-certs-XXXXXX")
        CERTS=$own
        trap 'rm -rf "$CERTS"' EXIT
        make_certificates
    fi
    for name in $(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p'; fi); do
        status=0
        started=${EPOCHREALTIME/[.,]/}
        run_one "$name" || status=$?
        took=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
        if [ "$status" -eq 0 ]; then
            passed=$((passed + 1))
            printf 'ok      %s: %s (%s ms)\n' "$(basename "$0" .sh)" "${name#test_}" "$took"
        else
            failed=$((failed + 1))
            printf 'FAILED  %s: %s (%s ms)\n' "$(basename "$0" .sh)" "${name#test_}" "$took"
        fi
    done
    [ "$failed" -eq 0 ]
}
