#!/bin/bash
# Security tokens: SoftHSM2's, and those of a module that does what real ones do when something is wrong.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tokens.sh"

if [ ! -e "$FAKE_MODULE" ]; then
    echo 'ok      57-tokens: left out, since it was built without PKCS#11'
    exit 0
fi

declare -f make_certificates >/dev/null || exit 1
# token_certificates: two tokens' and a CallManager's, of 1024 and 2048 bits, once a run.
token_certificates() {
    [ ! -e "$CERTS/sast2.crt" ] || return 0
    new_key sast1 1024
    self_signed sast1 '/O=Cisco Systems/OU=IPCBU/CN=SAST-1' 0x45DAA2AF00000027F93C
    self_signed sast2 '/O=Cisco Systems/OU=IPCBU/CN=SAST-2' 0x31AF455500000008E983
}

# site: in mixed mode, both tokens uploaded.
site() {
    token_certificates
    configure 'certificates: { key: "rsa:1024" }' "$@"
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert regen TVS
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/sast1.crt" "$CERTS/sast2.crt"
    do_tvsctl utils ctl set-cluster mixed-mode
}

# What a phrase could have changed.
content() {
    (cd "$T" && find state tftp -type f ! -name '*-shm' ! -name '*-wal' -print0 | sort -z | xargs -0 sha256sum)
}

# refused TEXT PHRASE…: with 1, in one line that says it, and nothing is changed.
refused() {
    local text=$1 before
    shift
    before=$(content)
    expect 1 tvsctl "$@"
    err_has "$text"
    err_is_one_line
    [ "$before" = "$(content)" ] || fail "something was changed: $*"
    out_lacks 'fake module'
    ! grep -q 'fake module' "$T/err" || fail 'the module printed'
}

# rehearsed PHRASE…: phones that hold what is published follow.
rehearsed() {
    local name holds=()
    for name in CTLFile.tlv ITLFile.tlv; do
        [ ! -e "$T/tftp/$name" ] || holds+=(--installed "$T/tftp/$name")
    done
    expect 0 tvsctl utils rehearse "$@" "${holds[@]}" --family 7940 --family 88xx
    out_has 'All of them follow'
}

is_signed() { # by whom
    expect 0 tvsctl show ctl
    out_has 'The CTL file was verified successfully.' "$1"
    [ "$(grep -c 'This etoken was used to sign the CTL file.' "$T/out")" -eq 1 ] || fail 'not one signer'
}

# ---- SoftHSM2

without_softhsm() {
    [ -n "$SOFTHSM" ] && return 1
    echo 'SoftHSM2 is not there (Debian: softhsm2): left out'
}

# RSA 1024 and 2048, SHA-1 and SHA-512; there and back.
test_softhsm_signs() {
    local digest
    without_softhsm && return
    softhsm_open
    token_certificates
    softhsm_token sast1 sast1
    softhsm_token sast2 sast2
    site
    for digest in sha1 sha512; do
        sed -i "s/^trust_lists: .*/trust_lists: { directory: ${T//\//\\/}\/tftp, digest: $digest }/" "$T/tvsd.yaml"
        do_tvsctl utils ctl sign --token "$(softhsm_uri sast1)" --token "$(softhsm_uri sast2)" --pin-file "$T/pin"
        is_signed SAST-1
        do_tvsctl utils ctl sign --token "$(softhsm_uri sast2)&pin-source=file:$T/pin"
        is_signed SAST-2
    done
    do_tvsctl show token "$(softhsm_uri sast2)"
    out_has 'all tries are left' 'in it, and signed it' 'Of the 2 tokens of the CTL file 1 is here.' 'SAST-1'
    do_tvsctl show token "pkcs11:?module-path=$SOFTHSM" --json
    out_has '"label": "sast1"' '"signed_ctl": true' '"here": true'
    out_lacks '"here": false'
    do_tvsctl utils ctl update CTLFile
    expect 0 tvsctl show ctl
    out_lacks SAST-
}

# Wrong PINs, of which SoftHSM2 tells that one was given.
test_softhsm_wrong_pin() {
    without_softhsm && return
    softhsm_open
    token_certificates
    softhsm_token sast1 sast1
    site
    pin_file 0000
    refused 'the PIN is wrong; it was tried once; fewer tries are left' \
        utils ctl sign --token "$(softhsm_uri sast1)" --pin-file "$T/pin"
    do_tvsctl show token "$(softhsm_uri sast1)"
    out_has 'a wrong PIN was given'
    for end in '\n' '\r\n' '\nmore\n'; do
        # shellcheck disable=SC2059
        printf "$TOKEN_PIN$end" >"$T/pin"
        do_tvsctl utils ctl sign --token "$(softhsm_uri sast1)" --pin-file "$T/pin"
        is_signed SAST-1
    done
    do_tvsctl show token "$(softhsm_uri sast1)"
    out_has 'all tries are left'
}

