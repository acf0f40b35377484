#!/bin/bash
# tvsctl alone on a terminal: the `admin:` prompt.
. "$(dirname "$0")/lib.sh"

export TERM=xterm

# console [OPTION…] <SCRIPT (tests/it/terminal.c): the script comes true; what was printed is in $T/out. Every line
# `prompt` of it stands for: the prompt is there, and waits for keys.
console() { HOME=$T/home on_terminal "$BUILD/tvsctl" --config "$T/tvsd.yaml" "$@"; }
on_terminal() {
    mkdir -p "$T/home"
    sed 's/^prompt$/wait admin:\nready/' >"$T/script"
    "$BUILD/tests/it/terminal" "$DEADLINE" "$@" <"$T/script" >"$T/out" 2>"$T/err" || fail "the script did not come true: $(cat "$T/err")"
}
HISTORY=home/.tvsctl_history

test_ways_to_leave() {
    configure
    for keys in 'exit\r' 'quit\r' 'ex\r' '\004' 'frobnicate\rexit\r'; do
        console <<-END
			wait Tab completes, ? shows what fits, exit leaves
			prompt
			type $keys
			end 0
		END
    done
    out_has 'no phrase begins with `frobnicate`' 'help, exit, quit'
}

# One phrase after another, each by itself: what is wrong with one is said, and the next is asked for.
test_phrases() {
    setup
    console <<-'END'
		prompt
		type show cert list own\r
		wait TVS.pem
		prompt
		type show cert liszt\r
		wait `liszt` does not fit behind `show cert`. What fits: list, own, trust
		prompt
		type show ctl --config /nowhere/tvsd.yaml\r
		wait /nowhere/tvsd.yaml
		prompt
		type show "cert" 'li'st own\r
		wait TVS.pem
		prompt
		type show ctl 'no such file.tlv\r
		wait a quote is open: close it with '
		prompt
		type show ctl no\\ such\\ file.tlv\r
		wait tvsctl: cannot open no such file.tlv: No such file
		prompt
		type show ctl x\\\r
		wait the line ends in a backslash
		prompt
		type \r
		prompt
		type help show itl\r
		wait print and verify an ITL file
		prompt
		type help frob\r
		wait no phrase begins like that; `help` lists them all
		prompt
		type help\r
		wait leave; so does Ctrl-D
		wait --password-file FILE
		prompt
		type exit --json\r
		wait `exit` does not take --json
		prompt
		type --version\r
		wait tvsctl 
		prompt
		type \004
		end 0
	END
}

# A statement is what was typed: its quotes and question marks are its own.
test_statement() {
    setup
    console <<-'END'
		prompt
		type run sql select 'a  b?' as "x y", 2 as two\r
		wait x y   two
		wait a  b? 2
		prompt
		type run sql "select 'whole' as one"\r
		wait whole
		prompt
		type run sql select --json 'it''s' as word\r
		wait "word": "it's"
		prompt
		type run sql select absent\r
		wait no such column
		prompt
		type exit\r
		end 0
	END
    out_lacks 'a shell takes quotes away'
}

test_tab() {
    setup
    mkdir "$T/a folder" && touch "$T/a folder/żółw.pem"
    console <<-END
		prompt
		type SH\tce\tl\tow\t\r
		wait TVS.pem
		prompt
		type s\t
		wait set
		wait admin:s
		ready
		type \003
		prompt
		type set cert import trust tomc\t$T/a\t\t\r
		wait żółw.pem
		prompt
		type exit\r
		end 0
	END
    grep -qxF 'show cert list own ' "$T/$HISTORY" || fail "not completed: $(cat "$T/$HISTORY")"
    grep -qF 'a\ folder/żółw.pem' "$T/$HISTORY" || fail "not completed: $(cat "$T/$HISTORY")"
}

