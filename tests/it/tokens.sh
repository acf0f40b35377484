# Security tokens for tests, on top of lib.sh: SoftHSM2's, in a store of their own, and those of the fake module
# (tests/tokens/fake_module.c).
# shellcheck shell=bash

FAKE_MODULE=$BUILD/tests/fake_module.so
TOKEN_PIN=4711

# The module of SoftHSM2; "" if it is not there, or tokens are not built in.
SOFTHSM=
for file in "$BUILD/tools/usr/lib/softhsm/libsofthsm2.so" /usr/lib/softhsm/libsofthsm2.so; do
    if [ -z "$SOFTHSM" ] && [ -e "$file" ] && [ -e "$FAKE_MODULE" ] && command -v softhsm2-util >/dev/null; then
        SOFTHSM=$file
    fi
done

# softhsm_open: an empty store under $T, and a file with the PIN.
softhsm_open() {
    mkdir -p "$T/softhsm"
    printf '%s\n' "directories.tokendir = $T/softhsm" 'objectstore.backend = file' 'log.level = ERROR' >"$T/softhsm.conf"
    export SOFTHSM2_CONF=$T/softhsm.conf
    pin_file
}

# softhsm_token LABEL NAME: a token with $CERTS/NAME.crt and its key.
softhsm_token() {
    softhsm2-util --module "$SOFTHSM" --init-token --free --label "$1" --so-pin 12345678 --pin "$TOKEN_PIN" \
        >"$T/softhsm.log" 2>&1 || fail "softhsm2-util: $(cat "$T/softhsm.log")"
    softhsm_fill "$1" "$2" "${3:-1}"
}
softhsm_fill() {
    "$BUILD/tests/it/token_fill" "$SOFTHSM" "$1" "$TOKEN_PIN" "$CERTS/${2}.key" "$CERTS/$2.crt" "$3" \
        2>"$T/softhsm.log" || fail "$(cat "$T/softhsm.log")"
}
softhsm_uri() { echo "pkcs11:token=$1?module-path=$SOFTHSM"; }

# pin_file [PIN]: $T/pin.
pin_file() {
    rm -f "$T/pin"
    (umask 077 && printf '%s' "${1:-$TOKEN_PIN}" >"$T/pin")
}

# fake_token SERIAL LABEL NAME: a token of the fake module with $CERTS/NAME.crt and its key.
fake_token() {
    export FAKE_TOKENS=$T/fake
    mkdir -p "$T/fake/$1"
    printf '%s' "$2" >"$T/fake/$1/label"
    printf '%s' "$TOKEN_PIN" >"$T/fake/$1/pin"
    openssl x509 -in "$CERTS/$3.crt" -outform DER -out "$T/fake/$1/cert.der" || fail "no certificate of $3"
    cp "$CERTS/$3.key" "$T/fake/$1/key.pem"
    pin_file
}
fake_uri() { echo "pkcs11:$1?module-path=$FAKE_MODULE"; }
# What was given to it, and the tries that are left.
logins() { cat "$T/fake/$1/logins" 2>/dev/null || true; }
tries() { cat "$T/fake/$1/tries" 2>/dev/null || echo 3; }
