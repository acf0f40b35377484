#!/bin/bash
# Mixed mode to non-secure mode: the CTL stays, with hollow CCM+TFTP records.
. "$(dirname "$0")/lib.sh"

test_hollow_records() {
    site mixed
    follows 'ctl=accepted itl=accepted config=accepted'
    rehearsed follows utils ctl set-cluster non-secure-mode
    changes ctl utils ctl set-cluster non-secure-mode
    out_has 'Cluster set to Non Secure Mode'
    follows 'ctl=accepted ctl-by=ctl itl=same config=accepted by=ctl'
    not_asked
    expect 0 tvsctl show ctl
    out_has 'The CTL file was verified successfully.' 'System Administrator Security Token' CAPF
    # A hollow record: RECORDLENGTH, DNSNAME, FUNCTION, IPADDRESS and nothing else.
    awk '/^CTL Record/ { fields = ""; next }
        $2 ~ /^[A-Z]+$/ && $1 ~ /^[0-9]+$/ { fields = fields " " $2; if (/CCM\+TFTP/) ccm = 1 }
        /^$/ || /^The CTL/ { if (ccm) print fields; ccm = 0 }' "$T/out" >"$T/fields"
    [ "$(cat "$T/fields")" = ' RECORDLENGTH DNSNAME FUNCTION IPADDRESS' ] || fail "no hollow record: $(cat "$T/fields")"
    expect 0 tvsctl run sql "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"
    grep -qE '^ClusterSecurityMode +0' "$T/out" || fail 'still in mixed mode'
}

# A phone without lists takes that CTL file first, so it has to follow a new CallManager.
test_hollow_ctl_is_left_behind() {
    site mixed
    changes ctl utils ctl set-cluster non-secure-mode
    follows 'ctl=accepted itl=accepted config=accepted'
    changes CallManager set cert regen CallManager
    out_has 'The CTL file does not hold CallManager of node-a yet: run `utils ctl set-cluster non-secure-mode` again.'
    mv "$T/phones" "$T/old" # and another one, fresh from the box
    refuses 'ctl=accepted ctl-by=blind itl=refused config=refused'
    rm -r "$T/phones"
    mv "$T/old" "$T/phones"
    follows 'ctl=same itl=accepted itl-by=tvs config=accepted'
    changes ctl utils ctl set-cluster non-secure-mode
    follows 'ctl=accepted itl=same config=accepted'
    follows 'ctl=accepted ctl-by=blind itl=accepted config=accepted' --fresh
    do_tvsctl set cert regen tomcat
    out_lacks 'The CTL file'
}

run_tests "$@"
