#!/bin/bash
# From the tokenless CTL to eTokens: phones ask TVS about a signer that no list of theirs holds, in the record's spelling.
. "$(dirname "$0")/lib.sh"

TOKEN1='3CF927000000AFA2DA45' TOKEN2='83E9080000005545AF31' # serial numbers as the client writes them
ISSUER='cn=Cisco Manufacturing CA;o=Cisco Systems'

test_signed_by_the_second_token() {
    site mixed 'log: { format: trace, level: debug }'
    follows 'ctl=accepted itl=accepted config=accepted'
    changes gone file delete tftp CTLFile.tlv
    out_has 'files: found = 1, deleted = 1'
    tokens
    upload token1 token2
    changes ctl utils ctl sign --token "$(token token2)"
    out_has 'No CTL File exists on the server but the Call Manager Cluster Security Mode is in Secure Mode.'
    wait_log "CTLFile.tlv has been modified. Recaching CTL Certificate Cache"
    wait_log "Unique Key used for Caching :: $TOKEN1$ISSUER"

    mark
    follows 'ctl=accepted ctl-by=tvs itl=same config=accepted by=tvs'
    wait_log "Issuer Name is: $ISSUER"
    wait_log "Serial Number is: $TOKEN2"
    wait_log '\{ *rolecount : 2\}'
    log_shows '\{ *role : 0\}' || fail 'role 0 is missing'
    log_shows '\{ *role : 3\}' || fail 'role 3 is missing'

    expect 0 tvsctl show ctl
    [ "$(grep -c 'This etoken was used to sign the CTL file.' "$T/out")" -eq 1 ] || fail 'no token, or two, signed it'
    out_has SAST-ADN0054f509 SAST-ADN008580ef 'This etoken was not used to sign the CTL file.' 'verified successfully'

    # What the CTL alone knows has its role there.
    changes '' set cert delete Phone-SAST-trust 45DAA2AF00000027F93C
    wait_until ctl_alone_knows
    wait_log '\{ *rolecount : 1\}'
    wait_log '\{ *role : 0\}'
    wait_log 'CertificateCTLCache::getCertificateInformation - Found entry'

    # What the store knows has the store's roles, and not the CTL's beside them.
    changes '' set cert import trust tomcat-trust "$CERTS/token1.crt"
    wait_until store_decides
}
store_decides() {
    expect 0 "$BUILD/tvsc" verify --host "$HOST" --trust "$T/tftp/ITLFile.tlv" "$CERTS/token1.crt"
    log_shows 'event=answer type=verify result=trusted roles=7 source=store'
}

ctl_alone_knows() {
    expect 0 "$BUILD/tvsc" query --host "$HOST" --trust "$T/tftp/ITLFile.tlv" --serial "$TOKEN1" --issuer "$ISSUER"
    log_shows 'event=answer type=query result=trusted roles=0 source=ctl'
}

run_tests "$@"
