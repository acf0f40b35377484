#!/bin/sh
# Whether clang is here with libFuzzer and the sanitizers.
command -v clang >/dev/null || exit 1
echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n > 0; }' |
    clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null
