#!/bin/bash
# An answer on an open connection: one question at a time on each of eight, and a batch of eight at a time.
. "$(dirname "$0")/../lib.sh"
row verify us '<= 6' 'one verify on an open connection, logging at info'
each=$(few 10000) SLICES=4
state a
tvsd a
warm --connections 8 --requests 2000 --tls1.2 "$TRUST"
tvsd_pid=$PID tvsd_at=$AT
loop TLSv1.2 "$SUITE"
warm --connections 8 --requests 2000 --tls1.2 "$TRUST"
loop_pid=$PID loop_at=$AT
nothing_else() {
    PID=$loop_pid AT=$loop_at
    load loop --connections 8 --at-once 8 --requests "$each" --tls1.2 --ciphers "$SUITE" "$TRUST"
}
one() {
    PID=$tvsd_pid AT=$tvsd_at
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
again nothing_else one batch
conclude "$(typical one cpu_per_answer)" "$(ratio one loop cpu_per_answer) x a loop without look-up and log, which takes $(typical loop cpu_per_answer) us; eight questions at a time: $(typical batch cpu_per_answer) us; $(calc "$(median <"$RUN/lines") * 100 / (8 * $each)" 0) % of the answers have a line in the log, the others were reported as dropped"
