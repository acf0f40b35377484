#!/bin/bash
# What phones ask and what they get.
. "$(dirname "$0")/lib.sh"

# The captured query of a CP-8861, byte for byte.
test_captured_query() {
    setup
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/captured.crt"
    start
    ask 0 send "$DATA/query-request.hex"
    local der
    der=$(openssl x509 -in "$CERTS/captured.crt" -outform DER | wc -c)
    out_has 'TVS_MSG_QUERY_CERT_RES' "Elements: 7[1] 2[$der] 8[2] 9[4]" 'Roles:    0 (SAST), 3 (TFTP)' \
        'TTL:      86400 seconds' 'Serial:   24000000179479B8F124AC3F3B000000000017'
    wait_log 'event=answer type=\S+ result=trusted roles="?0,3"? source=store serial=24000000179479B8F124AC3F3B000000000017 device=CP-8861-SEPB000B4BA0AEE'
    stop
}

test_captured_query_unknown() {
    setup
    start
    ask 1 send "$DATA/query-request.hex"
    out_has 'Status:   1 (not trusted)' 'Elements: 7[1]'
    wait_log 'event=answer .*result=unknown'
    stop
}

# A list of the Windows CTL client carries an eToken's serial number byte-reversed.
test_etoken_by_reversed_serial() {
    setup
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/etoken.crt"
    start
    ask 0 query --serial 3C:F9:27:00:00:00:AF:A2:DA:45 --issuer 'cn=Cisco Manufacturing CA;o=Cisco Systems' \
        --subject 'cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems' --save "$T/received.pem"
    out_has 'Roles:    0 (SAST), 3 (TFTP)' 'Serial:   45DAA2AF00000027F93C'
    cmp <(openssl x509 -in "$T/received.pem" -outform DER) <(openssl x509 -in "$CERTS/etoken.crt" -outform DER) ||
        fail "another certificate was received"
    ask 0 query --serial 45DAA2AF00000027F93C --issuer 'O=Cisco Systems, CN=Cisco Manufacturing CA'
    ask 1 query --serial 3CF927000000AFA2DA45 --issuer 'cn=Somebody else;o=Cisco Systems'
    stop
}

# A certificate database of the open Python tools answers with the roles that stand in it.
test_usecallmanager_database() {
    setup
    do_tvsctl utils import usecallmanager "$DATA/peer.sqlite3"
    start
    verify_has pub 'Roles:    0 (SAST), 2 (CCM+TFTP)' 'TTL:      86400 seconds'
    verify_has etoken2 'Roles:    0 (SAST)'
    verify_has tvs-ec 'Roles:    21 (TVS)'
    verify_has apache 'Roles:    7 (APP-SERVER)' 'TTL:      3600 seconds'
    ask 1 verify "$DATA/certs/sub1.crt"
    stop
}
verify_has() {
    ask 0 verify "$DATA/certs/$1.crt"
    out_has "${@:2}"
}

# The signer of a file is asked for by the names in its header, and verifies it.
test_signer_of_a_file() {
    setup
    do_tvsctl set cert import trust Phone-SAST-trust "$DATA/certs/pub.crt"
    start
    ask 0 query --file "$DATA/SEP0011215A1AE3.cnf.xml.sgn"
    out_has 'Serial:   6B1D357B6841740B078FEE4A1813D5D6' "Verified: $DATA/SEP0011215A1AE3.cnf.xml.sgn"
    # One changed byte at the end: the certificate is the same, the file no longer verifies.
    cp "$DATA/SEP0011215A1AE3.cnf.xml.sgn" "$T/changed.cnf.xml.sgn"
    printf '#' | dd of="$T/changed.cnf.xml.sgn" bs=1 seek=$(($(wc -c <"$T/changed.cnf.xml.sgn") - 2)) conv=notrunc 2>/dev/null
    ask 1 query --file "$T/changed.cnf.xml.sgn"
    err_has "$T/changed.cnf.xml.sgn"
    err_is_one_line
    stop
}

# The whole certificate is compared: neither another key nor other dates pass for the one that is known.
test_twins() {
    setup
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    start
    ask 0 verify "$CERTS/other.crt"
    out_has 'Roles:    7 (APP-SERVER)'
    for twin in twin renewed; do
        mark
        ask 1 verify "$CERTS/$twin.crt" --device "SEP-$twin"
        out_has 'Status:   1 (not trusted)'
        wait_log 'level=warning event=twin-refused '
        log_shows 'event=answer .*result=twin' || wait_log 'event=answer .*result=twin'
    done
    stop
}

test_no_role() {
    setup
    do_tvsctl set cert import trust CallManager-trust "$CERTS/other.crt"
    start
    ask 1 verify "$CERTS/other.crt"
    wait_log 'level=warning event=no-role .*Phone-SAST-trust'
    wait_log 'event=answer .*result=no-role'
    stop
}

# The phone believes only a server that its list names.
test_server_must_be_known() {
    setup
    start
    expect 3 "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/other.crt" verify "$CERTS/other.crt"
    err_has "$HOST" "$CERTS/other.crt" 'CN=node-a'
    err_is_one_line
    stop
    expect 3 "$BUILD/tvsc" --host "$HOST" --trust "$CERTS/tvs.crt" verify "$CERTS/other.crt"
    err_has "$HOST"
    err_is_one_line
}

run_tests "$@"
