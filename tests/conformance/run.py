#!/usr/bin/env python3
"""Conformance with the reference: the corpora of ../shared/conformance against build/cardea.

  check, http    requests and replies recorded from the reference
  cel            expressions with the reference's results, each served as an output of a policy
  regex          patterns and subjects with RE2's answers
  compile        policies that do not compile: exit status and reports, with texts and excerpts
  refuse         expressions that must not compile: the same

A case that fails must be listed in gaps.txt, and a listed case must fail: so the list is neither too short nor stale.
Listed cases count as skipped. Without ../shared there is nothing to compare with, and that counts as skipped too.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tally import CARDEA, SHARED, Tally, free_port  # noqa: E402

CORPUS = os.path.join(SHARED, "conformance")
GAPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gaps.txt")
SUITES = ["check", "http", "authzen"]
START_TIMEOUT_S = 60


def recorded():
    """{label: why it failed, or None} for the cases of conform.py"""
    with tempfile.TemporaryDirectory() as work:
        return run_cases(*SUITES, "--adapter", os.path.join(CORPUS, "adapters", "cardea"), program=like_the_reference(work))


def reports():
    """The same for policies that do not compile. Excerpts and all texts count."""
    return run_cases("compile", "--strict",
                     "--cmd", shlex.quote(CARDEA) + " compile --no-color --output=json {flags} {dir}")


def like_the_reference(work):
    """The program with what is on by default in the reference and off in Cardea (docs/differences.md)."""
    path = os.path.join(work, "cardea")
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nexec %s \"$@\" --set server.cors.disabled=false\n" % shlex.quote(CARDEA))
    os.chmod(path, 0o755)
    return path


def run_cases(*options, program=CARDEA):
    command = [sys.executable, os.path.join(CORPUS, "conform.py"), "--better", "-v", *options]
    done = subprocess.run(command, env=dict(os.environ, CARDEA=program), stdout=subprocess.PIPE, text=True)
    found = {}
    for line in done.stdout.splitlines():
        match = re.match(r"(ok  |FAIL) (\S+?)(?:: (.*))?$", line)
        if match:
            found[match.group(2)] = (match.group(3) or "failed") if match.group(1) == "FAIL" else None
    return found


class Server:
    """build/cardea on a directory of policies; `with Server(dir) as addr`"""

    def __init__(self, directory):
        self.addr = "127.0.0.1:%d" % free_port()
        self.child = subprocess.Popen(
            [CARDEA, "server", "--set", "server.httpListenAddr=" + self.addr, "--set", "storage.disk.directory=" + directory,
             "--set", "storage.disk.watchForChanges=false"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def healthy(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.child.poll() is None:
            try:
                connection = http.client.HTTPConnection(self.addr, timeout=2)
                connection.request("GET", "/_cerbos/health")
                if connection.getresponse().status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def __enter__(self):
        if not self.healthy():
            self.__exit__()
            raise RuntimeError("the server does not start")
        return "http://" + self.addr

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def load_runner():
    path = os.path.join(CORPUS, "cel-cerbos", "run.py")
    spec = importlib.util.spec_from_file_location("cel_cerbos", path)
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    return runner


def refused_files(directory):
    """The policies of a directory that do not compile: a store with one of them serves nothing."""
    done = subprocess.run([CARDEA, "compile", directory], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    named = set(re.findall(r"([\w.-]+\.yaml):\d+", done.stdout))
    return {name for name in named if os.path.exists(os.path.join(directory, name))}


def expressions(runner):
    """Each vector is a policy whose rules put out the value, put out its type and use it as a condition."""
    found = {}
    vectors = list(runner.load([]))
    with tempfile.TemporaryDirectory() as store:
        for v in vectors:
            with open(os.path.join(store, v["id"] + ".yaml"), "w", encoding="utf-8", newline="\n") as f:
                f.write(runner.policy_text(v))
        for name in refused_files(store):
            found["cel:" + name[:-len(".yaml")]] = "does not compile"
            os.remove(os.path.join(store, name))
        with Server(store) as url:
            for v in vectors:
                label = "cel:" + v["id"]
                if label not in found:
                    got = runner.evaluate(url, v)
                    found[label] = None if runner.agrees(v, got) else "%s: got %s" % (v["expr"], json.dumps(got))
    return found


def patterns(runner):
    """Regular expressions as request data: the pattern and the subject are attributes."""
    with open(os.path.join(CORPUS, "cel-cerbos", "regex_table.json"), encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    found = {}
    with tempfile.TemporaryDirectory() as store:
        with open(os.path.join(store, "regex_table.yaml"), "w", encoding="utf-8") as f:
            f.write(runner.REGEX_POLICY)
        with Server(store) as url:
            for number, case in enumerate(cases):
                resource = {"kind": "regex_table", "id": "1", "attr": {"s": case["subject"], "p": case["pattern"]}}
                status, reply = runner.post(url, {"principal": {"id": "p", "roles": ["user"]},
                                                  "resources": [{"actions": ["view"], "resource": resource}]})
                got = "error"
                if status == 200:
                    got = reply["results"][0].get("outputs", [{}])[0].get("val", "error")
                found["regex:%d" % number] = None if got == case["re2"] else "%r on %r: want %s, got %s" % (
                    case["pattern"], case["subject"], case["re2"], got)
    return found


def refusals():
    """Expressions that the reference's compiler refuses: so must ours, with the same exit status."""
    with open(os.path.join(CORPUS, "cel-cerbos", "compile_errors.json"), encoding="utf-8") as f:
        records = json.load(f)["compile_errors"]
    found = {}
    for record in records:
        with tempfile.TemporaryDirectory() as store:
            with open(os.path.join(store, record["file"]), "w", encoding="utf-8", newline="\n") as f:
                f.write(record["policy"])
            done = subprocess.run([CARDEA, "compile", "--output=json", store], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        why = None
        if done.returncode != record["exit_code"]:
            why = "exit status %d, want %d" % (done.returncode, record["exit_code"])
        elif entries(json.loads(done.stdout), record) != entries(record["output"], record):
            why = "reports " + done.stdout
        found["refuse:" + record["id"]] = why and "%s: %s" % (record["expr"], why)
    return found


def entries(report, record):
    """What must be the same of each error: all but the wording of syntax errors, which a generated parser gives."""
    members = ["file", "error", "position", "context"] + ([] if record["generated_parser_text"] else ["description"])
    return [[error.get(member) for member in members] for error in report["compileErrors"]["errors"]]


def read_gaps():
    with open(GAPS, encoding="utf-8") as f:
        return [line.split()[0] for line in f if line.strip() and not line.startswith("#")]


def judge(t, results, gaps):
    listed = set(gaps)
    for label, why in sorted(results.items()):
        if label in listed:
            if why is None:
                t.check(label, False, "passes, but is listed in gaps.txt: remove its line")
        else:
            t.check(label, why is None, why)
    known = sum(1 for label in listed if results.get(label))
    if known:
        t.skip("conformance", "%d cases are known gaps (tests/conformance/gaps.txt)" % known, known)
    for label in sorted(listed - set(results)):
        t.check(label, False, "is listed in gaps.txt but is no case of the corpora")


def main():
    t = Tally()
    if not os.path.isdir(CORPUS):
        t.skip("conformance", "../shared/conformance is not there")
        return t.finish()
    runner = load_runner()
    results = {}
    for source in (recorded, reports, lambda: expressions(runner), lambda: patterns(runner), refusals):
        found = source()
        t.check("a corpus has cases", bool(found), "none were run")
        results.update(found)
    judge(t, results, read_gaps())
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
