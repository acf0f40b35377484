#!/bin/sh
# Histories over TLS, then others in one process; one sum of both.
# usage: histories.sh PROGRAM BUILD COUNT COUNT-IN-ONE-PROCESS SEED
set -u
program=$1 build=$2 count=$3 alone=$4 seed=$5
work=$(mktemp -d "${TMPDIR:-/tmp}/tvs-histories-XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0
echo "again: make check-histories HISTORIES=$count HISTORIES_ALONE=$alone SEED=$seed"
play() {
    "$program" "$@" >"$work/out" || status=1
    cat "$work/out"
    tail -n 1 "$work/out" >>"$work/sums"
}
[ "$count" -eq 0 ] || play "$count" "$seed" "$build"
[ "$alone" -eq 0 ] || play "$alone" "$seed"
awk -v status="$status" '{ passed += $1; failed += $3 }
    END { print passed + 0 " passed, " failed + 0 " failed"; exit status || failed > 0 || passed == 0 }' "$work/sums"
