#!/bin/bash
# From the start of the process until it says that it is ready.
. "$(dirname "$0")/../lib.sh"
row start ms '<= 200' 'start to READY with 10 000 certificates'
count=$(few 10000)
certificates
configure a "$RUN/a.state"
tvsctl_in a set cert import own TVS "$WORK/node-a.pem"
"$BUILD/bench/fill" "$RUN/a.state/tvs.sqlite3" 1 "$count" >/dev/null
once() {
    local began=${EPOCHREALTIME/./} ready
    tvsd a
    ready=$(date -d "$(sed -nE 's/^([^ ]+) .*event=ready.*/\1/p' "$LOG")" +%s%3N)
    echo $((ready - began / 1000)) >>"$RUN/times"
    stop_server "$PID"
}
once
rm "$RUN/times" # files are in the page cache from now on
again once
{ echo pair,ms; awk '{ print NR "," $1 }' "$RUN/times"; } >"$RESULTS/start.csv"
conclude "$(median <"$RUN/times")" "$count certificates"
