#!/usr/bin/env python3
"""The clients against a running server: real MCP servers, real MCP clients, a real PDP.

  tests/e2e/run.py [SUITE…]

For each suite the packages it needs are installed once under build/e2e, in a folder named after what was asked for, by
pip and npm as they are set up on this machine. Where that is impossible the suite is skipped, aloud; with CI=true that
is a failure, because there nobody would hear it. CARDEA names the program under test.

Output and last line are as tests/run-all expects them.

SPDX-License-Identifier: Apache-2.0
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tally import BUILD, CARDEA, ROOT, Tally  # noqa: E402

HERE = os.path.join(ROOT, "tests", "e2e")
WORK = os.path.join(BUILD, "e2e")
PYTHON_CLIENT = os.path.join(ROOT, "clients", "python")
TYPESCRIPT_CLIENT = os.path.join(ROOT, "clients", "typescript")
INSTALL_TIMEOUT_S = 420
SUITE_TIMEOUT_S = 420
LEAST_NODE = 18

tally = Tally()


class Missing(Exception):
    """What a suite needs is not to be had here."""


def execute(command, timeout_s, cwd=ROOT, **env):
    """(exit status, output); None after a timeout. The environment has no bytecode written into the tree."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **env)
    child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        output, _ = child.communicate(timeout=timeout_s)
        return child.returncode, output
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
        return None, output


def install(folder, steps):
    """Runs the steps unless they were done before; a marker is written last."""
    marker = os.path.join(folder, ".complete")
    if os.path.exists(marker):
        return
    for command, cwd in steps:
        status, output = execute(command, INSTALL_TIMEOUT_S, cwd)
        if status != 0:
            lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
            errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
            raise Missing("its packages cannot be installed: %s" % errors[0])
    open(marker, "w").close()


def keyed(name, *files):
    """A folder for what these files ask for: another name whenever they change."""
    digest = hashlib.sha256(sys.version.encode())
    for path in files:
        with open(path, "rb") as f:
            digest.update(f.read())
    folder = os.path.join(WORK, "%s-%s" % (name, digest.hexdigest()[:12]))
    os.makedirs(folder, exist_ok=True)
    return folder


def copy(source, target, *names):
    """Fresh copies of files and folders, so that building leaves the tree alone."""
    for name in names:
        into = os.path.join(target, name)
        if os.path.isdir(into):
            shutil.rmtree(into)
        if os.path.isdir(os.path.join(source, name)):
            shutil.copytree(os.path.join(source, name), into,
                            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        else:
            shutil.copy(os.path.join(source, name), into)


# ---- Python -----------------------------------------------------------------------------------

def python_suite(name, tests):
    """A virtual environment with one version of FastMCP and the client, installed as a user would."""
    requirements = os.path.join(HERE, "requirements", name + ".txt")
    constraints = os.path.join(HERE, "requirements", name + ".constraints.txt")
    home = keyed(name, requirements, constraints)
    python = os.path.join(home, "bin", "python")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    install(home, [([sys.executable, "-m", "venv", home], ROOT),
                   (pip + ["-r", requirements, "-c", constraints], ROOT)])

    package = os.path.join(home, "package")
    os.makedirs(package, exist_ok=True)
    copy(PYTHON_CLIENT, package, "src", "pyproject.toml", "README.md")
    step(name + ": the package installs",
         pip + ["--no-deps", "--no-build-isolation", "--force-reinstall", package])
    step(name + ": the package is typed",
         [python, "-m", "mypy", "--strict", "--cache-dir", os.path.join(home, "mypy"), "-p", "cardea"])
    for path in tests:
        run_pytest("%s: %s" % (name, os.path.relpath(path, ROOT)), python, home, path)


def step(what, command):
    status, output = execute(command, SUITE_TIMEOUT_S)
    tally.check(what, status == 0, output.strip()[-2000:])


def run_pytest(name, python, home, path):
    report = os.path.join(home, "report.xml")
    if os.path.exists(report):
        os.remove(report)
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report, path]
    status, output = execute(command, SUITE_TIMEOUT_S, CARDEA=CARDEA, CARDEA_WORK=WORK)
    if not os.path.exists(report):
        tally.check(name, False, "pytest ended with %s\n%s" % (status, output[-4000:]))
        return
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        label = "%s::%s" % (name, case.get("name"))
        skipped, wrong = case.find("skipped"), [c for c in case if c.tag in ("failure", "error")]
        if skipped is not None:
            tally.skip(label, skipped.get("message"))
        else:
            tally.check(label, not wrong, "\n".join((c.text or "")[-3000:] for c in wrong))
    if status not in (0, 1):
        tally.check(name, False, "pytest ended with %s\n%s" % (status, output[-2000:]))


