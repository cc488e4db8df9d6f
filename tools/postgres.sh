#!/usr/bin/env bash
# A private PostgreSQL cluster on a free loopback port, for tests and measurements; never the machine's own.
# Usage: tools/postgres.sh start FOLDER   makes and starts it, prints the URL of its database "postgres"
#        tools/postgres.sh stop FOLDER    stops it and deletes the folder
#        tools/postgres.sh bin            prints the folder of its programs
set -u
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
folder=${2:-}
case "${1:-}" in
bin) echo "$bin" ;;
start)
    mkdir -p "$folder" && chmod 755 "$folder" || exit 1
    [ "$(id -u)" = 0 ] && chown postgres "$folder"
    port=$("$(dirname "$0")/free-port.sh")
    log=$(mktemp)
    if as_postgres "$bin/initdb" -D "$folder/data" -U tongbao --auth=trust -E UTF8 --locale=C >"$log" 2>&1 &&
        as_postgres "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" \
            -o "-c listen_addresses=127.0.0.1 -p $port -c unix_socket_directories= -c max_connections=100" start >>"$log" 2>&1; then
        rm -f "$log"
        echo "postgresql://tongbao@127.0.0.1:$port/postgres"
        exit 0
    fi
    cat "$log" >&2
    rm -f "$log"
    exit 1
    ;;
stop)
    [ -d "$folder/data" ] && as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1
    rm -rf "$folder"
    ;;
*) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
