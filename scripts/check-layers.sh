#!/bin/sh
# The layers of HACKING.md, checked on includes and on the undefined symbols of the library.
# usage: check-layers.sh LIBTRUST.so [CC]: with a compiler, planted violations must be found as well.
set -eu
library=$1
compiler=${2:-}
failed=0
passed=0
[ -r "$library" ] || { echo "$library cannot be read"; exit 1; }

# FOLDER FORBIDDEN-INCLUDES (extended regular expression): files of FOLDER must include nothing of the kind.
forbid() {
    found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$1" --include='*.[ch]' $3 || true)
    if [ -n "$found" ]; then
        echo "$1 must not include this:"
        echo "$found"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

forbid libtrust 'event2?/|event\.h|openssl/ssl\.h|openssl/bio_ssl|sys/socket\.h|netinet/|arpa/|pthread\.h|threads\.h|syslog\.h|err\.h|yaml\.h|config/|tvsd/|tvsctl/|tvsc/' ''
forbid libtrust 'sqlite3\.h' '--exclude=store*'
forbid libtrust 'p11-kit/' '--exclude=token*'
forbid config 'event2?/|p11-kit/|openssl/|sqlite3\.h|pthread\.h|tvsd/|tvsctl/|tvsc/' ''
forbid tvsd 'p11-kit/|sqlite3\.h|yaml\.h|tvsctl/|tvsc/' ''
forbid tvsd 'openssl/' '--exclude=tls*'
forbid tvsd 'systemd/' '--exclude=notify.c'
for folder in libtrust config tvsctl tvsc; do
    forbid "$folder" 'systemd/' ''
done
forbid tvsctl 'p11-kit/|event2?/|openssl/|sqlite3\.h|yaml\.h|pthread\.h|tvsd/|tvsc/' ''
forbid tvsctl 'histedit\.h|editline/' '--exclude=editor.c'
forbid tvsc 'p11-kit/|event2?/|sqlite3\.h|yaml\.h|threads\.h|config/|tvsd/|tvsctl/' ''
forbid tvsc 'pthread\.h' '--exclude=phone_crowd.c --exclude=bench_crowd.c'
forbid tvsc 'curl/' '--exclude=phone_fetch.c'
forbid tvsc 'openssl/' '--exclude=tls*'

# What a library that never prints, exits, talks or starts threads must not call. snprintf and its kin write to memory and are fine.
symbols='(__)?(v?f?printf|v?dprintf|puts|fputs|fputc|putc|putchar|_IO_putc|fwrite|perror|v?warnx?|v?errx?|error|v?syslog)(_chk|_unlocked)?|stdout|stderr|exit|_exit|_Exit|quick_exit|abort|socket|socketpair|connect|accept4?|bind|listen|pthread_.*|thrd_.*|event_.*|evbuffer_.*|SSL_.*|TLS_.*'
undefined() {
    # Weak references come from the compiler's own start-up code; sanitizers and coverage bring theirs.
    nm -D --undefined-only "$1" | awk '$1 != "w" { sub(/@.*/, "", $NF); print $NF }' | grep -xE "$symbols" || true
}
found=$(undefined "$library")
if [ -n "$found" ]; then
    echo "$library must not call:" $found
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $NF); print $NF }' | grep -v '^trust_' || true)
if [ -n "$exported" ]; then
    echo "$library must export trust_* alone, not:" $exported
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi

# Does the check find anything? Plant one call of each kind.
plant() {
    folder=$(mktemp -d)
    printf '%s\n' '#include <stdio.h>' '#include <stdlib.h>' '#include <err.h>' '#include <syslog.h>' '#include <pthread.h>' \
        '#include <sys/socket.h>' "void trust_planted(int n);" "void trust_planted(int n) { $1; }" >"$folder/planted.c"
    if ! $compiler -D_GNU_SOURCE $2 -shared -fPIC -w -o "$folder/planted.so" "$folder/planted.c"; then
        echo "cannot compile a planted call of $1"
        failed=$((failed + 1))
    elif [ -z "$(undefined "$folder/planted.so")" ]; then
        echo "a planted call was not found: $1"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
    rm -r "$folder"
}
if [ -n "$compiler" ]; then
    for call in 'printf("%d", n)' 'fprintf(stderr, "%d", n)' 'puts("x")' 'fwrite("x", 1, 1, stdout)' 'perror("x")' 'warn("x")' \
        'errx(1, "x")' 'syslog(LOG_INFO, "x")' 'exit(n)' 'abort()' 'socket(n, n, n)' 'connect(n, 0, 0)' 'accept(n, 0, 0)' \
        'bind(n, 0, 0)' 'pthread_mutex_lock(0)' 'fputs("x", stderr)'; do
        plant "$call" -O0
        plant "$call" '-O2 -D_FORTIFY_SOURCE=2'
    done
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
