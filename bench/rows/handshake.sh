#!/bin/bash
# What a phone costs: a full handshake and an answer, beside the handshake alone of a server that does nothing else well.
. "$(dirname "$0")/../lib.sh"
row handshake x '<= 1.05' "TLS 1.2 $SUITE handshake (RSA-2048) + one verify answered and logged, beside nginx's handshake alone"
need_nginx
count=$(few 1000) SLICES=4
state a
tvsd a
warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
tvsd_pid=$PID tvsd_at=$AT
nginx TLSv1.2 "$SUITE"
warm --handshakes --connections 200 --tls1.2 --ciphers "$SUITE"
nginx_pid=$PID nginx_at=$AT
loop TLSv1.2 "$SUITE"
warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
loop_pid=$PID loop_at=$AT

theirs() {
    PID=$nginx_pid AT=$nginx_at
    load nginx --handshakes --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE"
}
nothing_else() {
    PID=$loop_pid AT=$loop_at
    load loop --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE" "$TRUST"
}
ours() {
    PID=$tvsd_pid AT=$tvsd_at
    logged_from
    load tvsd --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE" "$TRUST"
    check_logged "$count"
}
again theirs nothing_else ours
conclude "$(ratio tvsd nginx cpu_per_connection)" "$(typical tvsd cpu_per_connection) us beside $(typical nginx cpu_per_connection) us; a loop that does nothing else, with the answer: $(ratio loop nginx cpu_per_connection) x"
