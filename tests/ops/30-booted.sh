#!/bin/bash
# The packages under systemd: README's commands from the packages to a phone that is answered, and an upgrade while phones ask.
. "$(dirname "$0")/../it/lib.sh"
. "$(dirname "$0")/../it/tokens.sh"
. "$(dirname "$0")/../it/boot.sh"
. "$(dirname "$0")/lib.sh"

RELEASES=${RELEASES:-bookworm trixie}

# installed_tree RELEASE: with the packages, as `apt install` leaves it where nothing runs yet.
installed_tree() {
    R=$T/root
    tree_with "$1-systemd" "$1" systemd systemd-sysv dbus procps tftpd-hpa || fail "no $1 with systemd: see $OPS/$1-systemd.log"
    cp -a "$OPS/$1-systemd" "$R"
    mkdir "$R/packages"
    cp "$OPS/$1-packages"/{libtrust0,tvs-tools,tvsd}_*.deb "$R/packages"
    expect 0 in_tree "$R" sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install /packages/*.deb'
    packages_later "$R"/packages/*.deb
    rm "$R/usr/sbin/policy-rc.d"
}
# README's commands behind the first, which is above.
readme_commands() {
    sed -n '/^    sudo apt install .*tvsd_/,/^$/p' "$ROOT/README.md" | sed -nE -e 's/^    //' -e 's/^sudo //' -e 's/ +#.*//' -e '/./p' | tail -n +2
}

in_readme() {
    local command
    installed_tree "$1"
    [ "$(readme_commands | wc -l)" -eq 3 ] || fail "README does not say how in four commands: $(readme_commands)"
    container "$R"
    wait_until shows ActiveState active
    must_show ActiveState active tvsd.socket
    while read -r command; do
        expect 0 inside sh -c "cd /root && $command"
    done < <(readme_commands)
    out_has 'Status:   0 (trusted)'
    expect 0 inside test -s /srv/tftp/ITLFile.tlv
    expect 0 inside tvsctl show status
    power_off
}

upgraded_under_load() {
    local since pid other
    installed_tree "$1"
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
        test_${release}_upgraded_under_load() { upgraded_under_load $release; }"
done
run_tests "$@"
