#!/bin/sh
# tvsd in the foreground, with a configuration, certificates and a TFTP folder of its own under BUILD/run: what
# `make run` does. What is there already is kept. TVS_LISTEN: another address and port.
set -eu
build=${BUILD:-build}
listen=${TVS_LISTEN:-127.0.0.1:2445}
mkdir -p "$build/run/tftp"
run=$(cd "$build/run" && pwd)
config=$run/tvsd.yaml
tvsctl() { "$build/tvsctl" --config "$config" "$@"; } # without --yes: nothing that is there is overwritten

if [ ! -f "$config" ]; then
    printf '%s\n' "server: { listen: \"$listen\" }" "state: $run/state" "trust_lists: { directory: $run/tftp }" >"$config"
    chmod 0644 "$config"
fi
listen=$(sed -n 's/.*listen: *"\([^"]*\)".*/\1/p' "$config")
for unit in TVS CallManager; do
    tvsctl show cert own "$unit" >/dev/null 2>&1 || tvsctl set cert regen "$unit"
done

cat <<END

configuration  $config
state          $run/state
TFTP folder    $run/tftp
port           ${listen##*:}

In another terminal:
  $build/tvsctl --config $config utils ctl set-cluster mixed-mode
  $build/tvsctl --config $config show ctl
  $build/tvsctl --config $config set cert import trust tomcat-trust FILE.pem
  $build/tvsctl --config $config show cert own TVS >tvs.pem
  $build/tvsc verify --host 127.0.0.1:${listen##*:} --trust tvs.pem FILE.pem
Ctrl-C stops tvsd.

END
exec "$build/tvsd" --config "$config"
