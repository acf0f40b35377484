#!/bin/bash
# SVG plots of what is in RESULTS, if gnuplot is there, or was unpacked into BUILD/tools. usage: plot.sh RESULTS
set -eu
tools=$(cd "${BUILD:-build}" && pwd)/tools
cd "$1"
gnuplot() {
    if type -P gnuplot >/dev/null; then
        command gnuplot "$@"
    else
        LD_LIBRARY_PATH=$(echo "$tools"/usr/lib/*-linux-gnu) "$tools/usr/bin/gnuplot-nox" "$@"
    fi
}
if ! gnuplot -e 'print 1' >/dev/null 2>&1; then
    echo 'no plots: gnuplot is not there'
    exit 0
fi
style='set terminal svg size 720,420 dynamic font "sans,13"; set grid; set key left top; set border 3; set tics nomirror; set datafile separator ","'
median() { # CSV SIDE COLUMN
    awk -F, -v c="$3" -v s="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) n = i } NR > 1 && $2 == s { print $n }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
plot() { # NAME TITLE COMMANDS
    gnuplot -e "$style; set output '$1.svg'; set title '$2'; $3" && echo "$1.svg"
}

if [ -s restart.histogram ]; then
    awk -F, '{ sum += $2; t[NR] = $1; n[NR] = sum } END { for (i = 1; i <= NR; i++) printf "%.4f,%.2f\n", t[i] / 1e6, n[i] * 100 / sum }' restart.histogram >restart.plot
    plot restart 'Phones answered after a mass restart' "set xlabel 'seconds since all came at once'; set ylabel '% of the phones answered'; set yrange [0:100]; plot 'restart.plot' using 1:2 with lines lw 2 notitle"
fi
if [ -s store.csv ]; then
    tail -n +2 store.csv | cut -d, -f2 | sort -nu | while read -r size; do echo "$size,$(median store.csv "$size" cpu_per_answer)"; done >store.plot
    plot store 'Cost of an answer against the size of the store' "set logscale x; set xlabel 'certificates in the store'; set ylabel 'CPU of a query, µs'; set yrange [0:*]; plot 'store.plot' using 1:2 with linespoints lw 2 pt 7 notitle"
fi
if [ -s overload.csv ]; then
    capacity=$(median overload.csv capacity goodput)
    tail -n +2 overload.csv | cut -d, -f2 | grep '^x' | sort -u | tr -d x | sort -n | while read -r times; do
        echo "$(awk -v t="$times" 'BEGIN { print t / 10 }'),$(awk -v g="$(median overload.csv "x$times" goodput)" -v c="$capacity" 'BEGIN { print g / c }')"
    done >overload.plot
    plot overload 'Goodput against load' "set xlabel 'offered, in capacities'; set ylabel 'answered within patience, in capacities'; set xrange [0:*]; set yrange [0:1.2]; plot 'overload.plot' using 1:2 with linespoints lw 2 pt 7 notitle, x < 1 ? x : 1 with lines dt 2 title 'at best'"
fi
rm -f ./*.plot
