#!/bin/bash
# From RESULTS/*.figure the table, and from the figures what a site needs: printed, and put into README.md if RESULTS are the
# project's own. usage: table.sh RESULTS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
results=$(cd "$1" && pwd)
order='handshake tls10 ecdsa resume verify query memory store store-memory store-building replace replace-latency start restart restart-lost overload overload-whole workers workers-cpu peer'

rows() {
    echo '| what | wanted | measured | met | remark |'
    echo '|---|---|---|---|---|'
    for row in $order; do
        [ -f "$results/$row.figure" ] || continue
        awk -F '\t' '{ sub(/<=/, "≤", $3); sub(/>=/, "≥", $3); gsub(/ x /, " × ", $2); gsub(/ -> /, " → ", $2); unit = $5 == "x" ? "×" : $5
            printf "| %s | %s %s | %s | %s | %s |\n", $2, $3, unit, $4 == "not run" ? $4 : $4 " " unit, $6, $4 == "not run" || $8 == "" ? $7 : $7 ($7 == "" ? "" : "; ") $8 }' "$results/$row.figure"
    done
}
# The median of a column of a side.
typical() {
    awk -F, -v c="$3" -v s="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) n = i } NR > 1 && $2 == s { print $n }' "$results/$1.csv" | sort -n |
        awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}
# How many cores it takes to answer so many phones, that all come at once, within their patience: phones x CPU of one / patience.
capacity() {
    local rsa old ec
    [ -f "$results/handshake.csv" ] && [ -f "$results/tls10.csv" ] && [ -f "$results/ecdsa.csv" ] || return 0
    rsa=$(typical handshake tvsd cpu_per_connection) old=$(typical tls10 tvsd cpu_per_connection) ec=$(typical ecdsa ecdsa cpu_per_connection)
    printf '\nCores that all nodes together need so that phones which come back at once are answered within their patience: phones × CPU of one phone ÷\npatience, with TLS 1.2 and RSA-2048 (%.0f us), TLS 1.0 (%.0f us), TLS 1.2 and ECDSA (%.0f us).\n\n' "$rsa" "$old" "$ec"
    echo '| phones | patience | TLS 1.2, RSA | TLS 1.0 | TLS 1.2, ECDSA |'
    echo '|---|---|---|---|---|'
    for phones in 1000 5000 19000 50000 100000; do
        for patience in 5 30; do
            awk -v p="$phones" -v t="$patience" -v a="$rsa" -v b="$old" -v c="$ec" 'BEGIN { printf "| %d | %d s | %.2f | %.2f | %.2f |\n", p, t, p * a / t / 1e6, p * b / t / 1e6, p * c / t / 1e6 }'
        done
    done
}
{
    rows
    [ ! -f "$results/machine.txt" ] || printf '\nMeasured on: %s.\n' "$(cat "$results/machine.txt")"
    capacity
} >"$results/table.md"
cat "$results/table.md"
[ "$results" = "$here/results" ] || exit 0
awk -v table="$results/table.md" '
    /^<!-- end of the table -->/ { skip = 0 }
    !skip { print }
    /^<!-- the table:/ { while ((getline line < table) > 0) print line; skip = 1 }' "$here/README.md" >"$here/README.md.new"
mv "$here/README.md.new" "$here/README.md"
