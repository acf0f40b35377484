#!/bin/bash
# What a service manager and tvsd have to say to each other: with a manager of our own (test_…), and with systemd itself
# in a container (boot_…), which takes root, debootstrap and systemd-nspawn; without them the last line says how many
# tests were left out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tokens.sh"
. "$(dirname "$0")/boot.sh"

# ---- A manager of our own

told_shows() { grep -qE -- "$1" "$T/told"; }
wait_told() { wait_until told_shows "$1"; }
told_count() { grep -cE -- "$1" "$T/told"; }
told_at_least() { [ "$(told_count "$2")" -ge "$1" ]; }

# managed [OPTION-OF-MANAGER…]: a tvsd that has said READY=1; HOSTS are its addresses.
run_managed() {
    : >"$T/log"
    rm -f "$T/told" "$T/told.socket"
    MARK=0
    "$BUILD/tests/it/manager" "$@" "$T/told" "$BUILD/tvsd" --config "$T/tvsd.yaml" >"$T/stdout" 2>"$T/log" </dev/null &
    PID=$!
    wait_until test -e "$T/told"
}
managed() {
    run_managed "$@"
    wait_told '^READY=1\|STATUS='
    mapfile -t HOSTS < <(sed -nE 's/.* event=ready listen="([^"]+)".*/\1/p' "$T/log")
    HOST=${HOSTS[0]:-}
    [ -n "$HOST" ] || fail "READY=1 before the log said ready"
}
has_ipv6() { grep -qs ' lo$' /proc/net/if_inet6; }

test_ready_reload_stop() {
    setup
    managed
    told_shows '^READY=1\|STATUS=Certificates: 1 in the store, 0 in the CTL. Connections: 0\.$' || fail "$(cat "$T/told")"
    ask 0 verify "$CERTS/tvs.crt"
    configure 'tls: { minimum: "1.0" }'
    kill -HUP "$PID"
    wait_until told_at_least 2 '^READY=1'
    ask 0 verify "$CERTS/tvs.crt" --tls1.0 # READY=1 means that the new one serves
    configure 'tls: { minimum: "9.9" }'
    kill -HUP "$PID"
    wait_until told_at_least 3 '^READY=1'
    wait_told '^READY=1\|STATUS=Certificates: .* reload was refused'
    stop
    wait_told '^STOPPING=1'
    [ "$(grep -oE '^[A-Z]+=1' "$T/told" | tr '\n' ' ')" = 'READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 STOPPING=1 ' ] ||
        fail "$(cat "$T/told")"
    [ "$(told_count '^RELOADING=1\|MONOTONIC_USEC=[0-9]+$')" -eq 2 ] || fail "$(cat "$T/told")"
}

# What is wrong is told as it happens, and when it is over.
test_trouble_is_told() {
    setup
    managed
    echo garbage >"$T/tftp/CTLFile.tlv"
    wait_told '^STATUS=Certificates: .* CTLFile\.tlv is refused, no CTL is in force\.$'
    rm "$T/tftp/CTLFile.tlv"
    wait_until told_last '^STATUS=Certificates: .* Connections: [0-9]+\.$'
    mv "$T/state/tvs.sqlite3" "$T/away"
    wait_told '^STATUS=Certificates: 1 .* The store cannot be read, what was read last is in force\.$'
    wait_log 'event=store-refused .*is gone; what was read stays in force'
    mv "$T/away" "$T/state/tvs.sqlite3"
    wait_until told_last '^STATUS=Certificates: .* Connections: [0-9]+\.$'
    stop
}
told_last() { tail -n 1 "$T/told" | grep -qE -- "$1"; }

test_refused_start_is_told() {
    setup
    configure 'tls: { minimum: "9.9" }'
    run_managed
    wait_end 1
    wait_told '^STATUS=.*tls\.minimum'
    ! told_shows 'READY=1' || fail "a start that was refused said READY=1"
}

# Worker 1 of two hangs. Not 0: that cannot be had here.
hang_a_worker() {
    "$BUILD/tests/it/hang" "$PID" worker-1 >"$T/hang" 2>&1 &
    HELPER=$!
    wait_until test -s "$T/hang"
    ! grep -qx hung "$T/hang" || return 0
    echo "partly skipped: no thread can be made to hang here: $(cat "$T/hang")" >&2
    stop
    return 1
}

