"""tally.py — counts what the scripted tests find and prints it as tests/run-all expects

    tally = Tally()
    tally.check("name of the case", got == want, "what was seen instead")
    tally.skip("name", "why it could not run")
    sys.exit(tally.finish())

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import socket

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
CARDEA = os.environ.get("CARDEA", os.path.join(BUILD, "cardea"))
SHARED = os.path.join(os.path.dirname(ROOT), "shared")


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL %s: %s" % (name, detail), flush=True)
        return good

    def equal(self, name, got, want):
        return self.check(name, got == want, "got %s, want %s" % (json.dumps(got, default=str),
                                                                  json.dumps(want, default=str)))

    def skip(self, name, why, count=1):
        self.skipped += count
        print("SKIP %s: %s" % (name, why), flush=True)

    def finish(self):
        print("%d passed, %d failed%s" % (self.passed, self.failed,
                                          ", %d skipped" % self.skipped if self.skipped else ""))
        return 1 if self.failed else 0


def free_port():
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
