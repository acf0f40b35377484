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
    [ ${#IN_NET[@]} -gt 0 ] || own_network
    : >"$T/log" # not that of the one before
    as_tvs tvsd >"$T/stdout" 2>"$T/log" &
    PID=$!
    wait_log 'event=ready'
    "$@"
    kill "$(pgrep -P "$PID" || echo "$PID")"
    wait_end 0
}
as_tvs() { inside setpriv --reuid tvs --regid tvs --clear-groups "$@"; }
# asked [FILE]: a phone asks about the TVS certificate, and about that one.
asked() {
    local file
    expect 0 inside sh -c 'tvsctl show cert own TVS | sed -n "/BEGIN/,/END/p" >/tmp/tvs.pem'
    for file in /tmp/tvs.pem "$@"; do
        expect 0 inside tvsc verify --trust /tmp/tvs.pem --host 127.0.0.1:2445 "$file"
        out_has 'Status:   0 (trusted)'
    done
}

installed() {
    fresh "$1"
    install_all
    out_has 'a TVS certificate for this node was made' 'tvsctl set cert regen CallManager'
    expect 0 inside stat -c '%U:%G %a' /var/lib/tvs /var/lib/tvs/keys /var/lib/tvs/tvs.sqlite3
    [ "$(paste -sd, "$T/out")" = 'tvs:tvs 750,tvs:tvs 700,tvs:tvs 640' ] || fail "the state is $(cat "$T/out")"
    expect 0 as_tvs tvsd -t
    expect 0 inside dpkg --verify tvsd tvs-tools libtrust0 libtrust-dev
    [ ! -s "$T/out" ] || fail "dpkg --verify: $(cat "$T/out")"
    expect 0 inside test -s /usr/share/bash-completion/completions/tvsctl
    serving asked
}

# README's four commands, as they stand there, from the packages to a phone that is answered. What systemd does behind the first
# is done by hand here; 30-booted has it done.
in_readme() {
    fresh "$1"
    typed_in "$R"
    readme_commands >"$T/readme"
    [ "$(wc -l <"$T/readme")" -eq 4 ] || fail "README does not say how in four commands: $(cat "$T/readme")"
    play "$(head -n 1 "$T/readme")" inside
    serving readme_behind_the_first
}
readme_behind_the_first() {
    local line
    tail -n +2 "$T/readme" >"$T/lines"
    while read -r line <&3; do
        play "$line" inside
    done 3<"$T/lines"
    grep -q ' # => ' "$T/lines" || fail 'README promises nothing'
    wait_log 'event=answer type=verify result=trusted '
    expect 0 inside test -s /srv/tftp/ITLFile.tlv
}

# store_of SCHEMA: what the store holds, in one of that schema, as the version left it that knew no later one.
store_of() {
    local old=/var/lib/tvs/old.sqlite3 now=/var/lib/tvs/tvs.sqlite3
    cat "$ROOT"/sql/000[1-"$1"]-*.sql >"$R/tmp/old.sql"
    echo "PRAGMA user_version = $1;" >>"$R/tmp/old.sql"
    cat >"$R/tmp/rows.sql" <<'END'
.mode list
SELECT 'DELETE FROM main.' || name || '; INSERT INTO main.' || name || ' (' || columns || ') SELECT ' || columns || ' FROM now.' || name || ';'
    FROM (SELECT name, (SELECT group_concat(name) FROM pragma_table_info(m.name)) AS columns FROM sqlite_master m
          WHERE type = 'table' AND name NOT LIKE 'sqlite_%');
END
    expect 0 as_tvs sh -ec "umask 027; sqlite3 $old </tmp/old.sql; sqlite3 $old </tmp/rows.sql >/tmp/rows; test -s /tmp/rows
        { echo \"ATTACH '$now' AS now;\"; cat /tmp/rows; } | sqlite3 -bail $old; rm -f $now-wal $now-shm; mv $old $now"
}
schema_is() {
    expect 0 as_tvs sqlite3 /var/lib/tvs/tvs.sqlite3 'PRAGMA user_version'
    [ "$(cat "$T/out")" = "$1" ] || fail "the store has schema $(cat "$T/out"), not $1"
}
known() {
    expect 0 inside sh -c 'tvsctl show cert own TVS; tvsctl show cert list own; tvsctl show cert list trust; tvsctl show published'
    cat "$T/out"
}
# same_as_before WHAT SCHEMA: it is known what was. Before schema 3 nobody noted what was published.
same_as_before() {
    known | if [ "$2" -ge 3 ]; then cat; else sed '/^NUMBER FILE\|^No list/,$d'; fi >"$T/after"
    if [ "$2" -ge 3 ]; then cat "$T/before"; else sed '/^NUMBER FILE/,$d' "$T/before"; fi | diff - "$T/after" >"$T/out" ||
        fail "the $1 schema $2 changed: $(cat "$T/out")"
}

upgraded() {
    local newest schema
    newest=$(find "$ROOT/sql" -name '0*.sql' | wc -l)
    fresh "$1"
    expect 0 inside apt-get -q -y install sqlite3
    install_all
    mkdir "$R/srv/tftp"
    expect 0 inside tvsctl set cert regen CallManager
    cp "$CERTS/other.crt" "$R/tmp"
    expect 0 inside tvsctl set cert import trust tomcat-trust /tmp/other.crt
    serving asked /tmp/other.crt
    known >"$T/before"
    echo '# ours' >>"$R/etc/tvs/tvsd.yaml"
    packages_later "$R"/packages/*.deb
    mkdir "$R/packages/first"
    find "$R/packages" -maxdepth 1 -name '*.deb' ! -name '*+later.deb' -exec mv -t "$R/packages/first" {} +
    for schema in $(seq "$((newest - 1))" -1 1); do
        store_of "$schema"
        expect 1 as_tvs tvsd -t
        err_has "schema version $schema, this program needs $newest: " 'brings it up to date'
        # The first time from one version to the next.
        expect 0 inside sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends --reinstall install /packages/*.deb'
        out_lacks 'certificate for this node was made'
        schema_is "$newest"
        expect 0 as_tvs tvsd -t
        same_as_before 'upgrade from' "$schema"
        serving asked /tmp/other.crt
    done
    tail -n 1 "$R/etc/tvs/tvsd.yaml" | grep -qx '# ours' || fail 'the upgrade changed the configuration'
    back_from "$((newest + 1))" "$newest"
}
# back_from SCHEMA KNOWN: a version that knows that one less writes nothing into the store, and says what to do, and phones are
# answered once that is done.
back_from() {
    local said="the store has schema version $1, this program knows up to $2: install the newer tvsd that wrote it, or restore a backup"
    known >"$T/before"
    expect 0 as_tvs sqlite3 /var/lib/tvs/tvs.sqlite3 "PRAGMA user_version = $1"
    expect 0 inside sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends --allow-downgrades install /packages/first/*.deb'
    cat "$T/out" "$T/err" >"$T/said"
    file_has "$T/said" "$said" 'tvsd will not take the store until that is mended'
    ! grep -q 'certificate for this node was made' "$T/said" || fail 'the downgrade made keys'
    expect 1 as_tvs tvsd -t
    err_has "$said"
    schema_is "$1"
    expect 0 as_tvs sqlite3 /var/lib/tvs/tvs.sqlite3 "PRAGMA user_version = $2"
    same_as_before 'way back from' "$1"
    serving asked /tmp/other.crt
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
    expect 0 as_tvs tvsd -t
    expect 0 inside apt-get -q -y purge tvsd tvs-tools libtrust0 libtrust-dev
    expect 2 inside getent passwd tvs
    content >"$T/after"
    diff "$T/before" "$T/after" | grep -vE '^[0-9,acd]+$|^---$' | grep -vE ' \./(etc/(ld\.so\.cache|passwd-|group-|shadow-|gshadow-|\.pwd\.lock|subuid-?|subgid-?)|srv/tftp.*|srv)$' >"$T/out"
    [ ! -s "$T/out" ] || fail "what was left behind, or taken along: $(head -n 20 "$T/out")"
}

built() {
    packages "$1" || { cp "$OPS/$1-packages/build.log" "$T/err"; fail "no packages can be built in $1"; }
    case " ${DEB_BUILD_OPTIONS:-} " in
    *' nocheck '*) ;;
    *) grep -qE '^[1-9][0-9]+ passed, 0 failed$' "$OPS/$1-packages/build.log" || fail 'the packages were built without their tests' ;;
    esac
    grep -qx 'lintian ended with 0' "$OPS/$1-packages/lintian.log" || fail "lintian: $(cat "$OPS/$1-packages/lintian.log")"
}

reason=$(why_no_ops)
[ -z "$reason" ] || { echo "skipped 10-packages: $reason"; exit 0; }
for release in $RELEASES; do
    for step in built installed in_readme upgraded removed; do
        eval "test_${release}_$(printf '%s\n' built installed in_readme upgraded removed | grep -nx "$step" | cut -d: -f1)_$step() { $step $release; }"
    done
done
run_tests "$@"