# Alive for several times the interval, then one worker of two hangs.
test_watchdog() {
    setup
    sed -i '1s/ }/, workers: 2 }/' "$T/tvsd.yaml"
    managed -w $((${TVS_IT_DEADLINE:-20} * 200))
    wait_until told_at_least 4 '^WATCHDOG=1$'
    hang_a_worker || return 0
    wait_end 134 # SIGABRT
    log_shows 'level=error event=worker-hung worker=1 seconds=[0-9]+ remedy="the service manager' || fail "worker 1 is not named"
    log_lacks 'event=worker-hung worker=0'
    told_shows '^ABORTED$' || fail "it ended by itself"
}

# While a worker hangs, asking again and again ends tvsd nevertheless, with its counters in the log.
test_third_signal() {
    setup
    sed -i '1s/ }/, workers: 2 }/' "$T/tvsd.yaml"
    # A thread that hangs cannot be waited for: ThreadSanitizer need not say so.
    TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}report_thread_leaks=0 start
    hang_a_worker || return 0
    kill -TERM "$PID"
    wait_log 'event=stopping signal=SIGTERM'
    wait_until ends_when_asked
    wait_end 0
    [[ $(tail -n 2 "$T/log") == *event=stats*event=stopped* ]] || fail "the counters are not in the log before the end"
}
ends_when_asked() { is_gone || ! kill -TERM "$PID" 2>/dev/null; }

