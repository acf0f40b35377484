#!/bin/bash
# A phrase that is killed, or that meets a full or a broken disk, at any system call leaves everything as before or as
# after, never between. strace stops or disturbs it at one system call after the other: all of them with
# TVS_CRASH_SHARE=1 (make check-crash), else every tenth, chosen by TVS_CRASH_SEED, which is printed.
. "$(dirname "$0")/lib.sh"

# Leaks cannot be looked for under a tracer.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
SHARE=${TVS_CRASH_SHARE:-10}
SEED=${TVS_CRASH_SEED:-$RANDOM}
# Which fail on a full disk, and which on a broken one.
WRITING=write,pwrite64,ftruncate,fdatasync,fsync,openat,rename,renameat,unlink,mkdir,fchmod,fchown,syncfs
BROKEN=$WRITING,read,pread64

quiet_ctl() { "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes "$@" </dev/null; }

# Everything that a phrase may touch: a node in mixed mode with lists, signed files and a history.
prepare() {
    LISTS='digest: sha1' configure 'certificates: { key: "rsa:1024" }'
    do_tvsctl set cert import own TVS "$CERTS/tvs.pem"
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert regen CAPF
    do_tvsctl utils ctl set-cluster mixed-mode
    printf 'one\n' >"$T/tftp/SEP000000000001.cnf.xml"
    printf 'two\n' >"$T/tftp/SEP000000000002.cnf.xml"
    do_tvsctl file sign "$T/tftp/SEP000000000001.cnf.xml" "$T/tftp/SEP000000000002.cnf.xml"
    export_cert CallManager
}
export_cert() { quiet_ctl show cert own "$1" | sed -n '/^-----BEGIN/,/^-----END/p' >"$T/$1.crt"; }

keep_base() {
    mkdir "$T/base"
    cp -a "$T/state" "$T/tftp" "$T/base"
}
back_to_base() {
    rm -rf "$T/state" "$T/tftp"
    cp -a "$T/base/state" "$T/base/tftp" "$T"
}

# What the store says, a line a fact: certificates by unit, the history, how much is pending. Into $T/facts.
look() {
    expect 0 quiet_ctl run sql "
        select 'unit' as fact, m.tkcertificateservice as a, upper(c.serialnumber) as b, '' as c
            from certificate c join certificateservicecertificatemap m on m.fkcertificate = c.pkid
        union all select 'list', filename, sha1, printf('%06d-%s %s', number, filename, signerserial) from publication
        union all select 'pending', count(*), '', '' from pendingfile
        order by 1, 2, 4, 3"
    tail -n +3 "$T/out" | tr -s ' ' >"$T/facts"
}
# fact KEY…: the last line that begins so, without it.
fact() { sed -n "s/^$* //p" "$T/facts" | tail -n 1; }

# All of it in a few lines: what the store says, and every file.
summary() {
    cat "$T/facts"
    (cd "$T/state" && sha1sum published/[0-9]* && ls keys)
    (cd "$T/tftp" && sha1sum -- *)
}

# The line of the history for a list: the last one, but after a restore.
expected_list() { fact list "$1"; }

# What holds before and after every phrase.
check_consistent() {
    local point=$1 name manager sha1 file signer left
    expect 0 quiet_ctl show ctl
    expect 0 quiet_ctl show itl
    expect 0 quiet_ctl show cert list own
    look
    [ "$(fact pending | tr -d ' ')" = 0 ] || fail "$point: files are pending"
    [ ! -s "$T/state/lock" ] || fail "$point: the lock is not let go"
    left=$(find "$T/state" "$T/tftp" -name '.tvs-*' -o -name '*.new')
    [ -z "$left" ] || fail "$point: left behind: $left"
    [ ! -e "$T/state/work" ] || fail "$point: left behind: $(ls -A "$T/state/work")"
    # Each list is the one of the history that phones are to have, file and row.
    for name in CTLFile.tlv ITLFile.tlv; do
        read -r sha1 file signer <<<"$(expected_list $name)"
        [ "$(sha1sum <"$T/tftp/$name" | cut -c1-40)" = "$sha1" ] || fail "$point: $name is not $file of the history"
        cmp -s "$T/tftp/$name" "$T/state/published/$file" || fail "$point: published/$file is not $name"
    done
    # The ITL and the configuration files are signed by the CallManager that the store has.
    manager=$(fact unit 3 | tr -d ' ')
    [ -n "$manager" ] && [ "$signer" = "$manager" ] || fail "$point: the ITL is signed by $signer, CallManager is $manager"
    expect 0 quiet_ctl file verify "$T"/tftp/*.sgn
    export_cert CallManager
}

# A phone that has the published ITL is answered right, after a start on what was left.
check_answer() {
    start
    expect 0 "$BUILD/tvsc" --host "$HOST" --trust "$T/tftp/ITLFile.tlv" --timeout "${DEADLINE}s" verify "$T/CallManager.crt"
    kill -KILL "$PID"
    wait "$PID" 2>/dev/null
    PID=
}

# The system calls of a phrase: "NAME COUNT" a line.
trace_calls() {
    strace -f -qq -o "$T/trace" "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes "$@" >"$T/out" 2>"$T/err" </dev/null ||
        fail "the phrase does not work: $*"
    sed -E 's/^[0-9]+ +//; s/\(.*//' "$T/trace" | grep -E '^[a-z0-9_]+$' | grep -vE '^(exit_group|execve)$' |
        sort | uniq -c | awk '{ print $2, $1 }'
}

# points LIST: each "NAME N" of the calls in LIST ("all"), or a share of them. getpid, which OpenSSL asks hundreds of
# times, changes nothing: a few stand for all unless all points are wanted. A share has one point at least.
points() {
    awk -v list=",$1," -v share="$SHARE" -v seed="$SEED" '
        BEGIN { srand(seed) }
        list == ",all," || index(list, "," $1 ",") {
            count = $2
            if ($1 == "getpid" && share > 1 && count > 20) count = 20
            for (n = 1; n <= count; n++) {
                if (share == 1 || rand() * share < 1) { print $1, n; some = 1 }
                if (rand() * ++seen < 1) spare = $1 " " n
            }
        }
        END { if (!some && seen > 0) print spare }' "$T/calls"
}

# disturb ACTION NAME N PHRASE…: run it so; its exit status is in $STATUS.
disturb() {
    local action=$1 name=$2 n=$3
    shift 3
    STATUS=0
    # The shell tells of a killed job on its standard error.
    { strace -qq -o /dev/null -e "trace=$name" -e "inject=$name:$action:when=$n" "$BUILD/tvsctl" --config "$T/tvsd.yaml" \
        --yes "$@" >"$T/out" 2>"$T/err" </dev/null || STATUS=$?; } 2>/dev/null
}

# disturb_everywhere ACTION LIST PHRASE…
disturb_everywhere() {
    local action=$1 list=$2 name n done=0 before after got changed=0
    shift 2
    back_to_base
    look
    before=$(summary)
    while read -r name n <&3; do
        back_to_base
        disturb "$action" "$name" "$n" "$@"
        mv "$T/err" "$T/said"
        check_consistent "$action at $name $n ($*)"
        got=$(summary)
        after=
        if [ "$got" != "$before" ]; then
            changed=$((changed + 1))
            after=yes
            is_after || fail "$action at $name $n ($*): between before and after"
        fi
        case $action in
        signal=*) ;;
        *)
            # 127: not even the program's libraries could be loaded.
            [ "$STATUS" -le 1 ] || [ "$STATUS" -eq 127 ] || fail "$action at $name $n ($*): exit status $STATUS"
            [ "$STATUS" -ne 0 ] || [ -n "$after" ] || fail "$action at $name $n ($*): says done and did nothing"
            [ "$STATUS" -eq 0 ] || [ -s "$T/said" ] || fail "$action at $name $n ($*): fails without a word"
            ;;
        esac
        check_answer
        done=$((done + 1))
    done 3< <(points "$list")
    echo "      $action: $done points of '$*', $changed of them after it" >&2
    [ "$done" -gt 0 ] || fail "no point was tried: $*"
}

