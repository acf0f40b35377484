#!/bin/bash
# Every reason not to start: one line that names the thing and what to do about it, exit status 1; and `tvsd -t` says the
# same, where it looks.
. "$(dirname "$0")/lib.sh"

# refuses TEXT…
refuses() {
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    [ "$(grep -cE 'level=(error|warning)|^tvsd: ' "$T/err")" -eq 1 ] || fail "not one line says why: $(cat "$T/err")"
    err_has "$@"
}
# Before there is a log, and of -t: that line and no other.
refuses_plainly() {
    refuses "$@"
    err_is_one_line
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml" -t
    err_is_one_line
    err_has "$@"
}
# Root may read and write everything: as somebody else.
as_nobody() {
    [ "$(id -u)" -eq 0 ] || { "$@"; return; }
    setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}
refuses_nobody() {
    expect 1 as_nobody "$BUILD/tvsd" --config "$T/tvsd.yaml"
    [ "$(grep -cE 'level=(error|warning)|^tvsd: ' "$T/err")" -eq 1 ] || fail "not one line says why: $(cat "$T/err")"
    err_has "$@"
}
# for_nobody: all of the state is his.
for_nobody() {
    chmod 0755 "$T"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$T/state" "$T/tftp"
    as_nobody test -x "$BUILD/tvsd" || { echo 'skipped: others may not run what was built here' >&2; return 1; }
}

test_port_in_use() {
    setup
    start
    sed -i "s/127\.0\.0\.1:0/$HOST/; s,^state: .*,state: $T/state2," "$T/tvsd.yaml"
    cp -a "$T/state" "$T/state2"
    rm -f "$T/state2"/control
    refuses 'server.listen' "$HOST" 'in use' 'ss -ltnp' 'choose another port'
    stop
}

test_address_of_another_host() {
    LISTEN=192.0.2.1:2445
    setup
    refuses 'server.listen: 192.0.2.1:2445' 'this host does not have the address' 'ip address'
}

test_privileged_port() {
    LISTEN=127.0.0.1:1
    [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)" -gt 1 ] ||
        { echo 'skipped: every port is for everybody here' >&2; return; }
    setup
    for_nobody || return 0
    refuses_nobody 'server.listen: 127.0.0.1:1' 'port above 1023' CAP_NET_BIND_SERVICE
}

test_no_certificate() {
    configure
    refuses_plainly "$T/state/tvs.sqlite3" 'there is no store' "tvsctl set cert regen TVS --config $T/tvsd.yaml"
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    refuses_plainly 'has no TVS certificate' "tvsctl set cert regen TVS --config $T/tvsd.yaml"
    do_tvsctl set cert import own TVS "$CERTS/tvs.pem"
    sed -i 's/name: node-a/name: node-x/' "$T/tvsd.yaml"
    refuses_plainly node-x 'has no TVS certificate' node-a 'correct node.name'
}

test_no_key_or_another_one() {
    local key
    setup
    key=$(find "$T/state/keys" -name 'TVS*.pem')
    mv "$key" "$T/key"
    refuses_plainly "restore $T/state/keys from a backup" 'tvsctl set cert regen TVS'
    cp "$CERTS/other.key" "$key"
    chmod 600 "$key"
    refuses_plainly "$key: does not belong to the certificate" "restore $T/state/keys"
    echo nonsense >"$key"
    refuses_plainly "$key" "restore $T/state/keys"
    cp "$T/key" "$key"
    chmod 604 "$key"
    refuses_plainly "private key $key: others may read or change it (mode 0604)" "chmod 600 $key"
}

