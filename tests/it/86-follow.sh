#!/bin/bash
# tvsd follows every phrase that changes something, as it runs: no restart, no wrong answer, none lost. A hammer asks
# a thousand questions a second from the first phrase to the last; before each it is told which answers may change, and
# how, and when the phrase is in force only the new ones are right.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tokens.sh"
. "$(dirname "$0")/client.sh"

RATE=1000 # questions a second

# The phrases that change nothing that tvsd answers from, by their first words.
READING='show|run sql|file list|file get|file verify|utils node list|utils rehearse|utils rollout show|utils migrate-check|utils itl diagnose|set trace level|utils service reload|utils store update'

# ---- What is asked for

# WANT: file of a certificate → the right answer now. OWN: unit → file of its certificate of now. SIGNER: published
# list → file of its signer's certificate.
declare -A WANT OWN SIGNER BY_SERIAL
declare -a RAN
COPIES=0

serial_of() { openssl x509 -in "$1" -noout -serial | cut -d= -f2; }
# known FILE: a certificate that may sign a list.
known() { BY_SERIAL[$(serial_of "$1")]=$1; }

# export_own UNIT: the unit's certificate of now into $OWN[UNIT].
export_own() {
    COPIES=$((COPIES + 1))
    OWN[$1]=$T/$1-$COPIES.crt
    tvsctl show cert own "$1" | sed -n '/^-----BEGIN/,/^-----END/p' >"${OWN[$1]}"
    known "${OWN[$1]}"
}

# forget FILE: no longer asked for.
forget() { unset "WANT[$1]"; }

# begin_hammer: it asks for all that is in WANT.
begin_hammer() {
    local file words=() input
    for file in "${!WANT[@]}"; do
        words+=("$file=${WANT[$file]}")
    done
    coproc HAMMER { exec "$BUILD/tests/it/hammer" "$HOST" - "$RATE" 86400 "${words[@]}" 2>"$T/hammer.err"; }
    HELPER=$HAMMER_PID
    exec {TO_HAMMER}>&"${HAMMER[1]}" {FROM_HAMMER}<&"${HAMMER[0]}"
    input=${HAMMER[1]}
    exec {input}>&-
}
# tell_hammer ANSWER WORD…
tell_hammer() {
    local answer=$1 said='' IFS=$'\t'
    shift
    printf '%s\n' "$*" >&"$TO_HAMMER"
    read -rt $((2 * DEADLINE)) -u "$FROM_HAMMER" said
    [ "$said" = "$answer" ] || fail "$PHRASE: the hammer: $said; $(cat "$T/hammer.err")"
}
# end_hammer: and nothing that it got was wrong.
end_hammer() {
    local status=0
    exec {TO_HAMMER}>&-
    cat <&"$FROM_HAMMER" >"$T/hammer"
    wait "$HELPER" || status=$?
    HELPER=
    sed -n '1,2s/^/      /p' "$T/hammer" >&2
    [ "$status" -eq 0 ] || fail "an answer was wrong, lost or missing: $(cat "$T/hammer.err" "$T/hammer")"
}

# asked: the questions of now, and the answers that may come: "FILE=ANSWER[|ANSWER]" a word, into QUESTIONS.
asked() {
    local file
    QUESTIONS=()
    for file in "${!WANT[@]}"; do
        QUESTIONS+=("$file=${WANT[$file]}")
    done
    for file in "${!SIGNER[@]}"; do
        QUESTIONS+=("$file=${WANT[${SIGNER[$file]}]}")
    done
}

# ---- One phrase

