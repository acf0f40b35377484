#!/bin/bash
# A phrase that is killed, or that meets a full or a broken disk, at any system call leaves everything as before or as
# after, never between. strace stops or disturbs it at one system call after the other: all of them with
# TVS_CRASH_SHARE=1 (make check-crash), else every thirtieth, chosen by TVS_CRASH_SEED, which is printed.
. "$(dirname "$0")/lib.sh"

# Leaks cannot be looked for under a tracer.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
SHARE=${TVS_CRASH_SHARE:-30}
SEED=${TVS_CRASH_SEED:-$RANDOM}
# Which fail on a full disk, and which on a broken one.
WRITING=write,pwrite64,ftruncate,fdatasync,fsync,openat,rename,renameat,renameat2,link,linkat,unlink,unlinkat
WRITING+=,mkdir,mkdirat,rmdir,chmod,fchmod,fchown,syncfs
BROKEN=$WRITING,read,pread64,getdents64
# Where there is room in memory, syncing files some ten thousand times takes no time.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 65536 ]; then
    export TMPDIR=/dev/shm
fi
# One that scripts/tools.sh unpacked has its library there.
if command -v strace >/dev/null && ! strace -V >/dev/null 2>&1; then
    LD_LIBRARY_PATH=$(echo "$BUILD"/tools/usr/lib/*-linux-gnu*)
    export LD_LIBRARY_PATH
fi
# If strace and the kernel can, the phrase stops at the calls in question alone. A signal cannot be sent at such a stop.
STRACE=(strace -qq)
QUICK=(strace -f -qq --seccomp-bpf)
"${QUICK[@]}" -o /dev/null -e trace=fsync true 2>/dev/null || QUICK=("${STRACE[@]}")

quiet_ctl() { "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes "$@" </dev/null; }

# Everything that a phrase may touch: a node in mixed mode with lists, signed files and a history.
prepare() {
    mkdir "$T/tmp"
    export TMPDIR=$T/tmp
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
    "$BUILD/tests/it/tree" copy "$T/state" "$T/base/state" "$T/tftp" "$T/base/tftp" || fail 'no copy'
}
# Rehearsals that were killed, too, are gone: sweeping them would be other calls.
back_to_base() {
    local left
    for left in "$TMPDIR"/tvs-rehearse-*; do
        [ ! -d "$left" ] || rm -r "$left"
    done
    "$BUILD/tests/it/tree" copy "$T/base/state" "$T/state" "$T/base/tftp" "$T/tftp" || fail 'no copy'
}

# What the store says, a line a fact: certificates by unit, the history, how much is pending. Into $T/facts.
look() {
    expect 0 quiet_ctl run sql "
        select 'unit' as fact, m.tkcertificateservice as a, upper(c.serialnumber) as b, '' as c
            from certificate c join certificateservicecertificatemap m on m.fkcertificate = c.pkid
        union all select 'list', filename, sha1, printf('%06d-%s %s', number, filename, signerserial) from publication
        union all select 'pending', count(*), '', '' from pendingfile
        order by 1, 2, 4, 3"
    sed '1,2d; s/  */ /g' "$T/out" >"$T/facts"
}
# fact KEY…: the last line that begins so, without it.
fact() {
    local line found=
    while IFS= read -r line; do
        case $line in "$* "*) found=${line#"$* "} ;; esac
    done <"$T/facts"
    printf '%s\n' "$found"
}

