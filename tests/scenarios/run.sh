#!/bin/bash
# All scenarios, or the files named, two at a time: tests/scenarios/run.sh [tests/scenarios/NN-name.sh…]. BUILD: the build
# folder. TVS_SCENARIOS_AT_ONCE: how many at a time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
. "$here/lib.sh"

begin_files

# A file that breaks off, or holds no test, must not pass unnoticed.
one() {
    local name status=0
    name=$(basename "$1" .sh)
    bash "$1" >"$SAID/$name.part" 2>&1 || status=$?
    if ! grep -q '^FAILED ' "$SAID/$name.part" && { [ "$status" -ne 0 ] || ! grep -q '^ok ' "$SAID/$name.part"; }; then
        echo "FAILED  $name: broke off with $status" >>"$SAID/$name.part"
    fi
    cat "$SAID/$name.part"
    mv "$SAID/$name.part" "$SAID/$name"
}
export -f one

[ $# -gt 0 ] || set -- "$here"/[0-9]*.sh
started=$SECONDS
printf '%s\0' "$@" | xargs -0 -n 1 -P "${TVS_SCENARIOS_AT_ONCE:-2}" bash -c 'one "$0"'
[ "$(find "$SAID" -type f ! -name '*.part' | wc -l)" -eq $# ] || { echo 'FAILED  a scenario did not end'; exit 1; }
passed=$(cat "$SAID"/* | grep -c '^ok ')
failed=$(cat "$SAID"/* | grep -c '^FAILED ')
reason=$(without_tftp)
echo "the scenarios took $((SECONDS - started)) s"
echo "$passed passed, $failed failed${reason:+; without a TFTP server, since $reason}"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
