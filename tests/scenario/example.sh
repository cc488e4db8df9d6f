#!/usr/bin/env bash
# The example of examples/ against a sandbox and a server of its own, twice: the second time everybody has a wallet already.
# REQ-004 REQ-005 REQ-022 REQ-025 REQ-027 REQ-034 REQ-039: a wallet is opened in few steps and pays at once.
# REQ-064 REQ-065 REQ-066 REQ-067 REQ-070 REQ-073 REQ-076 REQ-077 REQ-080 REQ-081 REQ-100 REQ-127: codes, scan, transfer, bills, log-out.
# Last line: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
program=${TONGBAO_BUILD:-build}/tongbao
work=$(mktemp -d)
servers=()
cleanup() {
    for pid in "${servers[@]}"; do kill -TERM "$pid" 2>/dev/null && wait "$pid"; done
    rm -rf "$work"
}
trap cleanup EXIT
passed=0 failed=0
check() { # NAME COMMAND…
    local name=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name"
        sed 's/^/      /' "$work/output"
    fi
}
port=$(tools/free-port.sh) admin=$(tools/free-port.sh) play=$(tools/free-port.sh)
"$program" sandbox --listen "127.0.0.1:$play" --data "$work/data" --people spec/play/people.json 2>"$work/sandbox.log" &
servers+=($!)
"$program" serve --listen "127.0.0.1:$port" --admin "127.0.0.1:$admin" --data "$work/data" --share . --seed \
    --public-url "http://localhost:$port" --sandbox "http://127.0.0.1:$play" 2>"$work/serve.log" &
server=$!
servers+=("$server")
answers() {
    for _ in $(seq 1 300); do
        curl -fsS --max-time 5 "http://127.0.0.1:$port/readyz" && curl -sS --max-time 5 "http://127.0.0.1:$play/sandbox/api/state" && return 0
        kill -0 "$server" || break
        sleep 0.1
    done
    tail -5 "$work/serve.log" "$work/sandbox.log"
    return 1
}
stops() {
    kill -TERM "$server" && wait "$server"
}
english() { LC_ALL=C.UTF-8 timeout 120 examples/open-and-pay.sh "http://127.0.0.1:$port"; }
chinese() { LC_ALL=zh_CN.UTF-8 timeout 120 examples/open-and-pay.sh "http://127.0.0.1:$port" 2>&1 | grep -q '两人都已安全退出'; }
refuses() { ! timeout 60 examples/open-and-pay.sh "http://127.0.0.1:$admin"; }
check 'sandbox and server answer' answers
check 'two people open wallets and pay' english
cat "$work/output"
check 'again, by those who have wallets, in Chinese' chinese
check 'the example fails where no wallet answers' refuses
check 'the auditor finds nothing' "$program" audit --database "sqlite:$work/data/wallet.db"
check 'the server ends cleanly' stops
echo "$passed passed, $failed failed"
[ $failed = 0 ]
