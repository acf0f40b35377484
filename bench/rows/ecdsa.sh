#!/bin/bash
# RSA and ECDSA certificates side by side: who can gets ECDSA.
. "$(dirname "$0")/../lib.sh"
row ecdsa x '<= 0.45' "RSA and ECDSA certificates side by side: a client that can gets ECDSA, beside its own RSA figure"
count=$(few 1000) SLICES=4
certificates
state a
tvsctl_in a set cert regen CallManager
tvsctl_in a set cert regen TVS-ECDSA
tvsctl_in a utils rollout show
for number in $(grep -oE '^ *[0-9]+' "$RUN/tvsctl.log"); do tvsctl_in a utils rollout close "$number" --phones-are-back; done
tvsctl_in a show cert own TVS-ECDSA
sed -n '/BEGIN CERT/,/END CERT/p' "$RUN/tvsctl.log" >"$RUN/ec.crt"
cat "$WORK/node-a.crt" "$RUN/ec.crt" >"$RUN/both.crt"
tvsd a
TRUST=$RUN/both.crt

rsa() {
    load rsa --connections "$count" --at-once 16 --tls1.2 --ciphers "$SUITE" "$WORK/node-a.crt"
    [ "$(figure cipher)" = "$SUITE" ] || die "$(figure cipher)"
}
ecdsa() {
    load ecdsa --connections "$count" --at-once 16 --tls1.2 --ciphers "ECDHE-ECDSA-AES256-GCM-SHA384:$SUITE" "$WORK/node-a.crt"
    [ "$(figure cipher)" = ECDHE-ECDSA-AES256-GCM-SHA384 ] || die "a client that can is not given ECDSA: $(figure cipher)"
}
again rsa ecdsa
conclude "$(ratio ecdsa rsa cpu_per_connection)" "$(typical ecdsa cpu_per_connection) us beside $(typical rsa cpu_per_connection) us"
