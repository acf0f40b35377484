#!/bin/bash
# contrib/: each by Debian's own programs, on the log of a tvsd that phones and others come to; figures against tvsd's counters.
. "$(dirname "$0")/../it/lib.sh"
. "$(dirname "$0")/../it/client.sh"
. "$(dirname "$0")/lib.sh"

W=$OPS/bookworm-watch
CONTRIB=$ROOT/contrib

# In the tree, with $T as /t and contrib as /contrib.
watching() {
    # shellcheck disable=SC2016
    unshare -m --propagation private bash -c 'mkdir -p "$1/t" "$1/contrib" && mount --bind "$2" "$1/t" && mount --bind "$3" "$1/contrib" &&
        mount -t proc proc "$1/proc" && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC chroot "$1" "${@:4}"' \
        bash "$W" "$T" "$CONTRIB" "$@" </dev/null
}

# An afternoon in short: $T/log. Whoever fails does so by a reason of his own.
a_run() {
    local i
    setup 'tls: { minimum: "1.1" }'
    do_tvsctl set cert regen CallManager --days 60
    do_tvsctl set cert regen CAPF --days 20
    do_tvsctl set cert regen tomcat --days 5
    do_tvsctl utils ctl set-cluster mixed-mode
    do_tvsctl set cert import trust CallManager-trust "$CERTS/node-b.crt"
    start
    for i in 1 2 3; do ask 0 verify "$CERTS/tvs.crt" --device "CP-8861-SEP00112233445$i"; done
    ask 0 verify "$CERTS/tvs.crt" --device CP-8861-SEP001122334455 --tls1.2
    ask 0 verify "$CERTS/tvs.crt" --tls1.1 --device CP-7975G-SEP001122334455
    ask 1 verify "$CERTS/other.crt" --device 'x" event=answer type=verify result=trusted roles=0 y'
    ask 1 verify "$CERTS/other.crt" --device 'x event=refused-more count=9'
    for i in 1 2 3; do ask 1 verify "$CERTS/other.crt" --device CP-8841-SEP000000000001; done
    ask 1 verify "$CERTS/node-b.crt"
    ask 3 verify "$CERTS/tvs.crt" --tls1.0
    ask 3 verify "$CERTS/tvs.crt" --tls1.0
    "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/other.crt" --timeout "${DEADLINE}s" verify "$CERTS/other.crt" >"$T/out" 2>&1 && fail 'a phone without our certificate asks'
    garbled 57010900
    garbled 57010900
    garbled 57 # and no more
    garbled 474554202f
    for i in 1 2 3; do printf 'GET /%s event=conn-closed HTTP/1.0\r\n\r\n' "$i" >"/dev/tcp/${HOST%:*}/${HOST##*:}"; done
    wait_until plain_http_ended
    crowd_of_one
    cp "$T/tftp/CTLFile.tlv" "$T/good.tlv"
    echo garbage >"$T/tftp/CTLFile.tlv"
    wait_log 'event=ctl-refused '
    replace "$T/good.tlv" "$T/tftp/CTLFile.tlv"
    kill -HUP "$PID"
    wait_log 'event=reload '
    stats
    stop
}
# garbled HEX: who is let in sends that, and leaves.
garbled() {
    local ends
    ends=$(grep -cE 'event=conn-closed reason=(bad|trunc)' "$T/log")
    # shellcheck disable=SC2059
    printf "$(sed 's/../\\x&/g' <<<"$1")" >"$T/garbled"
    timeout "$DEADLINE" "$BUILD/tests/it/client" -a close "$HOST" "$T/garbled" >"$T/out" 2>"$T/err" || fail 'the client ended badly'
    wait_until more_ends "$ends"
}
more_ends() { [ "$(grep -cE 'event=conn-closed reason=(bad|trunc)' "$T/log")" -gt "$1" ]; }
# One connection more than an address may have; nothing is said on them.
crowd_of_one() {
    local one two three
    limits 'max_connections_per_address: 2'
    kill -HUP "$PID"
    wait_log 'event=reload '
    mark
    exec {one}<>"/dev/tcp/${HOST%:*}/${HOST##*:}" {two}<>"/dev/tcp/${HOST%:*}/${HOST##*:}" {three}<>"/dev/tcp/${HOST%:*}/${HOST##*:}"
    wait_log 'event=conn-closed reason=address-limit '
    exec {one}>&- {two}>&- {three}>&-
    wait_times 2 'event=conn-closed reason=silent '
    mark
}
# scraped FILE: what mtail makes of it goes to $T/metrics.
scraped() {
    watching timeout 60 mtail --one_shot --one_shot_format prometheus --progs /contrib/mtail --logs "/t/$1" --log_dir /t >"$T/metrics" 2>"$T/err" || fail 'mtail ended badly'
}
# stats_of REGEX: the sum of these counters of tvsd.
stats_of() { tr ' ' '\n' <<<"$STATS" | grep -E "^($1)=" | cut -d= -f2 | awk '{ sum += $1 } END { print sum + 0 }'; }
plain_http_ended() { [ "$(grep -c 'reason=handshake-failed .*detail=plain-http' "$T/log")" -eq 3 ]; }

