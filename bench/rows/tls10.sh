#!/bin/bash
# The same as a 79xx does it: RSA key exchange, where nothing is signed.
. "$(dirname "$0")/../lib.sh"
row tls10 x '<= 1.12' "the same with TLS 1.0 AES256-SHA"
need_nginx
count=$(few 1000) SLICES=4
state a "" "tls: { minimum: \"1.0\" }"
tvsd a
warm --connections 200 --tls1.0 --ciphers AES256-SHA "$TRUST"
tvsd_pid=$PID tvsd_at=$AT
nginx TLSv1 AES256-SHA:@SECLEVEL=0
warm --handshakes --connections 200 --tls1.0 --ciphers AES256-SHA
nginx_pid=$PID nginx_at=$AT
loop TLSv1 AES256-SHA:@SECLEVEL=0
warm --connections 200 --tls1.0 --ciphers AES256-SHA "$TRUST"
loop_pid=$PID loop_at=$AT

theirs() {
    PID=$nginx_pid AT=$nginx_at
    load nginx --handshakes --connections "$count" --at-once 16 --tls1.0 --ciphers AES256-SHA
}
nothing_else() {
    PID=$loop_pid AT=$loop_at
    load loop --connections "$count" --at-once 16 --tls1.0 --ciphers AES256-SHA "$TRUST"
}
ours() {
    PID=$tvsd_pid AT=$tvsd_at
    logged_from
    load tvsd --connections "$count" --at-once 16 --tls1.0 --ciphers AES256-SHA "$TRUST"
    check_logged "$count"
}
again theirs nothing_else ours
conclude "$(ratio tvsd nginx cpu_per_connection)" "$(typical tvsd cpu_per_connection) us beside $(typical nginx cpu_per_connection) us; a loop that does nothing else, with the answer: $(ratio loop nginx cpu_per_connection) x"
