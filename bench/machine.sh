#!/bin/bash
# On what it was measured, in a line; with `name`, what its results are called: amd-epyc, intel-xeon.
model=$(sed -nE 's/^model name[^:]*: (.*)/\1/p' /proc/cpuinfo | head -n 1)
if [ "${1:-}" = name ]; then
    echo "${model:-$(uname -m)}" | tr '[:upper:]' '[:lower:]' | sed -E 's/\((r|tm)\)//g; s/ (cpu|processor)\>.*//; s/@.*//; s/[^a-z0-9]+/-/g; s/^-|-$//g'
    exit
fi
echo "$(nproc) cores, ${model:-$(uname -m)}, Linux $(uname -r | cut -d- -f1), $(openssl version 2>/dev/null | cut -d' ' -f1-2); load average at the end $(cut -d' ' -f1-3 /proc/loadavg)"
