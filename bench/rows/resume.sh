#!/bin/bash
# A session that is taken up again, beside a full handshake; one verify each.
. "$(dirname "$0")/../lib.sh"
row resume x '<= 0.25' 'TLS 1.2 resumption by ticket, beside the full handshake'
count=$(few 1500) SLICES=4
state a
tvsd a
full() { load full --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE" "$TRUST"; }
ticket() {
    load ticket --resume ticket --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE" "$TRUST"
    [ "$(figure resumed)" -ge $((count - 16)) ] || die "only $(figure resumed) of $count were resumed"
}
again full ticket
conclude "$(ratio ticket full cpu_per_connection)" "$(typical ticket cpu_per_connection) us beside $(typical full cpu_per_connection) us"
