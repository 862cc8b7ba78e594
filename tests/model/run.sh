#!/bin/sh
# Started by tests/run-all: the short run, always the same. `make model` is the long one.
exec python3 "$(dirname "$0")/run.py" --pairs 3000 --reference-pairs 300 --seed 1 "$@"
