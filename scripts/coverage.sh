#!/bin/sh
# Line coverage of the objects in a folder, a line each and in all; fails below a minimum. usage: coverage.sh FOLDER PERCENT
set -eu
for notes in "$1"/*.gcno; do
    gcov -n -o "$1" "$notes" 2>/dev/null
done | awk -v minimum="$2" '
/^File / { file = $2; gsub(/\047/, "", file) }
/^Lines executed:/ && file ~ /\.c$/ && !seen[file]++ {
    split($0, part, /[:% ]+/); percent = part[3]; lines = $NF
    printf "%6.2f %% of %5d lines  %s\n", percent, lines, file
    total += lines; covered += lines * percent / 100
}
END {
    if (!total) { print "no coverage data"; exit 1 }
    printf "%6.2f %% of %5d lines in all\n", 100 * covered / total, total
    ok = 100 * covered / total >= minimum
    print (ok ? "1 passed, 0 failed" : "0 passed, 1 failed: at least " minimum " % is asked for")
    exit !ok
}'
