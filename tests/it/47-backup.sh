#!/bin/bash
# Backup and restore beside a tvsd that is asked all the time; and that a restore which cannot be done changes nothing.
. "$(dirname "$0")/lib.sh"

prepare() {
    configure 'certificates: { key: "rsa:1024" }'
    echo 'open sesame' >"$T/password"
    do_tvsctl set cert import own TVS "$CERTS/tvs.pem"
    do_tvsctl set cert import own CallManager "$CERTS/node-a.pem"
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/captured.crt"
    do_tvsctl set cert import trust tomcat-trust "$CERTS/node-b.crt"
    do_tvsctl utils ctl set-cluster mixed-mode
    echo '<device/>' >"$T/tftp/SEP1.cnf.xml"
    do_tvsctl file sign SEP1.cnf.xml
}
back_up() { tvsctl utils backup "$T/the.backup" --password-file "$T/password"; }
# shellcheck disable=SC2120
restore() { tvsctl utils restore "${1:-$T/the.backup}" --password-file "$T/password"; }

# What a phrase could have changed; a store that is read gets empty log files beside it.
content() {
    (cd "$T" && find state tftp \( -type f -o -type d \) ! -name '*-shm' ! -name '*-wal' -printf '%M %p\n' | sort -k2
        find state tftp -type f ! -name '*-shm' ! -name '*-wal' -print0 | sort -z | xargs -0 sha256sum)
}
keep_content() { content >"$T/content"; }
is_as_kept() { content | diff "$T/content" - >&2 || fail "something has changed"; }

# Judged answers for SECONDS: `always` stands for certificates that neither backup nor changes touch.
set_judge() { # SECONDS FILE=ANSWER…
    local always=("$CERTS/tvs.crt=21" "$CERTS/captured.crt=0+3" "$T/stranger.crt=no")
    JUDGE=("$BUILD/tests/it/hammer" "$HOST" "$1" 200 86400 "${always[@]}" "${@:2}")
}
judge() {
    set_judge "$@"
    "${JUDGE[@]}"
}

# Changes, then all of them undone, again and again.
change_and_restore() {
    while [ -e "$T/go" ]; do
        {
            tvsctl set cert import trust tomcat-trust "$CERTS/other.crt" &&
                tvsctl set cert delete tomcat-trust node-b &&
                tvsctl set cert import own CallManager "$T/renewal.pem" &&
                tvsctl utils ctl update CTLFile &&
                { restore | grep -qx 'Backup restored'; } &&
                back_up
        } >"$T/said" 2>&1 || { cp "$T/said" "$T/failed" && return; }
        echo turn >>"$T/turns"
    done
}

# A machine that others use has its second turn later.
had_two_turns() { [ -e "$T/failed" ] || [ "$(wc -l 2>/dev/null <"$T/turns")" -ge 2 ]; }

test_tvsd_follows_every_restore() {
    local changing
    CERTS=$T self_signed stranger /CN=stranger
    CERTS=$T self_signed renewal '/C=PL/O=Cisco/OU=TAC/CN=node-a'
    prepare
    expect 0 back_up
    start
    mark
    : >"$T/go"
    : >"$T/turns"
    change_and_restore &
    changing=$!
    set_judge 3600 "$CERTS/node-b.crt=7|no" "$CERTS/other.crt=7|no" "$CERTS/node-a.crt=0+2|no"
    "${JUDGE[@]}" >"$T/out" 2>"$T/err" &
    HELPER=$!
    DEADLINE=$((DEADLINE * 6)) wait_until had_two_turns
    kill -TERM "$HELPER"
    wait "$HELPER" || fail 'an answer was wrong, lost or missing'
    HELPER=
    rm "$T/go"
    wait "$changing"
    [ ! -e "$T/failed" ] || fail "a phrase failed: $(cat "$T/failed")"
    log_lacks 'event=(reload|ctl|store|certificate)-refused'
    wait_until asks_as 1 verify "$CERTS/other.crt"
    wait_until asks_as 0 verify "$CERTS/node-a.crt"
    expect 0 judge 1 "$CERTS/node-b.crt=7" "$CERTS/other.crt=no" "$CERTS/node-a.crt=0+2" "$T/renewal.crt=no"
    stop
}

# The lists and signed files that phones fetch afterwards, whoever signed them in between.
test_what_phones_fetch() {
    prepare
    cp -r "$T/tftp" "$T/tftp-before"
    expect 0 back_up
    do_tvsctl set cert regen CallManager
    do_tvsctl utils ctl update CTLFile
    ! cmp -s "$T/tftp/CTLFile.tlv" "$T/tftp-before/CTLFile.tlv" || fail 'the CTL did not change'
    expect 0 restore
    cmp "$T/tftp/CTLFile.tlv" "$T/tftp-before/CTLFile.tlv" || fail 'the CTL is another'
    cmp "$T/tftp/ITLFile.tlv" "$T/tftp-before/ITLFile.tlv" || fail 'the ITL is another'
    expect 0 tvsctl show ctl
    expect 0 tvsctl show itl
    expect 0 tvsctl file verify SEP1.cnf.xml.sgn
    [ "$(find "$T/tftp" -type f -perm 0644 | wc -l)" = "$(find "$T/tftp" -type f | wc -l)" ] || fail 'modes'
}

