#!/bin/sh
# Installs the pinned packages and builds the web parts named (default: all).
set -eu
cd "$(dirname "$0")"

. ./node.sh

stamp=node_modules/.installed
if ! cmp -s package-lock.json "$stamp"; then
    npm ci --ignore-scripts
    cp package-lock.json "$stamp"
fi
node scripts/build.mjs ${*:-app sandbox console docs}
