#!/usr/bin/env bash
# Builds with a sanitizer of the compiler and runs what there is under it; any report is a failure.
# Usage: tools/sanitize.sh [address | thread]     Last line: N passed, N failed
#   address   AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: all test programs, then the server under the walk
#             through the API, the abuse cases and the example
#   thread    ThreadSanitizer: the threads' own tests, then the server under the same
set -u
cd "$(dirname "$0")/.." || exit 1
kind=${1:-address}
case "$kind" in
address) build=build-asan sanitize=ON ;;
thread) build=build-tsan sanitize=thread ;;
*) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS="halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:log_path=$work/report"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:log_path=$work/report"
export TSAN_OPTIONS="halt_on_error=0:exitcode=66:log_path=$work/report"
export FUZZ_ROUNDS=${FUZZ_ROUNDS:-300000}

if ! { cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DTONGBAO_SANITIZE=$sanitize && ninja -C $build; } >"$work/build.log" 2>&1; then
    grep -E 'error|FAILED' "$work/build.log" | head -20
    echo "0 passed, 1 failed"
    exit 1
fi

passed=0 failed=0
check() { # NAME COMMAND…
    local name=$1 status reports
    shift
    "$@" >"$work/output" 2>&1
    status=$?
    [ $status = 77 ] && { echo "skip  $name"; return; }
    reports=$(find "$work" -name 'report*' -size +0)
    if [ $status = 0 ] && [ -z "$reports" ]; then
        passed=$((passed + 1))
        echo "ok    $name"
        return
    fi
    failed=$((failed + 1))
    echo "FAIL  $name ($status)"
    tail -15 "$work/output"
    for report in $reports; do head -60 "$report"; rm -f "$report"; done
}

if [ "$kind" = address ]; then
    programs=("$build"/tests/{unit,table,property,audit,peer,fuzz}/*)
else
    programs=("$build"/tests/unit/unit_{net_stream,net_http,guard_tries,db_unit})
fi
for program in "${programs[@]}"; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    check "${program#"$build"/tests/}" timeout 500 "$program"
done
export TONGBAO_BUILD=$build
check scenario/api timeout 500 node tests/scenario/api.mjs sqlite
check scenario/abuse timeout 500 node tests/scenario/abuse.mjs sqlite
check scenario/example timeout 400 tests/scenario/example.sh
check scenario/load timeout 300 tools/sanitize-load.sh "$build"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