# A machine that has nothing yet: tvsd starts with what was restored.
test_new_machine() {
    prepare
    expect 0 back_up
    rm -rf "$T/state" "$T/tftp"/*
    expect 0 restore
    start
    ask 0 verify "$CERTS/tvs.crt"
    ask 0 verify "$CERTS/node-a.crt"
    stop
}

# ---- What cannot be done

refused() { # TEXT COMMAND…
    expect 1 "${@:2}"
    err_is_one_line
    err_has "$1"
    is_as_kept
}

# A backup from after the node was renamed, where it has its old name yet: its signed files become the new one's, and
# of those that are not ours some are named.
test_another_name() {
    local i
    configure 'certificates: { key: "rsa:1024" }'
    echo 'open sesame' >"$T/password"
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert regen TVS
    echo '<device/>' >"$T/tftp/SEP1.cnf.xml"
    do_tvsctl file sign SEP1.cnf.xml
    cp -a "$T/state" "$T/state-before"
    cp -a "$T/tftp" "$T/tftp-before"
    do_tvsctl set network hostname node-z --force
    expect 0 back_up
    rm -r "$T/state" "$T/tftp"
    mv "$T/state-before" "$T/state"
    mv "$T/tftp-before" "$T/tftp"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        echo "not ours $i" >"$T/tftp/other-$i.sgn"
    done
    expect 0 restore
    out_has '1 signed file signed anew'
    err_has '2 more stay as they are' 'file sign --all'
    [ "$(grep -c 'stays as it is' "$T/err")" -eq 10 ] || fail "not ten are named: $(cat "$T/err")"
    expect 0 tvsctl file verify "$T/tftp/SEP1.cnf.xml.sgn"
    out_has 'CN=node-z' 'The file was verified successfully.'
    expect 1 tvsctl file sign --all
    [ "$(grep -c 'stays as it is' "$T/err")" -eq 12 ] || fail "not all are named: $(cat "$T/err")"
}

test_refusals_change_nothing() {
    prepare
    expect 0 back_up
    keep_content
    head -c 3000 "$T/the.backup" >"$T/short"
    refused 'sealed with another password, or changed since' restore "$T/short"
    { head -c 4000 "$T/the.backup"; printf 'x'; tail -c +4002 "$T/the.backup"; } >"$T/flipped"
    refused "$T/flipped: sealed with another password, or changed since" restore "$T/flipped"
    refused "$T/tvsd.yaml is no sealed file" restore "$T/tvsd.yaml"
    refused 'No such file' restore "$T/missing"
    refused "$T/missing/the.backup: No such file" tvsctl utils backup "$T/missing/the.backup" --password-file "$T/password"
    echo 'close sesame' >"$T/password"
    refused 'sealed with another password, or changed since' restore
}

# on_small FOLDER SIZE COMMAND…: with a filesystem of that size there, which has what was in the folder.
on_small() {
    # shellcheck disable=SC2016
    unshare -m bash -c 'set -e
        cp -a "$1" "$1.copy" && mount -t tmpfs -o size="$2",mode=0750 small "$1" && cp -a "$1.copy/." "$1" && rm -rf "$1.copy"
        status=0
        "${@:3}" || status=$?
        rm -rf "$1.after" && cp -a "$1" "$1.after"
        exit $status' bash "$@"
}

test_no_room() {
    unshare -m true 2>/dev/null || { echo 'skipped: no mounts of our own here' >&2; return; }
    local used
    prepare
    expect 0 back_up
    keep_content
    mkdir "$T/small"
    refused 'No space left on device' on_small "$T/small" 16k "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes utils backup \
        "$T/small/the.backup" --password-file "$T/password"
    [ -z "$(ls -A "$T/small.after")" ] || fail "left behind: $(ls -A "$T/small.after")"
    # The copy does not fit; then it does, and the store that it becomes does not.
    used=$(du -sk "$T/state" | cut -f1)
    for more in 60 300 420; do
        expect 1 on_small "$T/state" $((used + more))k "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes utils restore \
            "$T/the.backup" --password-file "$T/password"
        err_is_one_line
        rm -rf "$T/state"
        mv "$T/state.after" "$T/state"
        is_as_kept
    done
    expect 0 restore
}

run_tests "$@"
