#!/bin/bash
# `make bench`: every row, or those named; then the table and the plots. BUILD: the build folder.
# BENCH_PAIRS=1 BENCH_SHARE=10: a trial, a tenth of everything. BENCH_RESULTS: where figures go (a folder in bench/results, called after the processor).
set -eu
cd "$(dirname "$0")/.."
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(handshake tls10 ecdsa resume verify query memory store replace start restart overload workers peer)
[ "$(nproc)" -ge 2 ] || { echo "bench: the server and the load need a core each, and there is one" >&2; exit 1; }
command -v taskset >/dev/null || { echo "bench: taskset is missing (util-linux)" >&2; exit 1; }
export BENCH_RESULTS=${BENCH_RESULTS:-$PWD/bench/results/$(bash bench/machine.sh name)}
failed=0
for row in "${rows[@]}"; do
    [ -f "bench/rows/$row.sh" ] || { echo "bench: no row $row: $(cd bench/rows && echo *.sh | sed 's/\.sh//g')" >&2; exit 1; }
    bash "bench/rows/$row.sh" || { echo "   $row broke off"; failed=1; }
done
mkdir -p "$BENCH_RESULTS"
bash bench/machine.sh >"$BENCH_RESULTS/machine.txt"
bash bench/table.sh "$BENCH_RESULTS"
bash bench/plot.sh "$BENCH_RESULTS"
exit "$failed"
