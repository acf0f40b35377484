#!/bin/bash
# All end-to-end tests, or the files named: tests/it/run.sh [tests/it/NN-name.sh…]. BUILD: the build folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
. "$here/lib.sh"

command -v openssl >/dev/null || { echo "openssl is missing: scripts/tools.sh unpacks it" >&2; exit 1; }
for program in tvsd tvsctl tvsc; do
    [ -x "$BUILD/$program" ] || { echo "$BUILD/$program is missing: run make" >&2; exit 1; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/tvs-it-run-XXXXXX")
trap 'rm -rf "$work"' EXIT
CERTS=$work/certs
mkdir "$CERTS"
make_certificates
export BUILD TVS_IT_CERTS=$CERTS

[ $# -gt 0 ] || set -- "$here"/[0-9]*.sh
for file in "$@"; do
    bash "$file" | tee "$work/one"
    status=${PIPESTATUS[0]}
    # A file that breaks off, or holds no test, must not pass unnoticed.
    if ! grep -q '^FAILED ' "$work/one" && { [ "$status" -ne 0 ] || [ ! -s "$work/one" ]; }; then
        echo "FAILED  $(basename "$file" .sh): broke off with $status" | tee -a "$work/one"
    fi
    cat "$work/one" >>"$work/all"
done
passed=$(grep -c '^ok ' "$work/all")
failed=$(grep -c '^FAILED ' "$work/all")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
