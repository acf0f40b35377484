#!/bin/bash
# On what it was measured, in a line.
model=$(sed -nE 's/^model name[^:]*: (.*)/\1/p' /proc/cpuinfo | head -n 1)
echo "$(nproc) cores, ${model:-$(uname -m)}, Linux $(uname -r | cut -d- -f1), $(openssl version 2>/dev/null | cut -d' ' -f1-2); load average at the end $(cut -d' ' -f1-3 /proc/loadavg)"
