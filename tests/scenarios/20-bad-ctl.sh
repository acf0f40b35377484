#!/bin/bash
# CTLFile.tlv is truncated, garbled, or signed by an attacker: the last good one stays in force, for tvsd and for phones.
. "$(dirname "$0")/lib.sh"

# bad CODE FILE: it lies there, and changes nothing.
bad() {
    mark
    replace "$2" "$T/tftp/CTLFile.tlv"
    wait_log "level=error event=ctl-refused .*code=$1 reason=\".*\" in-force=\"?$GOOD remedy="
    refuses 'ctl=refused itl=same config=accepted'
    kept
    # Answered from the good one.
    asks_known
    wait_log 'event=answer type=verify result=trusted roles=0 source=ctl'
}
# The token of the good CTL, which stands nowhere else.
asks_known() { trusts "$CERTS/token2.crt" || fail "the token is not trusted: $(cat "$T/asked")"; }
gone_from_store() { asks_known && log_shows 'event=answer type=verify result=trusted roles=0 source=ctl'; }

test_last_good_one_stays() {
    site mixed
    upload token1 token2
    changes ctl utils ctl sign --token "file:$CERTS/token1.pem"
    changes '' set cert delete Phone-SAST-trust 31AF455500000008E983
    wait_until gone_from_store
    follows 'ctl=accepted itl=accepted config=accepted'
    keep
    cp "$T/tftp/CTLFile.tlv" "$T/good.tlv"
    GOOD=$(sha1sum <"$T/good.tlv" | cut -c1-40)

    head -c 1000 "$T/good.tlv" >"$T/truncated.tlv"
    bad truncated "$T/truncated.tlv"
    { head -c 600 "$T/good.tlv"; printf 'garbage!'; tail -c +609 "$T/good.tlv"; } >"$T/garbled.tlv"
    bad bad-signature "$T/garbled.tlv"
    publisher attacker other
    bad unknown-signer "$T/attacker.tlv"

    # A good one is taken at once.
    changes ctl utils ctl update CTLFile
    follows 'ctl=accepted ctl-by=ctl itl=same config=accepted'
}

run_tests "$@"
