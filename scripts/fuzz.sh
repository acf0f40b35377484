#!/usr/bin/env bash
# Run fuzzers for a while and say what they did. What they find goes to BUILD/fuzz: new inputs to corpus/X, inputs that fail
# to found/X. `small` puts the smallest inputs that reach as much as all of them into tests/data/corpus instead.
# usage: fuzz.sh SECONDS|small PROGRAM…
set -uo pipefail
what=$1
shift
work=${BUILD:-build}/fuzz
saved=tests/data/corpus
passed=0
failed=0
export TVS_TEST_DATA=tests/data
# Freed memory is kept from reuse for long enough, and not so long that it costs more than the fuzzer itself.
export ASAN_OPTIONS=quarantine_size_mb=16:malloc_context_size=10:detect_leaks=1
limits="-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=64"

# The longest input that is worth a try.
longest() {
    case $1 in
    list | bundle) echo 8000 ;;
    phrase) echo 300 ;;
    name) echo 600 ;;
    *) echo 4000 ;;
    esac
}

number() { sed -n "s/.*$1:* *\([0-9][0-9]*\).*/\1/p" "$2" | tail -n 1; }

run() { # name program
    mkdir -p "$work/corpus/$1" "$work/found/$1" "$saved/$1"
    if "$2" $limits -max_total_time="$what" -max_len="$(longest "$1")" -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$work/found/$1/" "$work/corpus/$1" "$saved/$1" >"$work/$1.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -v '^#[0-9]' "$work/$1.log" | tail -n 60
        echo "FAILED: $1; repeat it with: TVS_TEST_DATA=tests/data $2 $(ls -t "$work/found/$1"/* 2>/dev/null | head -n 1)"
    fi
    printf '%-8s %9s executions, %5s edges\n' "$1" "$(number number_of_executed_units "$work/$1.log")" "$(number cov "$work/$1.log")"
}

small() { # name program
    mkdir -p "$work/corpus/$1" "$saved/$1"
    rm -rf "$work/small" && mkdir -p "$work/small"
    "$2" $limits -merge=1 -max_len="$(longest "$1")" "$work/small" "$saved/$1" "$work/corpus/$1" >"$work/$1.log" 2>&1 || { tail -n 20 "$work/$1.log"; exit 1; }
    rm -rf "${saved:?}/$1" && mv "$work/small" "$saved/$1"
    printf '%-8s %5s inputs, %s\n' "$1" "$(find "$saved/$1" -type f | wc -l)" "$(du -sh --apparent-size "$saved/$1" | cut -f 1)"
}

for program in "$@"; do
    name=${program##*/fuzz_}
    if [ "$what" = small ]; then small "$name" "$program"; else run "$name" "$program"; fi
done
[ "$what" = small ] && exit
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
