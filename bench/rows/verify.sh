#!/bin/bash
# An answer on an open connection: one question at a time on each of eight, and a batch of eight at a time.
. "$(dirname "$0")/../lib.sh"
row verify us '<= 6' 'one verify on an open connection, logging at info'
each=$(few 40000)
state a
tvsd a
warm --connections 8 --requests 2000 --tls1.2 "$TRUST"
one() {
    logged_from
    load one --connections 8 --at-once 8 --requests "$each" --tls1.2 --ciphers "$SUITE" "$TRUST"
    check_logged $((8 * each))
    tail -n +$((LOGGED + 1)) "$LOG" | grep -c event=answer >>"$RUN/lines" || true
}
batch() {
    logged_from
    load batch --connections 8 --at-once 8 --requests "$each" --batch 8 --tls1.2 --ciphers "$SUITE" "$TRUST"
    check_logged $((8 * each))
}
again one batch
conclude "$(typical one cpu_per_answer)" "eight questions at a time: $(typical batch cpu_per_answer) us; $(calc "$(median <"$RUN/lines") * 100 / (8 * $each)" 0) % of the answers have a line in the log, the others were reported as dropped"