# ---- TypeScript -------------------------------------------------------------------------------

def node_version():
    try:
        status, output = execute(["node", "--version"], 30)
    except OSError:
        raise Missing("node is not installed") from None
    version = re.match(r"v(\d+)\.", output)
    if status != 0 or not version:
        raise Missing("node does not tell its version")
    if int(version.group(1)) < LEAST_NODE:
        raise Missing("node %s is older than %d" % (output.strip(), LEAST_NODE))


def typescript_suite():
    """A copy of the package with its tools; the tests of the package, then those against a server."""
    node_version()
    if shutil.which("npm") is None:
        raise Missing("npm is not installed")
    lock = os.path.join(TYPESCRIPT_CLIENT, "package-lock.json")
    home = keyed("node", lock)
    copy(TYPESCRIPT_CLIENT, home, "package.json", "package-lock.json", ".npmrc")
    install(home, [(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], home)])

    copy(TYPESCRIPT_CLIENT, home, "src", "test", "examples", "tsconfig.json")
    copy(HERE, home, "typescript")
    shutil.rmtree(os.path.join(home, "dist"), ignore_errors=True)
    status, output = execute([os.path.join(home, "node_modules", ".bin", "tsc")], SUITE_TIMEOUT_S, home)
    if not tally.check("typescript: the package compiles", status == 0, output[-4000:]):
        return
    run_node("typescript: package", home, "dist/test")
    run_node("typescript: server", home, "typescript")


def run_node(name, home, folder):
    ends = (".test.js", ".test.mjs")
    tests = sorted(f for f in os.listdir(os.path.join(home, folder)) if f.endswith(ends))
    for test in tests:
        command = ["node", "--test", "--test-reporter=tap", os.path.join(folder, test)]
        contract = os.path.join(ROOT, "clients", "contract")
        status, output = execute(command, SUITE_TIMEOUT_S, home, CARDEA=CARDEA, CARDEA_WORK=WORK,
                                 CARDEA_ROOT=ROOT, CARDEA_CONTRACT=contract)
        read_tap("%s: %s" % (name, test), status, output)


def read_tap(name, status, output):
    """Counts the leaves of node's TAP; its totals do not tell a broken file from a failed test."""
    totals = dict(re.findall(r"^# (tests|pass|fail|skipped|cancelled|todo) (\d+)$", output, re.M))
    if set(totals) < {"tests", "pass", "fail", "skipped"}:
        tally.check(name, False, "node ended with %s\n%s" % (status, output[-4000:]))
        return
    skips = re.findall(r"^ *ok \d+ - (.*) # SKIP ?(.*)$", output, re.M)
    for label, why in skips:
        tally.skip("%s: %s" % (name, label), why)
    tally.passed += int(totals["pass"])
    if int(totals["fail"]) or int(totals.get("cancelled", 0)) or status != 0:
        shown = re.findall(r"^( *)not ok \d+ - (.*)\n((?:\1 .*\n)*)", output, re.M)
        for _, label, detail in shown:
            print("FAIL %s: %s\n%s" % (name, label, detail[:1500]))
        if not shown:
            print("FAIL %s: node ended with %s\n%s" % (name, status, output[-3000:]))
        tally.failed += max(1, int(totals["fail"]) + int(totals.get("cancelled", 0)))
    elif int(totals["pass"]) + len(skips) == 0:
        tally.check(name, False, "no test ran")


# ---- all of it --------------------------------------------------------------------------------

def suites():
    unit = os.path.join(PYTHON_CLIENT, "tests")
    middleware = os.path.join(unit, "test_fastmcp.py")
    server = os.path.join(HERE, "python")
    return {
        "fastmcp2": lambda: python_suite("fastmcp2", [middleware, server]),
        "fastmcp3": lambda: python_suite("fastmcp3", [unit, server]),
        "fastmcp4": lambda: python_suite("fastmcp4", [middleware, server]),
        "typescript": typescript_suite,
    }


def main():
    found = suites()
    names = sys.argv[1:] or list(found)
    unknown = [name for name in names if name not in found]
    if unknown:
        sys.exit("run.py: no such suite: %s (there are: %s)" % (", ".join(unknown), ", ".join(found)))
    if not os.access(CARDEA, os.X_OK):
        tally.check("the program", False, "%s is missing; `make build` builds it, CARDEA names another" % CARDEA)
        return tally.finish()
    os.makedirs(WORK, exist_ok=True)
    lock = open(os.path.join(WORK, "lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # two runs would install into the same folders
    for name in names:
        try:
            found[name]()
        except Missing as missing:
            if os.environ.get("CI") == "true":
                tally.check(name, False, "%s (with CI=true this is a failure)" % missing)
            else:
                tally.skip(name, str(missing))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