# What fits is printed at once, and the line goes on being typed, also one of several rows.
test_question_mark() {
    setup
    console <<-END
		prompt
		type ?
		wait show   ctl, itl, cert
		wait quit   the same as exit
		prompt
		type show cert ?
		wait list
		wait own, trust
		wait admin:show cert
		ready
		type list own\r
		wait TVS.pem
		prompt
		type set cert import trust tomcat-trust $(printf 'a-long-name-%03d ' {1..15})?
		wait <FILE>…
		wait --password-file FILE
		wait admin:set cert import trust
		wait a-long-name-015
		ready
		type \003
		prompt
		type set cert regen frob frob ?
		wait nothing fits here: \`frob\` does not fit
		wait admin:
		ready
		type \003
		prompt
		type show ctl 'a?b.tlv'\r
		wait a?b.tlv
		prompt
		type exit\r
		end 0
	END
}

# The answers are read as on a command line. Ctrl-C at a question ends the phrase, and the console stays.
test_questions() {
    setup
    local before
    before=$("$BUILD/tvsctl" --config "$T/tvsd.yaml" show cert own TVS)
    console <<-'END'
		prompt
		type set cert regen TVS\r
		wait Proceed with regeneration (yes|no)? 
		asks
		type no\r
		wait the answer was not yes: nothing was changed
		prompt
		type set cert regen TVS\r
		wait Proceed with regeneration (yes|no)? 
		asks
		type \003
		prompt
		type set cert regen TVS\r
		wait Proceed with regeneration (yes|no)? 
		asks
		type \004
		wait the answer was not yes: nothing was changed
		prompt
		type exit\r
		end 0
	END
    [ "$before" = "$("$BUILD/tvsctl" --config "$T/tvsd.yaml" show cert own TVS)" ] || fail "changed without a yes"
    console <<-'END'
		prompt
		type set cert regen TVS\r
		wait Proceed with regeneration (yes|no)? 
		asks
		type yes\r
		wait Successfully Regenerated Certificate for TVS.
		prompt
		type exit\r
		end 0
	END
    [ "$before" != "$("$BUILD/tvsctl" --config "$T/tvsd.yaml" show cert own TVS)" ] || fail "not changed by a yes"
    console --yes <<-'END'
		prompt
		type set cert regen TVS\r
		wait (yes|no)? yes
		wait Successfully Regenerated Certificate for TVS.
		prompt
		type exit\r
		end 0
	END
}

test_ctrl_c_drops_the_line() {
    setup
    console <<-'END'
		prompt
		type frobnicate
		wait frobnicate
		type \003
		wait ^C
		prompt
		type show cert list own\r
		wait TVS.pem
		prompt
		type exit\r
		end 0
	END
    out_lacks 'no phrase begins'
    ! grep -q frob "$T/$HISTORY" || fail "a dropped line is in the history"
}

test_history() {
    setup
    console <<-'END'
		prompt
		type run sql select 1 as one\r
		prompt
		type show cert list own\r
		prompt
		type run sql select 1 as one\r
		prompt
		type exit\r
		end 0
	END
    [ "$(stat -c %a "$T/$HISTORY")" = 600 ] || fail "mode $(stat -c %a "$T/$HISTORY")"
    printf '%s\n' 'show cert list own' 'run sql select 1 as one' 'exit' | cmp - "$T/$HISTORY" || fail "$(cat "$T/$HISTORY")"
    # Another one begins with it: upwards twice, beyond `exit`.
    console <<-'END'
		prompt
		type \020\020\r
		wait one
		wait ===
		prompt
		type \004
		end 0
	END
    # At most 500 lines, the newest; what is no text is left out.
    { printf 'bad \377\n'; printf 'show ctl %s\n' {1..600}; } >"$T/$HISTORY"
    console <<-'END'
		prompt
		type exit\r
		end 0
	END
    [ "$(wc -l <"$T/$HISTORY")" -eq 500 ] || fail "$(wc -l <"$T/$HISTORY") lines"
    [ "$(tail -n 2 "$T/$HISTORY" | head -n 1)" = 'show ctl 600' ] || fail "the newest are not kept"
}

# Without a file for it, the history lasts as long as the console.
test_history_in_memory() {
    setup
    local script='prompt
		type run sql select 7 as seven\r
		wait =
		prompt
		type \020\r
		wait =
		prompt
		type exit\r
		end 0'
    mkdir "$T/home"
    ln -s /dev/null "$T/$HISTORY"
    console <<<"${script//$'\t'/}"
    [ -L "$T/$HISTORY" ] || fail "the link was replaced"
    on_terminal /usr/bin/env -u HOME "$BUILD/tvsctl" --config "$T/tvsd.yaml" <<<"${script//$'\t'/}"
    on_terminal /usr/bin/env HOME="$T/none" "$BUILD/tvsctl" --config "$T/tvsd.yaml" <<<"${script//$'\t'/}"
    [ ! -e "$T/none" ] || fail "a home was made"
}

# A terminal that can do nothing will do.
test_dumb_terminal() {
    setup
    TERM=dumb
    console <<-'END'
		prompt
		type sh\tcert list own\r
		wait TVS.pem
		prompt
		type exit\r
		end 0
	END
}

# Where nobody could type, or see it, it is a usage error as it always was.
test_no_terminal() {
    setup
    expect 2 tvsctl
    err_is_one_line
    err_has 'a phrase is missing. It begins with: show, set'
    console <<-END
		prompt
		type exit\r
		end 0
	END
    on_terminal /bin/sh -c "'$BUILD/tvsctl' --config '$T/tvsd.yaml' | cat" <<-'END'
		wait a phrase is missing
		end 0
	END
    on_terminal "$BUILD/tvsctl" --json <<-'END'
		wait a phrase is missing
		end 2
	END
}

run_tests "$@"
