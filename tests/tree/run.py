#!/usr/bin/env python3
"""Tests of the tree itself: what a reader and a second compiler would trip over.

Headers compile alone; the other compiler has nothing to say; every source file has its licence; scripts parse; links in
the documents lead somewhere; they name files and goals that exist; generated files are fresh; every error code is
explained; `make install` puts the right files in place.

SPDX-License-Identifier: Apache-2.0
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tally import BUILD, ROOT, Tally  # noqa: E402

SOURCES = ("*.c", "*.h", "*.def", "*.py", "*.sh", "*.ts", "*.mjs")
SOURCE_FOLDERS = ("pdp", "policy-compiler", "cli", "tests", "scripts", "bench", "clients")
OTHERS = ("build", "node_modules", "dist", ".venv", "__pycache__", ".git")


def files(patterns, folders=(".",)):
    found = []
    for folder in folders:
        for top, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = sorted(d for d in dirs if d not in OTHERS and not d.endswith(".egg-info"))
            found += [os.path.relpath(os.path.join(top, n), ROOT) for n in sorted(names)
                      if any(glob.fnmatch.fnmatch(n, p) for p in patterns)]
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def make(*goals):
    command = ["make", "--no-print-directory", "-j%d" % (os.cpu_count() or 1), "-k", "BUILD=" + os.path.relpath(BUILD, ROOT)]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(command + list(goals), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def compilers(t):
    done = make("check-headers")
    t.check("every header compiles alone", done.returncode == 0, done.stdout)
    if shutil.which("clang"):
        done = make("check-syntax")
        t.check("clang has nothing to say", done.returncode == 0, done.stdout)
    else:
        t.skip("the sources with clang", "clang is not installed (scripts/install-deps.sh --for develop)")


def licences(t):
    missing = [f for f in files(SOURCES, SOURCE_FOLDERS) if "SPDX-License-Identifier: Apache-2.0" not in read(f)
               and os.path.getsize(os.path.join(ROOT, f)) > 0 and os.path.basename(f) != "run.sh"]
    t.equal("every source file names its licence", missing, [])


def scripts(t):
    for path in files(("*.sh",)):
        done = subprocess.run(["sh", "-n", path], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        t.check("%s parses" % path, done.returncode == 0, done.stdout)
    runners = files(("run.sh",), ("tests",)) + [".ci/run", "tests/run-all"]
    t.equal("what is run is executable", [r for r in runners if not os.access(os.path.join(ROOT, r), os.X_OK)], [])
    t.check(".ci/run calls make test", "make test" in read(".ci/run"))


def links(t):
    """[text](path) and [text](path#heading) in Markdown files, with paths relative to the file."""
    for path in files(("*.md",)):
        text = re.sub(r"```.*?```", "", read(path), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, heading = target.partition("#")
            full = os.path.normpath(os.path.join(ROOT, os.path.dirname(path), name)) if name else os.path.join(ROOT, path)
            good = os.path.exists(full)
            if good and heading and full.endswith(".md"):
                good = heading in headings(full)
            t.check("%s: link to %s" % (path, target), good, "leads nowhere")


def headings(path):
    with open(path, encoding="utf-8") as f:
        lines = [line for line in f if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-") for line in lines}


def named_things(t):
    """Goals and files that the documents tell a reader to use."""
    goals = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.M))
    for path in files(("*.md",)):
        text = read(path)
        for goal in set(re.findall(r"(?:^|`|\$ )make ([a-z][a-z-]*)", text, flags=re.M)):
            t.check("%s: make %s" % (path, goal), goal in goals, "no such goal")
        for name in set(re.findall(r"(?<![\w/.-])((?:scripts|testdata|schemas|docs|tests|pdp|policy-compiler|cli|clients|bench)/"
                                   r"[\w./-]*[\w/])", text)):
            t.check("%s: names %s" % (path, name), exists_somewhere(name), "no such file")


def exists_somewhere(name):
    path = os.path.join(ROOT, name)
    return os.path.exists(path) or bool(glob.glob(path + ".*"))


def generated(t):
    done = subprocess.run([sys.executable, "scripts/generate.py", "--check"], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    t.check("generated files are fresh", done.returncode == 0, done.stdout)


def codes(t):
    """Every code that a diagnostic can have is explained in docs/errors.md, and no other."""
    used = set()
    for path in files(("*.c", "*.def"), ("pdp", "policy-compiler", "cli")):
        used |= set(re.findall(r'\.code = "([EWN]\d{4})"|_DIAG\(([EWN]\d{4}),', read(path)))
    rows = re.findall(r"^\| ((?:[EWN]\d{4}(?:, )?)+) \|", read("docs/errors.md"), flags=re.M)
    explained = [code for row in rows for code in row.split(", ")]
    t.equal("docs/errors.md explains every code once", sorted(explained), sorted(a or b for a, b in used))


def install(t):
    with tempfile.TemporaryDirectory() as there:
        done = make("install", "DESTDIR=" + there, "PREFIX=/usr")
        if not t.check("make install", done.returncode == 0, done.stdout):
            return
        for path in ("bin/cardea", "share/cardea/schemas/policy.schema.json", "share/doc/cardea/README.md",
                     "share/doc/cardea/LICENSE", "share/doc/cardea/config.example.json"):
            t.check("make install brings %s" % path, os.path.isfile(os.path.join(there, "usr", path)), "missing")
        done = subprocess.run([os.path.join(there, "usr/bin/cardea"), "version"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        t.check("the installed program runs", done.returncode == 0 and "0." in done.stdout, done.stdout)


def main():
    t = Tally()
    for case in (compilers, licences, scripts, links, named_things, generated, codes, install):
        case(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
