#!/bin/bash
# The packages, built and tried in minimal Debians: installed, asked, upgraded, removed, purged. RELEASES: which.
. "$(dirname "$0")/../it/lib.sh"
. "$(dirname "$0")/lib.sh"

RELEASES=${RELEASES:-bookworm trixie}

fresh() {
    RELEASE=$1
    R=$T/root
    tree "$RELEASE" || fail "no $RELEASE can be installed into $OPS/$RELEASE: see $OPS/$RELEASE.log"
    [ -n "$(ls "$OPS/$RELEASE-packages"/*.deb 2>/dev/null)" ] || fail 'there are no packages to be tried'
    cp -a "$OPS/$RELEASE" "$R"
    mkdir "$R/packages"
    cp "$OPS/$RELEASE-packages"/*.deb "$R/packages"
}
inside() { in_tree "$R" "$@"; }
install_all() { expect 0 inside sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install /packages/*.deb'; }
# What the tree holds, but for caches, logs and the lists of packages.
content() {
    (cd "$R" && find . -xdev \( -path ./proc -o -path ./packages -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/log \
        -o -path ./var/lib/dpkg -o -path ./tmp -o -path ./run \) -prune -o -print | sort)
}
# serving COMMAND…: while tvsd runs in the tree as its user, without a service manager.
serving() {
    own_network
    inside setpriv --reuid tvs --regid tvs --clear-groups tvsd >"$T/stdout" 2>"$T/log" &
    PID=$!
    wait_log 'event=ready'
    "$@"
    kill "$(pgrep -P "$PID" || echo "$PID")"
    wait_end 0
}
asked() {
    expect 0 inside sh -c 'tvsctl show cert own TVS | sed -n "/BEGIN/,/END/p" >/tmp/tvs.pem && tvsc verify --trust /tmp/tvs.pem --host 127.0.0.1:2445 /tmp/tvs.pem'
    out_has 'Status:   0 (trusted)'
}

installed() {
    fresh "$1"
    install_all
    out_has 'a TVS certificate for this node was made' 'tvsctl set cert regen CallManager'
    expect 0 inside stat -c '%U:%G %a' /var/lib/tvs /var/lib/tvs/keys /var/lib/tvs/tvs.sqlite3
    [ "$(paste -sd, "$T/out")" = 'tvs:tvs 750,tvs:tvs 700,tvs:tvs 640' ] || fail "the state is $(cat "$T/out")"
    expect 0 inside setpriv --reuid tvs --regid tvs --clear-groups tvsd -t
    expect 0 inside dpkg --verify tvsd tvs-tools libtrust0 libtrust-dev
    [ ! -s "$T/out" ] || fail "dpkg --verify: $(cat "$T/out")"
    expect 0 inside test -s /usr/share/bash-completion/completions/tvsctl
    serving asked
}

upgraded() {
    local before
    fresh "$1"
    install_all
    expect 0 inside tvsctl show cert own TVS
    before=$(sha256sum <"$T/out")
    # An older store, and a configuration that was edited.
    expect 0 inside apt-get -q -y install sqlite3
    expect 0 inside setpriv --reuid tvs --regid tvs --clear-groups sqlite3 /var/lib/tvs/tvs.sqlite3 \
        'DROP TABLE forced; DROP TABLE rolloutphone; DROP TABLE rollout; PRAGMA user_version = 3'
    echo '# ours' >>"$R/etc/tvs/tvsd.yaml"
    expect 1 inside setpriv --reuid tvs --regid tvs --clear-groups tvsd -t
    err_has 'schema version 3'
    packages_later "$R"/packages/*.deb
    find "$R/packages" -name '*.deb' ! -name '*+later.deb' -delete
    install_all
    out_lacks 'certificate for this node was made'
    expect 0 inside setpriv --reuid tvs --regid tvs --clear-groups tvsd -t
    expect 0 inside tvsctl show cert own TVS
    [ "$(sha256sum <"$T/out")" = "$before" ] || fail 'the upgrade changed the TVS certificate'
    tail -n 1 "$R/etc/tvs/tvsd.yaml" | grep -qx '# ours' || fail 'the upgrade changed the configuration'
    serving asked
}
removed() {
    fresh "$1"
    # Other people's packages stay.
    expect 0 inside sh -c "apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install \$(apt-get -s --no-install-recommends install /packages/*.deb |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vE '^(tvs|libtrust)')"
    content >"$T/before"
    install_all
    mkdir "$R/srv/tftp" # as a TFTP server's package does
    expect 0 inside tvsctl set cert regen CallManager
    expect 0 inside test -s /srv/tftp/ITLFile.tlv
    expect 0 inside apt-get -q -y remove tvsd tvs-tools
    expect 0 inside test -s /var/lib/tvs/tvs.sqlite3 -a -s /etc/tvs/tvsd.yaml
    install_all # and it comes back as it was
    out_lacks 'certificate for this node was made'
    expect 0 inside setpriv --reuid tvs --regid tvs --clear-groups tvsd -t
    expect 0 inside apt-get -q -y purge tvsd tvs-tools libtrust0 libtrust-dev
    expect 2 inside getent passwd tvs
    content >"$T/after"
    diff "$T/before" "$T/after" | grep -vE '^[0-9,acd]+$|^---$' | grep -vE ' \./(etc/(ld\.so\.cache|passwd-|group-|shadow-|gshadow-|\.pwd\.lock|subuid-?|subgid-?)|srv/tftp.*|srv)$' >"$T/out"
    [ ! -s "$T/out" ] || fail "what was left behind, or taken along: $(head -n 20 "$T/out")"
}

built() {
    packages "$1" || { cp "$OPS/$1-packages/build.log" "$T/err"; fail "no packages can be built in $1"; }
    grep -qx 'lintian ended with 0' "$OPS/$1-packages/lintian.log" || fail "lintian: $(cat "$OPS/$1-packages/lintian.log")"
}

reason=$(why_no_ops)
[ -z "$reason" ] || { echo "skipped 10-packages: $reason"; exit 0; }
for release in $RELEASES; do
    for step in built installed upgraded removed; do
        eval "test_${release}_$(printf '%s\n' built installed upgraded removed | grep -nx "$step" | cut -d: -f1)_$step() { $step $release; }"
    done
done
run_tests "$@"