# All of it in a few lines: what the store says, and every file. After a look.
summary() {
    printf '%s\n' "$(<"$T/facts")"
    cd "$T" && sha1sum state/published/[0-9]* tftp/* && echo state/keys/*
}

# The line of the history for a list: the last one, but after a restore.
expected_list() { fact list "$1"; }

# still PHRASE…: it works at $POINT.
still() { quiet_ctl "$@" >"$T/out" 2>"$T/err" || fail "$POINT: exit status $? of: $*"; }

# What holds before and after every phrase. What there is, is in $FOUND.
check_consistent() {
    local name manager sha1 file signer left pending
    still show itl
    still show cert list own
    look
    FOUND=$(summary)
    read -r pending <<<"$(fact pending)"
    [ "$pending" = 0 ] || fail "$POINT: files are pending"
    [ ! -s "$T/state/lock" ] || fail "$POINT: the lock is not let go"
    left=$(find "$T/state" "$T/tftp" -name '.tvs-*' -o -name '*.new' -o -path "$T/state/work")
    [ -z "$left" ] || fail "$POINT: left behind: $left"
    # Each list is the one of the history that phones are to have, file and row.
    for name in CTLFile.tlv ITLFile.tlv; do
        read -r sha1 file signer <<<"$(expected_list $name)"
        [[ $FOUND == *"$sha1  tftp/$name"* ]] || fail "$POINT: $name is not $file of the history"
        [[ $FOUND == *"$sha1  state/published/$file"* ]] || fail "$POINT: published/$file is not $name"
    done
    # The ITL and the configuration files are signed by the CallManager that the store has.
    read -r manager <<<"$(fact unit 3)"
    [ -n "$manager" ] && [ "$signer" = "$manager" ] || fail "$POINT: the ITL is signed by $signer, CallManager is $manager"
    still file verify "$T"/tftp/*.sgn
    export_cert CallManager
}

# All that is here is as before or as after, which is told in $OUTCOME. That depends on the bytes of both folders alone:
# what was found right once is not looked at again. Most points leave what was there before, once the next phrase has
# finished or swept away what was begun.
declare -A OUTCOMES # checksum of both folders → outcome
judge() {
    local left swept
    left=$(bytes) || fail 'no checksum'
    OUTCOME=${OUTCOMES[$left]:-}
    [ -z "$OUTCOME" ] || return 0
    still show ctl
    swept=$(bytes) || fail 'no checksum'
    OUTCOME=${OUTCOMES[$swept]:-}
    if [ -z "$OUTCOME" ]; then
        check_consistent
        OUTCOME=before
        if [ "$FOUND" != "$BEFORE" ]; then
            OUTCOME=after
            is_after || fail "$POINT: between before and after"
        fi
        check_answer
        DISTINCT=$((DISTINCT + 1))
    fi
    OUTCOMES[$left]=$OUTCOME
    OUTCOMES[$swept]=$OUTCOME
}
bytes() { "$BUILD/tests/it/tree" sum "$T/state" "$T/tftp"; }

# A phone that has the published ITL is answered right, after a start on what was left.
check_answer() {
    local line told
    [ -p "$T/told" ] || mkfifo "$T/told"
    HOST=
    : >"$T/log"
    "$BUILD/tvsd" --config "$T/tvsd.yaml" >"$T/stdout" 2>"$T/told" </dev/null &
    PID=$!
    exec {told}<"$T/told"
    while [ -z "$HOST" ] && read -rt "$DEADLINE" -u "$told" line; do
        printf '%s\n' "$line" >>"$T/log"
        [[ ! $line =~ event=ready\ listen=\"([^\"]+)\" ]] || HOST=${BASH_REMATCH[1]}
    done
    [ -n "$HOST" ] || fail "$POINT: tvsd does not start"
    "$BUILD/tvsc" --host "$HOST" --trust "$T/tftp/ITLFile.tlv" --timeout "${DEADLINE}s" verify "$T/CallManager.crt" \
        >"$T/out" 2>"$T/err" </dev/null || fail "$POINT: exit status $? of tvsc verify"
    kill -KILL "$PID"
    wait "$PID" 2>/dev/null
    PID=
    exec {told}<&-
}

# Calls that leave every file as it is.
READING=newfstatat,fstat,stat,lstat,statx,access,faccessat,faccessat2,readlink,readlinkat,getdents64,read,pread64,lseek
READING+=,close,fcntl,flock,mmap,munmap,mprotect,brk,futex,getpid,gettid,getuid,geteuid,getgid,getegid,getresuid,getresgid
READING+=,getrandom,rt_sigaction,rt_sigprocmask,set_tid_address,set_robust_list,rseq,prlimit64,arch_prctl,socket,connect

# trace_calls PHRASE…: the system calls of a phrase into $T/calls, in their order: "NAME N CHANGES" a line, for the Nth of
# that name, before which so many have changed something. With $WANTED it ends with that status, not with 0.
trace_calls() {
    local status=0
    strace -f -qq -o "$T/trace" "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
    [ "$status" -eq "${WANTED:-0}" ] || fail "the phrase ends with $status: $*"
    sed -E 's/^[0-9]+ +//' "$T/trace" | awk -v reading=",$READING," '
        BEGIN { changes = 0 }
        /^[a-z0-9_]+\(/ {
            name = $0
            sub(/\(.*/, "", name)
            if (name == "exit_group" || name == "execve") next
            print name, ++n[name], changes
            if (index(reading, "," name ",") || /^write\([12],/ || (/^openat\(/ && !/O_CREAT|O_TRUNC/)) next
            changes++
        }' >"$T/calls"
}

# points LIST: each line of the calls in LIST ("all"), or a share of them, which has one point at least.
points() {
    awk -v list=",$1," -v share="$SHARE" -v seed="$SEED" '
        BEGIN { srand(seed) }
        list == ",all," || index(list, "," $1 ",") {
            if (share == 1 || rand() * share < 1) { print; some = 1 }
            if (rand() * ++seen < 1) spare = $0
        }
        END { if (!some && seen > 0) print spare }' "$T/calls"
}

