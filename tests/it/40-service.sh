#!/bin/bash
# Reload, stop, log formats, start refusals.
. "$(dirname "$0")/lib.sh"

test_reload_takes_the_configuration() {
    setup
    start
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    configure 'tls: { minimum: "1.0" }'
    mark
    kill -HUP "$PID"
    wait_log 'event=reload '
    ask 0 verify "$CERTS/tvs.crt" --tls1.0
    stop
}

# Said at the start, and not again by each reload.
test_certificate_expires() {
    configure
    do_tvsctl set cert regen TVS --days 20
    do_tvsctl set cert regen CallManager --days 80
    do_tvsctl set cert regen tomcat
    start
    wait_log "level=info event=expiry-notice unit=CallManager subject=.* days=(79|80) remedy=\"\`tvsctl set cert regen CallManager --config"
    wait_log "level=warning event=expiry-warning unit=TVS subject=\"?CN=node-a.* serial=[0-9A-F]+ expires=20[0-9-]+ days=(19|20) remedy="
    log_lacks 'event=exp.* unit=tomcat'
    mark
    kill -HUP "$PID"
    wait_log 'event=reload '
    do_tvsctl set cert regen CallManager --days 5
    wait_log 'event=store-loaded '
    stop
    log_lacks 'event=exp'
    start
    wait_log 'level=error event=expiry-urgent unit=CallManager .* days=[45] '
    stop
}

# A bad file changes nothing, and the service goes on.
test_bad_configuration_is_refused() {
    setup
    start
    configure 'tls: { minimum: "9.9" }'
    mark
    kill -HUP "$PID"
    wait_log 'level=error event=reload-refused reason=".*tls\.minimum.*" remedy=".*then send SIGHUP again"'
    ask 0 verify "$CERTS/tvs.crt"
    expect 3 tvsc verify "$CERTS/tvs.crt" --tls1.0
    mark
    configure
    kill -HUP "$PID"
    wait_log 'event=reload '
    stop
}

# A new TVS certificate is offered without a restart.
test_new_server_certificate() {
    setup
    start
    ask 0 verify "$CERTS/tvs.crt"
    do_tvsctl set cert import own TVS "$CERTS/node-b.pem"
    wait_until offers "$CERTS/node-b.crt"
    stop
}
offers() {
    "$BUILD/tvsc" --host "$HOST" --trust "$1" verify "$1" >"$T/out" 2>"$T/err"
    [ $? -le 1 ]
}

test_ipv6() {
    grep -qs ' lo$' /proc/net/if_inet6 || { echo 'skipped: no IPv6 on the loopback here' >&2; return; }
    LISTEN='[::1]:0'
    setup
    start
    case $HOST in '[::1]:'*) ;; *) fail "ready says $HOST" ;; esac
    ask 0 verify "$CERTS/tvs.crt"
    out_has "Server:   $HOST,"
    wait_log 'event=answer .*peer="\[::1\]:[0-9]+"'
    stop
}

# A phone that is connected and asks nothing must not hold up the end.
test_stop_does_not_wait_for_idle() {
    setup 'log: { format: trace, level: debug }'
    sed -i '1s/ }/, drain_timeout: 1m }/' "$T/tvsd.yaml"
    start
    mkfifo "$T/stdin"
    openssl s_client -connect "$HOST" -quiet <>"$T/stdin" >"$T/idle" 2>&1 &
    HELPER=$!
    wait_log 'TLS HS Done for ph_conn'
    ask 0 verify "$CERTS/tvs.crt"
    kill -TERM "$PID"
    wait_log 'event=stopping '
    wait_end 0
    log_shows 'event=stopped' || fail "the log does not say stopped"
    log_shows 'event=stats accepted=2 .*handshakes=2 .*end-drained=1' || fail "the last counters are not in the log"
    log_shows 'event=conn-closed reason=drained ' || fail "the idle connection was not closed as drained"
}

# Nor must one that has not sent a byte.
test_stop_does_not_wait_for_silence() {
    setup
    sed -i '1s/ }/, drain_timeout: 1m }/' "$T/tvsd.yaml"
    start
    exec 5<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    ask 0 verify "$CERTS/tvs.crt"
    stop
    log_shows 'event=conn-closed reason=drained ' || fail "the silent connection was not closed"
    exec 5>&-
}

