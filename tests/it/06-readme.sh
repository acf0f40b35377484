#!/bin/bash
# README.md and docs/ say what is true: phrases are of the grammar, options, files and targets are there, and README's ten
# minutes come to what they promise.
. "$(dirname "$0")/lib.sh"

exec 3>&2 # while what is played says it elsewhere
DOCS=("$ROOT"/README.md "$ROOT"/docs/*.md)
named() { echo "${1#"$ROOT"/}: $2"; }

# code FILE: its blocks, without the four blanks. spans FILE: what stands between backticks elsewhere.
code() { sed -n 's/^ \{4,7\}\([^ ]\)/\1/p; s/^ \{8,\}/  /p' "$1"; }
spans() { grep -v '^ \{4,\}' "$1" | grep -oE '`[^`]+`' | tr -d '`'; }
# section TITLE: of README.md, up to the next heading.
section() { awk -v title="$1" '/^#+ / { inside = index($0, title) > 0 } inside' "$ROOT/README.md"; }

# commands PROGRAM FILE: each command of that program, without what the shell does, and comments.
commands() {
    { code "$2"; spans "$2"; } | sed -E 's/(^| )#.*//; s/.*&& *//; s/^sudo //; s/ [|>].*//' | grep -E "^$1 [^ ]" | grep -v '^tvsctl …'
}

# is_phrase WORD…: without a configuration a phrase can do nothing, but 2 says that there is none such.
is_phrase() {
    local got=0
    "$BUILD/tvsctl" --config "$T/none/tvsd.yaml" "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
    [ "$got" -ne 2 ] || return 1
    case "$*" in *'utils rehearse …'*) return ;; *'utils rehearse '*) set -- "${@:3}"; is_phrase "$@" ;; esac
}
# A unit that is named is one.
has_unit() {
    local at
    [ "$1 $2" != 'utils rehearse' ] || shift 2
    case "$*" in
    'set cert import '*) at=4 ;;
    'set cert regen '* | 'set cert own '* | 'set cert delete '* | 'show cert own '* | 'show cert trust '*) at=3 ;;
    *) return 0 ;;
    esac
    [ "${*:at+1:1}" = UNIT ] || "$BUILD/tvsctl" --complete "${*:1:at} " </dev/null | grep -qxF -- "${*:at+1:1}"
}

test_phrases() {
    local file phrase words count=0
    for file in "${DOCS[@]}"; do
        while read -r phrase; do
            mapfile -t words < <(xargs -n1 printf '%s\n' <<<"${phrase#tvsctl }")
            is_phrase "${words[@]}" || fail "$(named "$file" "$phrase")"
            has_unit "${words[@]}" || fail "$(named "$file" "$phrase: there is no such unit")"
            count=$((count + 1))
        done < <(commands tvsctl "$file")
    done
    [ "$count" -gt 60 ] || fail "only $count phrases were found"
    # It is no check that lets everything through.
    ! is_phrase set cert regn TVS || fail 'nonsense is a phrase'
    ! is_phrase utils rehearse set cert regn TVS || fail 'a rehearsal of nonsense is a phrase'
    ! has_unit set cert import trust tomcats-trust web.pem || fail 'nonsense is a unit'
}

test_options_of_tvsc_and_tvsd() {
    local file command option count=0
    "$BUILD/tvsc" --help >"$T/tvsc"
    "$BUILD/tvsd" --help >"$T/tvsd"
    for file in "${DOCS[@]}"; do
        while read -r command; do
            case $command in
            'tvsc '*)
                grep -q "^${command%%[- ]*} $(cut -d' ' -f2 <<<"$command")" "$T/tvsc" || fail "$(named "$file" "$command")" ;;
            esac
            for option in $(grep -oE ' --?[a-zA-Z][a-z0-9.-]*' <<<"$command"); do
                grep -qE -- "(^|[ ,|[])$option([] ,=|]|\$)" "$T/${command%% *}" || fail "$(named "$file" "$command: there is no $option")"
            done
            count=$((count + 1))
        done < <(commands tvsc "$file"; commands tvsd "$file")
    done
    [ "$count" -gt 12 ] || fail "only $count commands were found"
}

