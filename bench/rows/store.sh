#!/bin/bash
# The same answers out of a small store and out of larger ones: about a hundred certificates of each, spread over all of it. Memory, at rest and
# while the next snapshot is built.
. "$(dirname "$0")/../lib.sh"
row store x '<= 1.1' '100 -> 1 000 000 certificates in the store: cost of an answer'
sizes="100 $(few 10000) $(few 100000) $(few 1000000)"
largest=$(few 1000000)
each=$(few 20000)
certificates

# Stores are kept for the rows after this one.
fill_store() { # COUNT
    local name=store-$1
    configure "$name" "$WORK/$name"
    if [ ! -f "$WORK/$name/full" ] || [ ! -f "$WORK/$name/hundred.pem" ]; then
        rm -rf "${WORK:?}/$name"
        configure "$name" "$WORK/$name"
        tvsctl_in "$name" set cert import own TVS "$WORK/node-a.pem"
        say "$1 certificates"
        "$BUILD/bench/fill" "$WORK/$name/tvs.sqlite3" 1 "$1" >"$WORK/$name/filled" || die "$name"
        "$BUILD/bench/fill" --pem 1 "$1" "$((($1 + 99) / 100))" >"$WORK/$name/hundred.pem"
        mv "$WORK/$name/filled" "$WORK/$name/full" # whole now
    fi
}
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$PID/status"; }
declare -A pids ats bytes rss high
for size in $sizes; do
    fill_store "$size"
    PATIENCE=600 tvsd "store-$size"
    pids[$size]=$PID ats[$size]=$AT
    bytes[$size]=$(cut -d' ' -f2 "$WORK/store-$size/full")
    warm --connections 4 --requests 1000 --tls1.2 --by-name "$WORK/store-$size/hundred.pem"
    rss[$size]=$(awk '/^VmRSS:/ { print $2 }' "/proc/$PID/status")
done
for ((PAIR = 1; PAIR <= PAIRS; PAIR++)); do
    for size in $sizes; do
        PID=${pids[$size]} AT=${ats[$size]}
        load "$size" --connections 8 --at-once 8 --requests "$each" --tls1.2 --ciphers "$SUITE" --by-name "$WORK/store-$size/hundred.pem"
        [ "$(figure not_trusted)" -eq 0 ] || die "not all were found"
    done
done
ratio=$(ratio "$largest" 100 cpu_per_answer)

# One more certificate: the largest store is read anew. The difference to the small one is what certificates take.
PID=${pids[$largest]}
LOG=$RUN/store-$largest.log
before=$(grep -c event=store-loaded "$LOG")
"$BUILD/bench/fill" "$WORK/store-$largest/tvs.sqlite3" 900000000 1 >/dev/null
loaded_again() { [ "$(grep -c event=store-loaded "$LOG")" -gt "$before" ]; }
PATIENCE=600 wait_for loaded_again
high=$(peak)
"$BUILD/bench/fill" "$WORK/store-$largest/tvs.sqlite3" 900000001 1 900000000 >/dev/null
rest=$(calc "(${rss[$largest]} - ${rss[100]}) * 1024 / (${bytes[$largest]} - ${bytes[100]})" 2)
building=$(calc "($high - ${rss[100]}) * 1024 / (${bytes[$largest]} - ${bytes[100]})" 2)
conclude "$ratio" "$largest certificates; $(for size in $sizes; do printf '%s: %s us, ' "$size" "$(typical "$size" cpu_per_answer)"; done) memory $rest x the bytes of the certificates"
ROW=store-memory UNIT=x LIMIT='<= 1.5' WHAT='memory for certificates, beside their bytes, at rest'
conclude "$rest" "$largest certificates"
ROW=store-building UNIT=x LIMIT='<= 2.6' WHAT='memory for certificates, beside their bytes, at most, once a snapshot was built beside another'
conclude "$building" "$largest certificates"
