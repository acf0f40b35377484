#!/bin/sh
# Programs that only tests and the demo use, when the system lacks them: their Debian packages are unpacked
# under BUILD/tools. Nothing is installed.
set -eu
tools=${BUILD:-build}/tools

# COMMAND PACKAGE
need() {
    if command -v "$1" >/dev/null 2>&1 || [ -x "$tools/usr/bin/$1" ]; then
        return 0
    fi
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
        echo "tools.sh: $1 is missing, and without apt-get and dpkg-deb it cannot be fetched: install it" >&2
        exit 1
    fi
    echo "$1 is not installed: unpacking the package $2 into $tools"
    mkdir -p "$tools/packages"
    if ! (cd "$tools/packages" && apt-get -q download "$2") >"$tools/packages/log" 2>&1; then
        echo "tools.sh: apt-get download $2 failed (is \`apt-get update\` due?):" >&2
        tail -n 3 "$tools/packages/log" >&2
        exit 1
    fi
    dpkg-deb -x "$tools/packages/$2"_*.deb "$tools"
    rm -rf "$tools/packages"
}

need openssl openssl