# disturb ACTION NAME N PHRASE…: run it so; its exit status is in $STATUS.
disturb() {
    local action=$1 name=$2 n=$3 strace=("${QUICK[@]}")
    shift 3
    [ "${action%=*}" = error ] || strace=("${STRACE[@]}")
    STATUS=0
    # The shell tells of a killed job on its standard error.
    { "${strace[@]}" -o /dev/null -e "trace=$name" -e "inject=$name:$action:when=$n" "$BUILD/tvsctl" --config "$T/tvsd.yaml" \
        --yes "$@" >"$T/out" 2>"$T/err" </dev/null || STATUS=$?; } 2>/dev/null
}

# disturb_everywhere ACTION LIST PHRASE…
disturb_everywhere() {
    local action=$1 list=$2 name n changes done=0 tried=0 changed=0 killed=0
    local -A seen
    shift 2
    DISTINCT=0
    while read -r name n changes <&3; do
        done=$((done + 1))
        # Killed before one of several calls that only read, it leaves the same. Wanted are all points, or a share.
        if [ "$action" = signal=KILL ] && [ "$SHARE" -gt 1 ]; then
            [ -z "${seen[$changes]:-}" ] || continue
            seen[$changes]=yes
        fi
        tried=$((tried + 1))
        POINT="$action at $name $n ($*)"
        back_to_base
        disturb "$action" "$name" "$n" "$@"
        mv "$T/err" "$T/said"
        judge
        [ "$OUTCOME" = before ] || changed=$((changed + 1))
        [ "$STATUS" -ne 0 ] || [ "$OUTCOME" = after ] || fail "$POINT: says done and did nothing"
        case $action in
        signal=*)
            # How often it calls getpid depends on the keys that it finds: then the point may not come.
            if [ "$STATUS" -ne 0 ]; then
                killed=$((killed + 1))
                [ "$STATUS" -eq 137 ] || fail "$POINT: exit status $STATUS"
            fi
            ;;
        *)
            # 127: not even the program's libraries could be loaded.
            [ "$STATUS" -le 1 ] || [ "$STATUS" -eq 127 ] || fail "$POINT: exit status $STATUS"
            [ "$STATUS" -eq 0 ] || [ -s "$T/said" ] || fail "$POINT: fails without a word"
            ;;
        esac
    done 3< <(points "$list")
    echo "      $action: $done points of '$1 $2 $3', $tried tried, $changed of them after it, $DISTINCT outcomes looked at" >&2
    [ "$done" -gt 0 ] || fail "no point was tried: $*"
    [ "${action%=*}" = error ] || [ $((killed * 2 + 10)) -gt "$tried" ] || fail "$killed of $tried were killed: $*"
}

# A tenth of the share, unless all points are wanted: a turn of this phrase takes long (new keys, and many calls).
fewer_points() { [ "$SHARE" -eq 1 ] || SHARE=$((SHARE * 10)); }

can_trace() {
    if strace -qq -o /dev/null true 2>/dev/null; then
        echo "      TVS_CRASH_SHARE=$SHARE TVS_CRASH_SEED=$SEED" >&2
        return
    fi
    if command -v strace >/dev/null; then
        echo 'skipped: strace cannot trace here' >&2
    else
        echo 'skipped: strace is missing (Debian: strace)' >&2
    fi
    return 1
}

# run_phrase IS-AFTER PHRASE…
run_phrase() {
    is_after() { "$AFTER"; }
    AFTER=$1
    shift
    can_trace || return 0
    keep_base
    count_base
    look
    BEFORE=$(summary)
    trace_calls "$@"
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
    lists_are $((LISTS_OUT + 2)) && keys_are "$KEYS" && is_restored && [ "$(grep -c '^list' "$T/facts")" -eq $((LISTS_OUT + 2)) ]
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
    "$BUILD/tests/it/reseal" "$T/the.backup" "$T/password" || fail 'not sealed anew'
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
    run_phrase renamed set network hostname node-z --force
}

# What a guard rail refuses is refused whatever fails, also where it is rehearsed.
test_guard_rails() {
    local action list name n changes tried
    prepare
    do_tvsctl set cert regen TVS
    fewer_points
    can_trace || return 0
    keep_base
    WANTED=1 trace_calls set cert regen CallManager
    grep -q 'refused by guard rail signer-while-tvs' "$T/err" || fail 'it is refused for another reason'
    for action in ENOSPC EIO; do
        [ "$action" = EIO ] && list=$BROKEN || list=$WRITING
        tried=0
        while read -r name n changes <&3; do
            POINT="$action at $name $n"
            back_to_base
            disturb "error=$action" "$name" "$n" set cert regen CallManager
            [ "$STATUS" -ne 0 ] || fail "$POINT: it is done"
            cmp -s "$T/base/tftp/ITLFile.tlv" "$T/tftp/ITLFile.tlv" || fail "$POINT: another ITL is published"
            tried=$((tried + 1))
        done 3< <(points "$list")
        echo "      $action: $tried points of a phrase that a guard rail refuses" >&2
        [ "$tried" -gt 0 ] || fail 'no point was tried'
    done
}

run_tests "$@"
