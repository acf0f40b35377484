#!/usr/bin/env bash
# What analysers see that compilers do not: gcc -fanalyzer, clang-tidy (with clang's static analyser), cppcheck. Whatever they
# say is a failure, but for what scripts/lint-known.txt names with its reason; it says which entries there fit nothing any
# more, which may be so with one version of a tool alone. usage: lint.sh FOLDER-OF-GENERATED-HEADERS CPPFLAGS… -- FILE.c…
set -uo pipefail
gen=$1
shift
flags=()
while [ "$1" != -- ]; do
    flags+=("$1")
    shift
done
shift
known=scripts/lint-known.txt
files=$#
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
# lint.h tells analysers, who see one file at a time, what our error functions return.
common=(-std=c17 "-I$gen" "${flags[@]}")
# The files that define those functions do without.
with_lint_h() { grep -qE '^(static )?int (trust_error_set|trust_error_prefix|crypto_error|crypto_no_memory|index_no_memory|store_no_memory)\(' "$1" || echo "-DLINT_${1%%/*} -include scripts/lint.h"; }
# shellcheck disable=SC2046
analyse() { gcc -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -Wno-analyzer-too-complex -O1 -S -o /dev/null $(with_lint_h "$1") "${@:2}" "$1"; }
# shellcheck disable=SC2046
tidy() { clang-tidy --quiet --checks="$checks" "$1" -- $(with_lint_h "$1") "${@:2}"; }
# What is said of a file, in a file: two that write into one would tear each other's lines. What could not be looked at is a finding.
look() {
    local said=$work/$1.${2//\//,}
    "$@" >"$said" 2>&1 || echo "$2:1:1: error: $1 ends with status $? [lint]" >>"$said"
}
export -f with_lint_h analyse tidy look
export work
each() {
    xargs -d '\n' -P "${JOBS:-$(nproc)}" -I '{}' bash -c 'look "$@"' look "$1" '{}' "${common[@]}"
    cat "$work/$1".*
    [ "$(find "$work" -name "$1.*" | wc -l)" -eq "$files" ] || echo "scripts/lint.h:1:1: error: $1 did not look at all files [lint]"
}
tools=()
skipped() { echo "skipped: $1 is not installed"; }

# gcc 12 loses what an array in a structure owns, so that everything that grows would be a leak. Leaks are looked for by
# LeakSanitizer and valgrind, in every unit test.
if gcc -fanalyzer -c -x c /dev/null -o /dev/null 2>/dev/null; then
    tools+=(gcc)
    printf '%s\n' "$@" | each analyse >"$work/gcc"
else
    skipped 'gcc with -fanalyzer'
fi

# Left out: style; insecureAPI asks for the functions of C11's Annex K, which nobody has; sizeof-expression takes every array of
# pointers for a mistake.
checks='-*,clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-implicit-widening-of-multiplication-result'
checks+=',-bugprone-narrowing-conversions,-bugprone-macro-parentheses,-bugprone-branch-clone,-bugprone-reserved-identifier'
checks+=',-bugprone-sizeof-expression,-bugprone-assignment-in-if-condition,-clang-analyzer-security.insecureAPI.*,-clang-analyzer-optin.performance.Padding'
if command -v clang-tidy >/dev/null; then
    tools+=(clang-tidy)
    export checks
    printf '%s\n' "$@" | each tidy >"$work/clang-tidy"
else
    skipped clang-tidy
fi

if command -v cppcheck >/dev/null; then
    tools+=(cppcheck)
    # In several jobs it would not look from one file into another.
    cppcheck --quiet --enable=warning,portability,performance --std=c11 --suppress=missingIncludeSystem -I. -Ilibtrust "-I$gen" \
        -D_GNU_SOURCE '-DTVS_VERSION="0"' --template='{file}:{line}:{column}: warning: {message} [{id}]' "$@" >"$work/cppcheck" 2>&1 ||
        echo "scripts/lint.h:1:1: error: cppcheck ends with status $? [lint]" >>"$work/cppcheck"
else
    skipped cppcheck
fi
[ "${#tools[@]}" -gt 0 ] || exit 0

# FILE:LINE: MESSAGE [CHECK] of each, and the source line behind it.
cd "$(dirname "$0")/.." || exit 1
findings() {
    cat "${tools[@]/#/$work/}" | sed "s|^$PWD/||; s|^\./||" | grep -E '^[a-z]+/[a-z0-9_/]+\.[ch]:[0-9]+:[0-9]+: (warning|error|fatal error): ' | sort -u |
        while IFS=: read -r file line _ rest; do
            printf '%s|%s|%s|%s\n' "$file" "$line" "${rest# }" "$(sed -n "${line}s/^ *//p" "$file")"
        done
}
findings >"$work/found"
failed=0
entries=$(grep -v '^#' "$known" | grep . || true)
# FILE | CHECK | PIECE OF THE SOURCE LINE | WHY
cp "$work/found" "$work/left"
while IFS='|' read -r file check piece _; do
    [ -n "$file" ] || continue
    read -r file <<<"$file"
    read -r check <<<"$check"
    piece=$(sed 's/^ *//; s/ *$//' <<<"$piece")
    file=$file check=$check piece=$piece awk -F'|' '!($1 == ENVIRON["file"] && index($3, ENVIRON["check"]) && index($0, ENVIRON["piece"]))' "$work/left" >"$work/next"
    if cmp -s "$work/left" "$work/next" && [ "${#tools[@]}" -eq 3 ]; then
        echo "$known: nobody says $check of $file any more, where it has: $piece"
    fi
    mv "$work/next" "$work/left"
done <<<"$entries"
sed 's/|/:/; s/|/: /; s/|/\n        /' "$work/left"
failed=$((failed + $(wc -l <"$work/left")))
echo "${tools[*]}: $# files"
echo "$# passed, $failed failed"
[ "$failed" -eq 0 ]