# A quarter of the share, unless all points are wanted: a turn of this phrase takes long (unsealing, new keys).
fewer_points() { [ "$SHARE" -eq 1 ] || SHARE=$((SHARE * 4)); }

# run_phrase IS-AFTER PHRASE…
run_phrase() {
    is_after() { "$AFTER"; }
    AFTER=$1
    shift
    strace -qq -o /dev/null true 2>/dev/null || {
        echo "skipped: strace cannot trace here" >&2
        return
    }
    echo "      TVS_CRASH_SHARE=$SHARE TVS_CRASH_SEED=$SEED" >&2
    keep_base
    count_base
    trace_calls "$@" >"$T/calls"
    disturb_everywhere signal=KILL all "$@"
    disturb_everywhere error=ENOSPC "$WRITING" "$@"
    disturb_everywhere error=EIO "$BROKEN" "$@"
}

count_base() {
    KEYS=$(find "$T/base/state/keys" -type f | wc -l)
    LISTS_OUT=$(find "$T/base/state/published" -type f | wc -l)
    SERIAL=$(openssl x509 -in "$T/CallManager.crt" -noout -serial)
}
keys_are() { [ "$(find "$T/state/keys" -type f | wc -l)" -eq "$1" ]; }
lists_are() { [ "$(find "$T/state/published" -type f | wc -l)" -eq "$1" ]; }

