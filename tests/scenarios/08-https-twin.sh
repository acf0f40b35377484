#!/bin/bash
# An HTTPS server with the issuer and the serial number of a trusted certificate, and another key.
. "$(dirname "$0")/lib.sh"

test_whole_certificate_is_compared() {
    site mixed
    changes "$CERTS/other.crt" set cert import trust tomcat-trust "$CERTS/other.crt"
    follows 'ctl=accepted itl=accepted config=accepted'
    https twin
    mark
    boots 1 'state=follows' --https "$URL"
    https_is 'result=refused why=tvs-denies'
    wait_log 'level=warning event=twin-refused .*device=CP-8861-SEP'
    # The cache is no way around it either: the real one is in it, the twin is refused again.
    https other
    follows 'ctl=same' --https "$URL"
    https_is 'result=accepted by=tvs'
    https twin
    mark
    boots 1 'state=follows' --https "$URL"
    https_is 'result=refused'
    wait_log 'event=answer .*result=twin .*device=CP-8861-SEP'
}

# The same key in a renewed certificate is another certificate.
test_renewed_certificate() {
    site mixed
    changes "$CERTS/other.crt" set cert import trust tomcat-trust "$CERTS/other.crt"
    follows 'ctl=accepted itl=accepted config=accepted'
    https renewed other
    mark
    boots 1 'state=follows' --https "$URL"
    https_is 'result=refused'
    wait_log 'event=twin-refused '
}

run_tests "$@"
