#!/bin/sh
# Run each fuzzer once over the inputs that were saved for it. usage: check-corpus.sh PROGRAM…
set -u
passed=0
failed=0
for program in "$@"; do
    folder=tests/data/corpus/${program##*/fuzz_}
    if "$program" "$folder" >"$program.log" 2>&1; then
        passed=$((passed + 1))
    else
        tail -n 20 "$program.log"
        echo "FAILED: $program $folder"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
