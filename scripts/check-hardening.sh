#!/bin/sh
# The programs were built so that a fault in them is hard to use: reads what is in the files (readelf), not what the
# Makefile says. Each rule is tried on a program that breaks it, too. usage: CC=cc check-hardening.sh FILE…
set -u
passed=0
failed=0
least=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# Each prints what is wrong with the file $1, or nothing. Every rule reads the same dump.
rule_pie() { case $1 in *.so*) return ;; esac; grep -q 'Flags:.* PIE' "$folder/dump" || echo 'it is not position-independent (-pie)'; }
rule_relro() {
    grep -q GNU_RELRO "$folder/dump" || echo 'no part of it becomes read-only (-z relro)'
    grep -q 'Flags:.* NOW\|BIND_NOW' "$folder/dump" || echo 'its tables of functions stay writable (-z now)'
}
rule_stack() { grep -q 'GNU_STACK .* RW  ' "$folder/dump" || echo 'its stack is executable (-z noexecstack)'; }
rule_writable_code() { ! grep -q 'LOAD .* RWE' "$folder/dump" || echo 'a segment is writable and executable'; }
rule_text() { ! grep -q TEXTREL "$folder/dump" || echo 'its code is changed when it is loaded (text relocations)'; }
rule_canary() { grep -q ' __stack_chk_fail' "$folder/dump" || echo 'its stack frames are not guarded (-fstack-protector-strong)'; }
rule_fortify() { grep -q ' UND .*_chk@' "$folder/dump" || echo 'its copies are not bounded (_FORTIFY_SOURCE)'; }
# Where the C library's own start files are not marked for it, no program is: then more functions than those that come with
# the compiler have to begin as they should.
marks() { LC_ALL=C grep -aoP '\xf3\x0f\x1e\xfa' "$1" | wc -l; }
rule_control_flow() {
    grep -q 'Machine:.*X86-64' "$folder/dump" || return
    if [ "$marked" = yes ]; then grep -q 'x86 feature:.*IBT.*SHSTK' "$folder/dump"; else [ "$(marks "$1")" -gt "$least" ]; fi ||
        echo 'jumps and returns are not guarded (-fcf-protection)'
}
rules='pie relro stack writable_code text canary fortify control_flow'

dump() { LC_ALL=C readelf -W -h -l -d -n --dyn-syms "$1" >"$folder/dump" 2>/dev/null; }

command -v readelf >/dev/null || { echo "skipped: the programs were not looked into, since readelf is not installed"; exit 0; }
cat >"$folder/sample.c" <<'END'
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char name[16];
    (void)argc;
    strcpy(name, argv[0]);
    return puts(name) < 0;
}
END
good="-O2 -fPIC -pie -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
if ${CC:-cc} -fcf-protection=full -c -o "$folder/sample.o" "$folder/sample.c" 2>/dev/null; then good="$good -fcf-protection=full"; fi
# shellcheck disable=SC2086
${CC:-cc} $good -fcf-protection=none -o "$folder/sample" "$folder/sample.c" 2>/dev/null && least=$(marks "$folder/sample")
# shellcheck disable=SC2086
${CC:-cc} $good -o "$folder/sample" "$folder/sample.c" && dump "$folder/sample"
marked=no
grep -q 'x86 feature:.*IBT.*SHSTK' "$folder/dump" && marked=yes
for file in "$@"; do
    dump "$file" || { echo "FAILED: $file cannot be read"; failed=$((failed + 1)); continue; }
    for rule in $rules; do
        wrong=$("rule_$rule" "$file")
        if [ -z "$wrong" ]; then passed=$((passed + 1)); else echo "FAILED: $file: $wrong"; failed=$((failed + 1)); fi
    done
done

# A program that breaks one rule is found out, and one that breaks none is not.
planted() {
    expected=$1
    shift
    # shellcheck disable=SC2086
    ${CC:-cc} $good "$@" -o "$folder/sample" "$folder/sample.c" 2>"$folder/errors" || { cat "$folder/errors"; echo "FAILED: a sample cannot be built"; failed=$((failed + 1)); return; }
    dump "$folder/sample"
    found=$(for rule in $rules; do [ -z "$("rule_$rule" "$folder/sample")" ] || printf '%s ' "$rule"; done)
    if [ "$found" = "$expected" ]; then passed=$((passed + 1)); else echo "FAILED: built with $*: broken rules: $found; expected: $expected"; failed=$((failed + 1)); fi
}
planted ''
planted 'pie ' -no-pie
planted 'relro ' -Wl,-z,norelro
planted 'relro ' -Wl,-z,lazy
planted 'stack ' -Wl,-z,execstack
planted 'canary ' -fno-stack-protector
planted 'fortify ' -U_FORTIFY_SOURCE
case $good in *-fcf-protection*) planted 'control_flow ' -fcf-protection=none ;; esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
