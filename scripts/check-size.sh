#!/bin/sh
# The size limits of HACKING.md: functions at most 80 lines (95 of 100 at most 50), main() at most 60, .c files at most 500
# lines. Counts from the opening to the closing brace, both at column 0 as .clang-format puts them.
# usage: check-size.sh FILE.c…
set -eu
awk '
function fail(text) { print text; failed++ }
FNR == 1 { if (NR > 1) close_file(); file = FILENAME; lines = 0; name = "" }
{ lines = FNR }
/^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
/^[{]/ { start = FNR }
/^[}]/ && start {
    size = FNR - start + 1; start = 0; sizes[++count] = size
    if (size > 80) fail(file ":" FNR ": " name "() has " size " lines; 80 is the most")
    else if (name == "main" && size > 60) fail(file ":" FNR ": main() has " size " lines; 60 is the most")
}
function close_file() { files++; if (lines > 500) fail(file ": " lines " lines; 500 is the most") }
END {
    close_file()
    if (!count) { print "no functions found"; exit 1 }
    # Insertion sort is enough for a few thousand numbers.
    for (i = 2; i <= count; i++) { v = sizes[i]; for (j = i - 1; j > 0 && sizes[j] > v; j--) sizes[j + 1] = sizes[j]; sizes[j + 1] = v }
    p95 = sizes[int(count * 0.95 + 0.9999)]
    if (p95 > 50) fail("95th percentile of function lengths: " p95 " lines; 50 is the most")
    printf "%d functions in %d files: median %d, 95th percentile %d, longest %d lines\n", count, files, sizes[int((count + 1) / 2)], p95, sizes[count]
    printf "%d passed, %d failed\n", count + files - failed, failed
    exit failed != 0
}' "$@"
