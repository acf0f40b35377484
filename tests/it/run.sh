#!/bin/bash
# All end-to-end tests, or the files named, two at a time: tests/it/run.sh [tests/it/NN-name.sh…]. BUILD: the build folder.
# TVS_IT_AT_ONCE: how many at a time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
. "$here/lib.sh"

begin_files

# What files say that run beside each other comes when they end. One that breaks off, or says nothing, must not pass
# unnoticed.
one() {
    local name status
    name=$(basename "$1" .sh)
    bash "$1" 2>&1 | tee "$SAID/$name.part" >&"$NOW"
    status=${PIPESTATUS[0]}
    if ! grep -q '^FAILED ' "$SAID/$name.part" && { [ "$status" -ne 0 ] || [ ! -s "$SAID/$name.part" ]; }; then
        echo "FAILED  $name: broke off with $status" | tee -a "$SAID/$name.part" >&"$NOW"
    fi
    [ "$NOW" = 1 ] || cat "$SAID/$name.part"
    mv "$SAID/$name.part" "$SAID/$name"
}
export -f one

# The longest first; then, by itself, the one that measures how late answers are.
order() {
    local first='/(85-crash|86-follow|47-backup)\.sh$' alone='/80-hammer\.sh$'
    case $1 in
    together) printf '%s\n' "${FILES[@]}" | grep -E "$first"; printf '%s\n' "${FILES[@]}" | grep -vE "$first|$alone" ;;
    alone) printf '%s\n' "${FILES[@]}" | grep -E "$alone" ;;
    esac
}

if [ $# -gt 0 ]; then FILES=("$@"); else FILES=("$here"/[0-9]*.sh); fi
exec 3>/dev/null
export NOW=3
[ ${#FILES[@]} -gt 1 ] || NOW=1
started=$SECONDS
order together | xargs -d '\n' -r -n 1 -P "${TVS_IT_AT_ONCE:-2}" bash -c 'one "$0"'
order alone | xargs -d '\n' -r -n 1 bash -c 'one "$0"'
[ "$(find "$SAID" -type f ! -name '*.part' | wc -l)" -eq "${#FILES[@]}" ] || { echo 'FAILED  a test file did not end'; exit 1; }
passed=$(cat "$SAID"/* | grep -c '^ok ')
failed=$(cat "$SAID"/* | grep -c '^FAILED ')
echo "the end-to-end tests took $((SECONDS - started)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