# A backup that was copied back by hand: `set cert regen TVS` would have been the last resort, and have failed.
test_keys_swapped() {
    local tvs signer swapped
    setup
    do_tvsctl set cert import own CallManager "$CERTS/other.pem"
    tvs=$(find "$T/state/keys" -name 'TVS-*.pem')
    signer=$(find "$T/state/keys" -name 'CallManager-*.pem')
    mv "$tvs" "$T/key"
    mv "$signer" "$tvs"
    mv "$T/key" "$signer"
    swapped="it was swapped with ${signer##*/}: exchange the two files"
    refuses_plainly "private key $tvs: does not belong to the certificate" "$swapped"
    ! grep -q regen "$T/err" || fail 'a new certificate is no remedy'
    expect 1 tvsctl utils itl update
    err_has "private key $signer: does not belong" "it was swapped with ${tvs##*/}: exchange the two files"
}

test_bad_options() {
    local line
    setup
    cp "$T/tvsd.yaml" "$T/good.yaml"
    while IFS='|' read -r line text; do
        cp "$T/good.yaml" "$T/tvsd.yaml"
        printf '%b\n' "$line" >>"$T/tvsd.yaml"
        refuses_plainly "$T/tvsd.yaml:5:" "$text"
    done <<'LINES'
tls: { minimun: "1.0" }|did you mean minimum
tls: { minimum: "0.9" }|would do
answers: { ttl: -1 }|would do
answers: { ttl: many }|answers.ttl
log: { level: loud }|log.level
nonsense: { }|nonsense
LINES
    cp "$T/good.yaml" "$T/tvsd.yaml"
    sed -i 's/^server: { /&unlimited_addresses: ["192.0.2.1\/24"], /' "$T/tvsd.yaml"
    refuses_plainly "$T/tvsd.yaml:1:" 'server.unlimited_addresses' 'leave the length out'
    cp "$T/good.yaml" "$T/tvsd.yaml"
    echo 'nonsense' >>"$T/tvsd.yaml"
    refuses_plainly "$T/tvsd.yaml:6:" 'no YAML' 'look at indentation'
    cp "$T/good.yaml" "$T/tvsd.yaml"
    chmod 666 "$T/tvsd.yaml"
    refuses_plainly 'everybody may write it' "chmod o-w $T/tvsd.yaml"
    rm "$T/tvsd.yaml"
    refuses_plainly "there is no configuration $T/tvsd.yaml" '--config'
    mkdir "$T/tvsd.yaml"
    refuses_plainly "$T/tvsd.yaml is a folder, not a file"
}

test_unreadable() {
    setup
    for_nobody || return 0
    chmod 0600 "$T/tvsd.yaml"
    [ "$(id -u)" -eq 0 ] || chmod 0000 "$T/tvsd.yaml"
    refuses_nobody "cannot open $T/tvsd.yaml: Permission denied" 'owner and mode'
    chmod 0644 "$T/tvsd.yaml"
    [ "$(id -u)" -ne 0 ] || chown -R 0:0 "$T/state"
    chmod 0700 "$T/state"
    [ "$(id -u)" -eq 0 ] || chmod 0000 "$T/state"
    refuses_nobody "$T/state" 'run tvsd as the owner of its state folder'
    chmod 0755 "$T/state"
    [ "$(id -u)" -ne 0 ] || refuses_nobody "$T/state" 'owner'
    chmod 0700 "$T/state"
}

