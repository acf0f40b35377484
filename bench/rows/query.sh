#!/bin/bash
# The same for a certificate by its names.
. "$(dirname "$0")/../lib.sh"
row query us '<= 8' 'one query on an open connection'
each=$(few 10000) SLICES=4
state a
tvsd a
warm --connections 8 --requests 2000 --tls1.2 --by-name "$TRUST"
one() {
    logged_from
    load one --connections 8 --at-once 8 --requests "$each" --tls1.2 --ciphers "$SUITE" --by-name "$TRUST"
    check_logged $((8 * each))
}
batch() {
    logged_from
    load batch --connections 8 --at-once 8 --requests "$each" --batch 8 --tls1.2 --ciphers "$SUITE" --by-name "$TRUST"
    check_logged $((8 * each))
}
again one batch
conclude "$(typical one cpu_per_answer)" "eight questions at a time: $(typical batch cpu_per_answer) us"
