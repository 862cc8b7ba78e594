#!/bin/sh
# Started by tests/run-all; says what it tests at its own head.
exec python3 "$(dirname "$0")/run.py" "$@"
