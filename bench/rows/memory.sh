#!/bin/bash
# What a connection holds that has had its answer and stays; nginx's after its handshake beside it. A new server each time.
. "$(dirname "$0")/../lib.sh"
row memory kB '<= 22' 'memory for an idle connection after an answer, 15 000 of them'
count=$(few 15000)
state a
ours() {
    tvsd a
    warm --connections 200 --tls1.2 --ciphers "$SUITE" "$TRUST"
    load tvsd --hold --connections "$count" --at-once 64 --tls1.2 --ciphers "$SUITE" "$TRUST"
    stop_server "$PID"
}
theirs() {
    [ -x "$TOOLS/usr/sbin/nginx" ] || return 0
    nginx TLSv1.2 "$SUITE"
    warm --connections 200 --handshakes --tls1.2 --ciphers "$SUITE"
    load nginx --hold --handshakes --connections "$count" --at-once 64 --tls1.2 --ciphers "$SUITE"
    stop_server "$PID"
}
again theirs ours
each() { paste <(values "$1" rss_rest) <(values "$1" rss_before) <(values "$1" connections) | awk '{ print ($1 - $2) / $3 }' | median | awk '{ printf "%.2f", $1 }'; }
conclude "$(each tvsd)" "nginx $(each nginx) kB"
