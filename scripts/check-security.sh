#!/bin/sh
# Every test that SECURITY.md names is there, and every row of what stops whom names one. usage: check-security.sh [FILE]
set -u
file=${1:-SECURITY.md}
passed=0
failed=0
is_there() {
    case $1 in
    fuzz_*) [ -e "tests/fuzz/$1.c" ] ;;
    check_*) grep -qE "^START_TEST\(${1#*/}\)" tests/*/"${1%/*}.c" 2>/dev/null ;;
    scripts/*) [ -x "$1" ] ;;
    *) grep -q "^${1#*/}()" "tests/it/${1%/*}.sh" 2>/dev/null ;;
    esac
}
pattern='`(fuzz_[a-z]+|check_[a-z_]+/[a-z0-9_]+|[0-9][0-9]-[a-z-]+/(test|boot)_[a-z0-9_]+|scripts/[a-z.-]+)`'
for name in $(grep -oE "$pattern" "$file" | tr -d '`' | sort -u); do
    if is_there "$name"; then passed=$((passed + 1)); else echo "FAILED: $file names $name, which is not there"; failed=$((failed + 1)); fi
done
rows=$(sed -n '/^## What stops whom/,/^## /p' "$file" | grep '^|' | sed 1,2d)
[ -n "$rows" ] || { echo "FAILED: $file says nothing of what stops whom"; failed=$((failed + 1)); }
unshown=$(printf '%s\n' "$rows" | grep -vE "$pattern")
if [ -z "$unshown" ]; then passed=$((passed + 1)); else echo "FAILED: no test is named for: $unshown"; failed=$((failed + 1)); fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 1 ]
