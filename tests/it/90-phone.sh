#!/bin/bash
# Phones, as `tvsc phone` plays them, against tvsd, over real TLS; their files come through in.tftpd where that can be
# had, else from the folder itself.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tftp.sh"

PHONES=${TVS_IT_PHONES:-200} # of test_many

cluster() {
    LISTS='digest: sha1' setup 'certificates: { key: "rsa:2048" }' 'tls: { minimum: "1.0" }'
    echo '<device/>' >"$T/tftp/SEP001122334455.cnf.xml"
    do_tvsctl set cert regen CallManager
    do_tvsctl file sign SEP001122334455.cnf.xml
    do_tvsctl utils ctl set-cluster mixed-mode
    start
}
# new_signer: a CTL by another key, and tvsd knows it.
new_signer() {
    mark
    do_tvsctl set cert regen CallManager
    do_tvsctl utils ctl update CTLFile
    wait_log 'event=store-loaded '
    wait_log "event=ctl-loaded .*sha1=$(sha1sum <"$T/tftp/CTLFile.tlv" | cut -c1-40)"
}
# source_of: where phones fetch from.
source_of() {
    SOURCE=$T/tftp
    [ -z "$(why_no_tftp)" ] || return 0
    serve
    SOURCE=tftp://127.0.0.1:$PORT/
}
phone() { expect "$1" "$BUILD/tvsc" phone --tftp "$SOURCE" --state "$T/phones" --tvs "$HOST" --timeout "${DEADLINE}s" "${@:2}"; }
# phone_says WORD…: its last line has each.
phone_says() {
    local word
    for word in "$@"; do
        tail -n 1 "$T/out" | grep -qF -- " $word " || fail "the phone does not say $word: $(tail -n 1 "$T/out")"
    done
}
held() { cmp -s "$T/phones/SEP001122334455/$1" "$T/tftp/$1"; }

test_follows_a_new_signer() {
    cluster
    source_of
    phone 0 --family 79xx
    phone_says state=follows ctl-by=blind itl-by=ctl config=accepted
    out_has 'Using leap of faith to accept TL file' 'Requesting CTLSEP001122334455.tlv from' \
        'verifyFile: verify SUCCESS </usr/ram/SEP001122334455.cnf.xml>'
    phone 0 --family 79xx
    phone_says state=follows ctl=same itl=same config=accepted by=ctl
    new_signer
    phone 0 --family 79xx
    phone_says state=follows ctl=accepted ctl-by=tvs itl-by=ctl config=accepted by=tvs
    out_has 'tvs_cert_vfy: TVS cert verified with hash from TL' 'Authentication Response received, status : 0'
    wait_log 'event=answer .*result=trusted'
    log_shows 'SEP001122334455' || fail "the log does not name the phone"
    held CTLFile.tlv && held ITLFile.tlv || fail "the phone does not hold what is published"
    stop
}

# Without a TVS server nothing moves, and says so.
test_stays_behind() {
    cluster
    SOURCE=$T/tftp
    phone 0
    cp "$T/phones/SEP001122334455/CTLFile.tlv" "$T/old.tlv"
    new_signer
    stop
    phone 3 --tvs-timeout 1s
    phone_says state=waiting ctl=refused itl=refused config=refused why=tvs-silent
    out_has "reason=\"no TVS server gave an answer: $HOST: no TVS server there" 'Trust List update failed, verification failure'
    cmp -s "$T/old.tlv" "$T/phones/SEP001122334455/CTLFile.tlv" || fail "the old list is not in force any more"
    phone 1 --family 7940
    phone_says state=stranded itl=none why=family-without-tvs
    phone 0 --fresh
}

# rehearsed FAMILY PHRASE…: of a phone that holds what ours does.
rehearsed() {
    expect 0 tvsctl utils rehearse "${@:2}" --family "$1" --installed "$T/phones/SEP001122334455/CTLFile.tlv" \
        --installed "$T/phones/SEP001122334455/ITLFile.tlv" --json
}

