#!/bin/sh
# Run test programs, one more at a time than there are processors (JOBS), since some wait; all of them even when one
# fails. What they write to stderr (logs of the parts under test) is shown only of those that fail.
# usage: run-checks.sh PROGRAM…
set -u
printf '%s\n' "$@" | xargs -P $((${JOBS:-$(nproc 2>/dev/null || echo 1)} + 1)) -I '{}' sh -c '"{}" >"{}.out" 2>"{}.log"; echo $? >"{}.status"'
passed=0
failed=0
for program in "$@"; do
    cat "$program.out"
    if [ "$(cat "$program.status")" = 0 ]; then
        passed=$((passed + 1))
    else
        tail -n 60 "$program.log"
        echo "FAILED: $program"
        failed=$((failed + 1))
    fi
    rm -f "$program.status"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
