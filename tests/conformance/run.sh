#!/bin/sh
# Started by tests/run-all; says what it tests at its own head.
#
# SPDX-License-Identifier: Apache-2.0
exec python3 "$(dirname "$0")/run.py" "$@"