updated() { keys_are "$KEYS" && lists_are $((LISTS_OUT + 1)); }
test_update_ctl() {
    prepare
    run_phrase updated utils ctl update CTLFile
}

# check_consistent has seen that ITL and signed files go with the new certificate.
regenerated() {
    keys_are $((KEYS + 1)) && lists_are $((LISTS_OUT + 1)) &&
        [ "$(openssl x509 -in "$T/CallManager.crt" -noout -serial)" != "$SERIAL" ]
}
test_regenerate_call_manager() {
    prepare
    run_phrase regenerated set cert regen CallManager
}

# Back to a backup made before the last renewal and the last CTL: phones get the lists of then, and the history keeps
# those of now.
restored() {
    lists_are "$LISTS_OUT" && keys_are "$KEYS" && is_restored && [ "$(grep -c '^list' "$T/facts")" -eq "$LISTS_OUT" ]
}
is_restored() { [ "$(fact unit 3)" = "$(sed -n 's/^unit 3 //p' "$T/facts-of-backup")" ]; }
test_restore() {
    prepare
    echo 'open sesame' >"$T/password"
    do_tvsctl utils backup "$T/the.backup" --password-file "$T/password"
    look
    cp "$T/facts" "$T/facts-of-backup"
    do_tvsctl set cert regen CallManager
    do_tvsctl utils ctl update CTLFile
    export_cert CallManager
    fewer_points
    expected_list() {
        if is_restored; then sed -n "s/^list $1 //p" "$T/facts-of-backup" | tail -n 1; else fact list "$1"; fi
    }
    run_phrase restored utils restore "$T/the.backup" --password-file "$T/password"
}

# Every certificate of the node is made anew but ITLRecovery; the old CallManager's key stays, since the CTL has it.
renamed() {
    keys_are $((KEYS + 1)) && lists_are $((LISTS_OUT + 1)) &&
        [ "$(openssl x509 -in "$T/CallManager.crt" -noout -serial)" != "$SERIAL" ] &&
        openssl x509 -in "$T/CallManager.crt" -noout -subject | grep -q 'CN *= *node-z'
}
test_set_hostname() {
    prepare
    fewer_points
    run_phrase renamed set network hostname node-z
}

run_tests "$@"
