#!/usr/bin/env python3
"""run.py — scenarios of the running server

    tests/scenario/run.py [NAME…]        all scenarios, or those whose names contain one of the words

life.py (start and end), answers.py (what is answered), interfaces.py (everything but
checks), protocol.py (connections, limits, deadlines), transport.py (TLS, Unix sockets), reload.py (policies
that change), tokens.py (tokens and key sets) each hold a list of functions. All run twice: with CARDEA, the program, and
with CARDEA_ASAN, the build with sanitizers, but for those that measure time.

SPDX-License-Identifier: Apache-2.0
"""

import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True

import answers     # noqa: E402
import interfaces  # noqa: E402
import life        # noqa: E402
import protocol    # noqa: E402
import reload      # noqa: E402
import server      # noqa: E402
import tokens      # noqa: E402
import transport   # noqa: E402
from tally import BUILD, CARDEA, Tally  # noqa: E402

MODULES = [life, answers, interfaces, protocol, reload, tokens, transport]
MEASURING = ["delay"]


def run_all(tally, words, program, mark):
    server.PROGRAM = program
    for module in MODULES:
        for name, scenario in module.SCENARIOS:
            whole = "%s/%s%s" % (module.__name__, name, mark)
            if (words and not any(word in whole for word in words)) or (mark and name in MEASURING):
                continue
            try:
                scenario(lambda what, good, detail="": tally.check("%s: %s" % (whole, what), good, detail))
            except Exception:
                tally.check(whole, False, traceback.format_exc())


def main():
    tally = Tally()
    words = sys.argv[1:]
    run_all(tally, words, CARDEA, "")
    sanitized = os.environ.get("CARDEA_ASAN", os.path.join(BUILD, "asan", "cardea"))
    if os.path.exists(sanitized):
        run_all(tally, words, sanitized, " (asan)")
    else:
        tally.skip("scenarios with sanitizers", "%s is not built" % sanitized)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