# ---- A TFTP folder that is not there

test_no_tftp_folder() {
    setup
    rmdir "$T/tftp"
    expect 0 "$BUILD/tvsd" --config "$T/tvsd.yaml" -t
    err_has 'tvsd: warning: CTLFile.tlv would be refused:' "$T/tftp" trust_lists.directory
    err_is_one_line
    start
    log_shows "level=error event=ctl-refused file=$T/tftp/CTLFile.tlv code=not-found reason=.* in-force=none remedy=" ||
        fail "the start does not say it"
    log_shows 'event=started .* ctl=0 max_connections=[1-9][0-9]*$' || fail "no max_connections"
    mark
    kill -HUP "$PID"
    wait_log 'event=ctl-refused .* code=not-found '
    stop
}

# ---- The log

# tvsd with a log file, $T/logs/tvsd.log; what it says on standard error is $T/log.
start_with_log_file() {
    mkdir "$T/logs"
    echo "log: { target: $T/logs/tvsd.log }" >>"$T/tvsd.yaml"
    : >"$T/log"
    "$BUILD/tvsd" --config "$T/tvsd.yaml" >"$T/stdout" 2>"$T/log" </dev/null &
    PID=$!
    wait_until file_shows "$T/logs/tvsd.log" 'event=ready'
}
file_shows() { [ -e "$1" ] && grep -qE -- "$2" "$1"; }

# A reload that is refused for another reason opens the file anew all the same.
test_rotated_log_and_refused_reload() {
    setup
    start_with_log_file
    mv "$T/logs/tvsd.log" "$T/logs/tvsd.log.1"
    echo 'no_such_section: { }' >>"$T/tvsd.yaml"
    kill -HUP "$PID"
    wait_until file_shows "$T/logs/tvsd.log" 'event=reload-refused .*no_such_section'
    [ ! -s "$T/log" ] || fail "standard error says something, too"
    # With the folder away it is said where it can be.
    mv "$T/logs" "$T/away"
    kill -HUP "$PID"
    wait_log 'level=error event=reload-refused .*no_such_section'
    sed -i '$d' "$T/tvsd.yaml"
    mark
    kill -HUP "$PID"
    wait_log 'event=reload-refused reason="log\.target: .*its folder is not there: make it, or correct log\.target'
    # Another target: the old one says so.
    sed -i "s:$T/logs:$T:" "$T/tvsd.yaml"
    kill -HUP "$PID"
    wait_until file_shows "$T/tvsd.log" 'event=reload '
    file_shows "$T/away/tvsd.log" "event=log-moved target=$T/tvsd.log" || fail "the old log does not say where it goes on"
    stop
}

test_full_disk() {
    [ -w /dev/full ] || { echo 'skipped: no /dev/full here' >&2; return; }
    setup 'log: { target: /dev/full }'
    : >"$T/log"
    "$BUILD/tvsd" --config "$T/tvsd.yaml" >"$T/stdout" 2>"$T/log" </dev/null &
    PID=$!
    wait_log 'level=error event=log-failed reason="log\.target /dev/full: No space left on device" remedy='
    stop
    [ "$(wc -l <"$T/log")" -eq 1 ] || fail "said more than once"
}

test_logfmt() {
    setup
    start
    ask 0 verify "$CERTS/tvs.crt" --device $'CP-8861-"x y"'
    wait_log '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z tvsd\[[0-9]+\]: level=info event=answer type=[a-z]+ result=trusted roles="?21"? source=store serial=[0-9A-F]+ device="CP-8861-\\"x y\\"" peer="?127\.0\.0\.1:[0-9]+"? us=[0-9]+ tls=TLSv1\.[23]$'
    stop
}

test_json() {
    setup 'log: { format: json }'
    start
    ask 0 verify "$CERTS/tvs.crt" --device $'CP-8861-"x y"'
    wait_log '^\{.*"event":"answer".*"result":"trusted".*"device":"CP-8861-\\"x y\\"".*\}$'
    stop
    ! grep -vqE '^\{"[^{]*\}$' "$T/log" || fail "a line that is no JSON object: $(grep -vE '^\{"[^{]*\}$' "$T/log" | head -n 1)"
}

