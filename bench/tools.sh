#!/bin/sh
# nginx and gnuplot from Debian, unpacked under BUILD/tools where they are not installed. Nothing is installed; what cannot be had is left out.
set -eu
cd "$(dirname "$0")/.."
tools=${BUILD:-build}/tools

# PROGRAM PACKAGE…: the packages in turn, until the program is there.
want() {
    program=$tools/$1
    shift
    for package; do
        [ ! -x "$program" ] || return 0
        command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || break
        echo "unpacking the package $package into $tools"
        mkdir -p "$tools/packages"
        (cd "$tools/packages" && apt-get -q download "$package") >"$tools/packages/log" 2>&1 || continue
        for file in "$tools"/packages/*.deb; do dpkg-deb -x "$file" "$tools"; done
        rm -rf "$tools/packages"
    done
    [ -x "$program" ] || echo "bench: $program could not be had (apt-get, dpkg-deb; is \`apt-get update\` due?): what needs it is not run" >&2
    rm -rf "$tools/packages"
}
# The program of nginx-light: since Debian 12 in the package nginx, before that in its own.
want usr/sbin/nginx nginx nginx-light
command -v gnuplot >/dev/null || want usr/bin/gnuplot-nox liblua5.4-0 gnuplot-data gnuplot-nox
