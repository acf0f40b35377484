#!/bin/bash
# The open Python server, 64 phones at a time. TVS_PEER: its program; its certificate database is made here, empty, by its own schema. It
# speaks the TLS of the Python that runs it, and is asked with that of a phone. It listens on all addresses, so it has a network of its own, where that can be had.
if [ -n "${TVS_PEER:-}" ] && [ -z "${BENCH_ALONE:-}" ] && unshare -rn ip link set lo up 2>/dev/null; then
    BENCH_ALONE=yes exec unshare -rn sh -c 'ip link set lo up && exec bash "$0"' "$0"
fi
. "$(dirname "$0")/../lib.sh"
row peer x '>= 50' 'the open Python tvsd, 64 phones at a time: answers a second'
[ -n "${TVS_PEER:-}" ] || not_run 'TVS_PEER names no program'
[ -r "$TVS_PEER" ] || not_run "$TVS_PEER is not there"
command -v sqlite3 >/dev/null || not_run 'sqlite3, which makes its database, is not there'
count=$(few 4000)
state a
tvsd a
ours_pid=$PID ours_at=$AT
sqlite3 "$RUN/peer.db" 'CREATE TABLE certificates (certificate_hash TEXT PRIMARY KEY, serial_number TEXT NOT NULL, subject_name TEXT NOT NULL, issuer_name TEXT NOT NULL, certificate TEXT NOT NULL, roles TEXT NOT NULL, ttl INTEGER) WITHOUT ROWID;'
port=$(free_port)
taskset -c "$SERVER_CORE" "${TVS_PYTHON:-python3}" "$TVS_PEER" --port "$port" --tvs "$WORK/node-a.pem" "$RUN/peer.db" >"$RUN/peer.log" 2>&1 </dev/null &
peer_pid=$! peer_at=127.0.0.1:$port
SERVERS+=("$peer_pid")
wait_for listens_or_gone "$port" "$peer_pid"
kill -0 "$peer_pid" 2>/dev/null || die "it does not start: $(tail -n 2 "$RUN/peer.log")"
LOSSES=yes
ours() {
    PID=$ours_pid AT=$ours_at
    load tvsd --at-once 64 --connections "$count" --tls1.2 --ciphers "$SUITE" "$WORK/other.crt"
}
theirs() {
    PID=$peer_pid AT=$peer_at
    load peer --at-once 64 --connections "$(few 400)" --tls1.2 --ciphers "$SUITE" "$WORK/other.crt"
}
again theirs ours
lost=$(paste <(values tvsd connections) <(values tvsd answered) | awk '{ lost += $1 - $2 } END { print lost + 0 }')
conclude "$(ratio tvsd peer answers_per_second)" "$(typical tvsd answers_per_second) a second beside $(typical peer answers_per_second); ours lost $lost, its $(paste <(values peer connections) <(values peer answered) | awk '{ lost += $1 - $2; all += $1 } END { printf "%.1f %%", lost * 100 / all }')"
