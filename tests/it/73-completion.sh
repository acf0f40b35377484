#!/bin/bash
# Completion on the command line of bash, as the files say that are installed.
. "$(dirname "$0")/lib.sh"

# completes LINE: what bash would offer at the end of LINE, sorted, in one line, to $T/out.
completes() {
    # shellcheck disable=SC2016
    expect 0 env PATH="$BUILD:$PATH" bash --norc -c '
        line=$1 program=${1%% *}
        . "$2"
        COMP_LINE=$line COMP_POINT=${#line}
        # bash breaks words at these, too
        spaced=${line//:/ : }
        spaced=${spaced//=/ = }
        read -ra COMP_WORDS <<<"$spaced"
        case $line in *" ") COMP_WORDS+=("") ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "_$program"
        printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd " "' bash "$1" "$T/completions/${1%% *}"
}
offers() {
    completes "$1"
    [ "$(cat "$T/out")" = "$2" ] || fail "behind '$1' fits '$(cat "$T/out")', not '$2'"
}
install_files() {
    local program
    mkdir -p "$T/completions"
    cp "$ROOT/completions/tvsctl.bash" "$T/completions/tvsctl"
    for program in tvsd tvsc; do
        sed "s|@PROGRAM@|$program|g" "$ROOT/completions/tvsd.bash" >"$T/completions/$program"
    done
}

test_tvsctl() {
    install_files
    setup
    offers 'tvsctl utils rol' rollout
    offers 'tvsctl utils rollout ' 'close show'
    offers 'tvsctl show cert ' 'list own trust'
    offers 'tvsctl show cert own TV' 'TVS TVS-ECDSA'
    offers 'tvsctl set cert regen TVS --ke' --key
    offers "tvsctl show ctl $T/tvsd.y" "$T/tvsd.yaml"
    offers "tvsctl --config=$T/tvsd.y" "$T/tvsd.yaml"
    offers "tvsctl show ctl $T/tft" "$T/tftp/"
    offers 'tvsctl nonsense ' ''
    do_tvsctl utils node add node-with-a-name
    offers "tvsctl --config $T/tvsd.yaml utils node delete node-w" node-with-a-name
    expect 0 "$BUILD/tvsctl" --complete ' utils node delete '
    out_lacks '<' # hints are for people
}

# Every phrase of the grammar can be typed by what is offered.
test_every_word_of_every_phrase() {
    local phrase words word line
    "$BUILD/tvsctl" --help | sed -nE 's/^([a-z]+( [A-Za-z-]+)*).*/\1/p' | grep ' ' | grep -v '^Words\|^Options' | sort -u >"$T/phrases"
    [ "$(wc -l <"$T/phrases")" -gt 40 ] || fail "only $(wc -l <"$T/phrases") phrases"
    while read -r phrase; do
        line=
        read -ra words <<<"$phrase"
        for word in "${words[@]}"; do
            "$BUILD/tvsctl" --complete "$line" </dev/null >"$T/out"
            grep -qxF -- "$word" "$T/out" || fail "behind '$line' nobody offers '$word'"
            line+="$word "
        done
    done <"$T/phrases"
}

test_tvsc_and_tvsd() {
    local option
    install_files
    offers 'tvsc ver' verify
    offers 'tvsc verify --trus' --trust
    offers 'tvsc --trust ' '' # a file: bash's own
    offers 'tvsd --du' --dump
    offers 'tvsd --config ' ''
    for option in $("$BUILD/tvsc" --help | grep -oE '^ +--[a-z0-9.-]+'); do
        completes "tvsc $option"
        grep -qw -- "$option" "$T/out" || fail "tvsc has $option, which is not offered"
    done
}

run_tests "$@"