# The token's own certificate is uploaded by its URI.
test_softhsm_upload() {
    without_softhsm && return
    softhsm_open
    token_certificates
    softhsm_token sast1 sast1
    softhsm_token 'second one' sast2
    configure
    do_tvsctl set cert import trust Phone-SAST-trust "$(softhsm_uri sast1)" "$(softhsm_uri second%20one)"
    do_tvsctl show cert list trust
    out_has SAST-1 SAST-2
}

# ---- A key of ours in a token

test_own_key() {
    local pem
    token_certificates
    fake_token 01 ours sast2
    configure 'certificates: { key: "rsa:1024" }'
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert regen TVS
    expect 1 "$BUILD/tvsctl" --config "$T/tvsd.yaml" set cert own CallManager --token "$(fake_uri token=ours)" --pin-file "$T/pin"
    err_has 'asks before it changes anything' 'This operation will replace the CallManager certificate by SAST-2'
    [ -z "$(logins 01)" ] || fail 'a PIN was given before the answer'
    do_tvsctl set cert own CallManager --token "$(fake_uri token=ours)" --pin-file "$T/pin"
    [ "$(logins 01)" = u ] || fail "the PIN was given $(logins 01), not once"
    [ -e "$T"/state/keys/CallManager-*.uri ] || fail 'no file names the token'
    [ "$(stat -c %a "$T"/state/keys/CallManager-*.uri)" = 600 ] || fail 'others may read which token it is'
    expect 0 tvsctl show itl
    out_has SAST-2 'The ITL file was verified successfully.'

    # Without its PIN nothing is signed, and nothing changed; what needs no signature needs no PIN.
    : >"$T/fake/01/logins"
    refused "the key of CallManager: token 'ours' wants its PIN" utils itl update
    do_tvsctl set cert import trust tomcat-trust "$CERTS/node-b.crt"
    rehearsed utils itl update
    rehearsed set cert regen TVS
    [ -z "$(logins 01)" ] || fail 'a PIN was given'

    # A whole phrase, several signatures, one PIN.
    echo '<device/>' >"$T/tftp/SEP1.cnf.xml"
    echo '<device/>' >"$T/tftp/SEP2.cnf.xml"
    do_tvsctl file sign SEP1.cnf.xml SEP2.cnf.xml --pin-file "$T/pin"
    do_tvsctl file verify SEP1.cnf.xml.sgn
    do_tvsctl utils ctl set-cluster mixed-mode --pin-file "$T/pin"
    do_tvsctl utils ctl update CTLFile --pin-file "$T/pin" --force
    do_tvsctl file sign --all # all is right already
    [ "$(logins 01)" = uuu ] || fail "the PIN was given $(logins 01)"
    is_signed SAST-2

    # The backup says what is not in it, and brings back where it is.
    echo secret >"$T/password"
    do_tvsctl utils backup "$T/the.backup" --password-file "$T/password"
    out_has 'Private keys in security tokens, which are not in the backup: 1'
    rm "$T"/state/keys/CallManager-*.uri
    refused 'no private key for the CallManager certificate' utils itl update --pin-file "$T/pin"
    do_tvsctl utils restore "$T/the.backup" --password-file "$T/password" --pin-file "$T/pin" --force
    do_tvsctl utils itl update --pin-file "$T/pin"

    # Another name of the node does not bring the key into a file.
    expect 0 tvsctl set network hostname node-z --pin-file "$T/pin" --force
    err_has 'CallManager stays as it is, since its key is in a security token'

    # Back to a key in a file.
    do_tvsctl set cert regen CallManager --force
    err_has 'the key of CallManager is in a security token, and the new one will lie in a file'
    pem=$(find "$T/state/keys" -name 'CallManager-*.pem' | wc -l)
    [ "$pem" -eq 2 ] || fail "$pem files of keys, not two"
    do_tvsctl utils itl update
}

