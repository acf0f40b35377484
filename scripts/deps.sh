#!/bin/sh
# Install what building needs, with apt, when something is missing; nothing else. usage: deps.sh PKG… (pkg-config names)
set -eu
missing=$("$(dirname "$0")/missing.sh" "$@")
[ -n "$missing" ] || exit 0
packages='gcc libc6-dev pkg-config libssl-dev libsqlite3-dev libevent-dev libyaml-dev libsystemd-dev libedit-dev libcurl4-openssl-dev libp11-kit-dev check'
if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: $missing. There is no apt-get here: install them (on Debian they are: $packages) and say DEPS=no" >&2
    exit 1
fi
echo "Building needs what is missing here: $missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "run this as root: apt-get install $packages" >&2; exit 1; }
    as_root=sudo
    echo "sudo is asked for one thing only: apt-get install $packages"
fi
echo "apt-get install --no-install-recommends $packages"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update
$as_root apt-get -q -y install --no-install-recommends $packages
missing=$("$(dirname "$0")/missing.sh" "$@")
[ -z "$missing" ] || { echo "still missing after the installation: $missing" >&2; exit 1; }
