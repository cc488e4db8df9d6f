#!/usr/bin/env bash
# Types and unit tests of the web parts (web/**/*.test.ts). Last line: N passed, N failed
cd "$(dirname "$0")/../../web" || exit 1
# shellcheck source=web/node.sh
. ./node.sh
if ! npm run --silent typecheck; then
    echo "0 passed, 1 failed"
    exit 1
fi
report=$(mktemp)
npx --no-install vitest run --config vitest.config.ts --reporter=json --outputFile="$report"
perl -0ne '/"numPassedTests":(\d+)/ and $p = $1; /"numFailedTests":(\d+)/ and $f = $1;
    END { print defined $p ? "$p passed, $f failed\n" : "0 passed, 1 failed\n"; exit($p && !$f ? 0 : 1) }' "$report"
status=$?
rm -f "$report"
exit $status