# tls.minimum above what a phone speaks: no TVS for it, and the rehearsal says so before; others follow.
test_too_old_tls() {
    LISTS='digest: sha1' setup 'certificates: { key: "rsa:2048" }' 'tls: { minimum: "1.2" }'
    echo '<device/>' >"$T/tftp/SEP001122334455.cnf.xml"
    do_tvsctl set cert regen CallManager
    do_tvsctl file sign SEP001122334455.cnf.xml
    do_tvsctl utils ctl set-cluster mixed-mode
    start
    SOURCE=$T/tftp
    phone 0 --family 79xx
    do_tvsctl set cert regen CallManager
    rehearsed 79xx utils ctl update CTLFile
    out_has '"outcome": "waiting"' '"reason": "server-down"' '"remedy": "start-server"'
    rehearsed 88xx utils ctl update CTLFile
    out_has '"outcome": "follows"' '"by": "tvs"'
    mark
    do_tvsctl utils ctl update CTLFile
    wait_log "event=ctl-loaded .*sha1=$(sha1sum <"$T/tftp/CTLFile.tlv" | cut -c1-40)"
    phone 3 --family 79xx
    phone_says state=waiting why=tvs-silent
    wait_log 'event=tls-refused .*setting=tls.minimum'
    phone 0 --family 88xx
    phone_says state=follows ctl-by=tvs
    stop
}

# An HTTPS server that stands in no list: asked about once, remembered until the time is over, then asked again.
test_https() {
    cluster
    SOURCE=$T/tftp
    do_tvsctl set cert import trust tomcat-trust "$CERTS/other.crt"
    openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/other.crt" -key "$CERTS/other.key" -tls1_2 -www \
        -cipher 'ALL:@SECLEVEL=0' >"$T/s_server" 2>&1 </dev/null &
    HELPER=$!
    wait_until grep -q '^ACCEPT' "$T/s_server"
    local url result
    url=https://$(sed -n 's/^ACCEPT //p' "$T/s_server" | head -n 1)/ccmcip/
    # tvsd may learn of the certificate a moment later.
    result='result=accepted by=tvs why=none'
    wait_until visits "$result" --https "$url"
    out_has 'Authenticated the HTTPS conn via TVS' 'TVS cache with time-to-live value: 86400 seconds'
    stop
    phone 0 --https "$url" --now +23h
    out_has 'result=accepted by=cache why=none'
    out_lacks connectToTvsServer
    phone 1 --https "$url" --now +25h --tvs-timeout 1s
    out_has 'result=refused by=none why=tvs-silent' 'No matching entry found at cache'
    start
    phone 0 --https "$url" --now +25h
    out_has 'result=accepted by=tvs why=none'
    mark
    do_tvsctl set cert delete tomcat-trust other
    wait_log 'event=store-loaded '
    phone 0 --https "$url" --now +26h
    out_has 'result=accepted by=cache why=none'
    phone 1 --https "$url" --now +3d
    out_has 'result=refused by=none why=tvs-denies'
    wait_log 'event=answer .*result=unknown .*SEP001122334455'
    stop
}
visits() {
    "$BUILD/tvsc" phone --tftp "$SOURCE" --state "$T/phones" --tvs "$HOST" "${@:2}" >"$T/out" 2>"$T/err"
    grep -qF -- "$1" "$T/out"
}

# Many at once, of all generations, after a new signer: each is answered.
test_many() {
    cluster
    source_of
    phone 0 --count "$PHONES" --family 79xx,88xx,99xx,78xx
    out_has "total: phones=$PHONES follow=$PHONES waiting=0 stranded=0 tvs=0 "
    new_signer
    phone 0 --count "$PHONES" --family 79xx,88xx,99xx,78xx
    out_has "total: phones=$PHONES follow=$PHONES waiting=0 stranded=0 tvs=$PHONES "
    phone 0 --count 2 --json
    jsons=$(grep -c '^{"name":"SEP0011223344[0-9A-F]*","family":"88xx","state":"follows","ctl":{"result":"same",' "$T/out")
    [ "$jsons" -eq 2 ] || fail "not two phones in JSON"
    stop
}

# Nobody is at the TFTP server's address: nothing is decided, everything stays.
test_no_tftp_server() {
    cluster
    SOURCE=$T/tftp
    phone 0
    expect 3 "$BUILD/tvsc" phone --tftp tftp://127.0.0.1:1/ --state "$T/phones" --tvs "$HOST" --timeout 1s
    phone_says state=waiting ctl=failed itl=untried config=untried why=not-fetched
    held CTLFile.tlv || fail "the list is gone"
    stop
}

run_tests "$@"