# Whichever look at where the key lies fails, the first list that phones find is signed by it, and not as in a
# rehearsal.
test_own_key_on_a_broken_disk() {
    local n=0 uri
    if ! strace -V >/dev/null 2>&1; then
        echo '        left out: strace'
        return
    fi
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
    token_certificates
    fake_token 01 ours sast2
    LISTS='itl: manual' configure 'certificates: { key: "rsa:1024" }'
    do_tvsctl set cert regen CallManager
    do_tvsctl set cert own CallManager --token "$(fake_uri token=ours)" --pin-file "$T/pin"
    sed -i 's/itl: manual/itl: automatic/' "$T/tvsd.yaml"
    uri=$(echo "$T"/state/keys/CallManager-*.uri)
    cp -a "$T/state" "$T/state.before"
    while [ ! -e "$T/tftp/ITLFile.tlv" ] || grep -q INJECTED "$T/trace"; do
        n=$((n + 1))
        [ "$n" -lt 50 ] || fail 'no end of looks'
        rm -rf "$T/state" "$T/tftp/ITLFile.tlv"
        cp -a "$T/state.before" "$T/state"
        strace -f -qq -o "$T/trace" -P "$uri" -e trace=openat -e inject="openat:error=EIO:when=$n" \
            "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes set cert regen TVS --pin-file "$T/pin" </dev/null >"$T/out" 2>"$T/err"
        [ ! -e "$T/tftp/ITLFile.tlv" ] || expect 0 tvsctl show itl
    done
    [ "$n" -gt 2 ] || fail 'nothing failed'
}

# The operator's token is opened as the operator, ours as the owner of the state folder: no module that is named in
# there gets root's rights, nor can it take them.
test_rights() {
    local nobody
    [ "$(id -u)" -eq 0 ] || return 0
    nobody=$(id -u nobody)
    site
    fake_token 01 first sast1
    fake_token 02 second sast2
    chmod 0755 "$T"
    cp "$FAKE_MODULE" "$T/module.so" # where everybody can read it
    FAKE_MODULE=$T/module.so
    chown -R nobody "$T/state" "$T/tftp" "$T/fake/02"
    cp "$T/pin" "$T/pin-of-nobody"
    chown nobody "$T/pin-of-nobody"
    do_tvsctl utils ctl sign --token "$(fake_uri token=first)&pin-source=file:$T/pin"
    [ "$(cat "$T/fake/01/rights")" = '0 0 0' ] || fail "not as the operator: $(cat "$T/fake/01/rights")"
    refused "$T/pin: Permission denied" set cert own ITLRecovery --token "$(fake_uri token=second)&pin-source=file:$T/pin" \
        --force
    do_tvsctl set cert own ITLRecovery --token "$(fake_uri token=second)&pin-source=file:$T/pin-of-nobody" --force
    do_tvsctl utils itl reset localkey --force
    [ "$(cat "$T/fake/02/rights")" = "$nobody $nobody $nobody" ] || fail "not as the owner: $(cat "$T/fake/02/rights")"
}

# The key lay in a file, and is in a token now: the file goes.
test_own_key_leaves_its_file() {
    token_certificates
    fake_token 01 ours sast2
    configure
    do_tvsctl set cert import own ITLRecovery "$CERTS/sast2.pem"
    expect 0 tvsctl set cert own ITLRecovery --token "$(fake_uri '')" --pin-file "$T/pin" --force
    out_has 'the same key lies in a file here, which will be removed'
    [ -z "$(find "$T/state/keys" -name 'ITLRecovery-*.pem')" ] || fail 'the file is still there'
    refused 'only the keys of CallManager and ITLRecovery' set cert own TVS --token "$(fake_uri '')"
    refused 'no PKCS#11 URI' set cert own CallManager --token "file:$CERTS/sast1.pem"
    do_tvsctl set cert import own ITLRecovery "$CERTS/sast2.pem"
    [ -z "$(find "$T/state/keys" -name '*.uri')" ] || fail 'the token is still named'
}

# ---- What goes wrong: one line each, no try is wasted, nothing is published

sign() { utils_sign refused "$@"; }
utils_sign() { "$1" "$2" utils ctl sign --token "$(fake_uri "${3:-token=first}")" --pin-file "$T/pin"; }

