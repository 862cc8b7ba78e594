#!/bin/sh
# run.sh — the clients against a running server; README.md says what is needed
#
# SPDX-License-Identifier: Apache-2.0
exec python3 "$(dirname "$0")/run.py" "$@"
