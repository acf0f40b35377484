# Shared by the scenarios: a site of tvsd, tvsctl, a TFTP server and phones, on top of the end-to-end tests' own tools.
#
# A scenario sources this, defines one function test_NAME or several and ends with `run_tests`.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/../it/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../it/tokens.sh"
PATH=$PATH:/usr/sbin:/sbin

MAC=001122334455
PHONE=SEP$MAC
CONSOLE= # of the last phone that was started

# ---- Servers

PIDS=()

# What it/lib.sh ends, and the servers of these tests.
cleanup() {
    local pid
    for pid in ${PID:-} ${HELPER:-} "${PIDS[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$T"
}

# Why the TFTP server is left out, and phones read the folder itself; "" if it runs.
without_tftp() {
    if [ "$(id -u)" -ne 0 ]; then
        echo 'in.tftpd changes its root folder, and this is not root'
    elif ! command -v in.tftpd >/dev/null; then
        echo 'in.tftpd is missing (Debian: tftpd-hpa)'
    fi
}

# serve [FOLDER [MAP]]: TFTP of $T/tftp, or FOLDER, into $TFTP. in.tftpd takes no port 0: ports are tried until one stays.
serve() {
    local folder=${1:-$T/tftp} port pid
    TFTP=$folder
    [ -z "$(without_tftp)" ] || return 0
    chmod 0755 "$T" "$folder"
    for _ in $(seq 20); do
        port=$((20000 + RANDOM % 12000))
        in.tftpd -L -u nobody -a "127.0.0.1:$port" ${2:+-m "$2"} -s "$folder" 2>"$T/tftpd.err" &
        pid=$!
        TFTP=tftp://127.0.0.1:$port/
        wait_until tftp_answers_or_ended "$pid"
        if kill -0 "$pid" 2>/dev/null && tftp_answers; then
            PIDS+=("$pid")
            return
        fi
        wait "$pid" 2>/dev/null
    done
    fail "in.tftpd does not start: $(cat "$T/tftpd.err")"
}
tftp_answers_or_ended() { ! kill -0 "$1" 2>/dev/null || tftp_answers; }
# A phone that finds nothing follows.
tftp_answers() { "$BUILD/tvsc" phone --tftp "$TFTP" --mac 000000000000 --timeout 500ms >"$T/probe" 2>&1; [ $? -le 1 ]; }

# start_node NAME: a further tvsd, by $T/NAME.yaml; log in $T/NAME.log, address in HOSTS[NAME], process in NODES[NAME].
declare -A HOSTS NODES
start_node() {
    "$BUILD/tvsd" --config "$T/$1.yaml" >"$T/$1.stdout" 2>"$T/$1.log" </dev/null &
    NODES[$1]=$!
    PIDS+=("$!")
    wait_until node_shows "$1" 'event=ready'
    HOSTS[$1]=$(sed -nE 's/.*listen"?[=:]"?([^" ]+).*/\1/p' "$T/$1.log" | head -n 1)
}
node_shows() { grep -qsE -- "$2" "$T/$1.log"; }
wait_node() { wait_until node_shows "$1" "$2"; }

# add_node NAME: another node of the same state folder, with a TVS certificate of its own; its tvsd is started.
add_node() {
    sed "s/^node: .*/node: { name: $1, address: 127.0.0.1 }/" "$T/tvsd.yaml" >"$T/$1.yaml"
    expect 0 on_node "$1" set cert regen TVS
    start_node "$1"
}
on_node() { "$BUILD/tvsctl" --config "$T/$1.yaml" --yes "${@:2}" </dev/null; }

# node_knows NAME FILE: its tvsd, by the node's TVS certificate of now, trusts that certificate.
node_knows() {
    export_own TVS "$T/wire-$1.crt" "$1"
    "$BUILD/tvsc" --host "${HOSTS[$1]}" --trust "$T/wire-$1.crt" --timeout 5s verify "$2" >"$T/asked" 2>&1
}

# https NAME: an HTTPS server with $CERTS/NAME.crt, into $URL.
https() {
    rm -f "$T/https" # else the line of the server before could be read
    openssl s_server -accept 127.0.0.1:0 -www -cert "$CERTS/$1.crt" -key "$CERTS/${2:-$1}.key" \
        >"$T/https" 2>&1 </dev/null &
    PIDS+=("$!")
    wait_until https_listens
    URL=https://$(sed -n 's/^ACCEPT //p' "$T/https")/
}
https_listens() { grep -qs '^ACCEPT ' "$T/https"; }

