#!/bin/sh
# Print what building needs and this system lacks, in one line: a compiler, pkg-config, libraries by their pkg-config names.
# usage: missing.sh PKG…
set -u
missing=
compiler=${CC:-cc} # it may have options, or a launcher in front
command -v "${compiler%% *}" >/dev/null 2>&1 || missing="a C compiler ($compiler)"
add() { missing="${missing:+$missing, }$1"; }
if command -v pkg-config >/dev/null 2>&1; then
    for package in "$@"; do
        pkg-config --exists "$package" || add "$package"
    done
else
    add pkg-config
fi
printf '%s' "$missing"