# What is named in the words of config/options.c, of tvsd-events(7), of the Makefile, or as a file.
test_names() {
    local file name group
    for file in "${DOCS[@]}"; do
        for name in $(spans "$file" | grep -oE '^(server|tls|node|certificates|trust_lists|answers|log|control|phones)\.[a-z_]+'); do
            group=${name%%.*}
            sed -n "/^$group:/,/^[a-z]/p" "$ROOT/conf/tvsd.yaml" | grep -q "^  #${name#*.}:" || fail "$(named "$file" "there is no option $name")"
        done
        for name in $( { code "$file"; spans "$file"; } | grep -oE 'event=[a-z-]+' | sort -u); do
            grep -qE "\"${name#event=}\"" "$ROOT/tvsd/log_events.h" || fail "$(named "$file" "there is no $name")"
        done
        for name in $({ code "$file"; spans "$file"; } | sed -nE 's/^(sudo )?make ([a-z-]+).*/\2/p'); do
            grep -qE "^$name:" "$ROOT/Makefile" "$ROOT/scripts/targets.mk" || fail "$(named "$file" "there is no target $name")"
        done
        for name in $(grep -oE '\]\([^):]*' "$file" | sed 's/^](//; s/#.*//'); do
            [ -e "$(dirname "$file")/$name" ] || fail "$(named "$file" "the link to $name leads nowhere")"
        done
        for name in $(grep -oE '\b(conf|contrib|docs|scripts|systemd)/[A-Za-z0-9_./-]*[a-z]' "$file"); do
            [ -e "$ROOT/$name" ] || fail "$(named "$file" "there is no $name")"
        done
        for name in $(grep -oE '\]\([^)]*#[^)]*' "$file" | sed 's/^](//'); do
            anchors "$(dirname "$file")/${name%%#*}" "$file" | grep -qxF -- "${name#*#}" || fail "$(named "$file" "there is no heading $name")"
        done
    done
}
# anchors FILE SELF: of its headings, as they are linked to.
anchors() {
    [ -f "$1" ] || set -- "$2"
    sed -nE 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 -]//g; s/ /-/g'
}

# ---- The ten minutes

# What people type there, in this test's folder, not faster than tvsd takes it. The installation has made the TVS certificate and
# started tvsd; questions are answered.
home() {
    # shellcheck disable=SC2317 # they are called by the text of README.md
    sudo() { "$@"; }
    tvsctl() {
        local also=--yes
        [ "$*" != 'utils rollout close' ] || also=--phones-are-back
        mark 2>&3
        "$BUILD/tvsctl" --config "$T/tvsd.yaml" "$also" "$@" </dev/null || return
        case ${PID:+$*} in 'set cert '* | 'utils import '*) wait_log 'event=store-loaded' 2>&3 ;; esac
    }
    tvsc() { if [ "$1" = phone ]; then "$BUILD/tvsc" "$@"; else "$BUILD/tvsc" --host "$HOST" "$@"; fi }
    configure
    do_tvsctl set cert regen TVS
    mkdir "$T/home"
    cd "$T/home" || fail 'no folder'
}
# shown TEXT COMMAND…: it prints that, if not at once, then soon.
shown() { wait_until prints "$@" 2>&3; }
prints() {
    "${@:2}" >"$T/out" 2>&1 </dev/null
    tr -s ' ' <"$T/out" | grep -qF -- "$1"
}
# is_harmless SCRIPT: nothing in it reaches beyond this folder. It may have these programs, plain words, a plain redirection.
is_harmless() {
    sed -E "/<<'END'\$/,/^END\$/{ /<<'END'\$/!d; }; s/ >(\/dev\/null|[a-z]+\.pem)( |\$)/ /; s/ <<'END'\$//" "$1" >"$T/commands"
    ! grep -vxE "(shown '[^']*' )?(sudo )?(tvsctl|tvsc|tee $T/tftp/[A-Za-z0-9.]+|openssl req)( [A-Za-z0-9_.,:/=-]+)* *" "$T/commands" >"$T/out"
}
ends_badly() { fail "a command of $T/script ends badly" 2>&3; }
# play FILE: each command must end well, or print what stands behind # =>.
play() {
    sed -E -e "s|/srv/tftp|$T/tftp|g; s|tftp://127.0.0.1/|$T/tftp|g; s|<port>2445<|<port>${HOST##*:}<|" \
        -e '/^sudo apt install /d' -e "s/^([^#]*[^ ]) +# => (.*)/shown '\2' \1/; s/ +#.*//" "$1" >"$T/script"
    is_harmless "$T/script" || fail "$1 has commands that are not tried here"
    # set -e is nothing in a test, since run_tests asks how it ends.
    sed -i -E -e "/<<'END'\$/,/^END\$/!s/.*/& || ends_badly/; s/<<'END'\$/& || ends_badly/" "$T/script"
    # shellcheck disable=SC1091
    . "$T/script" >"$T/said" 2>&1 </dev/null
}

