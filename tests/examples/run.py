#!/usr/bin/env python3
"""Tests of the examples, as a newcomer meets them.

For each example: its policies compile; `scripts/run-example.sh` (what `make run` calls) serves them, and the request
that it prints, pasted into a shell, gives the answer that it prints; Ctrl-C ends it. Then every expectation of the
example's test suite is asked over HTTP, so that the suite's promises hold for the running server.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from packages import with_packages  # noqa: E402
from tally import CARDEA, ROOT, Tally, free_port  # noqa: E402

EXAMPLES = ("expenses", "documents")
LAST_LINE = "Ctrl-C stops the server."
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10


class Example:
    """`make run` without the building: the server of one example and everything it printed."""

    def __init__(self, name):
        self.addr = "127.0.0.1:%d" % free_port()
        env = dict(os.environ, EXAMPLE=name, ADDR=self.addr)
        # A process group of its own, so that Ctrl-C can be imitated.
        self.child = subprocess.Popen([os.path.join(ROOT, "scripts", "run-example.sh")], cwd="/", env=env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True)
        self.output = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Keeps the pipe empty for as long as the server speaks."""
        for line in self.child.stdout:
            self.output += line.decode("utf-8", "replace")

    def wait_for(self, text):
        deadline = time.monotonic() + START_TIMEOUT_S
        while text not in self.output and time.monotonic() < deadline and self.reader.is_alive():
            time.sleep(0.05)
        return text in self.output

    def interrupt(self):
        """Ctrl-C; returns the exit status, or None when it does not end."""
        os.killpg(self.child.pid, signal.SIGINT)
        try:
            self.child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return None
        return self.child.returncode

    def kill(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        self.reader.join()
        self.child.stdout.close()


def without_call_id(reply):
    return {k: v for k, v in reply.items() if k != "cerbosCallId"}


def load(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        if path[-1].endswith(".json"):
            return json.load(f)
        import yaml
        return yaml.safe_load(f)


def compiles(t, name):
    done = subprocess.run([CARDEA, "compile", os.path.join(ROOT, "testdata", name, "policies")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    t.check("%s: cardea compile" % name, done.returncode == 0, done.stdout)


def pasted(t, name, example):
    line = [part for part in example.output.splitlines() if part.startswith("curl ")]
    if not t.check("%s: a request to paste" % name, len(line) == 1, example.output):
        return
    done = subprocess.run(["sh", "-c", line[0]], cwd="/", stdout=subprocess.PIPE, text=True)
    want = load("testdata", name, "answer.json")
    try:
        got = json.loads(done.stdout)
    except ValueError:
        t.check("%s: the answer is JSON" % name, False, done.stdout)
        return
    t.equal("%s: the answer is the one that was printed" % name, without_call_id(got), want)
    t.check("%s: the answer has a call id" % name, len(got.get("cerbosCallId", "")) == 26, got)
    t.check("%s: the printed answer is answer.json" % name, json.dumps(want, indent=2) in example.output, example.output)


# ---- the suites, over HTTP --------------------------------------------------------------------

def names(entry, one, many, groups, fixtures):
    found = ([entry[one]] if one in entry else []) + list(entry.get(many, []))
    for group in entry.get(groups, []):
        found += [n for n in fixtures[groups][group][many] if n not in found]
    return found


def expectations(test, fixtures):
    """{(principal, resource): expectation}; what is not mentioned is denied."""
    found = {}
    for entry in test["expected"]:
        for p in names(entry, "principal", "principals", "principalGroups", fixtures):
            for r in names(entry, "resource", "resources", "resourceGroups", fixtures):
                mine = found.setdefault((p, r), {"actions": {}, "outputs": []})
                mine["actions"].update(entry["actions"])
                mine["outputs"] += entry.get("outputs", [])
    return found


def ask(addr, principal, resource, actions):
    connection = http.client.HTTPConnection(addr, timeout=10)
    body = json.dumps({"principal": principal, "resources": [{"resource": resource, "actions": actions}]})
    connection.request("POST", "/api/check/resources", body, {"Content-Type": "application/json"})
    reply = json.loads(connection.getresponse().read())
    connection.close()
    return reply["results"][0]


def suite(t, name, addr):
    folder = os.path.join("testdata", name, "policies")
    fixtures = dict(load(folder, "testdata", "principals.yaml"), **load(folder, "testdata", "resources.yaml"))
    for test in load(folder, name + "_test.yaml")["tests"]:
        wanted = expectations(test, fixtures)
        actions = test["input"]["actions"]
        for p in names(test["input"], "-", "principals", "principalGroups", fixtures):
            for r in names(test["input"], "-", "resources", "resourceGroups", fixtures):
                want = wanted.get((p, r), {"actions": {}, "outputs": []})
                got = ask(addr, fixtures["principals"][p], fixtures["resources"][r], actions)
                label = "%s: %s: %s on %s" % (name, test["name"], p, r)
                t.equal(label, got["actions"], {a: want["actions"].get(a, "EFFECT_DENY") for a in actions})
                check_outputs(t, label, got, want["outputs"])


def check_outputs(t, label, got, wanted):
    for output in wanted:
        for expected in output["expected"]:
            found = [o.get("val") for o in got.get("outputs", [])
                     if o["src"] == expected["src"] and o.get("action") == output["action"]]
            t.check("%s: output of %s" % (label, expected["src"]), expected.get("val") in found, found)


def main():
    t = Tally()
    why_not = with_packages("yaml")
    if why_not:
        t.skip("the suites of the examples over HTTP", why_not)
    for name in EXAMPLES:
        compiles(t, name)
        example = Example(name)
        try:
            if t.check("%s: make run serves it" % name, example.wait_for(LAST_LINE), example.output):
                t.check("%s: says how many policies and rules" % name, "polic" in example.output and "rule" in example.output,
                        example.output)
                pasted(t, name, example)
                if not why_not:
                    suite(t, name, example.addr)
                t.equal("%s: Ctrl-C ends it" % name, example.interrupt(), 0)
        finally:
            example.kill()
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
