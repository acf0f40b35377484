#!/bin/bash
# tvsd on loopback, with a state of its own under BUILD/demo, and a phone that asks it. Both sides are printed as they happen.
# Ends by itself; what it started is ended, too. TVS_DEMO_PORT: another port than 2445.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
build=${BUILD:-build}
demo=$build/demo
mkdir -p "$demo"
here=$(cd "$demo" && pwd)
data=tests/data
log=$demo/tvsd.log
pid=
mark=0

end() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        pid=
    fi
}
trap end EXIT
give_up() {
    echo "demo: $*" >&2
    [ ! -s "$log" ] || tail -n 5 "$log" >&2
    exit 1
}

if [ -t 1 ]; then bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m'); else bold='' dim='' plain=''; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
indent() { sed "s/^/    $1/; s/\$/$2/"; }

# ---- The server's side

configure() { # FILE NODE STATE TFTP
    mkdir -p "$demo/$3" "$demo/$4"
    chmod 0750 "$demo/$3"
    printf '%s\n' "server: { listen: \"127.0.0.1:$port\" }" "node: { name: $2, address: 127.0.0.1 }" "state: $here/$3" \
        "trust_lists: { directory: $here/$4 }" 'log: { format: trace, level: debug }' >"$1"
    chmod 0644 "$1"
}
operator() { # FILE PHRASE…
    "$build/tvsctl" --config "$1" --yes "${@:2}" >"$demo/tvsctl.log" 2>&1 </dev/null || give_up "tvsctl ${*:2}: $(cat "$demo/tvsctl.log")"
}

news() { tail -n +$((mark + 1)) "$log"; }
nap() { read -rt 0.02 _ <>"$demo/nap" || true; } # nobody ever writes into that FIFO
wait_log() { # REGEX
    local deadline=$((SECONDS + 20))
    until news | grep -qE "$1"; do
        if [ -z "$(jobs -r)" ]; then # tvsd is gone; it may have said it with its last word
            news | grep -qE "$1"
            return
        fi
        [ "$SECONDS" -lt "$deadline" ] || give_up "the log never said: $1"
        nap
    done
}
show_log() { # REGEX of the last line that belongs to the step
    wait_log "$1" || give_up "tvsd has ended"
    echo
    echo "  tvsd's trace:"
    news | indent "$dim" "$plain"
    mark=$(wc -l <"$log")
}

start() {
    : >"$log"
    "$build/tvsd" --config "$demo/tvsd.yaml" 2>"$log" </dev/null &
    pid=$!
    wait_log 'event=ready'
}

# ---- The phone's side

phone() { # STATUS WORD…: run tvsc, print what it is told and what it says
    local want=$1 got=0
    shift
    mark=$(wc -l <"$log")
    printf '  $ tvsc %s\n' "$*"
    "$build/tvsc" --host "$host" --trust "$demo/tvs.pem" --device CP-8861-SEPB000B4BA0AEE --tls1.2 "$@" >"$demo/tvsc.log" 2>&1 || got=$?
    indent '' '' <"$demo/tvsc.log"
    [ "$got" -eq "$want" ] || give_up "tvsc ended with $got, not $want"
    show_log 'event=conn-closed'
}

# ---- What both have

port=${TVS_DEMO_PORT:-2445}
rm -rf "${demo:?}"/*
mkfifo "$demo/nap"
configure "$demo/tvsd.yaml" cucm-1051-a-pub state tftp
operator "$demo/tvsd.yaml" set cert regen TVS
operator "$demo/tvsd.yaml" set cert regen CallManager
operator "$demo/tvsd.yaml" show cert own TVS
sed -n '/BEGIN/,/END/p' "$demo/tvsctl.log" >"$demo/tvs.pem" # what the phone has from its ITL
operator "$demo/tvsd.yaml" set cert import trust tomcat-trust "$data/certs/apache.crt"
operator "$demo/tvsd.yaml" set cert import trust Phone-SAST-trust "$data/certs/pub.crt"

# Another copy of this state goes on to learn of a second node, and publishes a CTL file that names it.
configure "$demo/publisher.yaml" cucm-1051-a-pub publisher publisher-tftp
cp -R "$demo/state/." "$demo/publisher"
operator "$demo/publisher.yaml" utils node add cucm-1051-a-sub1 127.0.0.2
operator "$demo/publisher.yaml" set cert import own CallManager "$data/certs/sub1.crt" --node cucm-1051-a-sub1
operator "$demo/publisher.yaml" utils ctl set-cluster mixed-mode

# ---- The play

title "A Trust Verification Service starts"
if ! start; then
    grep -q 'in use' "$log" || give_up "tvsd did not start"
    echo "  Port $port is taken: another one will do."
    sed -i "s/127\.0\.0\.1:$port/127.0.0.1:0/" "$demo/tvsd.yaml"
    start || give_up "tvsd did not start"
fi
host=$(sed -nE 's/.*event=ready listen="?([^" ]+).*/\1/p' "$log" | head -n 1)
show_log 'event=ready'

title "1. A phone meets an HTTPS server that stands in none of its lists. The TVS knows its certificate:"
phone 0 verify $data/certs/apache.crt

title "2. One that the TVS does not know:"
phone 1 verify $data/certs/etoken1.crt

title "3. The phone got a configuration file whose signer it does not know, and asks for the signer:"
phone 0 query --file $data/SEP0011215A1AE3.cnf.xml.sgn

title "4. Another node's certificate, which stands neither in the store nor in a CTL file:"
phone 1 verify $data/certs/sub1.crt

title "5. CTLFile.tlv is replaced by one that holds that node's CCM+TFTP certificate:"
cp "$demo/publisher-tftp/CTLFile.tlv" "$demo/tftp/CTLFile.tlv.new"
mv "$demo/tftp/CTLFile.tlv.new" "$demo/tftp/CTLFile.tlv"
show_log 'event=ctl-loaded'

title "6. The same question again. The CTL answers:"
phone 0 verify $data/certs/sub1.crt

title "It ends"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
show_log 'event=stopped'
[ "$status" -eq 0 ] || give_up "tvsd ended with $status"

cat <<END

The real thing, in the foreground, with a state that it keeps:   make run
All of this demo's files are under $demo.
END
