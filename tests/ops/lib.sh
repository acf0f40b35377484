# Debian itself, for the tests of what operators install and run: trees by debootstrap under BUILD/ops, made once, and
# copies of them in which everything may be changed. Needs root. Sourced after tests/it/lib.sh.
# shellcheck shell=bash

OPS=$BUILD/ops
NICE=(nice -n 19)
BUILD_PACKAGES='build-essential debhelper lintian fakeroot pkg-config check libssl-dev libevent-dev libsqlite3-dev libyaml-dev
    libp11-kit-dev libsystemd-dev libedit-dev libcurl4-openssl-dev openssl'

why_no_ops() {
    if [ "$(id -u)" -ne 0 ]; then
        echo 'root is needed'
    elif ! command -v debootstrap >/dev/null; then
        echo 'debootstrap is missing'
    elif ! unshare -m true 2>/dev/null; then
        echo 'no mount namespace can be made here'
    fi
}

# in_tree TREE COMMAND…: as root of the tree, with /proc, terminals (tests of a build have their own) and shared memory that go
# with it, however it ends; after own_network, there.
IN_NET=()
in_tree() {
    # shellcheck disable=SC2016
    "${IN_NET[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" \
        unshare -m --propagation private sh -c 'mount -t proc proc "$1/proc" &&
            mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts" &&
            mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm" && exec chroot "$@"' sh "$@" </dev/null
}
# What listens from now on listens to nobody else.
own_network() {
    coproc NET { exec unshare -n sh -c 'ip link set lo up && echo up && exec cat'; }
    read -r _ <&"${NET[0]}" || fail 'no network namespace can be made (is iproute2 installed?)'
    HELPER=$NET_PID
    IN_NET=(nsenter -t "$NET_PID" -n)
}
in_tree_apt() { in_tree "$1" apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "${@:2}"; }

# tree RELEASE: a minimal Debian in $OPS/RELEASE. TVS_ROOTS: a folder where one is already.
tree() {
    local made=$OPS/$1
    [ ! -e "$made.made" ] || return 0
    rm -rf "$made"
    mkdir -p "$OPS"
    if [ -d "${TVS_ROOTS:-/nowhere}/$1" ]; then
        cp -a "$TVS_ROOTS/$1" "$made"
    else
        echo "installing $1 into $made, once" >&2
        debootstrap --variant=minbase "$1" "$made" >"$made.log" 2>&1 || return 1
    fi
    # What is installed there starts nothing.
    printf '#!/bin/sh\nexit 101\n' >"$made/usr/sbin/policy-rc.d"
    chmod 0755 "$made/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf "$made/etc/resolv.conf"
    in_tree_apt "$made" update >>"$made.log" 2>&1 && touch "$made.made"
}

# tree_with NAME RELEASE PACKAGE…: a tree in $OPS/NAME that has them as well.
tree_with() {
    local made=$OPS/$1
    [ ! -e "$made.made" ] || return 0
    tree "$2" || return 1
    rm -rf "$made"
    cp -a "$OPS/$2" "$made"
    # shellcheck disable=SC2086
    "${NICE[@]}" env bash -c '. "$0"; in_tree_apt "$@"' "$ROOT/tests/ops/lib.sh" "$made" install ${*:3} >"$made.log" 2>&1 && touch "$made.made"
}

# packages RELEASE: built from this source, with its tests unless DEB_BUILD_OPTIONS says nocheck, into $OPS/RELEASE-packages; what
# lintian says is in lintian.log there.
packages() {
    local made=$OPS/$1-packages build=$OPS/$1-build
    # shellcheck disable=SC2086
    tree_with "$1-build" "$1" $BUILD_PACKAGES || return 1
    rm -rf "$build/build" "$made"
    mkdir -p "$build/build/tvsd" "$made"
    tar -C "$ROOT" -c --exclude=./build --exclude='./build-*' --exclude=./.git . | tar -C "$build/build/tvsd" -x
    DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:+$DEB_BUILD_OPTIONS }parallel=${JOBS:-2}" in_tree "$build" sh -c 'cd /build/tvsd && dpkg-buildpackage -us -uc -b' >"$made/build.log" 2>&1 || return 1
    in_tree "$build" sh -c 'cd /build && lintian --allow-root --fail-on error,warning -- *.changes' >"$made/lintian.log" 2>&1
    echo "lintian ended with $?" >>"$made/lintian.log"
    cp "$build"/build/*.deb "$made"
    rm -f "$made"/*-dbgsym_*
}

# packages_later PACKAGE…: beside each the same as a later version, NAME+later.deb.
packages_later() {
    local package work
    work=$(mktemp -d)
    for package; do
        rm -rf "$work/deb"
        dpkg-deb -R "$package" "$work/deb"
        sed -i -E -e 's/^Version: .*/&+later/' -e 's/\(= ([^)]*)\)/(= \1+later)/g' "$work/deb/DEBIAN/control"
        dpkg-deb --root-owner-group -b "$work/deb" "${package%.deb}+later.deb" >/dev/null || return 1
    done
    rm -rf "$work"
}

# README's way from the packages to a phone that is answered: as it stands there, what is promised behind # => included.
readme_commands() { sed -n '/^    sudo apt install .*tvsd_/,/^$/p' "$ROOT/README.md" | sed -n 's/^    \([^ ]\)/\1/p'; }
# typed_in TREE: it can be typed there word by word. Who asks for a package has nothing against what it needs.
typed_in() {
    printf '#!/bin/sh\nexec "$@"\n' >"$1/usr/bin/sudo"
    chmod 0755 "$1/usr/bin/sudo"
    echo 'APT::Get::Assume-Yes "true";' >"$1/etc/apt/apt.conf.d/90typed"
}
# play LINE COMMAND…: that line of README, by the command, in the folder of the packages: it ends well, and prints what it promises.
play() {
    local promise
    expect 0 "${@:2}" sh -c "cd /packages && ${1%% #*}"
    promise=$(sed -n 's/.* # => //p' <<<"$1")
    tr -s ' ' <"$T/out" >"$T/said"
    [ -z "$promise" ] || file_has "$T/said" "$promise"
}