# follows EVENTS CHANGES PHRASE…: run it. EVENTS: what tvsd must say, of: store ctl certificate gone. CHANGES:
# "FILE=ANSWER" a word, what it changes. $MAKES: "UNIT=ANSWER" a word, the certificates that it makes.
follows() {
    local events=$1 changes=$2 change
    shift 2
    PHRASE=$*
    RAN+=("$*")
    for change in $changes; do
        WANT[${change%=*}]+="|${change##*=}"
    done
    asked
    tell_hammer expected expect "${QUESTIONS[@]}"
    STATE=$(answer_state)
    mark
    expect 0 tvsctl "$@"
    check_state
    if [ -n "${MAKES:-}" ]; then expect_made; fi
    in_force "$events"
    tell_hammer settled settle
    for change in $changes; do
        WANT[${change%=*}]=${change##*=}
    done
    for change in ${MAKES:-}; do
        WANT[${OWN[${change%=*}]}]=${change##*=}
    done
    take_list CTL
    take_list ITL
    log_lacks 'event=((reload|ctl|store|certificate|ecdsa|control|tls|request|twin)-refused|started|stopping|needs-restart)'
}

# expect_made: what $MAKES is unknown until tvsd has read the store.
expect_made() {
    local change
    for change in $MAKES; do
        export_own "${change%=*}"
        WANT[${OWN[${change%=*}]}]="no|${change##*=}"
    done
    asked
    tell_hammer expected expect "${QUESTIONS[@]}"
}

# answer_state: another one if anything of the store changed that answers come from: then alone is it loaded.
answer_state() { tvsctl run sql 'SELECT state FROM answerstate'; }

in_force() {
    local event sha1 serial
    for event in $1; do
        case $event in
        store) [ "$(answer_state)" = "$STATE" ] || wait_log 'event=store-loaded' ;;
        gone) wait_log 'event=ctl-gone' ;;
        ctl)
            sha1=$(sha1sum <"$T/tftp/CTLFile.tlv" | cut -c1-40)
            wait_log "event=ctl-loaded .*sha1=\"?$sha1"
            ;;
        certificate)
            serial=$(serial_of "${OWN[TVS]}")
            wait_log "event=certificate-loaded .*serial=\"?0*$serial"
            ;;
        esac
    done
}

# take_list CTL|ITL: if there is another than before, its signer is asked for by the names in it.
take_list() {
    local name=$1 file=$T/tftp/${1}File.tlv known serial
    for known in "${!SIGNER[@]}"; do
        case $known in "$T/$name"*)
            if [ -e "$file" ] && cmp -s "$file" "$known"; then return; fi
            unset "SIGNER[$known]"
            ;;
        esac
    done
    [ -e "$file" ] || return
    COPIES=$((COPIES + 1))
    serial=$(tr -d : <"$T/$name.shown" | awk '$2 == "SERIALNUMBER" { print $4; exit }')
    known=$T/$name-$COPIES.tlv
    cp "$file" "$known"
    case $PHRASE in *'rollback on --force') return ;; esac # its signer stands in no record
    [ -n "${BY_SERIAL[$serial]:-}" ] || fail "$PHRASE: $name is signed by $serial, whom nobody knows"
    SIGNER[$known]=${BY_SERIAL[$serial]}
}

# What holds after every phrase, whether tvsd knows it yet or not.
check_state() {
    local open name
    open=$(find "$T/state/keys" -type f ! -perm 0600)
    [ -z "$open" ] || fail "$PHRASE: not 0600: $open"
    open=$(find "$T/tftp" -type f \( -name '*.tlv' -o -name '*.sgn' \) ! -perm 0644)
    [ -z "$open" ] || fail "$PHRASE: not 0644: $open"
    for name in CTL ITL; do
        [ -e "$T/tftp/${name}File.tlv" ] || continue
        tvsctl show "${name,,}" >"$T/$name.shown" 2>"$T/err" || fail "$PHRASE: show ${name,,}: $(tail -n 3 "$T/$name.shown")"
    done
}

# The TVS certificate on the wire is the store's of now: another would not be taken.
on_the_wire() {
    expect "$1" "$BUILD/tvsc" --host "$HOST" --trust "${OWN[TVS]}" --timeout "${DEADLINE}s" verify "$2"
}

# ---- All of them

