#!/bin/bash
# A site's phones all come back at once.
. "$(dirname "$0")/../lib.sh"
row restart x '<= 1.15' "mass restart: 19 000 phones connect at once, patience 30 s: server's CPU, beside that many of the row handshake"
count=$(few 19000)
state a
LOSSES=yes
alone() {
    tvsd a
    warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
    load alone --connections "$(few 4000)" --at-once 16 --tls1.2 --ciphers "$SUITE" "$TRUST"
}
burst() {
    load burst --burst --connections "$count" --timeout 30s --tls1.2 --ciphers "$SUITE" "$TRUST"
    stop_server "$PID"
    sed -E 's/.*"answer":\{[^[]*\[(.*)\]\},"server.*/\1/; s/\],\[/\n/g; s/[][]//g' <<<"$JSON" >"$RESULTS/restart.histogram"
    echo >>"$RESULTS/restart.histogram"
}
again alone burst
lost=$(paste <(values burst connections) <(values burst answered) | awk '{ lost += $1 - $2 } END { print lost + 0 }')
conclude "$(ratio burst alone cpu_per_connection)" "$count phones; $lost of $((count * PAIRS)) not answered; $(typical burst seconds) s, p50 $(typical burst answer_p50) us, max $(typical burst answer_max) us"
ROW=restart-lost UNIT=phones LIMIT='<= 0' WHAT='mass restart: phones not answered, of all pairs'
conclude "$lost"
