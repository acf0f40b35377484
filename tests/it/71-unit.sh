#!/bin/bash
# The units as they are installed, under systemd itself in a container: its walls, its ways to listen, reloads under load,
# the end of a service, and lists that root publishes and phones fetch.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tokens.sh"
. "$(dirname "$0")/boot.sh"

score() { inside systemd-analyze security --no-pager "$1" | sed -nE 's/.*exposure level for .*: ([0-9]+\.[0-9]+) .*/\1/p'; }
no_worse() { awk -v is="$1" -v most="$2" 'BEGIN { exit !(is != "" && is + 0 <= most + 0) }' || fail "systemd-analyze says $1, not $2 at most"; }
status_is() { inside grep -qE "^$1:	$2\$" "/proc/$PROCESS/status" || fail "$(inside grep "^$1:" "/proc/$PROCESS/status"), not $2"; }
namespace() { inside readlink "/proc/$1/ns/$2"; }

reload_units() { expect 0 inside systemctl daemon-reload; }

test_scores_without_systemd() {
    local folder=$T/etc/systemd/system unit
    command -v systemd-analyze >/dev/null || { echo 'systemd-analyze is not installed: left out'; return; }
    mkdir -p "$folder/tvsd.service.d"
    "$ROOT/scripts/unit.sh" service /usr/sbin /etc /usr/lib >"$folder/tvsd.service"
    "$ROOT/scripts/unit.sh" instance /usr/sbin /etc /usr/lib >"$folder/tvsd@.service"
    cp "$ROOT/systemd/tvsd.socket" "$folder"
    ! grep -ns '@[A-Z]*@' "$folder"/* || fail "a path was not filled in"
    # --threshold takes ten times the figure.
    expect 0 systemd-analyze security --offline=true --threshold=3 --root="$T" tvsd.service
    cp "$ROOT/systemd/own-sockets.conf" "$folder/tvsd.service.d"
    expect 0 systemd-analyze security --offline=true --threshold=12 --root="$T" tvsd.service
    expect 0 systemd-analyze security --offline=true --threshold=12 --root="$T" tvsd@.service
    expect 1 systemd-analyze security --offline=true --threshold=3 --root="$T" tvsd.service
    mkdir -p "$T/usr/sbin" "$T/usr/lib/systemd/system"
    cp -L /lib/systemd/system/*.target /lib/systemd/system/*.slice "$T/usr/lib/systemd/system"
    cp /bin/true "$T/usr/sbin/tvsd"
    cp /bin/true "$T/usr/sbin/tvsctl"
    for unit in tvsd.service tvsd@a.service tvsd.socket; do
        systemd-analyze verify --man=no --root="$T" "$unit" >"$T/out" 2>&1
        ! grep -E 'tvsd(@|\.)' "$T/out" || fail "systemd-analyze verify has something to say of $unit"
    done
}

# Each line of a directive has words before it: what it is for.
test_directives_are_explained() {
    awk '/^\[/ { section = 1; explained = 0; next } /^#/ { explained = 1; next } /^$/ { explained = 0; next }
        !section { next } /^(Description|Documentation|After|WantedBy|ListenStream)=/ { next }
        !explained { print FILENAME ": " $0; bad = 1 } END { exit bad }' "$ROOT"/systemd/tvsd.s{ervice,ocket} "$ROOT"/systemd/own-sockets.conf >"$T/out" ||
        fail "nobody says what these are for"
}

boot_walls() {
    local kept free
    boot
    expect 0 inside tvsctl set cert regen CallManager # publishes an ITL
    expect 0 inside touch /tmp/witness
    inside walls >"$T/outside"
    drop_in 'Type=oneshot\nRestart=no\nWatchdogSec=0\nSockets=\nExecStartPre=\nExecStart=\nExecStart=/usr/bin/walls\nExecPaths=/usr/bin/walls'
    inside systemctl start tvsd || fail "$(journal | tail -n 20)"
    journal | grep -E '^(free to|kept from|[a-z].*: [A-Z])' >"$T/walls"
    free=$(grep -c '^free to ' "$T/walls")
    kept=$(grep -c '^kept from ' "$T/walls")
    [ "$free" -eq 3 ] && [ "$kept" -eq 19 ] && [ "$(wc -l <"$T/outside")" -eq 22 ] || fail "$(grep -v '^kept from' "$T/walls")"
    for free in 'read the TFTP folder' 'write its state' 'log to syslog'; do
        grep -qx "free to $free" "$T/walls" || fail "it is kept from what it needs: $(cat "$T/walls")"
    done
    # Outside of the unit hardly any of that is so.
    [ "$(grep -c '^free to ' "$T/outside")" -ge 20 ] || fail "root is kept from this outside of the unit: $(cat "$T/outside")"
    power_off
}

boot_walls_of_the_running_one() {
    local namespace
    boot
    expect 0 inside systemctl start tvsd
    PROCESS=$(inside systemctl show -P MainPID tvsd)
    status_is Seccomp 2
    status_is NoNewPrivs 1
    status_is CapEff 0+
    status_is CapBnd 0+
    status_is CapAmb 0+
    for namespace in net mnt ipc user uts; do
        [ "$(namespace "$PROCESS" "$namespace")" != "$(namespace 1 "$namespace")" ] || fail "it shares the $namespace namespace"
    done
    expect 0 inside cat "/proc/$PROCESS/net/dev"
    ! grep ':' "$T/out" | grep -qv ' lo:' || fail "it has a network"
    no_worse "$(score tvsd.service)" 0.3
    in_ask 0 verify /root/tvs.crt
    expect 0 inside systemctl reload tvsd
    in_ask 0 verify /root/tvs.crt
    PROCESS=
    power_off
}

# As tvsd.socket says in a comment. tvsd's own IPAddressDeny=any is in force all the while.
boot_who_may_connect() {
    boot
    expect 0 inside systemctl start tvsd
    in_ask 0 verify /root/tvs.crt
    if inside journalctl --no-pager -b | grep -q 'does not support BPF/cgroup firewalling'; then
        echo 'partly skipped: there is no BPF here' >&2
        power_off
        return
    fi
    socket_drop_in 'IPAddressDeny=any\nIPAddressAllow=10.0.0.0/8'
    expect 3 inside tvsc --host 127.0.0.1:2445 --trust /root/tvs.crt --timeout 1s verify /root/tvs.crt
    socket_drop_in 'IPAddressDeny=any\nIPAddressAllow=localhost 10.0.0.0/8'
    in_ask 0 verify /root/tvs.crt
    power_off
}
socket_drop_in() {
    expect 0 inside mkdir -p /run/systemd/system/tvsd.socket.d
    expect 0 inside sh -c "printf '[Socket]\n$1\n' >/run/systemd/system/tvsd.socket.d/test.conf"
    reload_units
    expect 0 inside systemctl stop tvsd.socket tvsd
    expect 0 inside systemctl start tvsd
}

boot_own_sockets() {
    boot
    expect 0 inside systemctl mask tvsd.socket
    expect 1 inside systemctl start tvsd
    journal_shows 'event=start-refused .*start tvsd\.socket' ||
        fail "nobody says what is missing: $(journal)"
    expect 0 inside systemctl stop tvsd
    expect 0 inside install -D -m 0644 /usr/share/doc/tvsd/own-sockets.conf -t /etc/systemd/system/tvsd.service.d
    reload_units
    expect 0 inside systemctl start tvsd
    journal_shows 'event=ready listen="?0\.0\.0\.0:2445' || fail "it does not open server.listen: $(journal)"
    in_ask 0 verify /root/tvs.crt
    no_worse "$(score tvsd.service)" 1.2
    power_off
}

boot_instances() {
    local node
    boot
    expect 0 inside systemctl start tvsd
    for node in 2 3; do
        inside sh -c "sed -e 's|0.0.0.0:2445|127.0.0.$node:2446|' -e 's|/var/lib/tvs|/var/lib/tvs-n$node|' -e 's|node-a|node-$node|' \
            -e 's|/srv/tftp|/srv/tftp-n$node|' /etc/tvs/tvsd.yaml >/etc/tvs/n$node.yaml"
        expect 0 inside install -d "/srv/tftp-n$node"
        expect 0 inside install -d -o tvs -g tvs -m 0750 "/var/lib/tvs-n$node"
        expect 0 inside tvsctl --config "/etc/tvs/n$node.yaml" set cert import own TVS /root/tvs.pem
        expect 0 inside systemctl start "tvsd@n$node"
        expect 0 inside tvsc --host "127.0.0.$node:2446" --trust /root/tvs.crt --timeout "${DEADLINE}s" verify /root/tvs.crt
        expect 0 inside tvsctl --config "/etc/tvs/n$node.yaml" show status
        out_has "/run/tvsd-n$node/control"
        expect 0 inside systemctl reload "tvsd@n$node"
    done
    no_worse "$(score tvsd@n2.service)" 1.2
    expect 0 inside systemctl stop tvsd@n3
    expect 0 inside tvsc --host 127.0.0.2:2446 --trust /root/tvs.crt --timeout "${DEADLINE}s" verify /root/tvs.crt
    in_ask 0 verify /root/tvs.crt
    # One that forgot its own state folder must not answer as the tvsd without a name.
    expect 0 inside sed -i 's|^state:.*|state: /var/lib/tvs|' /etc/tvs/n3.yaml
    expect 1 inside systemctl start tvsd@n3
    power_off
}

# Phones ask without pause, each time on a connection of its own, while it is reloaded, and stopped and started: who connects
# meanwhile waits.
boot_load() {
    local reloads=10 i
    boot
    expect 0 inside systemctl start tvsd
    phones_ask /root/tvs.crt
    for i in $(seq "$reloads"); do
        expect 0 inside sed -i -e '/^tls:/d' -e "\$atls: { minimum: \"1.$((i % 3))\" }" /etc/tvs/tvsd.yaml
        expect 0 inside systemctl reload tvsd
    done
    [ "$(journal | grep -c 'event=reload ')" -eq "$reloads" ] || fail "not $reloads reloads: $(journal | grep 'event=reload')"
    in_ask 3 verify /root/tvs.crt --tls1.0 # the last one is in force
    phones_good 'tvsd was reloaded'
    expect 0 inside systemctl restart tvsd
    phones_good 'tvsd was restarted'
    phones_stop
    power_off
}

# A request that is under way when tvsd is stopped is answered; then nobody listens.
boot_drain() {
    boot
    expect 0 inside systemctl start tvsd
    # shellcheck disable=SC2046
    printf "$(printf '\\x%s' $(cat "$DATA/query-request.hex"))" >"$T/root/request"
    inside client -p 20 127.0.0.1:2445 /mnt/request >"$T/client" 2>&1 &
    wait_until grep -qx 'shaken 1' "$T/client"
    wait_until inside sh -c 'tvsctl show status | grep -qE "[1-9][0-9]* (open|connection)|Connections *: *[1-9]"'
    expect 0 inside systemctl stop tvsd.socket tvsd
    wait_until grep -qx 'closed 1' "$T/client"
    grep -qx 'answered 1' "$T/client" || fail "the request under way was not answered: $(cat "$T/client" && journal | tail -n 10)"
    must_show Result success
    must_show ExecMainStatus 0
    journal_shows 'event=stopped' || fail "$(journal | tail -n 5)"
    in_ask 3 verify /root/tvs.crt
    power_off
}

# What root publishes, phones fetch over TFTP, and tvsd, in its walls, believes.
boot_published_as_root() {
    boot
    echo '<device/>' >"$T/root/SEP001122334455.cnf.xml"
    expect 0 inside cp /mnt/SEP001122334455.cnf.xml /srv/tftp
    expect 0 inside sed -i '$atls: { minimum: "1.0" }' /etc/tvs/tvsd.yaml # it is an old phone
    expect 0 inside systemctl start tvsd
    expect 0 inside systemctl start tftpd-hpa
    expect 0 inside tvsctl --yes set cert regen CallManager
    expect 0 inside tvsctl --yes utils ctl set-cluster mixed-mode
    expect 0 inside tvsctl --yes file sign SEP001122334455.cnf.xml
    expect 0 inside stat -c '%a' /srv/tftp/CTLFile.tlv /srv/tftp/ITLFile.tlv
    [ "$(sort -u "$T/out")" = 644 ] || fail "the lists are $(cat "$T/out")"
    wait_until journal_shows 'event=ctl-loaded '
    phone_boots ctl-by=blind itl-by=ctl
    expect 0 inside tvsctl --yes set cert regen CallManager
    expect 0 inside tvsctl --yes utils ctl update CTLFile
    wait_until journal_shows "event=ctl-loaded .*sha1=$(inside sha1sum /srv/tftp/CTLFile.tlv | cut -c1-40)"
    phone_boots ctl-by=tvs
    ! journal | grep -E 'event=(store|ctl|certificate)-refused' >"$T/out" || fail "tvsd cannot read what root wrote"
    power_off
}
phone_boots() {
    local word
    expect 0 inside tvsc phone --tftp tftp://127.0.0.1:69/ --state /root/phones --tvs 127.0.0.1:2445 --timeout "${DEADLINE}s" --family 79xx
    for word in state=follows config=accepted "$@"; do
        tail -n 1 "$T/out" | grep -qF -- " $word " || fail "the phone does not say $word: $(tail -n 1 "$T/out")"
    done
}

run_booted "$@"
