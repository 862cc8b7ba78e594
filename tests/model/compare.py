"""compare.py — asks the model, Cardea and the reference the same questions, and makes a difference small

SPDX-License-Identifier: Apache-2.0
"""

import collections
import itertools
import json
import time

import archive
from cel import E
from evaluator import Rules, check
from servers import CERBOS, Refused, Server

# A defect of the reference that the model knows by its answer → where it is described
DEFECTS = {
    "failed-variables-are-null": "variables that failed are null in effective derived roles",
    "shared-condition": "rules of a role policy for several patterns share a condition",
    "folded-wrongly": "constant folding changes what an expression means",
    "lost-below-a-gap": "a scoped policy below a forgiven gap is not loaded",
    "parent-of-itself": "a role that is its own parent in a circle repeats outputs",
    "patterns-as-written": "resource patterns of role policies and principals are not sanitised",
    "forgotten-derived-role": "conditionNotMet of a derived role that was not met, from the second use on",
}
# Orders of rows that are tried with each set of defects; and, before an answer counts as different, without any
ORDERS, LAST_ORDERS = 100, 2000

SHRINK_S = 60   # for one difference


def normal(answer, texts=False):
    """Comparable: outputs as a bag, without the texts of errors unless they are asked for."""
    outputs = sorted(json.dumps(o if texts or o[2] == "val" else o[:3], sort_keys=True) for o in answer["outputs"])
    return (tuple(sorted(answer["actions"].items())), tuple(outputs), tuple(answer["derived"]))


class Model:
    def __init__(self, world):
        self.rules = Rules(world)
        self.lossy = Rules(world, ["lost-below-a-gap"])

    def answer(self, question, entry, quirks=(), order=None):
        rules = self.lossy if "lost-below-a-gap" in quirks else self.rules
        return check(rules, question["principal"], entry["resource"], entry["actions"], quirks, order)

    def explain(self, question, entry, seen):
        """Why an answer that is not the model's first is right all the same, or a known defect; or None."""
        for size in range(4):
            for quirks in itertools.combinations(DEFECTS, size):
                if self.agrees(question, entry, seen, quirks, ORDERS):
                    return " + ".join(quirks) or "order of rows"
        return "order of rows" if self.agrees(question, entry, seen, (), LAST_ORDERS) else None

    def agrees(self, question, entry, seen, quirks, orders):
        """Is each part of an answer the model's for some order of rows? The reference has no order among the rows of a
        rule, and another one for each action."""
        open_parts = parts(seen)
        for order in (None,) + tuple(range(orders)):
            for name, part in parts(self.answer(question, entry, quirks, order)).items():
                if open_parts.get(name) == part:
                    del open_parts[name]
            if not open_parts:
                return True
        return False


def parts(answer):
    """An answer by action, and its derived roles."""
    found = {"": answer["derived"]}
    for action, decision in answer["actions"].items():
        mine = dict(answer, actions={action: decision}, derived=[], outputs=[o for o in answer["outputs"] if o[1] == action])
        found[action] = normal(mine)
    return found


class Difference:
    """who: whose answer it is; seen and wanted: answers. Kept with all that is needed to ask again."""

    def __init__(self, who, world, question, entry, seen, wanted):
        self.who, self.world, self.question, self.entry = who, world, question, entry
        self.seen, self.wanted = seen, wanted


def one(question, entry):
    return dict(question, resources=[entry])


def compare_world(world, questions, tally, reference=None):
    """Asks everything and returns the differences that nothing explains. tally counts pairs and explanations."""
    reference = bool(CERBOS) if reference is None else reference
    if reference:
        world = dict(world, policies=archive.separated(world["policies"], [0]))
    model = Model(world)
    with Server("cardea", world) as cardea:
        if not reference:
            return ask_all(world, questions, tally, model, cardea, None)
        with Server("cerbos", world) as cerbos:
            return ask_all(world, questions, tally, model, cardea, cerbos)


