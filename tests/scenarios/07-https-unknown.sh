#!/bin/bash
# An HTTPS server whose certificate nobody knows.
. "$(dirname "$0")/lib.sh"

test_refused() {
    site mixed
    follows 'ctl=accepted itl=accepted config=accepted'
    https other
    mark
    boots 1 'state=follows ctl=same itl=same config=accepted' --https "$URL"
    https_is 'result=refused why=tvs-denies'
    says 'Authentication Response received, status : 1' 'Failed to validate cert using TVS'
    # Without raising log.level, and with the name of the certificate.
    wait_log "level=(info|warning) event=answer type=verify result=unknown .*serial=0*$(serial_of "$CERTS/other.crt" | sed 's/^0*//') .*issuer=\"CN=other;"
    # A refusal is not kept: once the store has it, the same phone connects.
    changes "$CERTS/other.crt" set cert import trust tomcat-trust "$CERTS/other.crt"
    follows 'ctl=same' --https "$URL"
    https_is 'result=accepted by=tvs'
}

# Known, but filed where it gives no role: a warning, with what to do.
test_without_a_role() {
    site mixed
    follows 'ctl=accepted itl=accepted config=accepted'
    changes '' set cert import trust CallManager-trust "$CERTS/other.crt"
    https other
    wait_until no_role
    wait_log 'level=warning event=no-role .*remedy=".*tomcat-trust'
}
no_role() {
    boots 1 'state=follows' --https "$URL"
    https_is 'result=refused'
    log_shows 'event=no-role '
}

run_tests "$@"
