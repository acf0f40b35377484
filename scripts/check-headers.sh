#!/bin/sh
# Every header compiles alone. usage: check-headers.sh COMPILER HEADER…
set -u
compiler=$1
shift
passed=0
failed=0
for header in "$@"; do
    if $compiler -Wno-unused -fsyntax-only -x c "$header"; then
        passed=$((passed + 1))
    else
        echo "$header does not compile alone"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
