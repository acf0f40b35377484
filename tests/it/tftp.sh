# A real TFTP server (tftpd-hpa) over $T/tftp, for tests that source lib.sh first.
# shellcheck shell=bash
PATH=$PATH:/usr/sbin:/sbin

why_no_tftp() {
    if [ "$(id -u)" -ne 0 ]; then
        echo 'root is needed, since in.tftpd changes its root folder'
    elif ! command -v in.tftpd >/dev/null; then
        echo 'in.tftpd is missing (Debian: tftpd-hpa)'
    elif ! curl --version 2>/dev/null | grep -qw tftp; then
        echo 'there is no curl that speaks TFTP'
    fi
}

# serve: TFTP of $T/tftp on $PORT, as the user nobody. in.tftpd takes no port 0, so ports are tried until it stays.
serve() {
    chmod 0755 "$T/tftp"
    echo there >"$T/tftp/probe"
    chmod 0644 "$T/tftp/probe"
    for _ in $(seq 20); do
        PORT=$((20000 + RANDOM % 12000))
        in.tftpd -L -u nobody -a "127.0.0.1:$PORT" -s "$T/tftp" -p &
        HELPER=$!
        wait_until answers_or_ended
        if fetch probe "$T/probe"; then
            rm "$T/tftp/probe"
            return
        fi
        wait "$HELPER" 2>/dev/null
    done
    fail "in.tftpd does not start"
}
answers_or_ended() { ! kill -0 "$HELPER" 2>/dev/null || [ "$(ps_state "$HELPER")" = Z ] || fetch probe "$T/probe"; }
fetch() { curl -sf --connect-timeout "$DEADLINE" --max-time "$DEADLINE" -o "$2" "tftp://127.0.0.1:$PORT/$1"; }