test_inherited_sockets() {
    local sockets=(-l 127.0.0.1:0 -l 127.0.0.1:0) host
    if has_ipv6; then sockets+=(-l '[::1]:0'); fi
    LISTEN=127.0.0.1:1 # must not be opened
    setup
    managed "${sockets[@]}"
    wait_log "event=sockets-inherited count=$((${#sockets[@]} / 2)) "
    [ ${#HOSTS[@]} -eq $((${#sockets[@]} / 2)) ] || fail "ready names ${HOSTS[*]}"
    log_lacks '127\.0\.0\.1:1"'
    for host in "${HOSTS[@]}"; do
        HOST=$host
        ask 0 verify "$CERTS/tvs.crt"
    done
    kill -HUP "$PID"
    wait_until told_at_least 2 '^READY=1'
    for host in "${HOSTS[@]}"; do
        HOST=$host
        ask 0 verify "$CERTS/tvs.crt"
    done
    stop
}

test_sockets_that_cannot_be_used() {
    setup
    run_managed -l 127.0.0.1:0 -u 127.0.0.1:0
    wait_end 1
    wait_log 'event=start-refused .*socket 2 of 2 .*127\.0\.0\.1:[0-9]+.*not a listening TCP socket.*ListenStream='
    run_managed -d 127.0.0.1:0
    wait_end 1
    wait_log 'event=start-refused .*socket 1 of 1 .*not a listening TCP socket'
}

# ---- systemd itself

boot_ready() {
    boot
    expect 0 inside systemctl start tvsd # comes back after READY=1
    in_ask 0 verify /root/tvs.crt
    must_show ActiveState active
    must_show StatusText 'Certificates: 1 in the store, 0 in the CTL. Connections: 0.'
    must_show WatchdogUSec 30s
    expect 0 inside tvsctl show status
    out_has 'Control socket  : /run/tvsd/control' 'Certificates: 1 in the store'
    expect 0 inside stat -c '%U %G %a' /run/tvsd/control /run/tvsd
    [ "$(tr '\n' ' ' <"$T/out")" = 'tvs tvs 660 tvs tvs 750 ' ] || fail "the socket is $(cat "$T/out")"
    in_ask 0 verify /root/tvs.crt --device SEP1
    expect 0 inside tvsctl show tvs clients
    out_has SEP1
    expect 0 inside systemctl stop tvsd
    must_show Result success
    must_show ExecMainStatus 0
    expect 0 inside systemctl start tvsd
    expect 0 inside tvsctl show tvs clients # it remembers
    out_has SEP1
    power_off
}

# A security token signs within the unit's own walls: tvsctl in the place of tvsd.
boot_token() {
    if [ -z "$SOFTHSM" ]; then
        echo 'SoftHSM2 is not there (Debian: softhsm2): left out'
        return
    fi
    boot
    softhsm_open
    self_signed sast1 /CN=SAST-1
    self_signed sast2 /CN=SAST-2
    softhsm_token sast1 sast1
    mkdir -p "$T/root/token" # seen as /mnt/token
    cp -r "$(realpath "$SOFTHSM")" "$T/softhsm" "$T/pin" "$CERTS/sast1.crt" "$CERTS/sast2.crt" "$T/root/token"
    printf '%s\n' 'directories.tokendir = /var/lib/tvs/softhsm' 'objectstore.backend = file' >"$T/root/token/softhsm.conf"
    expect 0 inside cp /mnt/token/softhsm.conf /etc/tvs
    expect 0 inside install -D /mnt/token/libsofthsm2.so -t /usr/lib/softhsm # code is run from there alone
    expect 0 inside cp -r /mnt/token/softhsm /mnt/token/pin /var/lib/tvs
    expect 0 inside chown -R tvs:tvs /var/lib/tvs /srv/tftp
    expect 0 inside tvsctl set cert regen CallManager
    expect 0 inside tvsctl set cert import trust Phone-SAST-trust /mnt/token/sast1.crt /mnt/token/sast2.crt
    expect 0 inside tvsctl --yes utils ctl set-cluster mixed-mode
    drop_in "Type=oneshot\nRestart=no\nWatchdogSec=0\nExecStartPre=\nExecStart=\nReadWritePaths=/srv/tftp\nEnvironment=SOFTHSM2_CONF=/etc/tvs/softhsm.conf\nExecStart=/usr/sbin/tvsctl --yes --force utils ctl sign --pin-file /var/lib/tvs/pin --token pkcs11:token=sast1?module-path=/usr/lib/softhsm/libsofthsm2.so"
    inside systemctl start tvsd || fail "$(journal | tail -n 20)"
    expect 0 inside tvsctl show ctl
    out_has 'cn=SAST-1' 'The CTL file was verified successfully.'
    power_off
}

boot_reload() {
    local pid
    boot
    expect 0 inside systemctl start tvsd
    pid=$(inside systemctl show -P MainPID tvsd)
    for version in 1.0 1.2 1.0 1.2 1.0; do
        expect 0 inside sed -i -e '/^tls:/d' -e "\$atls: { minimum: \"$version\" }" /etc/tvs/tvsd.yaml
        expect 0 inside systemctl reload tvsd # comes back when the new one is in force
        in_ask $([ $version = 1.0 ] && echo 0 || echo 3) verify /root/tvs.crt --tls1.0
    done
    expect 0 inside sed -i 's/"1.0"/"9.9"/' /etc/tvs/tvsd.yaml
    expect 1 inside systemctl reload tvsd # tvsctl cannot read it either, and says why
    journal_shows 'tvsctl: .*tls\.minimum' || fail "nobody says why: $(journal)"
    expect 0 inside sed -i 's/"9.9"/"1.0"/' /etc/tvs/tvsd.yaml
    expect 0 inside mv /var/lib/tvs/keys /var/lib/tvs/away
    expect 1 inside systemctl reload tvsd
    journal_shows 'tvsctl: tvsd refused the reload: .*no usable key' || fail "nobody says why: $(journal)"
    inside systemctl show -P StatusText tvsd | grep -q refused || fail "the status does not say that the reload was refused"
    expect 0 inside mv /var/lib/tvs/away /var/lib/tvs/keys
    expect 0 inside systemctl reload tvsd
    must_show ActiveState active
    must_show MainPID "$pid"
    in_ask 0 verify /root/tvs.crt --tls1.0
    power_off
}

boot_watchdog() {
    local pid
    boot
    drop_in 'WatchdogSec=1'
    expect 0 inside sed -i '1s/ }/, workers: 2 }/' /etc/tvs/tvsd.yaml
    expect 0 inside systemctl start tvsd
    pid=$(inside systemctl show -P MainPID tvsd)
    inside hang "$pid" worker-1 >"$T/hang" 2>&1 & # one worker of two
    wait_until grep -qx hung "$T/hang"
    wait_until shows NRestarts 1
    wait_until shows ActiveState active
    journal_shows 'event=worker-hung worker=1 ' || fail "worker 1 is not named: $(journal)"
    journal_shows 'Watchdog timeout' || fail "systemd does not speak of the watchdog: $(journal)"
    in_ask 0 verify /root/tvs.crt
    pid=$(inside systemctl show -P MainPID tvsd)
    inside kill -STOP "$pid" # all of it
    wait_until shows NRestarts 2
    wait_until shows ActiveState active
    in_ask 0 verify /root/tvs.crt
    power_off
}

boot_socket_start() {
    boot
    expect 0 inside systemctl start tvsd.socket
    must_show ActiveState inactive
    in_ask 0 verify /root/tvs.crt # starts it
    wait_until shows ActiveState active
    journal_shows 'event=sockets-inherited count=1 ' || fail "$(journal)"
    expect 0 inside systemctl kill -s KILL tvsd
    in_ask 0 verify /root/tvs.crt # waits for the next one
    wait_until shows NRestarts 1
    wait_until shows ActiveState active
    expect 0 inside systemctl stop tvsd
    must_show ActiveState active tvsd.socket
    in_ask 0 verify /root/tvs.crt
    wait_until shows ActiveState active
    power_off
}

run_booted "$@"
