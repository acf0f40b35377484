#!/bin/bash
# CTLFile.tlv and the store change under a running tvsd.
. "$(dirname "$0")/lib.sh"

CTL=

# A tvsd that knows the publisher's signer, and two lists of that publisher: with node-b and without it.
setup_with_publisher() {
    setup "$@"
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/node-a.crt"
    publisher pub node-a node-b
    CTL=$T/tftp/CTLFile.tlv
}
# That very list is in force.
wait_ctl() { wait_log "level=info event=ctl-loaded .*sha1=$(sha1sum <"$1" | cut -c1-40)"; }
answered_by_ctl() {
    ask 0 verify "$CERTS/node-b.crt"
    out_has '2 (CCM+TFTP)'
    wait_log 'event=answer .*result=trusted .*source=ctl'
}

test_replaced_by_rename() {
    setup_with_publisher
    start
    ask 1 verify "$CERTS/node-b.crt"
    mark
    replace "$T/pub.tlv" "$CTL"
    wait_ctl "$T/pub.tlv"
    answered_by_ctl
    # The names in the list find it as well.
    ask 0 query --file "$CTL"
    out_has "Verified: $CTL"
    stop
}

# What cannot be believed changes nothing; the log says what is wrong with it.
test_garbled_and_truncated() {
    setup_with_publisher
    replace "$T/pub.tlv" "$CTL"
    start
    answered_by_ctl
    refuses_ctl bad-version <(printf '\001\000\002\377' && tail -c +5 "$T/pub.tlv")
    refuses_ctl '[a-z-]+' <(head -c 1000 "$T/pub.tlv")
    refuses_ctl empty /dev/null
    refuses_ctl '[a-z-]+' "$DATA/query-request.hex"
    refuses_ctl bad-signature <(change_byte "$T/pub.tlv" 600)
    mark
    replace "$T/pub.tlv" "$CTL"
    wait_log 'event=ctl-loaded '
    answered_by_ctl
    stop
}
# refuses_ctl CODE FILE: in the place of a good one; the good one goes on answering.
refuses_ctl() {
    mark
    cat "$2" >"$CTL.new"
    mv "$CTL.new" "$CTL"
    wait_log "level=error event=ctl-refused .*code=$1 reason="
    answered_by_ctl
}
# The byte at OFFSET, with one bit flipped.
change_byte() {
    local byte
    byte=$(od -An -tu1 -j"$2" -N1 "$1")
    head -c "$2" "$1"
    printf "\\$(printf %03o $((byte ^ 1)))"
    tail -c +$(($2 + 2)) "$1"
}

# A list that verifies, but by a signer whom nobody vouches for.
test_stranger() {
    setup_with_publisher
    publisher stranger other
    replace "$T/pub.tlv" "$CTL"
    start
    refuses_ctl unknown-signer "$T/stranger.tlv"
    ask 1 verify "$CERTS/other.crt"
    # Once the store knows the signer, the file is believed as it lies there.
    mark
    do_tvsctl set cert import trust Phone-SAST-trust "$CERTS/other.crt"
    wait_log 'event=ctl-loaded '
    ask 1 verify "$CERTS/node-b.crt"
    stop
}

test_signer_check_switched_off() {
    LISTS='require_trusted_signer: false'
    setup_with_publisher
    publisher stranger other
    replace "$T/stranger.tlv" "$CTL"
    start
    log_shows 'level=warning event=signer-unchecked .*require_trusted_signer' || fail "not said"
    ask 0 verify "$CERTS/other.crt"
    stop
}

test_deleted() {
    setup_with_publisher
    replace "$T/pub.tlv" "$CTL"
    start
    answered_by_ctl
    mark
    rm "$CTL"
    wait_log 'level=warning event=ctl-gone '
    ask 1 verify "$CERTS/node-b.crt"
    [ ! -e "$T/state/ctl.good" ] || fail "state/ctl.good outlives the file"
    stop
}

# The last list believed serves after a restart while the file is bad.
test_restart_with_a_bad_file() {
    setup_with_publisher
    replace "$T/pub.tlv" "$CTL"
    start
    answered_by_ctl
    stop
    [ -s "$T/state/ctl.good" ] || fail "state/ctl.good is missing"
    echo garbage >"$CTL"
    start
    log_shows 'event=ctl-refused ' || fail "the bad file was not refused"
    answered_by_ctl
    stop
}

# In the place of a CTL an ITL is refused.
test_itl_in_its_place() {
    setup_with_publisher
    replace "$T/pub.tlv" "$CTL"
    start
    refuses_ctl '[a-z-]+' "$DATA/good/peer-itl-ec.tlv"
    stop
}

# Answered within two seconds, without a restart.
test_new_certificate_in_the_store() {
    setup
    start
    ask 1 verify "$CERTS/other.crt"
    mark
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    DEADLINE=4 wait_log 'event=store-loaded ' # in whole seconds, of which the first may have begun long ago
    ask 0 verify "$CERTS/other.crt"
    mark
    do_tvsctl set cert delete tomcat-trust other
    DEADLINE=4 wait_log 'event=store-loaded '
    ask 1 verify "$CERTS/other.crt"
    stop
}

# One node: its own lists, signed by its own CallManager, which is then regenerated.
test_own_list_and_new_signer() {
    setup 'certificates: { key: "rsa:2048" }'
    do_tvsctl set cert import own CallManager "$CERTS/node-a.pem"
    start
    do_tvsctl utils ctl set-cluster mixed-mode
    wait_ctl "$T/tftp/CTLFile.tlv"
    expect 0 tvsctl show ctl
    out_has 'The CTL file was verified successfully.' 'CN=node-a'
    cp "$T/tftp/CTLFile.tlv" "$T/before.tlv"
    mark
    do_tvsctl set cert regen CallManager
    # The certificate that was replaced is retired, with no role; the list that it signed stays in force.
    wait_until found_in_ctl "$CERTS/node-a.crt"
    log_lacks 'event=ctl-refused'
    do_tvsctl utils ctl update CTLFile
    wait_ctl "$T/tftp/CTLFile.tlv"
    ask 0 query --file "$T/tftp/CTLFile.tlv"
    ask 1 query --file "$T/before.tlv"
    stop
}
found_in_ctl() {
    local before
    before=$(log_since | grep -c 'event=answer ')
    asks_as 0 verify "$1" || fail "not trusted"
    wait_until answers_are_more_than "$before"
    log_since | grep 'event=answer ' | tail -n 1 | grep -q source=ctl
}
answers_are_more_than() { [ "$(log_since | grep -c 'event=answer ')" -gt "$1" ]; }

test_trace_of_a_changed_list() {
    setup_with_publisher 'log: { format: trace, level: debug }'
    start
    replace "$T/pub.tlv" "$CTL"
    wait_log 'CertificateCache::localCTLCacheMonitor - CTLFile.tlv has been modified. Recaching CTL Certificate Cache'
    wait_log 'updateLocalCTLCache : Refreshing the local CTL certificate cache'
    local key
    key=$(openssl x509 -in "$CERTS/node-b.crt" -noout -serial | cut -d= -f2)'CN=node-b;OU=TAC;O=Cisco;C=PL'
    wait_log "tvs_sql_get_all_CTL_certificate - Unique Key used for Caching :: $key, length : ${#key}"
    mark
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    wait_log 'updateLocalDBCache : Refreshing the local DB certificate cache'
    stop
}

run_tests "$@"
