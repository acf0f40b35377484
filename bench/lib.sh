# What the rows of the benchmark share: servers on one core, the load on another, figures out of what tvsc bench reports.
#
# A row is bench/rows/NAME.sh: it sources this, says what it measures and against what with `row`, and calls `conclude`. It runs alone:
# `make bench ROWS=NAME`.
# shellcheck shell=bash disable=SC2034 # rows use what is set here
set -eu
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
RESULTS=${BENCH_RESULTS:-$ROOT/bench/results/$(bash "$ROOT/bench/machine.sh" name)}
PAIRS=${BENCH_PAIRS:-5}
SHARE=${BENCH_SHARE:-1} # everything is so many times smaller: for a trial
SERVER_CORE=${BENCH_SERVER_CORE:-0}
LOAD_CORE=${BENCH_LOAD_CORE:-1}
TOOLS=$BUILD/tools
PATH=$PATH:$TOOLS/usr/bin
WORK=$BUILD/bench/work   # what is made once: certificates, stores
export LC_ALL=C TZ=UTC OPENSSL_CONF=$ROOT/tests/data/openssl.cnf
export FILL_PATTERN=$WORK/pattern
mkdir -p "$WORK" "$RESULTS"
SUITE=ECDHE-RSA-AES256-GCM-SHA384

die() {
    echo "bench: $*" >&2
    exit 1
}
say() { printf '  %s\n' "$*"; }
# few N: N, or of a trial that much less, but 1 at least.
few() { echo $((($1 + SHARE - 1) / SHARE)); }

# ---- Rows

# row NAME UNIT LIMIT WHAT: what is measured. `conclude VALUE [REMARK]` is the figure; LIMIT '<= 1.05' or '>= 1.8'.
row() {
    ROW=$1 UNIT=$2 LIMIT=$3 WHAT=$4
    SERVERS=()
    RUN=$BUILD/bench/run/$ROW # what it needs while it runs
    rm -rf "$RUN"
    mkdir -p "$RUN"
    rm -f "$RESULTS/$ROW.csv" "$RESULTS/$ROW".figure "$RESULTS/$ROW"-*.figure
    trap 'end_all' EXIT
    echo "== $ROW: $WHAT"
}
keep() { # VALUE UNIT MET REMARK: what table.sh reads
    local trial='' commit
    commit=$(git -C "$ROOT" rev-parse --short HEAD 2>/dev/null) || commit=unknown
    git -C "$ROOT" diff --quiet HEAD -- ':!bench/results' ':!*.md' 2>/dev/null || commit+=' and changes'
    [ "$PAIRS" -ge 5 ] && [ "$SHARE" -eq 1 ] || trial="trial: pairs $PAIRS, sizes divided by $SHARE"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$ROW" "$WHAT" "$LIMIT" "$1" "$2" "$3" "$4" "$trial" "$commit" >"$RESULTS/$ROW.figure"
}
conclude() {
    local met=no
    # shellcheck disable=SC2086 # LIMIT is two words
    set -- "$1" "${2:-}" $LIMIT
    awk -v a="$1" -v op="$3" -v b="$4" 'BEGIN { exit !(op == "<=" ? a <= b : a >= b) }' && met=yes
    keep "$1" "$UNIT" "$met" "$2"
    echo "   $1 $UNIT, wanted $LIMIT: $met ${2:+($2)}"
}
not_run() {
    keep 'not run' '' '' "$*"
    echo "   not run: $*"
    exit 0
}
# again FUNCTION…: in pairs, one after the other, so that what disturbs the machine disturbs all. SLICES: each pair is so many turns, and the mean
# of them: what takes less than a second can be told from a machine that is slow for one only so.
again() {
    local function turn
    for ((PAIR = 1; PAIR <= PAIRS; PAIR++)); do
        for ((turn = 0; turn < ${SLICES:-1}; turn++)); do
            for function; do "$function"; done
        done
    done
}

# ---- Numbers