prepare() {
    LISTS='digest: sha1' setup 'certificates: { key: "rsa:1024" }'
    CERTS=$T self_signed stranger /CN=stranger
    CERTS=$T self_signed node-b-tvs '/C=PL/O=Cisco/OU=TAC/CN=node-b'
    CERTS=$T self_signed token '/O=Cisco Systems/CN=token'
    CERTS=$T self_signed anchor '/CN=ITLRECOVERY_token'
    self_signed renewal '/C=PL/O=Cisco/OU=TAC/CN=node-a'
    self_signed remote '/CN=ITLRECOVERY_remote'
    openssl pkcs12 -export -passout pass: -in "$CERTS/remote.crt" -inkey "$CERTS/remote.key" -out "$T/remote.p12"
    known "$CERTS/renewal.crt"
    known "$CERTS/remote.crt"
    echo 'open sesame' >"$T/password"
    OWN[TVS]=$CERTS/tvs.crt
    WANT[$CERTS/tvs.crt]=21
    WANT[$CERTS/other.crt]=no
    WANT[$CERTS/etoken.crt]=no
    WANT[$CERTS/node-b.crt]=no
    WANT[$CERTS/renewal.crt]=no
    WANT[$CERTS/remote.crt]=no
    WANT[$T/stranger.crt]=no
    WANT[$T/token.crt]=no
    WANT[$T/anchor.crt]=no
    BY_SERIAL[$(serial_of "$T/token.crt" | fold -w 2 | tac | tr -d '\n')]=$T/token.crt # as lists spell tokens
    do_tvsctl set cert import trust tomcat-trust "$CERTS/captured.crt"
    WANT[$CERTS/captured.crt]=7
    echo '<device/>' >"$T/tftp/SEP1.cnf.xml"
}
number_of() { # FILENAME first|last: of the history
    local order
    [ "$2" = first ] && order=asc || order=desc
    tvsctl run sql "select number from publication where filename = '$1' order by number $order limit 1" | sed -n 3p | tr -d ' '
}

open_rollouts() { tvsctl run sql 'select number from rollout where closed = 0' | tail -n +3 | grep -o '[0-9]*'; }

