#!/bin/bash
# An HTTPS server that stands in no list: TVS is asked once a TTL.
. "$(dirname "$0")/lib.sh"

test_cached_until_the_ttl_ends() {
    site mixed
    changes "$CERTS/other.crt" set cert import trust tomcat-trust "$CERTS/other.crt"
    https other
    mark
    follows 'ctl=accepted itl=accepted config=accepted' --https "$URL"
    https_is 'result=accepted by=tvs'
    says 'EROR:https_cert_vfy: HTTPS cert not in CTL' 'Authentication Response received, status : 0' \
        'Saving certificate in TVS cache with' '86400 seconds' 'Authenticated the HTTPS conn via TVS'
    answered 'type=verify result=trusted roles=7 source=store'

    mark
    follows 'ctl=same itl=same' --https "$URL" --now +23h
    https_is 'result=accepted by=cache'
    not_asked
    log_lacks 'event=conn-closed'

    follows 'ctl=same itl=same' --https "$URL" --now +25h
    https_is 'result=accepted by=tvs'
    answered 'type=verify result=trusted'
}

run_tests "$@"