# Whoever may write there decides what phones trust. tvsctl says it as well, and changes nothing.
test_state_that_all_may_write() {
    local what mode
    setup
    for what in state state/tvs.sqlite3 state/keys state/published; do
        mode=$(stat -c %a "$T/$what")
        chmod o+w "$T/$what"
        refuses_plainly "$T/$what: everybody may write it (mode " "; chmod o-w $T/$what"
        expect 1 tvsctl set cert regen CAPF
        err_is_one_line
        err_has "$T/$what: everybody may write it (mode " "; chmod o-w $T/$what"
        chmod "$mode" "$T/$what"
    done
    chmod 1777 "$T/state"
    refuses_plainly "$T/state: everybody may write it (mode 1777)"
    chmod 0770 "$T/state"
    mode=$(stat -c %a "$T")
    chmod 0777 "$T"
    refuses_plainly "$T: everybody may write it (mode 0777); chmod o-w, or +t, $T: another folder could be put in the place of $T/state"
    expect 1 tvsctl set cert regen CAPF
    err_is_one_line
    err_has "$T: everybody may write it (mode 0777); chmod o-w, or +t, $T"
    chmod "$mode" "$T"
    chmod 0770 "$T/state/keys" "$T/state/published"
    chmod 0660 "$T/state/tvs.sqlite3"
    start
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

test_store_of_another_version() {
    setup
    printf '\0\0\3\347' | dd of="$T/state/tvs.sqlite3" bs=1 seek=60 conv=notrunc 2>/dev/null
    refuses_plainly "$T/state/tvs.sqlite3" 999
}

test_store_that_is_none() {
    setup
    rm -f "$T/state/tvs.sqlite3"-*
    head -c 8192 /dev/zero | tr '\0' x >"$T/state/tvs.sqlite3"
    refuses_plainly "$T/state/tvs.sqlite3" 'restore it from a backup'
    cp "$DATA/peer.sqlite3" "$T/state/tvs.sqlite3"
    refuses_plainly "$T/state/tvs.sqlite3: no store: a database that other software made" 'state` in tvsd.yaml' \
        'tvsctl utils import usecallmanager'
    mv "$T/state/tvs.sqlite3" "$T/peer.sqlite3"
    expect 1 tvsctl utils import usecallmanager "$T/peer.sqlite3"
    err_has 'guard rail lost-store'
    rm -r "$T/state/keys" # nothing of ours was ever there
    do_tvsctl utils import usecallmanager "$T/peer.sqlite3"
    rm "$T/state/tvs.sqlite3"
    mkdir "$T/state/tvs.sqlite3"
    refuses_plainly "$T/state/tvs.sqlite3: no store: a folder, not a file: move it away and put the store back"
    rmdir "$T/state/tvs.sqlite3"
    mkfifo "$T/state/tvs.sqlite3"
    refuses_plainly "$T/state/tvs.sqlite3: no store: a FIFO, not a file: move it away and put the store back"
}

# No old version, and nothing to be written over.
test_store_that_is_empty() {
    setup
    rm -f "$T/state/tvs.sqlite3"-*
    : >"$T/state/tvs.sqlite3"
    refuses_plainly "$T/state/tvs.sqlite3: the store is empty" "tvsctl utils restore FILE --config $T/tvsd.yaml" \
        "if it never did, \`tvsctl set cert regen TVS --config $T/tvsd.yaml\` makes it"
    expect 1 tvsctl set cert regen TVS
    err_has 'guard rail lost-store' "$T/state/tvs.sqlite3: the store is empty, and keys/TVS-" 'utils restore FILE'
}

test_state_that_is_no_folder() {
    local path
    setup
    echo text >"$T/file"
    for path in "$T/file" "$T/file/state"; do
        sed -i "s,^state:.*,state: $path," "$T/tvsd.yaml"
        refuses_plainly "state: $path is no folder: name the folder in which the store is"
        ! grep -q regen "$T/err" || fail 'tvsctl cannot make it either'
    done
}

test_store_that_is_held() {
    setup
    hold_store all
    refuses "$T/state/tvs.sqlite3" 'another program'
    err_is_one_line
    release_store
    start
    ask 0 verify "$CERTS/tvs.crt"
    stop
}

test_log_that_cannot_be_written() {
    setup "log: { target: $T/nowhere/tvsd.log }"
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    err_is_one_line
    err_has "log.target" "$T/nowhere/tvsd.log" 'its folder is not there'
    sed -i "s,$T/nowhere/tvsd.log,$T/tftp," "$T/tvsd.yaml"
    refuses_plainly "log.target: $T/tftp cannot be written: Is a directory: name a file in it"
}

run_tests "$@"
