#!/usr/bin/env python3
"""run.py — the model against Cardea, and against the reference where CERBOS names its program

    tests/model/run.py [--pairs N] [--seed N] [--rounds N] [--reference-pairs N] [--no-shrink]

Worlds are made at random (generate.py) and asked about; each answer is compared with the model's (evaluator.py). A pair
is a set of policies with one resource of a request. What differs is made small (compare.py) and printed as a case
archive. Answers of the reference that a known defect explains are counted by its name, and so are answers that depend on
an order which nothing defines. Afterwards properties.py asks, --rounds times each, for what must hold for all policies.

The same seed asks the same.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True

import compare                     # noqa: E402
import generate                    # noqa: E402
import properties                  # noqa: E402
from servers import CERBOS         # noqa: E402
from tally import Tally            # noqa: E402

SHOWN = 5           # differences that are made small and printed
ENOUGH = 200        # differences after which it stops
# (sets of a world, requests to each): the reference takes long to start and little to answer
CARDEA_SIZE, REFERENCE_SIZE, SMALL_SIZE = (60, 5), (40, 20), (6, 5)


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--pairs", type=int, default=3000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--reference-pairs", type=int)
    p.add_argument("--no-shrink", action="store_true")
    return p.parse_args()


def compare_pairs(tally, args, pairs, size, reference):
    """Asks at least so many pairs."""
    counts, found, seed, began = collections.Counter(), [], args.seed, time.monotonic()
    while counts["pairs"] < pairs and len(found) < ENOUGH:
        world, questions = generate.world(seed, *size)
        found += [(seed, d) for d in compare.compare_world(world, questions, counts, reference)]
        seed += 1
    print("model, Cardea%s: seeds %d to %d in %.0f s" % (", reference" if reference else "", args.seed, seed - 1,
                                                        time.monotonic() - began))
    for what, count in sorted(counts.items()):
        print("%9d %s" % (count, what))
    for text, count in compare.TEXTS.most_common(SHOWN):
        print("%9d answers have an error text of Cardea's own: %s" % (count, text))
    print("%9d unexplained differences" % len(found), flush=True)
    tally.passed += counts["pairs"] - len({id(d.entry) for _, d in found})
    for n, (s, d) in enumerate(found):
        tally.check("%s differs from the model: seed %d, set %d" % (d.who, s, d.question["set"]), False,
                    "\n" + compare.report(d, not args.no_shrink) if n < SHOWN else "")


def ask_properties(tally, args):
    for name, holds in properties.PROPERTIES:
        compared = 0
        for seed in range(args.seed, args.seed + args.rounds):
            try:
                compared += holds(seed)
                tally.check(name, True)
            except properties.Finding as finding:
                tally.check("%s: seed %d" % (name, seed), False, str(finding))
        print("%9d answers: %s" % (compared, name), flush=True)


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # so that servers end too
    tally = Tally()
    compare_pairs(tally, args, args.pairs, CARDEA_SIZE, False)
    wanted = args.pairs if args.reference_pairs is None else args.reference_pairs
    if CERBOS:
        compare_pairs(tally, args, wanted, SMALL_SIZE if wanted < 5000 else REFERENCE_SIZE, True)
    else:
        tally.skip("comparison with the reference", "CERBOS names no program")
    ask_properties(tally, args)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
