#!/bin/bash
# Two workers against one, on a machine whose cores the load needs, too. The model: what a worker could do with a core to itself is its
# connections for each second of the server's CPU time, provided that nothing waits. So with two workers and the load on both cores,
# throughput = 2 x connections / server's CPU x busy, where busy is the part of both cores' time that server and load used
# together: what is not used is waited away, and counts as lost. What others used meanwhile, of which /proc/stat tells, was not ours to
# use. With one worker the load has the other core, and it is the same with 1.
. "$(dirname "$0")/../lib.sh"
row workers x '>= 1.8' "2 workers against 1: connections a second, the load's CPU counted out"
count=$(few 8000)
state one
WORKERS=2 state two
both=$SERVER_CORE,$LOAD_CORE
# beside SIDE CORES WITH-LOAD WORD…: a load, and which share of those cores others had meanwhile. WITH-LOAD: 1 if the load runs there, too.
spent() { awk -v cores=",$1," '/^cpu/ && index(cores, "," substr($1, 4) ",") { s += $2 + $3 + $4 + $7 + $8 + $9 } END { print s }' <<<"$2"; }
at_time() { awk '/^time/ { print $2 }' <<<"$1"; }
beside() {
    local side=$1 cores=$2 with_load=$3 ours
    load "$side" "${@:4}"
    ours=$(($(figure cpu_us) + with_load * $(figure own_cpu_us)))
    calc "(($(spent "$cores" "$AFTER") - $(spent "$cores" "$BEFORE")) / $(getconf CLK_TCK) - $ours / 1e6) / ($(wc -w <<<"${cores//,/ }") * ($(at_time "$AFTER") - $(at_time "$BEFORE")))" >>"$RUN/others.$side"
    echo >>"$RUN/others.$side"
}
one() {
    tvsd one
    warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
    beside one "$SERVER_CORE" 0 --connections "$count" --at-once 64 --tls1.2 --ciphers "$SUITE" "$TRUST"
    stop_server "$PID"
}
two() {
    tvsd two "$both"
    CORES=$both warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
    CORES=$both beside two "$both" 1 --connections "$count" --at-once 64 --threads 2 --tls1.2 --ciphers "$SUITE" "$TRUST"
    stop_server "$PID"
}
again one two
throughput() { # SIDE WORKERS
    paste <(values "$1" answered) <(values "$1" cpu_us) <(values "$1" own_cpu_us) <(values "$1" seconds) "$RUN/others.$1" |
        awk -v w="$2" '{ others = $5 > 0 ? $5 : 0; busy = (w == 1 ? $2 / 1e6 / $4 : ($2 + $3) / 1e6 / 2 / $4) / (1 - others); if (busy > 1) busy = 1; print w * $1 / ($2 / 1e6) * busy }' | median
}
conclude "$(calc "$(throughput two 2) / $(throughput one 1)")" "$(calc "$(throughput two 2)" 0) a second beside $(calc "$(throughput one 1)" 0); CPU for each x $(ratio two one cpu_per_connection)"
ROW=workers-cpu UNIT=x LIMIT='<= 1.1' WHAT='2 workers against 1: CPU for a connection'
conclude "$(ROW=workers ratio two one cpu_per_connection)"
