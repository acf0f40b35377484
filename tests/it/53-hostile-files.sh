#!/bin/bash
# Files that are not what they should be: what tvsd says of each, in one line, and what it goes on answering.
. "$(dirname "$0")/lib.sh"

# A CTL that is in force, with node-b in it, whose signer the store knows; then tvsd runs.
start_with_ctl() {
    setup "$@"
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/node-a.crt"
    publisher first node-a node-b
    replace "$T/first.tlv" "$T/tftp/CTLFile.tlv"
    start
    answers
}
# Of the store, and of the CTL in force.
answers() {
    ask 0 verify "$CERTS/tvs.crt"
    ask 0 verify "$CERTS/node-b.crt"
}

# refused REASON COMMAND…: what COMMAND puts in the place of CTLFile.tlv is refused in one line, tvsd goes on, starts with
# the last good one, and takes the right one again.
refused() {
    local reason=$1
    shift
    rm -rf "$T/tftp/.new"
    mark
    "$@" "$T/tftp/.new"
    "$BUILD/tests/it/exchange" "$T/tftp/.new" "$T/tftp/CTLFile.tlv" || fail "they cannot change places"
    wait_log "level=error event=ctl-refused file=$T/tftp/CTLFile.tlv code=[a-z-]+ reason=\".*$reason.*\" in-force=[0-9a-f]{40} remedy=\".+\"\$"
    [ "$(log_since | grep -c 'event=ctl-refused')" -eq 1 ] || fail "more than one line says so"
    answers
    mark
    put_back
    wait_log 'event=ctl-loaded '
    answers
}
put_back() {
    rm -rf "$T/tftp/.new"
    cp "$T/first.tlv" "$T/tftp/.new"
    "$BUILD/tests/it/exchange" "$T/tftp/.new" "$T/tftp/CTLFile.tlv" || fail "they cannot change places"
    rm -rf "$T/tftp/.new"
}
sparse() { truncate -s 4G "$1"; }
link_to() { ln -s "$@"; }

test_what_is_no_file() {
    start_with_ctl
    refused 'is a FIFO, not a file' mkfifo
    refused 'is a folder, not a file' mkdir
    refused 'is larger than [0-9]+ bytes' sparse
    refused 'is a device, not a file' link_to /dev/zero
    refused 'Too many levels of symbolic links' link_to CTLFile.tlv
    ! grep -qF 'remedy="it is tried again"' "$T/log" || fail "a link to itself is waited for"
    refused 'is a folder, not a file' link_to "$T"
    : >"$T/empty"
    refused '.' cp "$T/empty"
    [ "$(id -u)" -ne 0 ] || ! mknod "$T/device" c 1 5 2>/dev/null || refused 'is a device, not a file' cp -a "$T/device"
    stop
}

# A link counts by what it leads to: whoever may put it there may put that there, and the signature decides.
test_link() {
    start_with_ctl
    mark
    replace "$T/first.tlv" "$T/elsewhere.tlv"
    ln -s "$T/elsewhere.tlv" "$T/tftp/.new"
    mv "$T/tftp/.new" "$T/tftp/CTLFile.tlv"
    wait_log 'event=ctl-loaded '
    answers
    stop
}

# Swapped all the time: each look is at one file, read once, and what was verified is what counts.
test_swapped_while_it_is_read() {
    local i
    start_with_ctl
    publisher stranger other node-b twin
    for i in $(seq 1 200); do
        replace "$T/stranger.tlv" "$T/tftp/CTLFile.tlv"
        [ $((i % 40)) -ne 0 ] || { kill -HUP "$PID"; answers; ask 1 verify "$CERTS/twin.crt"; }
        replace "$T/first.tlv" "$T/tftp/CTLFile.tlv"
        [ $((i % 40)) -ne 20 ] || kill -HUP "$PID"
    done
    answers
    ask 1 verify "$CERTS/twin.crt"
    log_shows 'event=ctl-refused .*code=unknown-signer' || fail "the stranger's list was never seen"
    stop
}

