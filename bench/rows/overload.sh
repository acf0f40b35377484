#!/bin/bash
# More phones than the server can serve: what it still does. One in five goes on to the end, for all others a recorded hello stands,
# which costs the server nearly as much and us nearly nothing; goodput counts both, those answered (or served) within patience.
. "$(dirname "$0")/../lib.sh"
row overload x '>= 0.9' 'overload: 5 x the capacity offered, patience 5 s: goodput, beside the capacity'
seconds=${BENCH_SECONDS:-20}
state a
LOSSES=yes
with=(--tls1.2 --ciphers "$SUITE" --whole-every 5 --timeout 5s)
# What it does when no more is offered than it takes: the same mixture, in a closed loop.
capacity() {
    tvsd a
    warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
    load capacity --at-once 64 --for "$(few "$seconds")s" "${with[@]}" "$TRUST"
    most=$(figure goodput)
}
offered() { # TIMES-10
    load_many "x$1" 3 --rate "$(calc "$most * $1 / 30" 0)" --for "${seconds}s" "${with[@]}" "$TRUST"
}
# For the plot, what lies between, once.
between() {
    local times
    if [ "$PAIR" -eq 1 ] && [ "$SHARE" -eq 1 ]; then
        for times in 5 8 10 12 15 20 30; do offered "$times"; done
    fi
}
five() {
    offered 50
    stop_server "$PID"
}
again capacity between five
share() { calc "100 * $(typical x50 "$1") / ($(typical x50 connections) * $2)" 0; }
conclude "$(ratio x50 capacity goodput)" "capacity $(typical capacity goodput) a second; $(share served 0.8) % of the recorded ones were served, $(share answered 0.2) % of the others answered; $(share skipped 1) % could not be begun here"
whole=$(calc "$(typical x50 answered) / $(typical x50 seconds) * 5 / $(typical capacity goodput)")
ROW=overload-whole WHAT='the same, by those alone who went on to the end, times 5'
conclude "$whole"
