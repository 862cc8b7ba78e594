#!/bin/sh
# fuzz.sh — lets libFuzzer look for inputs that break a parser
#
#   scripts/fuzz.sh SECONDS [TARGET…]
#
# Runs build/fuzz/bin/fuzz_<name> for each target (all of tests/fuzz/ by default). What it finds worth keeping goes to
# build/fuzz/found/<name>/; an input that breaks something is left in build/fuzz/crash/ and belongs, once the
# fault is mended, into tests/fuzz/corpus/<name>/, where `make test` replays it for ever.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}

[ $# -ge 1 ] || { echo "usage: scripts/fuzz.sh SECONDS [TARGET…]" >&2; exit 2; }
seconds=$1
shift
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source##*/}
        set -- "$@" "${name%.c}"
    done
fi

passed=0
failed=0
mkdir -p "$build/fuzz/crash"
for target in "$@"; do
    name=${target#fuzz_}
    mkdir -p "$build/fuzz/found/$name"
    dictionary=
    [ ! -f "tests/fuzz/$name.dict" ] || dictionary=-dict=tests/fuzz/$name.dict
    printf '%s: %s seconds\n' "$target" "$seconds"
    # shellcheck disable=SC2086 # no dictionary, no word
    if "$build/fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz/crash/$name-" $dictionary \
        "$build/fuzz/found/$name" "tests/fuzz/corpus/$name" >"$build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        grep -E 'number_of_executed_units|new_units_added' "$build/fuzz/$name.log" | sed 's/^/    /'
    else
        failed=$((failed + 1))
        tail -n 40 "$build/fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
