#!/bin/sh
# run-example.sh — serves an example and shows how to ask it; `make run` calls this
#
#   EXAMPLE=expenses|documents   whose policies to serve (testdata/<example>/policies)
#   ADDR=127.0.0.1:3592          where to listen; the address of config.example.json by default
#
# The configuration is checked first. The server then runs in the foreground until Ctrl-C; once it is healthy, a request
# to paste and the answer to expect are printed below its own messages.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."

cardea=${BUILD:-build}/cardea
config=config.example.json
example=${EXAMPLE:-expenses}
addr=${ADDR:-$(sed -n 's/.*"httpListenAddr": *"\([^"]*\)".*/\1/p' "$config")}
policies=testdata/$example/policies
[ -f "testdata/$example/answer.json" ] || {
    echo "run: no example $example; there are:" $(cd testdata && ls -d */answer.json | cut -d/ -f1) >&2
    exit 2
}

# The request on one line, fit for single quotes of a shell.
request=$(sed 's/^ *//' "testdata/$example/request.json" | tr -d '\n' | sed "s/'/'\\\\''/g")

show_request() {
    cat <<TEXT

Ask it (in another terminal):

curl -s http://$addr/api/check/resources -d '$request'

Expect, besides a "cerbosCallId" that is new each time:

$(cat "testdata/$example/answer.json")

Ctrl-C stops the server.
TEXT
}

# Waits for the server, which has the process id $1, and gives up when that is gone.
announce() {
    while kill -0 "$1" 2>/dev/null; do
        if curl -fs -o /dev/null --max-time 2 "http://$addr/_cerbos/health"; then
            show_request
            return
        fi
        sleep 0.2
    done
}

"$cardea" check-config "$config"
announce $$ &
exec "$cardea" server --config "$config" --set "server.httpListenAddr=$addr" --set "storage.disk.directory=$policies"