# ---- The site

# site mixed|non-secure [YAML-LINE…]: a node with its certificates, tvsd, a TFTP server, the phone's signed
# configuration; nobody has fetched anything yet.
site() {
    local mode=$1
    shift
    configure "${KEYS:-certificates: { key: \"rsa:2048\" \}}" "$@"
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert regen TVS
    if [ "$mode" = mixed ]; then
        do_tvsctl set cert regen CAPF
        do_tvsctl utils ctl set-cluster mixed-mode
    fi
    start
    mark
    device "$HOST"
    serve
}

# device HOST:PORT…: the phone's configuration names these TVS servers, in their order, and is signed.
device() {
    local server priority=0
    {
        echo '<device><TVS><members>'
        for server in "$@"; do
            echo "<member priority=\"$priority\"><address>${server%:*}</address><port>${server##*:}</port></member>"
            priority=$((priority + 1))
        done
        echo "</members></TVS><version>$RANDOM</version></device>"
    } >"$T/tftp/$PHONE.cnf.xml"
    chmod 0644 "$T/tftp/$PHONE.cnf.xml"
    do_tvsctl file sign "$PHONE.cnf.xml"
}

# changes 'WHAT…' PHRASE…: do_tvsctl, and tvsd has noticed by itself: ctl (the list that is there now), gone (there is none), an
# own unit (its certificate of now is trusted, and on the wire if it is TVS), or the file of a certificate that is trusted.
changes() {
    local what
    mark
    do_tvsctl "${@:2}"
    cp "$T/out" "$T/said"
    for what in $1; do
        case $what in
        ctl) wait_log "event=ctl-loaded .*sha1=\"?$(sha1sum <"$T/tftp/CTLFile.tlv" | cut -c1-40)" ;;
        gone) wait_log 'event=ctl-gone' ;;
        /*) wait_until trusts "$what" ;;
        *)
            export_own "$what" "$T/$what.crt"
            wait_until trusts "$T/$what.crt"
            ;;
        esac
    done
    mv "$T/said" "$T/out"
}
# trusts FILE: tvsd, asked by nobody's phone; HOST, if it is another.
trusts() {
    export_own TVS "$T/wire.crt"
    "$BUILD/tvsc" --host "$HOST" --trust "$T/wire.crt" --timeout "${DEADLINE}s" verify "$1" >"$T/asked" 2>&1
}

# export_own UNIT FILE [NODE]: the unit's certificate of now, ours or by $T/NODE.yaml.
export_own() { on_node "${3:-tvsd}" show cert own "$1" | sed -n '/^-----BEGIN/,/^-----END/p' >"$2"; }
serial_of() { openssl x509 -in "$1" -noout -serial | cut -d= -f2; }

# rehearsed OUTCOME PHRASE…: what `utils rehearse` says of a phone of $FAMILY (88xx) that holds what ours does: follows, waiting
# or stranded. It changes nothing.
rehearsed() {
    local outcome=$1 status=0 before name holds=()
    shift
    [ "$outcome" != stranded ] || status=3
    for name in CTLFile.tlv ITLFile.tlv; do
        [ ! -e "$(held $name)" ] || holds+=(--installed "$(held $name)")
    done
    before=$(published)
    expect "$status" tvsctl utils rehearse "$@" "${holds[@]}" --family "${FAMILY:-88xx}" --json
    [ "$before" = "$(published)" ] || fail "the rehearsal changed something: $*"
    out_has "\"outcome\": \"$outcome\""
}
# refused_by RAIL PHRASE…: that guard rail refuses it, and nothing has changed.
refused_by() {
    local rail=$1 before
    before=$(published)
    expect 1 tvsctl "${@:2}"
    grep -q "^tvsctl: refused by guard rail $rail: .*; nothing was changed\$" "$T/err" || fail "not refused by $rail: $(cat "$T/err")"
    [ "$before" = "$(published)" ] || fail "refused, and something was changed: ${*:2}"
}
# back: all phones have fetched what was published; every roll-out is closed.
back() { do_tvsctl utils rollout close --all --phones-are-back; }
published() { cat "$T"/tftp/* "$T"/state/published/* 2>/dev/null | sha1sum; }

# ---- Phones

# boots STATUS 'WORD…' [OPTION…]: a phone that boots, ends with that exit status and with these words in its state line. It
# keeps what it holds from boot to boot.
boots() {
    local want=$1 words=$2 got=0 word
    shift 2
    "$BUILD/tvsc" phone --tftp "$TFTP" --mac "$MAC" --state "$T/phones" --tvs-timeout "${TVS_TIMEOUT:-5s}" "$@" \
        >"$T/out" 2>"$T/err" </dev/null || got=$?
    CONSOLE=$T/out
    line=$(grep -E '^(SEP[0-9A-F]{12}: state|total:)' "$T/out" | tail -n 1)
    [ "$got" -eq "$want" ] || fail "the phone ended with $got, not $want: $line"
    for word in $words; do
        case " $line " in *" $word "*) ;; *) fail "the phone's state lacks $word: $line" ;; esac
    done
}
follows() { boots 0 "state=follows $1" "${@:2}"; }
refuses() { boots 1 "state=stranded $1" "${@:2}"; }
# says TEXT…: on the console of the phone that booted last.
says() { file_has "$CONSOLE" "$@" ; }
# https_is 'WORD…': of the line about the HTTPS server.
https_is() {
    local word line
    line=$(grep -E '^SEP[0-9A-F]{12}: https=' "$T/out" | tail -n 1)
    for word in $1; do
        case " $line " in *" $word "*) ;; *) fail "the phone's line on HTTPS lacks $word: $line" ;; esac
    done
}

# held NAME: the path of what the phone holds. holds NAME FILE: these bytes.
held() { echo "$T/phones/$PHONE/$1"; }
holds() { cmp -s "$(held "$1")" "$2" || fail "the phone does not hold $2 as $1: $(ls -l "$T/phones/$PHONE")"; }
# What the phone holds now, and that it is unchanged.
keep() { rm -rf "$T/kept" && cp -r "$T/phones/$PHONE" "$T/kept"; }
kept() {
    local name
    for name in CTLFile.tlv ITLFile.tlv "$PHONE.cnf.xml"; do
        [ ! -e "$T/kept/$name" ] || cmp -s "$T/kept/$name" "$(held "$name")" || fail "the phone's $name has changed"
    done
}

# The server answered, or was not asked, since the mark.
answered() { wait_log "event=answer $1 .*device=CP-[0-9A-Z]+-SEP0"; }
not_asked() { log_lacks 'event=answer .*device=CP-[0-9A-Z]+-SEP0'; }

# ---- Certificates of tokens, made with those of the end-to-end tests

declare -f make_certificates >/dev/null || exit 1
eval "it_$(declare -f make_certificates)"
make_certificates() {
    it_make_certificates
    new_key token1 1024
    new_key token2 1024
    issued token1 '/O=Cisco Systems/OU=IPCBU/CN=SAST-ADN0054f509        ' '/O=Cisco Systems/CN=Cisco Manufacturing CA' \
        0x45DAA2AF00000027F93C
    issued token2 '/O=Cisco Systems/OU=IPCBU/CN=SAST-ADN008580ef        ' '/O=Cisco Systems/CN=Cisco Manufacturing CA' \
        0x31AF455500000008E983
    cat "$CERTS/token1.crt" "$CERTS/token1.key" >"$CERTS/token1.pem"
    cat "$CERTS/token2.crt" "$CERTS/token2.key" >"$CERTS/token2.pem"
}
# token NAME: what --token says of it, with its PIN: SoftHSM2 has it or, where there is none, a file stands in.
token() {
    if [ -n "$SOFTHSM" ]; then
        echo "$(softhsm_uri "$1")&pin-source=file:$T/pin"
    else
        echo "file:$CERTS/$1.pem"
    fi
}
# tokens: both are put in.
tokens() {
    [ -n "$SOFTHSM" ] || return 0
    softhsm_open
    softhsm_token token1 token1
    softhsm_token token2 token2
}
# upload NAME…: tokens, or other certificates, as Phone-SAST-trust.
upload() {
    local name
    for name in "$@"; do
        changes "$CERTS/$name.crt" set cert import trust Phone-SAST-trust "$CERTS/$name.crt"
    done
}
