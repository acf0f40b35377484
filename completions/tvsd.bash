# Completion of @PROGRAM@ for bash: what fits is in its --help, which is made from the table that it parses by.
_@PROGRAM@() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} help option value word
    help=$("${COMP_WORDS[0]}" --help 2>/dev/null)
    COMPREPLY=()
    # "--host HOST:PORT": a value follows, which is a file or something that only its owner knows.
    while read -r option value _; do
        [[ $option == "$before" && $value =~ ^[A-Z][A-Z:.]*$ ]] || continue
        case $value in FILE | FOLDER | SOURCE) compopt -o default 2>/dev/null ;; esac
        return
    done < <(sed -nE 's/^  (-., )?(--[^ ]+) ([A-Z][^ ]*  ).*/\2 \3/p' <<<"$help")
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sed -nE 's/^  (-., )?(--[^ ]+).*/\2/p' <<<"$help")" -- "$current")
        return
    fi
    for word in $(sed -nE 's/^@PROGRAM@ ([a-z]+) .*  .*/\1/p' <<<"$help"); do
        # Behind the command come files.
        [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " != *" $word "* ]] || { compopt -o default 2>/dev/null; return; }
        [[ $word != "$current"* ]] || COMPREPLY+=("$word")
    done
}
complete -F _@PROGRAM@ @PROGRAM@