# ---- The store, while tvsd runs

# Another store, made in $T/state/.new, comes into its place.
new_store() {
    mark
    mv "$T/state/.new" "$T/state/tvs.sqlite3"
}
store_refused() { # REASON; after `mark` or new_store
    wait_log "level=error event=store-refused file=$T/state/tvs.sqlite3 reason=\".*$1"
    ask 0 verify "$CERTS/tvs.crt"
}

test_store_that_goes_bad() {
    setup
    cp "$T/state/tvs.sqlite3" "$T/good.sqlite3"
    start
    head -c 65536 /dev/urandom >"$T/state/.new"
    new_store
    store_refused ''
    cp "$T/good.sqlite3" "$T/state/.new"
    printf '\0\0\3\347' | dd of="$T/state/.new" bs=1 seek=60 conv=notrunc 2>/dev/null
    new_store
    store_refused 999
    : >"$T/state/.new"
    new_store
    store_refused 'the store is empty: .*put it back, or restore a backup .`tvsctl utils restore FILE`'
    cp "$T/good.sqlite3" "$T/state/.new"
    new_store
    wait_log 'event=store-loaded '
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

# A full disk, or a redirection: the file is the same, and there is nothing in it.
test_store_that_is_cut_to_nothing() {
    setup
    start
    mark
    : >"$T/state/tvs.sqlite3"
    store_refused 'the store is empty: .*put it back, or restore a backup .`tvsctl utils restore FILE`'
    stop
}

# Whoever writes and does not end keeps other writers away, for a time that has an end, and readers not at all.
test_store_that_is_held() {
    local before
    setup
    start
    hold_store write
    ask 0 verify "$CERTS/tvs.crt"
    before=$(ls "$T/state/keys")
    expect 1 tvsctl set cert regen CAPF
    err_is_one_line
    err_has "$T/state/tvs.sqlite3" 'another program'
    [ "$(ls "$T/state/keys")" = "$before" ] || fail 'a key was made'
    mark
    kill -HUP "$PID"
    wait_log 'event=reload '
    ask 0 verify "$CERTS/tvs.crt"
    release_store
    do_tvsctl set cert regen CAPF
    wait_log 'event=store-loaded '
    log_lacks 'event=store-refused'
    stop
}

# ---- What others may write or read

test_configuration_that_all_may_write() {
    setup
    start
    mark
    chmod o+w "$T/tvsd.yaml"
    kill -HUP "$PID"
    wait_log "level=error event=reload-refused reason=\".*tvsd.yaml: everybody may write it \(mode 0646\); chmod o-w $T/tvsd.yaml"
    ask 0 verify "$CERTS/tvs.crt"
    chmod o-w "$T/tvsd.yaml"
    kill -HUP "$PID"
    wait_log 'event=reload '
    stop
}

# Also a store that comes in its place by a copy.
test_state_that_all_may_write() {
    setup
    start
    mark
    chmod 1777 "$T/state"
    kill -HUP "$PID"
    wait_log "level=error event=reload-refused reason=\"$T/state: everybody may write it \(mode 1777\); chmod o-w $T/state\""
    ask 0 verify "$CERTS/tvs.crt"
    chmod 0750 "$T/state"
    mark
    kill -HUP "$PID"
    wait_log 'event=reload '
    chmod 0777 "$T"
    mark
    kill -HUP "$PID"
    wait_log "level=error event=reload-refused reason=\"$T: everybody may write it \(mode 0777\); chmod o-w, or \+t, $T"
    ask 0 verify "$CERTS/tvs.crt"
    chmod 0755 "$T"
    mark
    kill -HUP "$PID"
    wait_log 'event=reload '
    cp "$T/state/tvs.sqlite3" "$T/state/.new"
    chmod 0666 "$T/state/.new"
    mark
    mv "$T/state/.new" "$T/state/tvs.sqlite3"
    wait_log "level=error event=store-refused file=$T/state/tvs.sqlite3 reason=\"$T/state/tvs.sqlite3: everybody may write it \(mode 0666\); chmod o-w $T/state/tvs.sqlite3\""
    ask 0 verify "$CERTS/tvs.crt"
    mark
    chmod o-w "$T/state/tvs.sqlite3"
    wait_log 'event=store-loaded '
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

test_key_that_others_may_read() {
    local key
    setup
    key=$(find "$T/state/keys" -name 'TVS*.pem' | head -n 1)
    [ -n "$key" ] || fail "there is no key"
    start
    mark
    chmod 0640 "$key"
    kill -HUP "$PID"
    wait_log "level=error event=reload-refused reason=\".*private key $key: others may read or change it \(mode 0640\): run: chmod 600 $key"
    ask 0 verify "$CERTS/tvs.crt"
    stop
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    err_has 'event=start-refused' "run: chmod 600 $key"
}

# ---- Names

# In a log line each stands escaped: nothing in it can end the line, colour a terminal or look like another key.
hostile_names() {
    local name
    for name in $'CP\nlevel=error event=start-refused reason=made-up' $'CP\e[2J\e]0;x\a' $'CP\xff\xfe\xc0\xaf' \
        $'CP\r\tx' 'CP" reason="x' $'CP\xe2\x80\xae\xe2\x80\xa8x' "$(printf 'x%.0s' $(seq 1 200))" '%s%n%x' "{'\"}"; do
        asks_as 0 verify "$CERTS/tvs.crt" --device "$name" || fail "no answer for $(printf %q "$name"): $(cat "$T/err")"
    done
    ask 1 verify "$CERTS/named.crt"
}
named() {
    self_signed named "$(printf '/C=PL/O=x\x1b[31m/CN=a\nevent=x \xe2\x80\xae"y"=1')"
}
# No byte but printable ASCII and whole UTF-8 that is harmless.
log_is_clean() {
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$T/log" || fail "the log has control characters"
    ! LC_ALL=C grep -qP '\xe2\x80[\xa8-\xae]|[\xc0\xc1\xf5-\xff]' "$T/log" || fail "the log has what is no text"
    iconv -f UTF-8 -t UTF-8 "$T/log" >/dev/null || fail "the log is no UTF-8"
}

test_names_in_the_text_log() {
    setup 'log: { level: debug }'
    named
    start
    hostile_names
    stop
    log_is_clean
    [ "$(grep -c 'event=answer ' "$T/log")" -ge 9 ] || fail "answers are missing"
    ! grep -qvE '^[0-9]{4}-[0-9-]+T[0-9:.]+Z tvsd\[[0-9]+\]: level=(debug|info|warning|error) event=[a-z-]+( [a-zA-Z0-9_-]+=("([^"\\]|\\.)*"|[^" ]*))*$' "$T/log" ||
        fail "a line is none: $(grep -vE '^[0-9]{4}-[0-9-]+T[0-9:.]+Z tvsd\[[0-9]+\]: level=(debug|info|warning|error) event=[a-z-]+( [a-zA-Z0-9_-]+=("([^"\\]|\\.)*"|[^" ]*))*$' "$T/log" | head -n 1)"
    ! grep -qE '^[^"]*event=start-refused' "$T/log" || fail "a made-up event"
}

test_names_in_the_json_log() {
    setup 'log: { format: json, level: debug }'
    named
    start
    hostile_names
    stop
    log_is_clean
    local string='"([^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"'
    ! grep -qvE "^\{$string:($string|-?[0-9]+)(,$string:($string|-?[0-9]+))*\}\$" "$T/log" ||
        fail "a line is no JSON: $(grep -vE "^\{$string:($string|-?[0-9]+)(,$string:($string|-?[0-9]+))*\}\$" "$T/log" | head -n 1)"
}

run_tests "$@"
