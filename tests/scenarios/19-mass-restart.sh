#!/bin/bash
# Every phone reconnects at once after a CTL update.
. "$(dirname "$0")/lib.sh"

COUNT=200

# crowd 'WORD…' [OPTION…]: all of them boot, and all follow.
crowd() {
    MAC=001122330000 boots 0 "phones=$COUNT follow=$COUNT waiting=0 stranded=0 $1" --count "$COUNT" \
        --family 79xx,89xx,78xx,88xx "${@:2}"
}

test_all_follow() {
    local number files=()
    site mixed 'tls: { minimum: "1.0" }'
    for ((number = 0; number < COUNT; number++)); do
        printf -v "files[$number]" '%s/tftp/SEP%012X.cnf.xml.sgn' "$T" $((0x001122330000 + number))
    done
    tee "${files[@]}" <"$T/tftp/$PHONE.cnf.xml.sgn" >/dev/null
    TFTP=$T/tftp crowd tvs=0 # not what this is about
    changes CallManager set cert regen CallManager
    changes ctl utils ctl update CTLFile
    mark
    crowd "tvs=$COUNT"
    sed -n 's/^total:/      &/p' "$T/out" >&2
    wait_until all_answered
    log_lacks 'event=(accept-paused|address-refused|tls-refused|log-dropped)'
    log_lacks 'event=answer .*result=(unknown|no-role|twin|ambiguous|expired)'
    log_lacks 'event=conn-closed reason=[a-z-]*timeout'
}
all_answered() { [ "$(log_since | grep -cE 'event=answer type=query result=trusted .*device=CP-[0-9A-Z]+-SEP0011')" -ge "$COUNT" ]; }

run_tests "$@"