test_faults_of_tokens() {
    site
    fake_token 01 first sast1
    printf wrong >"$T/pin"
    sign "token 'first': the PIN is wrong; it was tried once"
    [ "$(logins 01) $(tries 01)" = 'u 2' ] || fail "tries: $(logins 01) $(tries 01)"
    pin_file
    : >"$T/fake/01/logins"
    echo 1 >"$T/fake/01/tries"
    sign "token 'first' has one try left before it locks itself, and that is not taken here"
    echo 0 >"$T/fake/01/tries"
    sign "token 'first' is locked"
    [ "$(logins 01) $(tries 01)" = ' 0' ] || fail "a try was wasted: $(logins 01) $(tries 01)"
    echo 3 >"$T/fake/01/tries"
    chmod 0644 "$T/pin"
    sign 'others may read or change the PIN in it (mode 0644): run: chmod 600'
    pin_file 12
    sign 'its PINs have 4 to 16 characters, and this one has 2; it was not tried'
    pin_file
    refused "token 'first' wants its PIN" utils ctl sign --token "$(fake_uri token=first)"
    fake_token 02 first sast2
    sign '2 tokens fit: '\''first'\'' (serial number 01), '\''first'\'' (serial number 02)'
    sign 'no such token is there' token=third
    rm -r "$T/fake/02"
    printf garbage >"$T/fake/01/mode"
    sign 'is not verified by its certificate'
    [ "$(tries 01)" = 3 ] || fail 'a try was wasted'

    # A token that neither the list nor Phone-SAST-trust knows.
    rm -r "$T/fake/01"
    fake_token 09 first other
    sign 'The Security Token you have inserted does not exist in the CTL File'
    [ -z "$(logins 09)" ] || fail 'a PIN was given'
}

test_faults_of_modules() {
    site
    fake_token 01 first sast1
    export FAKE_TOKENS
    refused 'PKCS#11 module /nowhere/module.so: No such file or directory' \
        utils ctl sign --token 'pkcs11:token=first?module-path=/nowhere/module.so'
    refused "PKCS#11 module $T/tvsd.yaml: it cannot be loaded" \
        utils ctl sign --token "pkcs11:token=first?module-path=$T/tvsd.yaml"
    refused 'it holds the PIN itself' utils ctl sign --token "$(fake_uri token=first)&pin-value=4711"
    echo crash-start >"$T/fake/mode"
    sign "PKCS#11 module $FAKE_MODULE crashed (Segmentation fault) when it was started"
    refused "$FAKE_MODULE crashed (Segmentation fault) when it was asked for its tokens" show token "$(fake_uri '')"
    echo refuse-start >"$T/fake/mode"
    sign 'fake_module.so: it does not start'
    : >"$T/fake/mode"
    echo crash-sign >"$T/fake/01/mode"
    sign "$FAKE_MODULE crashed (Bus error) when it was asked to sign"
    echo removed >"$T/fake/01/mode"
    sign "token 'first': it does not sign: the token was taken out"
    : >"$T/fake/01/mode"

    # What a module prints is not for the operator; how it ends neither.
    echo noise crash-end >"$T/fake/mode"
    utils_sign expect_quietly 0
    is_signed SAST-1
}
expect_quietly() {
    expect 0 tvsctl "${@:2}"
    out_lacks 'fake module'
    ! grep -q 'fake module' "$T/err" || fail 'the module printed'
}

# Taken out while the question waits for its answer: after opening, before signing.
test_taken_out_while_asked() {
    local before
    site
    fake_token 01 first sast1
    before=$(content)
    export TERM=xterm T
    "$BUILD/tests/it/terminal" "$DEADLINE" "$BUILD/tvsctl" --config "$T/tvsd.yaml" utils ctl sign \
        --token "$(fake_uri token=first)" >"$T/out" 2>"$T/err" <<-END || fail "$(cat "$T/err")"
		wait signs it. Do you want to continue? (y/n):
		run rm -r $T/fake/01
		type y\r
		wait PIN of the security token first (serial number 01):
		type $TOKEN_PIN\r
		wait the token was taken out; put it in again and repeat
		end 1
	END
    [ "$before" = "$(content)" ] || fail 'something was changed'
    out_lacks "$TOKEN_PIN"
}

