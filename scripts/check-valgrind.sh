#!/bin/sh
# The unit tests under valgrind's memcheck: bytes that are read before they are written, which no sanitizer of this compiler
# sees, and what is lost. A test that forks for each case is followed; what valgrind says of a process that ends by a signal,
# or whose status nobody asks for, counts, too. What it said of a program that fails stays beside it, in PROGRAM.valgrind.PID.
# TVS_UNDER_VALGRIND tells tests, of which some need a limit that valgrind only pretends to set.
# usage: check-valgrind.sh PROGRAM…
set -u
passed=0
failed=0
command -v valgrind >/dev/null || { echo "skipped: nothing was run under valgrind, since it is not installed"; exit 0; }
faults='Invalid |Mismatched |Conditional jump|uninitialised|unaddressable|Jump to the invalid|not within mapped region|Source and destination overlap|fishy|are definitely lost'
under_valgrind() { # SECONDS PROGRAM; a test without a process of its own has no time-out of its own
    seconds=$1
    shift
    rm -f "$1".valgrind.*
    # A test that goes on as somebody else writes there, too.
    logs=$(mktemp -d) && chmod 1777 "$logs" || return
    TVS_UNDER_VALGRIND=yes timeout -k 10 "$seconds" valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --track-fds=no --num-callers=25 \
        --suppressions=scripts/valgrind.supp --log-file="$logs/%p" "$1" >"$1.out" 2>"$1.log"
    echo $? >"$1.status"
    for log in "$logs"/*; do
        [ ! -f "$log" ] || mv "$log" "$1.valgrind.${log##*/}"
    done
    rmdir "$logs"
}
is_good() { [ "$(cat "$1.status")" = 0 ] && ! grep -qsE "$faults" "$1".valgrind.*; }
# All tests in one process take a third of the time; some want one each, or wait for ever without.
one() {
    CK_FORK=no under_valgrind 1200 "$1"
    is_good "$1" || under_valgrind 7200 "$1"
}
[ "$1" != --one ] || { one "$2"; exit 0; }
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc 2>/dev/null || echo 1)}" -n 1 "$0" --one
for program in "$@"; do
    cat "$program.out"
    if is_good "$program"; then
        rm -f "$program".valgrind.*
        passed=$((passed + 1))
    else
        cat "$program".valgrind.* | head -n 60
        tail -n 20 "$program.log"
        echo "FAILED: $program"
        failed=$((failed + 1))
    fi
    rm -f "$program.status"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
