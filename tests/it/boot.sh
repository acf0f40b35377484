# A systemd of its own in a container, with tvsd installed as `make install` does it: for tests that source lib.sh first.
# These are named boot_NAME (nothing else may be), and end with `run_booted "$@"`.
# shellcheck shell=bash

# One container at a time: they would share a control group.
TREE=$BUILD/nspawn/tree
LEADER=

why_not() {
    if [ "${TVS_BOOT:-no}" != yes ]; then
        echo '`make check-boot` runs it, since it fetches a Debian once'
    elif [ "$(id -u)" -ne 0 ]; then
        echo 'root is needed'
    elif ! command -v debootstrap >/dev/null || ! command -v systemd-nspawn >/dev/null; then
        echo 'debootstrap or systemd-nspawn is missing (Debian: debootstrap, systemd-container)'
    elif ldd "$BUILD/tvsd" | grep -qE 'lib[a-z]+san\.'; then
        echo 'programs with sanitizers do not run in the sandbox'
    elif ! unshare -m true 2>/dev/null; then
        echo 'no mount namespace can be made here'
    elif ! make_tree; then
        echo "no Debian can be installed into $TREE: see $TREE.log"
    fi
}

# The packages of the libraries that our programs need.
library_packages() {
    local library
    ldd "$BUILD/tvsd" "$BUILD/tvsctl" "$BUILD/tvsc" | awk '$3 ~ "^/" { print $3 }' | sort -u | while read -r library; do
        case $library in "$BUILD"/*) continue ;; esac
        { dpkg -S "$library" || dpkg -S "/usr$library" || dpkg -S "$(realpath "$library")"; } 2>/dev/null | head -n 1 | cut -d: -f1
    done | sort -u | paste -sd,
}

# Once a build folder and list of packages; takes the release of this system.
make_tree() {
    local release packages
    packages="systemd,systemd-sysv,dbus,procps,tftpd-hpa,$(library_packages)"
    [ "$(cat "$TREE.made" 2>/dev/null)" != "$packages" ] || return 0
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    rm -rf "$TREE"
    mkdir -p "$TREE"
    echo "installing $release into $TREE, once" >&2
    debootstrap --variant=minbase --include="$packages" "$release" "$TREE" >"$TREE.log" 2>&1 && echo "$packages" >"$TREE.made"
}

inside() { nsenter -t "$LEADER" -m -u -i -n -p -- env -u TMPDIR "$@" </dev/null; }
is_running() { find_leader && case $(inside systemctl is-system-running 2>&1) in running | degraded) ;; *) false ;; esac; }
shows() { [ "$(inside systemctl show -P "$1" "${3:-tvsd.service}")" = "$2" ]; }
must_show() { shows "$@" || fail "$1 is $(inside systemctl show -P "$1" "${3:-tvsd.service}"), not $2: $(journal | tail -n 20)"; }
journal() { inside journalctl --no-pager -o cat -u tvsd.service; }
journal_shows() { journal | grep -qE -- "$1"; }
in_ask() {
    local status=$1
    shift
    expect "$status" inside tvsc --host 127.0.0.1:2445 --trust /root/tvs.crt --timeout "${DEADLINE}s" "$@"
}

# container TREE [FOLDER]: systemd in a container, whose every change is forgotten; FOLDER is /mnt there.
container() {
    # All of these become the process that comes last: timeout. With BPF the units' IPAddressDeny= is in force.
    # shellcheck disable=SC2016
    local script='mount -t tmpfs tmpfs /run && exec timeout -k 5 120 systemd-nspawn -D "$1" --boot --register=no --keep-unit \
        --private-network --machine=tvstest --volatile=overlay --console=pipe --bind-ro="$2:/mnt" \
        --capability=CAP_BPF,CAP_NET_ADMIN --system-call-filter=bpf'
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 flock -F "$(command -v systemd-nspawn)" unshare -m --propagation private \
        bash -c "$script" boot "$1" "${2:-$T}" >"$T/log" 2>&1 </dev/null &
    HELPER=$!
    wait_until is_running
}

# boot: with tvsd as `make install` puts it there.
boot() {
    expect 0 make -s -C "$ROOT" install BUILD="$BUILD" DEPS_CHECKED=yes PREFIX=/usr sysconfdir=/etc DESTDIR="$T/root"
    install -D -m 0644 "$CERTS/tvs.crt" "$CERTS/tvs.pem" -t "$T/root/root"
    install -D "$BUILD/tests/it/hang" "$BUILD/tests/it/client" "$BUILD/tests/it/walls" -t "$T/root/usr/bin"
    LISTEN=0.0.0.0:2445
    configure
    sed -i -e "s|$T/state|/var/lib/tvs|" -e "s|$T/tftp|/srv/tftp|" "$T/tvsd.yaml"
    cp "$T/tvsd.yaml" "$T/root/etc/tvs/tvsd.yaml"
    container "$TREE" "$T/root"
    expect 0 inside cp -a /mnt/. /
    expect 0 inside systemd-sysusers
    expect 0 inside install -d /srv/tftp
    expect 0 inside systemd-tmpfiles --create tvsd.conf
    expect 0 inside tvsctl set cert import own TVS /root/tvs.pem
    expect 0 inside systemctl daemon-reload
}
# timeout, then systemd-nspawn, then the first process in the container.
find_leader() {
    local nspawn
    nspawn=$(child_of "$HELPER") && LEADER=$(child_of "$nspawn")
}
child_of() {
    local children
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
    [ -n "$children" ] && echo "${children%% *}"
}
power_off() {
    inside systemctl poweroff --no-block >/dev/null 2>&1
    PID=$HELPER HELPER=
    wait_until is_gone
    wait "$PID"
    PID=
}
drop_in() {
    inside mkdir -p /run/systemd/system/tvsd.service.d
    inside sh -c "printf '[Service]\n$1\n' >/run/systemd/system/tvsd.service.d/test.conf"
    expect 0 inside systemctl daemon-reload
}

# phones_ask CERT: three phones ask without pause, each time on a new connection, until phones_stop.
phones_ask() {
    local phone
    for phone in 1 2 3; do
        inside sh -c "cd /root; while test ! -e enough; do
            tvsc --host 127.0.0.1:2445 --trust $1 --timeout 20s verify $1 >last$phone 2>&1 && echo good >>said$phone ||
                { cat last$phone; echo bad; } >>said$phone
            done; touch ended$phone" &
    done
    wait_until all_said 1
}
all_said() { inside sh -c "for phone in 1 2 3; do test \$(grep -c . /root/said\$phone) -ge $1 || exit 1; done" 2>/dev/null; }
# phones_good WHEN: each was answered whenever it asked, and once more from now on.
phones_good() {
    local most
    most=$(inside sh -c 'wc -l /root/said? | sort -n | tail -n 2 | head -n 1' | awk '{ print $1 }')
    wait_until all_said $((most + 2))
    ! inside sh -c 'grep -h -B 3 bad /root/said?' >"$T/out" || fail "a phone was not answered while $1"
}
phones_stop() {
    inside touch /root/enough
    wait_until inside test -e /root/ended1 -a -e /root/ended2 -a -e /root/ended3
}

# ---- Running: test_… anywhere, boot_… where that is possible.

run_booted() {
    local boots tests reason results skipped=0 status
    if [ $# -eq 0 ]; then
        mapfile -t boots < <(declare -F | sed -n 's/^declare -f \(boot_.*\)/\1/p')
        mapfile -t tests < <(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p')
        reason=$(why_not)
        if [ -z "$reason" ]; then
            tests+=("${boots[@]}")
        else
            skipped=${#boots[@]}
            printf "skipped ${0##*/}: %s: $reason\n" "${boots[@]}"
        fi
        set -- "${tests[@]}"
    fi
    results=$(mktemp)
    run_tests "$@" | tee "$results"
    status=${PIPESTATUS[0]}
    echo "$(grep -c '^ok ' "$results") passed, $(grep -c '^FAILED ' "$results") failed, $skipped skipped"
    rm -f "$results"
    return "$status"
}
