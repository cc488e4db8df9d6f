#!/bin/sh
# Installs what is missing on Debian 12. Usage: tools/setup.sh PACKAGE…
# Nothing is asked of the network when everything is there.
set -eu
missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "setup: run as root or install sudo; missing:$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "setup: installing$missing"
log=$(mktemp)
# shellcheck disable=SC2086
if ! { $as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -15 "$log" >&2
    echo "setup: apt-get failed; is the package mirror reachable? The whole log: $log" >&2
    exit 1
fi
rm -f "$log"