def ask_all(world, questions, tally, model, cardea, cerbos):
    found = []
    for question in questions:
        ours = cardea.ask(question)
        theirs = cerbos.ask(question) if cerbos else [None] * len(ours)
        for entry, our, their in zip(question["resources"], ours, theirs):
            wanted = model.answer(question, entry)
            tally["pairs"] += 1
            tally["pairs with the reference"] += their is not None
            for who, seen in (("cardea", our), ("cerbos", their)):
                if seen is None or normal(seen) == normal(wanted):
                    continue
                why = model.explain(question, entry, seen)
                if why and (who == "cerbos" or why == "order of rows"):
                    tally["%s: %s" % (who, why)] += 1
                else:
                    found.append(Difference(who, world, question, entry, seen, wanted))
            if their is not None and normal(our, True) != normal(their, True) and normal(our) == normal(their):
                tally["texts of errors differ"] += 1
                for o in texts(our) - texts(their):
                    TEXTS[o] += 1
    return found


TEXTS = collections.Counter()


def texts(answer):
    return {o[3] for o in answer["outputs"] if o[2] == "error"}


# ---- making small -----------------------------------------------------------------------------

def still_differs(d, world, question):
    """Does the same server still differ from the model, without an explanation?"""
    try:
        model = Model(world)
        with Server(d.who, world) as server:
            seen = server.ask(question)[0]
        entry = question["resources"][0]
        return normal(seen) != normal(model.answer(question, entry)) and not model.explain(question, entry, seen)
    except (Refused, AssertionError, KeyError, ValueError, OSError):
        return False


def smaller(v):
    """Values like v with one part less."""
    if isinstance(v, E):
        yield from v.children()
        for i, a in enumerate(v.args):
            if isinstance(a, E):
                for s in smaller(a):
                    yield E(v.op, *v.args[:i], s, *v.args[i + 1:])
        if v.op not in ("lit", "attrs", "msg", "var"):
            yield E("lit", True)
            yield E("lit", False)
    elif isinstance(v, list):
        for i in range(len(v)):
            yield v[:i] + v[i + 1:]
        for i, x in enumerate(v):
            for s in smaller(x):
                yield v[:i] + [s] + v[i + 1:]
    elif isinstance(v, dict):
        for k in v:
            if k not in NEEDED:
                yield {a: b for a, b in v.items() if a != k}
        for k, x in v.items():
            for s in smaller(x):
                yield dict(v, **{k: s})


NEEDED = {"apiVersion", "resource", "version", "name", "principal", "role", "id", "kind", "actions", "effect", "roles",
          "parentRoles", "definitions", "resources", "set", "match", "of", "expr", "policies", "options", "question"}


def shrink(d):
    """The same difference over as little as a minute's work can make it: (world, question)."""
    question, world, end = one(d.question, d.entry), d.world, time.monotonic() + SHRINK_S
    keep = [p for p in world["policies"] if mentions(p, str(question["set"]))]
    if still_differs(d, dict(world, policies=keep), question):
        world = dict(world, policies=keep)
    whole = {"policies": world["policies"], "options": world["options"], "question": question}
    found = True
    while found:
        found, at = False, 0
        while time.monotonic() < end:   # the candidate at the same place comes next, whether or not this one did it
            candidate = next(itertools.islice(smaller(whole), at, None), None)
            if candidate is None:
                break
            if still_differs(d, {k: candidate[k] for k in ("policies", "options")}, candidate["question"]):
                whole, found = candidate, True
            else:
                at += 1
    return {k: whole[k] for k in ("policies", "options")}, whole["question"]


def mentions(doc, n):
    """Does a policy belong to set n?"""
    body = doc[archive.kind_of(doc)]
    name = body.get("resource") or body.get("principal") or body.get("role") or body["name"]
    digits = "".join(c if c.isdigit() else " " for c in name).split()
    return digits[:1] == [n]


def report(d, shrinking=True):
    world, question = shrink(d) if shrinking else (dict(d.world, policies=[p for p in d.world["policies"] if mentions(
        p, str(d.question["set"]))]), one(d.question, d.entry))
    entry = question["resources"][0]
    wanted = Model(world).answer(question, entry)
    with Server(d.who, world) as server:
        seen = server.ask(question)[0]
    lines = [archive.case("a difference", world, question), "model:  " + json.dumps(wanted, sort_keys=True),
             "%s: %s" % (d.who, json.dumps(seen, sort_keys=True))]
    return "\n".join(lines)
