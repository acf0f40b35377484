#!/bin/bash
# The packages under systemd: README's commands from the packages to a phone that is answered, and an upgrade while phones ask.
. "$(dirname "$0")/../it/lib.sh"
. "$(dirname "$0")/../it/tokens.sh"
. "$(dirname "$0")/../it/boot.sh"
. "$(dirname "$0")/lib.sh"

RELEASES=${RELEASES:-bookworm trixie}

# tree_of RELEASE: with systemd, and the packages in /packages.
tree_of() {
    R=$T/root
    tree_with "$1-systemd" "$1" systemd systemd-sysv dbus procps || fail "no $1 with systemd: see $OPS/$1-systemd.log"
    [ -n "$(ls "$OPS/$1-packages"/*.deb 2>/dev/null)" ] || fail 'there are no packages to be tried: 10-packages makes them'
    cp -a "$OPS/$1-systemd" "$R"
    mkdir "$R/packages"
    cp "$OPS/$1-packages"/{libtrust0,tvs-tools,tvsd}_*.deb "$R/packages"
}
# installed_tree RELEASE: as `apt install` leaves it where nothing runs yet.
installed_tree() {
    tree_of "$1"
    expect 0 in_tree "$R" sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install tftpd-hpa /packages/*.deb'
    rm "$R/usr/sbin/policy-rc.d"
}

# README's commands, as they stand there, under a systemd that runs: the first starts tvsd, and what it recommends. The container
# has no network: what apt would fetch lies ready.
in_readme() {
    local line
    tree_of "$1"
    typed_in "$R"
    expect 0 in_tree "$R" sh -c 'apt-get -q -y -d install /packages/*.deb'
    rm "$R/usr/sbin/policy-rc.d"
    readme_commands >"$T/readme"
    [ "$(wc -l <"$T/readme")" -eq 4 ] || fail "README does not say how in four commands: $(cat "$T/readme")"
    container "$R"
    while read -r line <&3; do
        play "$line" inside env DEBIAN_FRONTEND=noninteractive
    done 3<"$T/readme"
    grep -q ' # => ' "$T/readme" || fail 'README promises nothing'
    must_show ActiveState active
    must_show ActiveState active tvsd.socket
    must_show UnitFileState enabled
    must_show ActiveState active tftpd-hpa.service
    journal_shows 'event=answer type=verify result=trusted ' || fail "no phone was answered: $(journal | tail -n 20)"
    expect 0 inside test -s /srv/tftp/ITLFile.tlv
    expect 0 inside tvsctl show status
    power_off
}

# What tvsd.service grants at most is in force, as the kernel tells it.
limits() {
    installed_tree "$1"
    container "$R"
    wait_until shows ActiveState active
    PROCESS=$(inside systemctl show -P MainPID tvsd)
    limit_is 'Max open files' "$(in_unit LimitNOFILE)"
    limit_is 'Max core file size' "$(in_unit LimitCORE)"
    if [ $((0x$(inside sed -n 's/^CapEff:\t//p' /proc/1/status) >> 24 & 1)) -eq 0 ]; then # CAP_SYS_RESOURCE
        echo 'partly skipped: OOMScoreAdjust: nobody may get less than others here' >&2
    else
        [ "$(inside cat "/proc/$PROCESS/oom_score_adj")" = "$(in_unit OOMScoreAdjust)" ] || fail 'OOMScoreAdjust= is not in force'
    fi
    [ "$(inside sed -n 's/^Umask:\t//p' "/proc/$PROCESS/status")" = "$(in_unit UMask)" ] || fail 'UMask= is not in force'
    must_show TasksMax "$(in_unit TasksMax)"
    must_show MemoryMax "$(in_unit MemoryMax | numfmt --from=iec)"
    held_to pids pids.max "$(in_unit TasksMax)"
    held_to memory memory.max "$(in_unit MemoryMax | numfmt --from=iec)"
    PROCESS=
    power_off
}
in_unit() { sed -n "s/^$1=//p" "$ROOT/systemd/tvsd.service"; }
# limit_is NAME VALUE: as far as this system grants that to anybody.
limit_is() {
    local most value=$2
    most=$(inside sed -nE "s/^$1 +[^ ]+ +([^ ]+) .*/\1/p" /proc/1/limits)
    if [ "$most" != unlimited ] && [ "$most" -lt "$value" ]; then
        echo "partly skipped: $1: nobody gets more than $most here" >&2
        value=$most
    fi
    inside grep -qE "^$1 +$value +$value " "/proc/$PROCESS/limits" || fail "$(inside grep "^$1" "/proc/$PROCESS/limits"), not $value"
}
# held_to CONTROLLER FILE VALUE: of the control group of tvsd. A container has the controllers that its host leaves to the unified
# hierarchy.
held_to() {
    local groups=/sys/fs/cgroup
    if ! inside grep -qw "$1" "$groups/cgroup.controllers"; then
        echo "partly skipped: $2: this system has not left the controller $1 to control groups version 2" >&2
        return
    fi
    [ "$(inside cat "$groups$(inside systemctl show -P ControlGroup tvsd)/$2")" = "$3" ] || fail "$2 is not $3"
}

upgraded_under_load() {
    local since pid other
    installed_tree "$1"
    packages_later "$R"/packages/*.deb
    container "$R"
    wait_until shows ActiveState active
    expect 0 inside sh -c 'tvsctl show cert own TVS >/root/tvs.pem'
    # A second node beside it.
    inside sh -c "printf '%s\n' 'server: { listen: \"127.0.0.2:2446\" }' 'node: { name: b }' 'state: /var/lib/tvs-b' 'trust_lists: { directory: /srv/tftp-b }' >/etc/tvs/b.yaml"
    expect 0 inside install -d /srv/tftp-b
    expect 0 inside install -d -o tvs -g tvs -m 0750 /var/lib/tvs-b
    expect 0 inside tvsctl --config /etc/tvs/b.yaml set cert regen TVS
    expect 0 inside systemctl enable --now tvsd@b
    other=$(inside systemctl show -P MainPID tvsd@b)
    since=$(inside systemctl show -P ActiveEnterTimestampMonotonic tvsd.socket)
    pid=$(inside systemctl show -P MainPID tvsd)
    phones_ask /root/tvs.pem
    expect 0 inside sh -c 'dpkg -i /packages/*later*.deb'
    [ "$(inside systemctl show -P MainPID tvsd)" != "$pid" ] || fail 'the old tvsd still runs'
    [ "$(inside systemctl show -P MainPID tvsd@b)" != "$other" ] || fail 'the old tvsd still runs for the second node'
    must_show ActiveState active tvsd@b
    must_show ActiveEnterTimestampMonotonic "$since" tvsd.socket
    phones_good 'tvsd was upgraded'
    phones_stop
    expect 0 inside dpkg --purge tvsd tvs-tools libtrust0
    must_show ActiveState inactive tvsd.socket
    expect 1 inside test -e /var/lib/tvs
    power_off
}

reason=$(why_no_ops)
[ -n "$reason" ] || command -v systemd-nspawn >/dev/null || reason='systemd-nspawn is missing (Debian: systemd-container)'
[ -z "$reason" ] || { echo "skipped 30-booted: $reason"; exit 0; }
for release in $RELEASES; do
    eval "test_${release}_in_readme() { in_readme $release; }
        test_${release}_limits() { limits $release; }
        test_${release}_upgraded_under_load() { upgraded_under_load $release; }"
done
run_tests "$@"
