#!/bin/sh
# Programs that only tests and the demo use, when the system lacks them: their Debian packages are unpacked
# under BUILD/tools. Nothing is installed.
set -eu
tools=${BUILD:-build}/tools

can_fetch() { command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; }

# PACKAGE…: unpacked into $tools. What it says when it fails is in $tools/packages/log.
fetch() {
    mkdir -p "$tools/packages"
    (cd "$tools/packages" && apt-get -q download "$@") >"$tools/packages/log" 2>&1 || return 1
    for package in "$tools"/packages/*.deb; do
        dpkg-deb -x "$package" "$tools"
    done
    rm -rf "$tools/packages"
}

# COMMAND PACKAGE
need() {
    if command -v "$1" >/dev/null 2>&1 || [ -x "$tools/usr/bin/$1" ]; then
        return 0
    fi
    if ! can_fetch; then
        echo "tools.sh: $1 is missing, and without apt-get and dpkg-deb it cannot be fetched: install it" >&2
        exit 1
    fi
    echo "$1 is not installed: unpacking the package $2 into $tools"
    if ! fetch "$2"; then
        echo "tools.sh: apt-get download $2 failed (is \`apt-get update\` due?):" >&2
        tail -n 3 "$tools/packages/log" >&2
        exit 1
    fi
}

# FILE PACKAGE…: tests that lack it say so and leave out what needs it.
want() {
    file=$1
    shift
    if [ -e "$file" ] || [ -e "$tools$file" ] || ! can_fetch; then
        return 0
    fi
    echo "$file is not there: unpacking $* into $tools"
    fetch "$@" || echo "tools.sh: apt-get download $* failed (is \`apt-get update\` due?)" >&2
}

need openssl openssl
# It stops and disturbs phrases.
want /usr/bin/strace strace libunwind8
# Security tokens in software.
want /usr/lib/softhsm/libsofthsm2.so libsofthsm2 softhsm2 softhsm2-common