# The lines that CUCM's traces have, beside our own.
test_trace() {
    setup 'log: { format: trace, level: debug }'
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/captured.crt"
    start
    ask 0 verify "$CERTS/tvs.crt" --tls1.2 --ciphers AES256-SHA
    ask 0 send "$DATA/query-request.hex"
    ask 1 verify "$CERTS/other.crt"
    wait_log 'getCertificateInformation\(cert\) : certificate not found'
    local serial line
    serial=$(openssl x509 -in "$CERTS/tvs.crt" -noout -serial | cut -d= -f2)
    while IFS= read -r line; do
        grep -qE "^[0-9:]{8}\.[0-9]{3} \|   debug .*" <(grep -F -- "$line" "$T/log") || fail "the trace lacks: $line"
    done <<LINES
tvsSSLHandShake Session ciphers - AES256-SHA
TLS HS Done for ph_conn .
    MsgType               : TVS_MSG_CERT_VERIFICATION_REQ
tvsGetIssuerNameFromX509 - issuerName : CN=node-a;OU=TAC;O=Cisco;C=PL and Length: 
Looking up the certificate cache using Unique MAP ID : ${serial}CN=node-a;OU=TAC;O=Cisco;C=PL
CertificateDBCache::getCertificateInformation - Certificate compare return =0
CertificateDBCache::getCertificateInformation - Certificate found and equal
UNKNOWN:Sending CERT_VERIF_RES msg
    MsgType               : TVS_MSG_CERT_VERIFICATION_RES
tvsHandleQueryCertReq : Issuer Name is: CN=stormin-WIN2012-CA
tvsHandleQueryCertReq : Serial Number is: 24000000179479B8F124AC3F3B000000000017
{rolecount : 2}
ERROR:CertificateDBCache::getCertificateInformation - Cannot find the certificate in the cache
LINES
    wait_log '^[0-9:]{8}\.[0-9]{3} \|   info event=answer '
    stop
}

# ---- Start refusals: one line each, exit status 1

refuses_to_start() {
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    grep -q 'event=start-refused' "$T/err" || fail "the log does not say start-refused"
    [ "$(grep -cE 'level=(error|warning)' "$T/err")" -eq 1 ] || fail "more than one line says why"
    err_has "$@"
}

test_port_in_use() {
    setup
    start
    sed -i "s/127\.0\.0\.1:0/$HOST/" "$T/tvsd.yaml"
    refuses_to_start "$HOST" 'in use'
    stop
}

test_no_certificate() {
    configure
    refuses_to_start 'set cert regen TVS'
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    refuses_to_start 'set cert regen TVS'
}

test_unknown_store_version() {
    setup
    # Bytes 60 to 63 of a SQLite file are PRAGMA user_version.
    printf '\0\0\3\347' | dd of="$T/state/tvs.sqlite3" bs=1 seek=60 conv=notrunc 2>/dev/null
    refuses_to_start 999 "$T/state/tvs.sqlite3"
}

test_bad_option() {
    setup
    echo 'tls: { minimun: "1.0" }' >>"$T/tvsd.yaml"
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    err_has "$T/tvsd.yaml:5:" tls.minimun 'did you mean minimum'
    err_is_one_line
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml" -t
    expect 1 "$BUILD/tvsd" --config "$T/missing.yaml"
    err_has "$T/missing.yaml"
    err_is_one_line
    expect 2 "$BUILD/tvsd" --no-such-option
}

test_log_target_that_cannot_be_written() {
    setup
    echo "log: { target: $T/nowhere/tvsd.log }" >>"$T/tvsd.yaml"
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml" -t
    err_has log.target "$T/nowhere/tvsd.log"
    expect 1 "$BUILD/tvsd" --config "$T/tvsd.yaml"
    err_has "$T/nowhere/tvsd.log"
}

test_check_of_a_good_configuration() {
    setup
    expect 0 "$BUILD/tvsd" --config "$T/tvsd.yaml" -t
    expect 0 "$BUILD/tvsd" --config "$T/tvsd.yaml" -T
    out_has 'minimum'
}

run_tests "$@"
