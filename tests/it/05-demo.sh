#!/bin/bash
# `make demo` is the first thing that people try.
. "$(dirname "$0")/lib.sh"

test_demo() {
    cd "$ROOT" || fail "no folder $ROOT"
    mkdir "$T/build"
    for program in tvsd tvsctl tvsc; do
        ln -s "$BUILD/$program" "$T/build/$program"
    done
    BUILD=$T/build TVS_DEMO_PORT=0 expect 0 scripts/demo.sh
    out_has '6. The same question again. The CTL answers:' 'source=ctl' 'event=stopped'
}

run_tests "$@"
