#!/bin/sh
# Which of the flags that make a fault harder to use this compiler takes. Prints them. usage: CC=cc hardening.sh
set -u
takes() { echo '#include <stdio.h>' | ${CC:-cc} -O2 -Werror "$@" -x c -c - -o /dev/null 2>/dev/null; }
for flag in -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard; do
    takes "$flag" && printf '%s ' "$flag"
done
# Level 3 also guards buffers whose size is known only when the program runs.
for level in 3 2; do
    takes -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level && { printf '%s' "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level"; break; }
done
echo