test_every_phrase() {
    local first second third
    prepare
    start
    begin_hammer

    # Certificates of a cluster without a CTL: what is replaced is known no more.
    MAKES='CallManager=0+2 ITLRecovery=0' follows store '' set cert regen CallManager
    first=${OWN[CallManager]}
    MAKES='CAPF=4' follows store '' set cert regen CAPF
    MAKES='CallManager=0+2' follows store "$first=no" set cert regen CallManager
    forget "$first"
    first=${OWN[CallManager]}
    follows store '' utils node add node-b 10.0.0.2
    follows store "$CERTS/node-b.crt=0+2" set cert import own CallManager "$CERTS/node-b.crt" --node node-b
    follows store "$CERTS/other.crt=7" set cert import trust tomcat-trust "$CERTS/other.crt"
    follows store "$CERTS/etoken.crt=0+3" set cert import trust Phone-SAST-trust "$CERTS/etoken.crt"
    follows store "$CERTS/other.crt=no" set cert delete tomcat-trust other
    follows store '' utils import usecallmanager "$DATA/peer.sqlite3"
    follows '' '' file sign SEP1.cnf.xml

    # Mixed mode: the CTL knows what it held when it was made.
    follows 'store ctl' '' utils ctl set-cluster mixed-mode
    MAKES='CallManager=0+2' follows store '' set cert regen CallManager
    second=${OWN[CallManager]}
    follows 'store ctl' "$first=no" utils ctl update CTLFile
    follows 'store ctl' '' utils ctl reset localkey

    # By a token, of two.
    follows store "$T/token.crt=0+3" set cert import trust Phone-SAST-trust "$T/token.crt"
    follows 'store ctl' '' utils ctl sign --token "file:$T/token.pem" --token "file:$CERTS/etoken.crt"
    follows 'store ctl' '' utils ctl update CTLFile
    follows store "$T/token.crt=no" set cert delete Phone-SAST-trust token

    follows 'store ctl' "$first=0+2" utils ctl restore "$(number_of CTLFile.tlv first)"
    follows store "$CERTS/renewal.crt=0+2 $second=no" set cert import own CallManager "$CERTS/renewal.pem"
    follows 'store ctl' "$first=no" utils ctl update CTLFile
    forget "$first"
    forget "$second"

    follows store '' utils itl update
    follows store '' utils itl reset localkey
    follows store '' utils itl reset remotekey "$T/remote.p12" --force
    follows store '' utils itl rollback on --force
    follows store '' utils itl rollback off
    follows store '' utils itl restore "$(number_of ITLFile.tlv last)"

    # tvsd's own certificate.
    MAKES='TVS=21' follows 'store certificate' "$CERTS/tvs.crt=no" set cert regen TVS --force
    # shellcheck disable=SC2046
    follows store '' utils rollout close $(open_rollouts) --phones-are-back
    on_the_wire 0 "$CERTS/renewal.crt"
    MAKES='tomcat=7' follows store '' set cert regen tomcat
    follows store '' set csr gen tomcat
    follows '' '' file sign --all

    follows '' '' utils backup "$T/the.backup" --password-file "$T/password"
    follows store "$CERTS/other.crt=7" set cert import trust tomcat-trust "$CERTS/other.crt"
    follows store "$CERTS/other.crt=no" utils restore "$T/the.backup" --password-file "$T/password"

    # Another name: all that is this node's is made anew, and the CTL has the old ones until it is updated.
    third=${OWN[CAPF]}
    MAKES='CallManager=0+2 TVS=21 CAPF=4 tomcat=7' follows 'store certificate' "${OWN[TVS]}=no ${OWN[tomcat]}=no" \
        set network hostname node-z --force
    on_the_wire 0 "${OWN[CallManager]}"
    follows 'store ctl' "$CERTS/renewal.crt=no $third=no" utils ctl update CTLFile
    follows store "$CERTS/node-b.crt=2" utils node delete node-b --force
    follows 'store ctl' "$CERTS/node-b.crt=no" utils ctl set-cluster non-secure-mode
    follows 'store gone' '' file delete tftp CTLFile.tlv
    follows 'store ctl' '' utils ctl restore "$(number_of CTLFile.tlv last)"
    follows 'store gone' '' file delete activelog cm/tftpdata/CTLFile.tlv
    second_anchor_in_a_token

    end_hammer
    [ "$(grep -c 'event=started' "$T/log")" -eq 1 ] || fail 'tvsd was restarted'
    stop
    check_none_forgotten
}

second_anchor_in_a_token() {
    RAN+=('set cert own') # as far as tokens are built in
    [ -e "$FAKE_MODULE" ] || return 0
    CERTS=$T fake_token 01 anchor anchor
    follows store "$T/anchor.crt=0 ${OWN[ITLRecovery]}=no" set cert own ITLRecovery --token "$(fake_uri '')" --pin-file "$T/pin" --force
}

# Every phrase of the grammar is one that only reads, or ran above.
check_none_forgotten() {
    local phrase words
    expect 0 tvsctl --help
    sed '/^Options/,$d; /^    /d; /^$/d; s/ [[<].*//' "$T/out" | grep -v '^tvsctl' >"$T/phrases"
    [ "$(wc -l <"$T/phrases")" -ge 30 ] || fail "that is not the grammar: $(cat "$T/out")"
    while read -r phrase; do
        [[ ! $phrase =~ ^($READING)( |$) ]] || continue
        for words in "${RAN[@]}"; do
            case "$words " in "$phrase "*) continue 2 ;; esac
        done
        fail "no test that tvsd follows: $phrase"
    done <"$T/phrases"
}

run_tests "$@"
