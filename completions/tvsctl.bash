# Completion of tvsctl for bash: tvsctl itself says what fits, from its grammar and from what is there.
_tvsctl() {
    local line=${COMP_LINE:0:COMP_POINT} word one typed current=${COMP_WORDS[COMP_CWORD]}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line#"${COMP_WORDS[0]}"}
    word=${line##*[[:space:]]}
    # bash completes behind the last of COMP_WORDBREAKS, tvsctl the whole word, or what follows its "=".
    case $current in '=' | ':') current= ;; esac
    typed=${word##*=}
    COMPREPLY=()
    while IFS= read -r one; do
        printf -v one %q "$one"
        COMPREPLY+=("${one:${#typed}-${#current}}")
    done < <("${COMP_WORDS[0]}" --complete "$line" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _tvsctl tvsctl
