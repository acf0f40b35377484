#!/bin/bash
# From RESULTS/*.figure the table, and from the figures what a site needs: printed. If RESULTS is a folder of bench/results, the table has a
# column for each machine there, and goes into README.md here, what a site needs into the project's. usage: table.sh RESULTS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
results=$(cd "$1" && pwd)
machines=("$results")
[ "${results%/*}" != "$here/results" ] || machines=("$here"/results/*/)
order='handshake tls10 ecdsa resume verify query memory store store-memory store-building replace replace-latency start restart restart-lost overload overload-whole workers workers-cpu peer'

# What stands in a row's figure: name, what, limit, value, unit, met, remark, whether it was a trial, and the commit.
figure() { # AWK-PROGRAM FILE…
    awk -F '\t' "{ sub(/<=/, \"≤\", \$3); sub(/>=/, \"≥\", \$3); gsub(/ x /, \" × \", \$2); gsub(/ -> /, \" → \", \$2); unit = \$5 == \"x\" ? \"×\" : \$5 } $1" "${@:2}"
}
cell() { # FILE
    [ -f "$1" ] || { echo ' not run |' && return; }
    figure '{ text = ($4 == "not run" ? $4 : $4 " " unit) ($8 != "" ? " (trial)" : ""); print $6 == "no" ? " **" text "** |" : " " text " |" }' "$1"
}
rows() {
    local machine row known commits
    printf '| what | wanted |' && printf ' %s |' $(names) && echo
    echo "|---|---|${machines[*]/*/---|}" | tr -d ' '
    for row in $order; do
        known=$(first "$row") || continue
        figure '{ printf "| %s | %s %s |", $2, $3, unit }' "$known"
        for machine in "${machines[@]}"; do printf '%s' "$(cell "$machine/$row.figure")"; done
        echo
    done
    printf '\nBold: not met.\n'
    for machine in "${machines[@]}"; do
        machine=${machine%/}
        printf '\n### %s\n\n' "${machine##*/}"
        commits=$(commits "$machine")
        [ ! -f "$machine/machine.txt" ] || printf '%s; commit %s.\n\n' "$(cat "$machine/machine.txt")" "${commits/*$'\n'*/as said of each row}"
        for row in $order; do
            [ ! -f "$machine/$row.figure" ] || figure '
                function add(more) { if (more != "") text = text (text == "" ? "" : "; ") more }
                { add($7); add($8); if (several) add("commit " $9); if (text != "") print "- " $1 ": " text }' several="$([ "$(wc -l <<<"$commits")" -eq 1 ] || echo yes)" "$machine/$row.figure"
        done
    done
}
names() { for machine in "${machines[@]}"; do basename "$machine"; done; }
# Of which commits a machine's figures are, one a line.
commits() { awk -F '\t' '{ print $9 == "" ? "unknown" : $9 }' "$1"/*.figure | sort -u; }
# A figure of the row, of whatever machine.
first() {
    local machine
    for machine in "${machines[@]}"; do
        [ ! -f "$machine/$1.figure" ] || { echo "$machine/$1.figure" && return; }
    done
    return 1
}
# The median of a column of a side; of a pair's turns, the mean counts.
typical() {
    awk -F, -v c="$3" -v s="$2" '
        function say() { if (count > 0) print sum / count }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) n = i }
        NR > 1 && $2 == s { if ($1 != pair) { say(); sum = count = 0 } pair = $1; sum += $n; count++ }
        END { say() }' "$results/$1.csv" | sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}
# How much of a core each node needs to answer so many phones, that all come at once, within their patience.
capacity() {
    local rsa old ec phones nodes machine
    [ -f "$results/handshake.csv" ] && [ -f "$results/tls10.csv" ] && [ -f "$results/ecdsa.csv" ] || return 0
    rsa=$(typical handshake tvsd cpu_per_connection) old=$(typical tls10 tvsd cpu_per_connection) ec=$(typical ecdsa ecdsa cpu_per_connection)
    machine="$(cat "$results/machine.txt" 2>/dev/null || echo unknown); commit $(cut -f 9 "$results"/{handshake,tls10,ecdsa}.figure | sort -u | paste -s -d ' ')"
    awk -v a="$rsa" -v b="$old" -v c="$ec" 'BEGIN {
        printf "| one core | TLS 1.2, RSA-2048 | TLS 1.0, RSA-2048 | TLS 1.2, ECDSA |\n|---|---|---|---|\n"
        printf "| CPU of a phone: handshake and answer | %.2f ms | %.2f ms | %.2f ms |\n", a / 1e3, b / 1e3, c / 1e3
        printf "| phones a second, at most | %d | %d | %d |\n\n", 1e6 / a, 1e6 / b, 1e6 / c
        printf "Measured on: '"$machine"'.\n\n"
        print "| phones | nodes | patience | cores a node: TLS 1.2, RSA-2048 | TLS 1.0, RSA-2048 | TLS 1.2, ECDSA |\n|---|---|---|---|---|---|"
    }'
    for phones in '1000 1' '5000 1' '5000 2' '19000 1' '19000 2' '19000 4' '50000 4' '100000 8'; do
        nodes=${phones#* } phones=${phones% *}
        for patience in 5 30; do
            awk -v p="$phones" -v n="$nodes" -v t="$patience" -v a="$rsa" -v b="$old" -v c="$ec" 'BEGIN {
                each = p / n / t / 1e6; printf "| %d | %d | %d s | %.2f | %.2f | %.2f |\n", p, n, t, each * a, each * b, each * c }'
        done
    done
}
# into FILE MARK TABLE: between the line `<!-- MARK:…` and the next `<!-- end of the table -->`.
into() {
    awk -v mark="<!-- $2:" -v table="$3" '
        /^<!-- end of the table -->/ { skip = 0 }
        !skip { print }
        index($0, mark) == 1 { while ((getline line < table) > 0) print line; skip = 1 }' "$1" >"$1.new"
    mv "$1.new" "$1"
}
rows >"$results/table.md"
capacity >"$results/capacity.md"
cat "$results/table.md"
echo
cat "$results/capacity.md"
[ "${results%/*}" = "$here/results" ] || exit 0
into "$here/README.md" 'the table' "$results/table.md"
[ ! -s "$results/capacity.md" ] || into "$here/../README.md" 'what a core does' "$results/capacity.md"
rm "$results/table.md" "$results/capacity.md"