# metric NAME{LABELS}: its value in what mtail says, summed over all that have these labels. Labels come sorted.
metric() {
    local name=${1%%\{*} label pattern=
    for label in $(sed -nE 's/^[^{]*\{(.*)\}$/\1/p' <<<"$1" | tr , ' '); do pattern+="(?=[^}]*$label)"; done
    grep -P "^$name(\{$pattern|[ ])" "$T/metrics" | awk '{ sum += $NF } END { print sum + 0 }'
}
is() { [ "$(metric "$1")" = "$2" ] || fail "mtail counts $1 as $(metric "$1"), not $2"; }

test_mtail() {
    a_run
    scraped log
    grep -q '^tvsd_answers_total' "$T/metrics" || fail 'mtail does not take the program'
    is 'tvsd_answers_total{result="trusted"}' "$(stat answer-trusted)"
    is 'tvsd_answers_total{result="unknown"}' "$(stat answer-unknown)"
    is 'tvsd_answers_total{type="verify"}' "$(stat verify)"
    is 'tvsd_answers_total{family="8861"}' 4
    is 'tvsd_answers_total{family="7975G"}' 1
    is 'tvsd_answers_total{tls="TLSv1.1"}' 1
    is 'tvsd_answers_total{tls="TLSv1.2"}' 1
    is 'tvsd_answers_total{role="21",result="trusted"}' 5
    is 'tvsd_answer_seconds_count' "$(stat verify)"
    is 'tvsd_refused_total{reason="plain-http"}' "$(stat refused-plain-http)"
    is 'tvsd_refused_total{reason="tls-version"}' "$(stat refused-tls-version)"
    is 'tvsd_connections_closed_total{reason="peer-closed"}' "$(stat end-peer-closed)"
    is 'tvsd_connections_closed_total{reason="handshake-failed"}' "$(stat end-handshake-failed)"
    is 'tvsd_stats{name="handshakes"}' "$(stat handshakes)"
    is 'tvsd_stats{name="accepted"}' "$(stat accepted)"
    is 'tvsd_certificates{source="store"}' "$(sed -nE 's/.*event=started .* store=([0-9]+) .*/\1/p' "$T/log")"
    is 'tvsd_certificates{source="ctl"}' "$(sed -nE 's/.*event=ctl-loaded .* certificates=([0-9]+) .*/\1/p' "$T/log" | tail -n 1)"
    is tvsd_reload_good 1
    is 'tvsd_loads_total{source="ctl"}' "$(grep -c 'event=ctl-loaded ' "$T/log")"
    [ "$(metric tvsd_ctl_refused_total)" -ge 1 ] || fail 'no refused CTL was counted'
    is 'tvsd_certificate_expiry_timestamp_seconds{certificate="TVS"}' \
        "$(date -ud "$(sed -nE 's/.*event=certificate-loaded .*expires=([0-9-]+).*/\1/p' "$T/log" | tail -n 1)" +%s)"
    [ "$(metric 'tvsd_loaded_timestamp_seconds{source="ctl"}')" -gt 1700000000 ] || fail 'nobody knows how old the CTL is'
    is tvsd_events_total "$(grep -c 'event=' "$T/log")"
}

# As often as the daemon says that it happened, in however few lines.
test_mtail_of_phones_that_failed() {
    a_run
    scraped log
    [ "$(stat answer-unknown)" -eq 5 ] && [ "$(grep -c 'event=unknown-refused ' "$T/log")" -lt 5 ] || fail 'no line stands for several phones'
    is 'tvsd_failures_total{event="unknown-refused"}' "$(stat answer-unknown)"
    is 'tvsd_failures_total{event="no-role"}' "$(stat answer-no-role)"
    is 'tvsd_failures_total{event="request-refused"}' "$(stats_of 'end-(bad-[a-z]+|truncated-request|tls-failed|request-timeout)|answer-unusable')"
    is 'tvsd_failures_total{event="tls-refused"}' "$(stats_of 'refused-[a-z-]+')"
    is 'tvsd_failures_total{event="address-refused"}' "$(stat end-address-limit)"
    is 'tvsd_stats{name="end-address-limit"}' 1
    is 'tvsd_failures_total{event="refused-more"}' 0 # somebody called himself so
    for event in unknown-refused no-role request-refused tls-refused address-refused; do
        [ "$(metric "tvsd_failures_total{event=\"$event\"}")" -ge 1 ] || fail "nobody failed by $event"
    done
    is 'tvsd_expiring_total{event="expiry-notice",certificate="CallManager"}' 1
    is 'tvsd_expiring_total{event="expiry-warning",certificate="CAPF"}' 1
    is 'tvsd_expiring_total{event="expiry-urgent",certificate="tomcat"}' 1
    is tvsd_expiring_total 3
}

# What takes thousands of phones, or years.
test_mtail_of_what_is_rare() {
    printf '2026-11-21T06:51:05.190Z tvsd[1]: level=%s\n' 'warning event=refused-more count=70000' 'warning event=refused-more count=5' \
        'error event=expired unit=CTL subject="CN=a unit=TVS subject=b" serial=01 expires=2026-11-20 days=-1 remedy="renew it"' \
        'warning event=expired-refused serial=01 issuer=CN=a source=store device=SEP1 peer="192.0.2.1:5" reason="asked count=9" count=3' \
        'warning event=twin-refused serial=01 issuer=CN=a source=store device=SEP1 peer="192.0.2.1:5" reason=x count=2' \
        'warning event=ambiguous serial=01 issuer=CN=a source=store device=SEP1 peer="192.0.2.1:5" reason=x count=4' >"$T/rare"
    scraped rare
    is 'tvsd_failures_total{event="refused-more"}' 70005
    is 'tvsd_failures_total{event="expired-refused"}' 3
    is 'tvsd_failures_total{event="twin-refused"}' 2
    is 'tvsd_failures_total{event="ambiguous"}' 4
    is 'tvsd_expiring_total{event="expired",certificate="CTL"}' 1
    is tvsd_expiring_total 1
    # Each event that counts phones, or days, is one that mtail knows.
    for event in $(sed -nE 's/^    X\([A-Z_]+, "([a-z-]+)", [A-Z]+, "(.* count|count|.* days remedy)", .*/\1/p' "$ROOT/tvsd/log_events.h"); do
        grep -qE "event=\(\?P<(what|stage)>.*\b$event\b" "$CONTRIB/mtail/tvsd.mtail" || fail "mtail does not take $event"
    done
}

# The same through syslog: another beginning of each line.
test_mtail_by_syslog() {
    a_run
    sed -E 's/^(\S+) (tvsd\[[0-9]+\]:) (.*)$/2026-11-21T12:00:00.123456+01:00 pbx \2 \1 \2 \3/' "$T/log" >"$T/both"
    sed -E 's/^(\S+) (tvsd\[[0-9]+\]:) (.*)$/2026-11-21T12:00:00.123456+01:00 pbx \2 \3/' "$T/log" >"$T/short"
    for file in both short; do
        scraped "$file"
        is 'tvsd_answers_total{result="trusted"}' "$(stat answer-trusted)"
        is 'tvsd_failures_total{event="unknown-refused"}' "$(stat answer-unknown)"
        is tvsd_events_total "$(grep -c 'event=' "$T/log")"
    done
}

test_every_counter_is_scraped() {
    local name
    for name in $(sed -nE 's/^    X\(([a-z_]+)\).*/\1/p' "$ROOT/tvsd/stats.h"); do
        grep -qF "/ $name=(?P" "$CONTRIB/mtail/tvsd.mtail" || fail "mtail does not take the counter $name"
    done
    grep -ohE 'event=~?"[a-z|-]+"' "$CONTRIB"/prometheus/tvsd.rules.yml | grep -oE '[a-z]+-[a-z-]+' | while read -r name; do
        grep -qF "\"$name\"" "$ROOT/tvsd/log_events.h" || fail "there is no event $name"
    done || exit 1
    # What rules and the dashboard speak of is counted.
    grep -ohE '\btvsd_[a-z_]+' "$CONTRIB"/prometheus/*.yml "$CONTRIB"/grafana/tvsd.json | sed -E 's/_(bucket|count|sum)$//' | sort -u >"$T/used"
    grep -oE '^(counter|gauge|histogram) [a-z_]+' "$CONTRIB/mtail/tvsd.mtail" | awk '{ print $2 }' | sort -u >"$T/made"
    [ -z "$(comm -23 "$T/used" "$T/made")" ] || fail "nobody counts $(comm -23 "$T/used" "$T/made")"
}

test_prometheus() {
    expect 0 watching promtool check rules /contrib/prometheus/tvsd.rules.yml
    expect 0 watching sh -c 'cd /contrib/prometheus && promtool test rules tvsd.test.yml'
}

test_grafana() {
    expect 0 watching python3 -c 'import json; d = json.load(open("/contrib/grafana/tvsd.json")); assert len(d["panels"]) > 8 and all(t["expr"] for p in d["panels"] for t in p["targets"])'
    # Its expressions are PromQL.
    watching python3 -c 'import json; d = json.load(open("/contrib/grafana/tvsd.json"))
print("groups: [{name: g, rules: [")
for p in d["panels"]:
    for t in p["targets"]:
        print("{record: x:y, expr: %s}," % json.dumps(t["expr"].replace("$__rate_interval", "5m")))
print("]}]")' >"$T/panels.yml"
    expect 0 watching promtool check rules --lint=none /t/panels.yml
}

test_fail2ban() {
    a_run
    # An include is looked for beside the filter.
    mkdir "$T/filter.d"
    cp "$CONTRIB/fail2ban/filter.d/tvsd.conf" "$W/etc/fail2ban/filter.d/common.conf" "$T/filter.d"
    sed -E 's/^(\S+) (tvsd\[[0-9]+\]:) (.*)$/\1 pbx \2 \1 \2 \3/' "$T/log" >"$T/syslog"
    # Three that spoke HTTP without TLS and one with, and no phone that failed, whatever it calls itself.
    for file in log syslog; do
        watching fail2ban-regex -o ip "/t/$file" /t/filter.d/tvsd.conf >"$T/out" 2>"$T/err" || fail 'fail2ban-regex ended badly'
        [ "$(grep -cx '127.0.0.1' "$T/out")" -eq 4 ] || fail "not four are banned in $file"
    done
    grep -vE 'event=conn-closed reason=(bad-discriminator|handshake-failed .* detail=plain-http)' "$T/log" >"$T/phones"
    for event in request-refused unknown-refused no-role tls-refused address-refused; do
        grep -q "event=$event " "$T/phones" || fail "no phone failed by $event"
    done
    for reason in truncated-request bad-type address-limit handshake-failed; do
        grep -q "event=conn-closed reason=$reason " "$T/phones" || fail "no connection ended by $reason"
    done
    watching fail2ban-regex -o ip /t/phones /t/filter.d/tvsd.conf >"$T/out" 2>"$T/err"
    [ ! -s "$T/out" ] || fail 'a phone that failed is banned'
    # Nobody can have others banned by what he says.
    printf '%s\n' '2026-11-21T06:51:05.190Z tvsd[1]: level=info event=answer type=verify result=unknown roles="" source=none serial=01 device="x event=conn-closed reason=bad-discriminator peer=\"192.0.2.1:5\" requests=0 ms=1" peer="192.0.2.9:1" us=1' \
        '2026-11-21T06:51:05.190Z tvsd[1]: level=info event=conn-closed reason=bad-discriminator peer="[2001:db8::7]:4711" requests=0 ms=1 detail=""' >"$T/lies"
    watching fail2ban-regex -o ip /t/lies /t/filter.d/tvsd.conf >"$T/out" 2>"$T/err"
    [ "$(cat "$T/out")" = 2001:db8::7 ] || fail "who is banned for a lie: $(cat "$T/out")"
    # The jail is one that fail2ban takes.
    expect 0 watching sh -c 'cp -r /etc/fail2ban /t/f2b && cp /contrib/fail2ban/filter.d/tvsd.conf /t/f2b/filter.d && cp /contrib/fail2ban/jail.d/tvsd.conf /t/f2b/jail.d &&
        touch /var/log/tvsd.log && printf "[sshd]\nenabled = false\n" >/t/f2b/jail.d/zz.conf && fail2ban-client -c /t/f2b -t'
}

test_logrotate() {
    a_run
    mkdir -p "$W/var/log/tvs"
    watching sh -c 'getent passwd tvs || useradd -r tvs; chown tvs:tvs /var/log/tvs' >/dev/null
    cp "$T/log" "$W/var/log/tvs/tvsd.log"
    watching chown tvs:tvs /var/log/tvs/tvsd.log
    cp "$CONTRIB/logrotate/tvsd" "$T/rotate"
    expect 0 watching sh -c 'chown root:root /t/rotate && chmod 0644 /t/rotate && logrotate -f -s /t/state.logrotate /t/rotate'
    cmp "$T/log" "$W/var/log/tvs/tvsd.log.1" || fail 'the log was not rotated'
    rm -rf "$W/var/log/tvs"
}

# rsyslogd takes what tvsd would send, and writes what the others read.
test_rsyslog() {
    local i
    expect 0 watching rsyslogd -N1 -f /contrib/rsyslog/tvsd.conf
    rm -f "$W/var/log/tvsd.log"
    printf '%s\n' 'module(load="imuxsock" SysSock.Use="off")' 'input(type="imuxsock" Socket="/t/devlog" CreatePath="on")' \
        'include(file="/contrib/rsyslog/tvsd.conf")' >"$T/rsyslog.conf"
    watching rsyslogd -n -i /t/rsyslog.pid -f /t/rsyslog.conf >"$T/err" 2>&1 &
    HELPER=$!
    wait_until test -S "$T/devlog"
    for i in 1 2; do
        watching logger -u /t/devlog --id=4711 -t tvsd "level=info event=answer type=verify result=trusted roles=21 source=store serial=0$i device=CP-8861-SEP0 peer=\"192.0.2.1:5\" us=6 tls=TLSv1.2"
    done
    wait_until grep -qs 'serial=02' "$W/var/log/tvsd.log"
    cp "$W/var/log/tvsd.log" "$T/syslogged"
    rm -f "$W/var/log/tvsd.log"
    grep -qE '^[0-9T:.+-]+(Z|[0-9:]+) \S+ tvsd\[4711\]: level=info event=answer ' "$T/syslogged" || fail "rsyslog writes $(head -n 1 "$T/syslogged")"
    scraped syslogged
    is 'tvsd_answers_total{result="trusted"}' 2
}

reason=$(why_no_ops)
[ -n "$reason" ] || tree_with bookworm-watch bookworm mtail prometheus fail2ban logrotate rsyslog bsdutils || reason="no Debian with these programs can be installed: see $OPS/bookworm-watch.log"
[ -z "$reason" ] || { echo "skipped 20-watching: $reason"; exit 0; }
run_tests "$@"
