#!/usr/bin/env bash
# Installs what is missing on Debian 12 and says how far it is. Usage: tools/setup.sh PACKAGE…
# Nothing is asked of the network when everything is there.
set -euo pipefail
installed=$(dpkg-query -W -f='${Package} ${Status}\n' "$@" 2>/dev/null || true)
missing=()
for package in "$@"; do
    grep -qx "$package install ok installed" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "setup: run as root or install sudo; missing: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
install_all() {
    "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}
if ! install_all 2>&1 | tee "$log" | { grep --line-buffered -E '^(Get:|Setting up|Err:|E:)' || true; }; then
    tail -15 "$log" >&2
    echo "setup: apt-get failed; is the package mirror reachable? The whole log: $log" >&2
    exit 1
fi
rm -f "$log"
