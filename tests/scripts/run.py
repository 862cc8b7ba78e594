#!/usr/bin/env python3
"""Tests of scripts/install-deps.sh: what it would do on which system.

The script runs with a PATH of its own: a few true tools, and stand-ins for those that see or change the system. They
write down how they were called, so that nothing is installed and no network is touched.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tally import ROOT, Tally  # noqa: E402

SCRIPT = os.path.join(ROOT, "scripts", "install-deps.sh")
TRUE_TOOLS = ["cat", "echo", "env", "grep", "head", "paste", "printf", "rm", "sed", "sh", "tail", "tr"]
LIBRARY_PACKAGES = ("libevent-dev libllhttp-dev libyyjson-dev libyaml-dev libpcre2-dev libsqlite3-dev libssl-dev "
                    "libcurl4-openssl-dev").split()
MIRROR = "http://mirror.example/debian/"


class Machine:
    """A pretended system: files in a directory, one call of a tool a line in `calls`."""

    def __init__(self, system, version, uid=0, tools=(), libraries=False, newer=False):
        self.dir = tempfile.mkdtemp()
        self.calls_file = os.path.join(self.dir, "calls")
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        for tool in TRUE_TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.bin, tool))
        with open(os.path.join(self.dir, "os-release"), "w", encoding="utf-8") as f:
            f.write('ID=%s\nVERSION_ID="%s"\nPRETTY_NAME="%s %s"\n' % (system, version, system, version))
        self.fake("id", "echo %d" % uid)
        self.fake("tee", "cat >/dev/null")
        # The stand-in of apt-get makes the libraries appear when it installs.
        self.fake("apt-get", 'case "$*" in *indextargets*) echo %s ;; *install*) : >%s/installed ;; esac' % (MIRROR, self.dir))
        self.fake("apt-cache", "echo '  Candidate: %s'" % ("9.2.1" if newer else "(none)"))
        self.fake("pkg-config", "%s || [ -e %s/installed ]" % ("true" if libraries else "false", self.dir))
        for tool in tools:
            self.fake(tool, "exit 0")
        os.mkdir(os.path.join(self.dir, "Europe"))
        with open(os.path.join(self.dir, "Europe", "London"), "w", encoding="utf-8"):
            pass

    def fake(self, name, body):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\necho "%s $*" >>%s\n%s\n' % (name, self.calls_file, body))
        os.chmod(path, 0o755)

    def run(self, *args):
        """(exit status, output, calls of apt-get, tee, sudo and rm)"""
        done = subprocess.run(["sh", SCRIPT, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": self.bin, "OS_RELEASE": os.path.join(self.dir, "os-release"),
                                   "TZDIR": self.dir})
        calls = []
        if os.path.exists(self.calls_file):
            with open(self.calls_file, encoding="utf-8") as f:
                calls = [c for c in f.read().splitlines() if c.split()[0] in ("apt-get", "tee", "sudo")]
        return done.returncode, done.stdout, calls

    def close(self):
        shutil.rmtree(self.dir)


COMPILER = ("gcc", "make", "curl")


def nothing_missing(t):
    m = Machine("debian", "13", tools=COMPILER, libraries=True)
    t.equal("nothing missing: silent", m.run(), (0, "", []))
    status, output, calls = m.run("--dry-run")
    t.check("nothing missing: said aloud in a dry run", status == 0 and "nothing is missing" in output, output)
    m.close()
    m = Machine("gentoo", "1", tools=COMPILER, libraries=True)
    t.equal("nothing missing: any system will do", m.run(), (0, "", []))
    m.close()


def dry_run_changes_nothing(t):
    for version in ("12", "13"):
        m = Machine("debian", version, tools=COMPILER)
        status, output, calls = m.run("--dry-run")
        t.equal("dry run on %s: status" % version, status, 0)
        changing = [c for c in calls if "indextargets" not in c]
        t.equal("dry run on %s: no tool that changes anything is called" % version, changing, [])
        for package in LIBRARY_PACKAGES:
            t.check("dry run on %s names %s" % (version, package), package in output, output)
        t.check("dry run on %s leaves out what is there" % version, not re.search(r"(?<!lib)curl", output), output)
        t.equal("dry run on %s: Debian 13 as a source" % version, "Suites: trixie" in output, version == "12")
        m.close()


def debian_12(t):
    m = Machine("debian", "12", tools=COMPILER)
    status, output, calls = m.run()
    t.equal("Debian 12: status", status, 0)
    t.check("Debian 12: says what was missing", "missing: libevent 2.1.12, llhttp 9.2" in output, output)
    t.equal("Debian 12: order of steps", [c.split()[0] + " " + c.split()[-1] for c in calls if "indextargets" not in c], [
        "apt-get update",
        "tee /etc/apt/preferences.d/cardea-debian-13",
        "tee /etc/apt/sources.list.d/cardea-debian-13.sources",
        "apt-get update",
        "apt-get libcurl4-openssl-dev",
    ])
    m.close()
    m = Machine("debian", "12", tools=COMPILER, newer=True)
    status, output, calls = m.run()
    t.check("Debian 12 that has a source already gets no second one", status == 0 and not any(
        c.startswith("tee") for c in calls), calls)
    m.close()
    m = Machine("debian", "12", tools=COMPILER)
    m.fake("tee", "cat >>%s/written" % m.dir)
    m.run()
    with open(os.path.join(m.dir, "written"), encoding="utf-8") as f:
        written = f.read()
    t.check("Debian 12: the mirror is the machine's own", "URIs: %s\n" % MIRROR in written, written)
    t.check("Debian 12: everything else of Debian 13 is shut out",
            "Package: *\nPin: release n=trixie\nPin-Priority: -1\n" in written, written)
    m.close()


def rights(t):
    m = Machine("debian", "13", uid=1000, tools=COMPILER)
    status, output, calls = m.run()
    t.check("no root, no sudo: stops and says what to run", status == 1 and "not root" in output and "apt-get" in output,
            output)
    m.close()
    m = Machine("debian", "13", uid=1000, tools=COMPILER)
    m.fake("sudo", '"$@"')
    status, output, calls = m.run()
    t.check("no root: by sudo", status == 0 and sum(c.startswith("sudo env") for c in calls) == 2, calls)
    m.close()
    m = Machine("debian", "13", tools=COMPILER)
    m.fake("sudo", '"$@"')
    status, output, calls = m.run()
    t.check("root: without sudo", status == 0 and not any(c.startswith("sudo") for c in calls), calls)
    m.close()


def elsewhere(t):
    for system, version in (("ubuntu", "24.04"), ("debian", "11"), ("fedora", "43")):
        m = Machine(system, version, tools=COMPILER)
        status, output, calls = m.run()
        t.equal("%s %s: an error" % (system, version), status, 1)
        t.equal("%s %s: nothing is tried" % (system, version), calls, [])
        for line in ("libevent 2.1.12", "llhttp 9.2", "yyjson 0.10", "OpenSSL 3.0"):
            t.check("%s %s names %s" % (system, version, line), line in output, output)
        m.close()


def same_libraries(t):
    """The Makefile asks pkg-config for what the script installs, with the same least versions."""
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    wanted = re.findall(r"([\w.-]+)>=([\w.]+)", " ".join(re.findall(r"^(?:LIBS|CHECK) *:=(.*)$", text, flags=re.M)))
    with open(SCRIPT, encoding="utf-8") as f:
        installed = re.findall(r"\|lib (\S+) (\S+)\|", f.read())
    t.equal("the Makefile and the installer name the same libraries", sorted(installed), sorted(wanted))


def failures(t):
    m = Machine("debian", "13", tools=COMPILER)
    m.fake("apt-get", "exit 100")
    status, output, _ = m.run()
    t.check("apt-get fails: so does the script", status != 0, output)
    m.close()
    m = Machine("debian", "13", tools=COMPILER)
    m.fake("apt-get", "exit 0")
    status, output, _ = m.run()
    t.check("apt-get brings nothing: said, not ignored", status == 1 and "still missing" in output, output)
    m.close()
    for args in (["--for", "fun"], ["--for"], ["--frobnicate"]):
        m = Machine("debian", "13")
        status, output, calls = m.run(*args)
        t.check("usage: %s" % " ".join(args), status == 2 and "Usage:" in output and not calls, output)
        m.close()
    m = Machine("debian", "13")
    status, output, _ = m.run("--help")
    t.check("--help", status == 0 and "--dry-run" in output, output)
    m.close()


def main():
    t = Tally()
    for case in (nothing_missing, dry_run_changes_nothing, debian_12, rights, elsewhere, same_libraries, failures):
        case(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
