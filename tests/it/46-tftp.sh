#!/bin/bash
# What phones fetch: lists and signed files, through a real TFTP server (tftpd-hpa) that reads them as nobody in
# particular. Takes root, in.tftpd and a curl that speaks TFTP; without them the line of each test says why it was
# left out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tftp.sh"

# fetched NAME…: a phone gets each, byte for byte.
fetched() {
    local name
    for name in "$@"; do
        rm -f "$T/fetched"
        fetch "$name" "$T/fetched" || fail "$name is not served: $(ls -l "$T/tftp")"
        cmp -s "$T/fetched" "$T/tftp/$name" || fail "$name: what was fetched differs"
    done
}
not_served() { ! fetch "$1" "$T/fetched" || fail "$1 is served"; }

cluster() {
    umask 077
    LISTS="$1" setup 'certificates: { key: "rsa:2048" }'
    echo '<device/>' >"$T/tftp/SEP001122334455.cnf.xml"
    do_tvsctl set cert regen CallManager
    do_tvsctl file sign SEP001122334455.cnf.xml
    do_tvsctl utils ctl set-cluster mixed-mode
}

test_lists_and_signed_files() {
    cluster 'digest: sha1'
    serve
    fetched CTLFile.tlv ITLFile.tlv SEP001122334455.cnf.xml.sgn
    fetch CTLFile.tlv "$T/CTLFile.tlv"
    expect 0 tvsctl show ctl "$T/CTLFile.tlv"
    out_has 'The CTL file was verified successfully.'
    fetch SEP001122334455.cnf.xml.sgn "$T/phone.sgn"
    expect 0 tvsctl file verify "$T/phone.sgn"
    out_has 'Signer found in: CTL, ITL, store'
    not_served SEP001122334455.cnf.xml # 0600: this one is not ours to open
    not_served ../tvsd.yaml
}

test_new_signer() {
    cluster 'digest: sha1'
    serve
    fetch SEP001122334455.cnf.xml.sgn "$T/old.sgn"
    do_tvsctl set cert regen CallManager
    do_tvsctl utils ctl update CTLFile
    fetched CTLFile.tlv ITLFile.tlv SEP001122334455.cnf.xml.sgn
    fetch SEP001122334455.cnf.xml.sgn "$T/new.sgn"
    expect 0 tvsctl file verify "$T/new.sgn"
    expect 3 tvsctl file verify "$T/old.sgn"
    do_tvsctl file delete tftp CTLFile.tlv
    out_has 'files: found = 1, deleted = 1'
    not_served CTLFile.tlv
}

# Root writes as the folder's owner, and what is there remains his.
test_folder_of_another_user() {
    local user
    user=$(id -u nobody)
    umask 077
    LISTS='digest: sha512' configure 'certificates: { key: "rsa:2048" }'
    chmod 0755 "$T"
    chown nobody "$T/tftp"
    do_tvsctl set cert regen CallManager
    install -o nobody -m 0600 /dev/stdin "$T/tftp/SEP1.cnf.xml" <<<'<device/>'
    do_tvsctl file sign SEP1.cnf.xml
    for name in ITLFile.tlv SEP1.cnf.xml.sgn; do
        [ "$(stat -c '%u %a' "$T/tftp/$name")" = "$user 644" ] || fail "$(ls -ln "$T/tftp")"
    done
    serve
    fetched ITLFile.tlv SEP1.cnf.xml.sgn
    expect 0 tvsctl file verify SEP1.cnf.xml.sgn
    out_has 'Digest: SHA-512'
    do_tvsctl file list tftp
    out_has 'dir count = 0, file count = 3'
    do_tvsctl file delete tftp SEP1.cnf.xml.sgn
    not_served SEP1.cnf.xml.sgn
}

reason=$(why_no_tftp)
if [ -n "$reason" ]; then
    [ $# -gt 0 ] || mapfile -t tests < <(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p')
    printf "skipped ${0##*/}: %s: $reason\n" "${tests[@]:-$@}"
    exit 0
fi
run_tests "$@"
