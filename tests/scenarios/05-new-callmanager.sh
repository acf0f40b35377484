#!/bin/bash
# A new CallManager under a tokenless CTL.
. "$(dirname "$0")/lib.sh"

test_regenerated_and_updated() {
    local key
    site mixed 'log: { format: trace, level: debug }'
    follows 'ctl=accepted itl=accepted config=accepted'
    changes CallManager set cert regen CallManager
    out_has 'run `utils ctl update CTLFile`'
    changes ctl utils ctl update CTLFile
    wait_log 'CertificateCache::localCTLCacheMonitor - CTLFile.tlv has been modified. Recaching CTL Certificate Cache'
    # Every certificate of the list, by its key.
    expect 0 tvsctl show ctl
    while read -r key; do
        wait_log "Unique Key used for Caching :: $key"
    done < <(awk '$2 == "ISSUERNAME" { sub(/.*ISSUERNAME +[0-9]+ +/, ""); issuer = $0 }
        $2 == "SERIALNUMBER" && issuer != "" { gsub(/:/, "", $4); print $4 issuer; issuer = "" }' "$T/out" | sort -u)
    mark
    follows 'ctl=accepted ctl-by=tvs config=accepted by=tvs'
    says 'Using TVS to get signer' 'tvsFlushCertCache: Completed TVS Certificate cache flush request' 'verifyFile: verify SUCCESS'
    wait_log '\{ *rolecount : 2\}'
    wait_log '\{ *role : 2\}'
    out_has 'verify SUCCESS'
    expect 0 tvsctl show ctl
    out_has "$(md5sum <"$(held CTLFile.tlv)" | cut -c1-32)(MD5)" "$(sha1sum <"$(held CTLFile.tlv)" | cut -c1-40)(SHA1)"
    follows 'ctl=same itl=same config=accepted'
}

run_tests "$@"