calc() { awk "BEGIN { printf \"%.${2:-3}f\", $1 }"; }
# Of numbers, one a line.
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%s\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# What `load` reported last. figure KEY: where it stands first; part OBJECT KEY: inside an object without others.
figure() { sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\1/p" <<<"${JSON//\"$1\"/$'\n'\"$1\"}" | head -n 1; }
part() { sed -nE "s/.*\"$1\":\{([^}]*)\}.*/\1/p" <<<"$JSON" | tr ',' '\n' | sed -nE "s/^\"$2\":(.*)/\1/p" | head -n 1; }

# Of the CSV of this row: a column (by its name) of a side, a line a pair; the median of that; its pairs' ratios of two sides.
column() { awk -F, -v c="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) print i }' "$RESULTS/$ROW.csv"; }
values() {
    awk -F, -v n="$(column "$2")" -v s="$1" '
        function say() { if (count > 0) printf "%.9g\n", sum / count }
        NR > 1 && $2 == s { if ($1 != pair) { say(); sum = count = 0 } pair = $1; sum += $n; count++ }
        END { say() }' "$RESULTS/$ROW.csv"
}
typical() { values "$1" "$2" | median | awk '{ printf(($1 >= 1000 ? "%.0f" : "%.4g") "\n", $1) }'; }
ratio() { # SIDE SIDE COLUMN: the median of the pairs' ratios
    paste <(values "$1" "$3") <(values "$2" "$3") | awk '$2 > 0 { print $1 / $2 }' | median | awk '{ printf "%.3f", $1 }'
}

# ---- Servers

nap() { read -rt 0.01 _ <>"$RUN/nap" || true; } # nobody ever writes into that FIFO
wait_for() { # COMMAND…
    local end=$((SECONDS + ${PATIENCE:-60}))
    [ -p "$RUN/nap" ] || mkfifo "$RUN/nap"
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || die "$ROW: did not happen: $*"
        nap
    done
}
end_all() {
    local pid
    for pid in ${SERVERS[@]+"${SERVERS[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    SERVERS=()
}
stop_server() { # PID
    local left=() pid
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    for pid in ${SERVERS[@]+"${SERVERS[@]}"}; do [ "$pid" = "$1" ] || left+=("$pid"); done
    SERVERS=(${left[@]+"${left[@]}"})
}

# certificate NAME KEY-OPTIONS…: once, NAME.crt, NAME.key and NAME.pem in $WORK.
certificate() {
    local name=$1
    [ ! -f "$WORK/$name.pem" ] || return 0
    openssl req -x509 -newkey "${@:2}" -nodes -keyout "$WORK/$name.key" -subj "/O=Benchmark/CN=$name" -days 1000 -sha256 \
        -out "$WORK/$name.crt" 2>"$RUN/openssl.log" || die "openssl: $(cat "$RUN/openssl.log")"
    cat "$WORK/$name.crt" "$WORK/$name.key" >"$WORK/$name.pem"
}
certificates() {
    certificate node-a rsa:2048
    certificate other rsa:2048
}

# state NAME: a state folder with node-a's certificate as the server's, and one of its own to ask about. tvsctl_in NAME PHRASE…
tvsctl_in() {
    "$BUILD/tvsctl" --config "$RUN/$1.yaml" --yes "${@:2}" </dev/null >"$RUN/tvsctl.log" 2>&1 || die "tvsctl ${*:2}: $(cat "$RUN/tvsctl.log")"
}
configure() { # NAME STATE [SERVER-OPTIONS] [LINE…]
    local name=$1 state=$2
    mkdir -p "$state" "$RUN/$name.tftp"
    chmod 0750 "$state"
    printf '%s\n' "server: { listen: \"127.0.0.1:0\", workers: ${WORKERS:-1}, idle_timeout: 10m${3:+, $3} }" "node: { name: node-a, address: 127.0.0.1 }" \
        "state: $state" "trust_lists: { directory: $RUN/$name.tftp }" "control: { socket: off }" \
        "log: { level: info, target: $RUN/$name.log }" "${@:4}" >"$RUN/$name.yaml"
}
state() { # NAME [SERVER-OPTIONS] [LINE…]
    certificates
    configure "$1" "$RUN/$1.state" "${@:2}"
    tvsctl_in "$1" set cert import own TVS "$WORK/node-a.pem"
}
# tvsd NAME [CORES]: PID and AT are its process and address.
tvsd() {
    rm -f "$RUN/$1.log"
    : >"$RUN/$1.log"
    taskset -c "${2:-$SERVER_CORE}" "$BUILD/tvsd" --config "$RUN/$1.yaml" >"$RUN/$1.out" 2>&1 </dev/null &
    PID=$!
    LOG=$RUN/$1.log
    SERVERS+=("$PID")
    wait_for ready_or_gone "$LOG" "$PID"
    AT=$(sed -nE 's/.*event=ready listen="([^"]+)".*/\1/p' "$LOG" | head -n 1)
    [ -n "$AT" ] || die "tvsd does not start: $(cat "$RUN/$1.out" "$LOG")"
    TRUST=$WORK/node-a.crt
}
ready_or_gone() { grep -q event=ready "$1" || ! kill -0 "$2" 2>/dev/null; }

# What a server with that log has answered since `logged_from`: lines, and those that it says it dropped.
LOGGED=0
logged_from() { LOGGED=$(wc -l <"$LOG"); }
logged() {
    tail -n +$((LOGGED + 1)) "$LOG" | awk '/event=answer/ { n++ } /event=log-dropped/ { sub(/.*count=/, ""); n += $1 } END { print n + 0 }'
}
all_logged() { [ "$(logged)" -eq "$1" ]; }
# No figure without the log: each question has its line, or is among those reported as dropped.
check_logged() { PATIENCE=20 wait_for all_logged "$1"; }

free_port() {
    local port
    for ((port = 24460; port < 24999; port++)); do
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
# nginx PROTOCOL SUITES: a handshake, the same certificate, neither cache nor tickets. PID and AT.
nginx() {
    local port
    port=$(free_port)
    certificates
    mkdir -p "$RUN/nginx"
    cat >"$RUN/nginx/nginx.conf" <<END
daemon off; master_process off; pid $RUN/nginx/pid; error_log $RUN/nginx/error.log crit;
worker_rlimit_nofile 20000;
events { worker_connections 19900; }
http {
    access_log off; client_header_timeout 600s;
    client_body_temp_path $RUN/nginx/a; proxy_temp_path $RUN/nginx/b; fastcgi_temp_path $RUN/nginx/c;
    uwsgi_temp_path $RUN/nginx/d; scgi_temp_path $RUN/nginx/e;
    server {
        listen 127.0.0.1:$port ssl backlog=4096;
        ssl_certificate $WORK/node-a.crt; ssl_certificate_key $WORK/node-a.key;
        ssl_protocols $1; ssl_ciphers $2; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:prime256v1;
        ssl_session_cache off; ssl_session_tickets off;
        return 200;
    }
}
END
    taskset -c "$SERVER_CORE" "$TOOLS/usr/sbin/nginx" -p "$RUN/nginx" -c "$RUN/nginx/nginx.conf" >"$RUN/nginx/out" 2>&1 </dev/null &
    PID=$!
    SERVERS+=("$PID")
    AT=127.0.0.1:$port
    TRUST=$WORK/node-a.crt
    wait_for listens_or_gone "$port" "$PID"
    kill -0 "$PID" 2>/dev/null || die "nginx does not start: $(cat "$RUN/nginx/out" "$RUN/nginx/error.log")"
}
# loop PROTOCOL SUITES: what does nothing but to shake hands and to answer (bench/loop.c). PID and AT.
loop() {
    certificates
    taskset -c "$SERVER_CORE" "$BUILD/bench/loop" "$WORK/node-a.crt" "$WORK/node-a.key" "$1" "$2" >"$RUN/loop.port" 2>"$RUN/loop.err" </dev/null &
    PID=$!
    SERVERS+=("$PID")
    TRUST=$WORK/node-a.crt
    wait_for said_or_gone "$RUN/loop.port" "$PID"
    AT=127.0.0.1:$(cat "$RUN/loop.port")
    kill -0 "$PID" 2>/dev/null || die "the loop does not start: $(cat "$RUN/loop.err")"
}
said_or_gone() { [ -s "$1" ] || ! kill -0 "$2" 2>/dev/null; }
listens_or_gone() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || ! kill -0 "$2" 2>/dev/null; }
need_nginx() { [ -x "$TOOLS/usr/sbin/nginx" ] || not_run "nginx is not there: bench/tools.sh fetches it"; }

# ---- The load

HEAD=pair,side,connections,answered,served,refused,gave_up,unreachable,wrong,skipped,handshakes,resumed,trusted,not_trusted,seconds,goodput,answers_per_second,cpu_us,cpu_per_connection,cpu_per_answer,rss_before,rss_rest,rss_max,own_cpu_us,handshake_p50,handshake_p99,answer_p50,answer_p90,answer_p99,answer_p999,answer_max

# The time, and what all processors did since the machine started: for what others did meanwhile.
machine_now() { echo "time $EPOCHREALTIME"; grep '^cpu[0-9]' /proc/stat; }

# Phones have addresses of their own, as they have at a site. What the machine did is in BEFORE and AFTER.
# load SIDE WORD…: one run of `tvsc bench` against $AT and $PID; a line of the row's CSV, and JSON.
load() {
    local side=$1 got=0
    shift
    BEFORE=$(machine_now)
    JSON=$(generate 1 "$@" 2>"$RUN/load.err") || got=$?
    AFTER=$(machine_now)
    [ -n "$JSON" ] || die "$ROW: $side: $(cat "$RUN/load.err")"
    [ "$got" -eq 0 ] || [ "${LOSSES:-no}" = yes ] || die "$ROW: $side: not everything was answered: ${JSON%%,\"handshake\":*}"
    write_line "$side" "$(fields)"
}
generate() { # NUMBER WORD…: NUMBER tells the phones of several from each other
    taskset -c "${CORES:-$LOAD_CORE}" "$BUILD/tvsc" bench --json --host "$AT" --trust "$TRUST" --pid "$PID" --phones 20000 --from "127.$1.0.1" "${@:2}"
}
fields() {
    local key line=''
    for key in connections answered served refused gave-up unreachable wrong skipped handshakes resumed trusted not_trusted \
        seconds goodput answers_per_second cpu_us cpu_us_per_connection cpu_us_per_answer; do line+=,$(figure "$key"); done
    line+=,$(part before rss_kb),$(part rest rss_kb),$(figure rss_max_kb),$(figure own_cpu_us),$(part handshake p50_us),$(part handshake p99_us)
    for key in p50 p90 p99 p99.9 max; do line+=,$(part answer "${key}_us"); done
    echo "$line"
}
write_line() { # SIDE FIELDS
    [ -f "$RESULTS/$ROW.csv" ] || echo "$HEAD" >"$RESULTS/$ROW.csv"
    echo "${PAIR:-1},$1$2" >>"$RESULTS/$ROW.csv"
}
# load_many SIDE COUNT WORD…: as many at the same time, since one may have too few descriptors; one line of all together. What is
# counted is added up; of times, the server's CPU and memory, all of which each of them sees, the most counts.
load_many() {
    local side=$1 count=$2 i pids=()
    for ((i = 1; i <= count; i++)); do
        generate "$i" "${@:3}" >"$RUN/load.$i" 2>"$RUN/load.err" &
        pids+=("$!")
    done
    wait "${pids[@]}" || true
    for ((i = 1; i <= count; i++)); do
        JSON=$(cat "$RUN/load.$i")
        [ -n "$JSON" ] || die "$ROW: $side: $(cat "$RUN/load.err")"
        fields
    done >"$RUN/load.all"
    write_line "$side" "$(awk -F, '
        { for (i = 2; i <= NF; i++) { sum[i] += $i; if ($i > most[i]) most[i] = $i } }
        END {
            for (i = 2; i <= NF; i++) v[i] = i <= 13 || i == 23 ? sum[i] : most[i]
            good = v[3] + v[4]; answers = v[12] + v[13]
            v[15] = good / v[14]; v[16] = answers / v[14]; v[18] = good ? v[17] / good : 0; v[19] = answers ? v[17] / answers : 0
            for (i = 2; i <= NF; i++) printf ",%.9g", v[i]
        }' "$RUN/load.all")"
}
# warm WORD…: the same, without a line: what happens once only is not measured. Until the server is at rest, too: what it still logs is not to be
# taken for answers of the load that follows.
warm() {
    taskset -c "${CORES:-$LOAD_CORE}" "$BUILD/tvsc" bench --json --host "$AT" --trust "$TRUST" --pid "$PID" --from 127.1.0.1 "$@" >/dev/null 2>"$RUN/load.err" ||
        die "$ROW: $(cat "$RUN/load.err")"
}