test_nothing_else_is_played() {
    local line
    while read -r line; do
        echo "$line" >"$T/script"
        ! is_harmless "$T/script" || fail "$line would be played"
    done <<'END'
sudo systemctl enable --now tvsd
sudo tee /etc/passwd
tvsctl show itl; sudo make install
tvsc verify web.pem >/etc/passwd
tvsctl show cert own $(id)
END
}
test_ten_minutes() {
    section 'Ten minutes' | code /dev/stdin >"$T/guide"
    [ "$(grep -c '# =>' "$T/guide")" -ge 10 ] || fail "README's ten minutes promise little: $(cat "$T/guide")"
    home
    start
    play "$T/guide"
    MARK=0
    log_shows 'event=answer type=query result=trusted .*device=CP-8861-SEP001122334455' || fail 'the phone never asked for the signer'
    cmp -s "$T/tftp/ITLFile.tlv" phones/SEP001122334455/ITLFile.tlv || fail 'the phone does not hold what is published'
    expect 0 tvsctl utils rollout show
    out_has 'No roll-out is open.'
    stop
}

# Phones with the list of before go on, and what the old tvsd knew is known.
test_from_the_python_tools() {
    section 'Coming from the open Python tools' | code /dev/stdin >"$T/guide"
    [ "$(grep -c tvsctl "$T/guide")" -ge 4 ] || fail "README has no way from the Python tools: $(cat "$T/guide")"
    mkdir -p "$T/before/tftp"
    printf '%s\n' 'node: { name: before, address: 127.0.0.1 }' "state: $T/before/state" \
        "trust_lists: { directory: $T/before/tftp, recovery_anchor: false }" >"$T/before.yaml"
    expect 0 publish before set cert import own TVS "$CERTS/tvs.pem"
    expect 0 publish before set cert import own CallManager "$CERTS/other.pem"
    home
    echo '<device/>' >"$T/tftp/SEP001122334455.cnf.xml"
    cp "$DATA/peer.sqlite3" certificates.db
    cp "$CERTS/tvs.pem" tvs-old.pem
    cp "$CERTS/other.pem" sast.pem
    expect 0 tvsc phone --tftp "$T/before/tftp" --state phones
    out_has 'itl-by=blind'
    start
    play "$T/guide"
    expect 0 tvsc phone --tftp "$T/tftp" --state phones --tvs "$HOST"
    out_has 'state=follows' 'itl=accepted' 'itl-by=itl' 'config=accepted'
    shown 'Status: 0 (trusted)' tvsc verify --trust tvs-old.pem "$DATA/certs/apache.crt"
    stop
}

run_tests "$@"