# Our own key is in one token, and another signs: the PIN of --pin-file is the first one's alone.
test_two_tokens_in_one_phrase() {
    site
    fake_token 01 first sast1
    fake_token 02 ours sast2
    printf 9999 >"$T/fake/02/pin"
    pin_file 9999
    do_tvsctl set cert own CallManager --token "$(fake_uri token=ours)" --pin-file "$T/pin" --force
    echo '<device/>' >"$T/tftp/SEP1.cnf.xml"
    do_tvsctl file sign SEP1.cnf.xml --pin-file "$T/pin"
    sed -i "s/^trust_lists: .*/trust_lists: { directory: ${T//\//\\/}\/tftp, digest: sha512 }/" "$T/tvsd.yaml"
    : >"$T/fake/02/logins"
    pin_file
    refused "the key of CallManager: token 'ours' wants its PIN" \
        utils ctl sign --token "$(fake_uri token=first)" --pin-file "$T/pin" --force
    [ "$(logins 01)$(logins 02) $(tries 02)" = 'u 3' ] || fail "given: $(logins 01), $(logins 02)"
    (umask 077 && echo 9999 >"$T/ours")
    sed -i "s|\$|\&pin-source=file:$T/ours|" "$T"/state/keys/CallManager-*.uri
    do_tvsctl utils ctl sign --token "$(fake_uri token=first)" --pin-file "$T/pin" --force
    [ "$(logins 01)$(logins 02) $(tries 02)" = 'uuu 3' ] || fail "given: $(logins 01), $(logins 02)"
}

# A PIN that is typed is not shown, and asked for once.
test_typed_pin() {
    site
    fake_token 01 first sast1
    echo 2 >"$T/fake/01/tries"
    export TERM=xterm
    "$BUILD/tests/it/terminal" "$DEADLINE" "$BUILD/tvsctl" --config "$T/tvsd.yaml" --yes utils ctl sign \
        --token "$(fake_uri token=first)" >"$T/out" 2>"$T/err" <<-END || fail "$(cat "$T/err")"
		wait PIN of the security token first (serial number 01), of which fewer tries are left than at first:
		type $TOKEN_PIN\r
		wait CTL file Updated
		end 0
	END
    out_lacks "$TOKEN_PIN"
    is_signed SAST-1
}

# ---- Losing tokens

test_losing_tokens() {
    site
    fake_token 01 first sast1
    fake_token 02 second sast2
    do_tvsctl utils ctl sign --token "$(fake_uri token=first)" --token "$(fake_uri token=second)" --pin-file "$T/pin"
    rm -r "$T/fake/01"
    rehearsed utils ctl sign --token "$(fake_uri token=second)"
    do_tvsctl show token "$(fake_uri '')"
    out_has 'Of the 2 tokens of the CTL file 1 is here.' 'Not here:' SAST-1 'this is the last one that phones know'
    [ -z "$(logins 02)" ] || fail 'a rehearsal gave a PIN'
    do_tvsctl utils ctl sign --token "$(fake_uri token=second)" --pin-file "$T/pin"
    is_signed SAST-2

    # The last one, too.
    rm -r "$T/fake/02"
    do_tvsctl show token "$(fake_uri '')"
    out_has 'There is no security token here.' 'Of the 2 tokens of the CTL file 0 are here.' \
        '`utils ctl update CTLFile` needs none'
    self_signed sast3 '/CN=SAST-3'
    self_signed sast4 '/CN=SAST-4'
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/sast3.crt" "$CERTS/sast4.crt"
    fake_token 03 third sast3
    fake_token 04 fourth sast4
    expect 0 tvsctl utils ctl sign --token "$(fake_uri token=third)" --token "$(fake_uri token=fourth)" \
        --pin-file "$T/pin" --force
    err_has 'no token of the CTL file before stands in this one'
}

# ---- Styles

test_styles() {
    site
    fake_token 01 first sast1
    do_tvsctl utils ctl sign --token "$(fake_uri token=first)" --pin-file "$T/pin" --style ctl-client
    do_tvsctl show ctl
    out_has '3C:F9:27:00:00:00:AF:A2:DA:45' 'cn=SAST-1'
    ! grep -q '^8 *SIGNATURE ' "$T/out" || fail 'tag 8 is there'
    do_tvsctl utils ctl sign --token "$(fake_uri token=first)" --pin-file "$T/pin" --style cucm
    do_tvsctl show ctl
    out_has '45:DA:A2:AF:00:00:00:27:F9:3C' 'CN=SAST-1'
    grep -q '^8 *SIGNATURE ' "$T/out" || fail 'tag 8 is not there'
    # What was changed since is found in either style.
    do_tvsctl set cert import trust tomcat-trust "$CERTS/node-b.crt"
    out_lacks 'does not hold'
    expect 2 tvsctl utils ctl sign --token "$(fake_uri token=first)" --style windows
    err_has '--style windows is none of: ctl-client, cucm'
}

run_tests "$@"
