#!/usr/bin/env bash
# Payments, log-ins, event streams and broken connections at once against a server of BUILD, for tools/sanitize.sh.
# Usage: tools/sanitize-load.sh BUILD     Exit code 0: the server answered, stopped cleanly, and the auditor finds nothing.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:?BUILD}
work=$(mktemp -d)
children=()
server=
cleanup() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server"; }
    for pid in "${children[@]}"; do kill -TERM "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap cleanup EXIT
port=$(tools/free-port.sh) admin=$(tools/free-port.sh) url=$work/data/wallet.db
mkdir -p "$work/data"
"$build/tongbao-bench" prepare --data "$work/data" --database "$url" --tokens "$work/tokens" --wallets 2000 >"$work/prepare" 2>&1 ||
    { cat "$work/prepare"; exit 1; }
"$build/tongbao" serve --data "$work/data" --database "$url" --listen "127.0.0.1:$port" --admin "127.0.0.1:$admin" 2>"$work/serve.log" &
server=$!
until curl -s -o /dev/null "http://127.0.0.1:$port/readyz"; do
    kill -0 $server 2>/dev/null || { tail -3 "$work/serve.log"; exit 1; }
    sleep 0.1
done
mapfile -t sessions < <(awk '$1 == "session" { print $2 }' "$work/tokens")
end=$((SECONDS + 12))
listen() { # streams that are broken off again and again
    while [ $SECONDS -lt $end ]; do
        curl -sN -m 1 -o /dev/null -H "Cookie: __Host-tongbao=${sessions[RANDOM % ${#sessions[@]}]}" "http://127.0.0.1:$port/api/v1/events"
    done
}
log_in() { # of nobody: costs a hash like one of somebody
    while [ $SECONDS -lt $end ]; do
        curl -s -m 5 -o /dev/null -H 'Content-Type: application/json' -d "{\"login\":\"139$((RANDOM % 9000 + 1000))${RANDOM:0:1}000\",\"password\":\"not-the-one-7\"}" \
            "http://127.0.0.1:$port/api/v1/sessions"
    done
}
leave() { # sessions end while they are used
    while [ $SECONDS -lt $end ]; do
        curl -s -m 5 -o /dev/null -X DELETE -H "Cookie: __Host-tongbao=${sessions[RANDOM % 50]}" "http://127.0.0.1:$port/api/v1/sessions/current"
    done
}
break_off() { # half a request, then gone
    while [ $SECONDS -lt $end ]; do
        printf 'POST /api/v1/payments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"tok' 2>/dev/null >"/dev/tcp/127.0.0.1/$port"
    done
}
for job in listen listen log_in leave break_off; do $job & children+=($!); done
"$build/tongbao-bench" load --port "$port" --connections 32 --tokens "$work/tokens" --seconds 8 --skip 100 >"$work/load" 2>&1
cat "$work/load"
# Refusals are wanted here (sessions end meanwhile), broken answers are not.
grep -q '"failed":0' "$work/load" || exit 1
for pid in "${children[@]}"; do wait "$pid"; done
children=()
kill -TERM $server
wait $server
status=$?
server=
[ $status = 0 ] || { echo "the server ended with $status"; tail -3 "$work/serve.log"; exit 1; }
"$build/tongbao" audit --database "$url"
