"""properties.py — what must hold for all policies, asked of Cardea alone

Each property makes worlds that differ in a way that must not matter, or matter in one direction only, and compares the
answers. Why some hold in part only:

    rules in another order   a DENY ends its scope and hides the outputs of rules behind it, so outputs are compared
                             where nothing denies; in strict evaluation a failing condition ends the action while a DENY
                             ends one role, so there the order decides, and it is not asked
    unrelated policies       the policy that an answer names may change: NO_MATCH says that no policy at all could apply,
                             and a role policy for all kinds, or any principal's policy, is enough for another key.
                             Versions are left out: rules of a principal are looked up by the version of the resource, but
                             only if any principal has a policy of the principal's version
    a DENY more              in strict evaluation it may keep a failing condition from being reached: not asked either

SPDX-License-Identifier: Apache-2.0
"""

import random

from archive import kind_of
from cel import CelError, E, Env, evaluate
from compare import mentions, normal, one
from evaluator import DENY
from expressions import ATTRIBUTES, Expressions, lit
from generate import API, PATTERNS, world as make_world
from servers import Server, allowed

SETS = 25
FOLDED = 150    # expressions of one world


class Finding(Exception):
    """A property does not hold."""


def answers(world, questions, file_order=None):
    with Server("cardea", world, file_order) as server:
        return [server.ask(q) for q in questions]


def each(questions, *many):
    """(question, entry, answer, answer…) for each resource"""
    for q, *lists in zip(questions, *many):
        for entry, *found in zip(q["resources"], *lists):
            yield (q, entry, *found)


def need(good, what, question, entry, *found):
    if not good:
        raise Finding("%s: set %d, principal %r, %r\n  %s" % (what, question["set"], question["principal"], entry,
                                                             "\n  ".join(map(repr, found))))


def shuffled(rng, items):
    items = list(items)
    rng.shuffle(items)
    return items


# ---- the properties: each returns how many answers it compared --------------------------------

def file_order(seed):
    rng = random.Random(seed)
    world, questions = make_world(seed, SETS, 3)
    order = shuffled(rng, range(len(world["policies"])))
    before, after = answers(world, questions), answers(world, questions, order)
    compared = list(each(questions, before, after))
    for q, entry, a, b in compared:
        need(normal(a, True) == normal(b, True), "files in another order", q, entry, a, b)
    return len(compared)


def rule_order(seed):
    rng = random.Random(seed)
    gentle = seed % 2 == 0
    style = {"deny": False, "consent": False, "role_policies": False, "root_consent": False} if gentle else {}
    world, questions = make_world(seed, SETS, 3, named=True, **style)
    world["options"]["strict"] = False
    other = dict(world, policies=[reordered(rng, doc) for doc in world["policies"]])
    compared = list(each(questions, answers(world, questions), answers(other, questions)))
    for q, entry, a, b in compared:
        a, b = normal(a), normal(b)
        need(a == b if gentle else (a[0], a[2]) == (b[0], b[2]), "rules in another order", q, entry, a, b)
    return len(compared)


def reordered(rng, doc):
    kind = kind_of(doc)
    body = dict(doc[kind])
    for name in ("rules", "definitions", "importDerivedRoles"):
        if isinstance(body.get(name), list):
            body[name] = [dict(r, actions=shuffled(rng, r["actions"])) if isinstance(r, dict) and "actions" in r else r
                          for r in shuffled(rng, body[name])]
    return {"apiVersion": API, kind: body}


def batch_equals_singles(seed):
    world, questions = make_world(seed, SETS, 3)
    with Server("cardea", world) as server:
        for q in questions:
            for entry, a in zip(q["resources"], server.ask(q)):
                b, = server.ask(one(q, entry))
                need(normal(a, True) == normal(b, True), "asked alone", q, entry, a, b)
                split = [server.ask(one(q, dict(entry, actions=[action])))[0] for action in entry["actions"]]
                effects = {a: d for s in split for a, d in s["actions"].items()}
                need(effects == a["actions"], "actions asked alone", q, entry, a, effects)
    return sum(len(q["resources"]) for q in questions)


def unrelated_policies(seed):
    world, questions = make_world(seed, SETS, 3, shared_scope=False)
    kept = [str(n) for n in range(0, SETS, 2)]
    questions = [without_versions(q) for q in questions if str(q["set"]) in kept]
    fewer = dict(world, policies=[p for p in world["policies"] if any(mentions(p, n) for n in kept)])
    compared = list(each(questions, answers(world, questions), answers(fewer, questions)))
    for q, entry, a, b in compared:
        need(decided(a) == decided(b), "without unrelated policies", q, entry, a, b)
    return len(compared)


def without_versions(question):
    def plain(thing):
        return {k: v for k, v in thing.items() if k != "policyVersion"}
    return dict(question, principal=plain(question["principal"]),
                resources=[dict(entry, resource=plain(entry["resource"])) for entry in question["resources"]])


def decided(answer):
    """An answer without the policies that it names."""
    actions = {action: (effect, "", scope) for action, (effect, _, scope) in answer["actions"].items()}
    return normal(dict(answer, actions=actions), True)


def denying_never_grants(seed):
    rng = random.Random(seed)
    world, questions = make_world(seed, SETS, 3)
    world["options"]["strict"] = False
    other = dict(world, policies=[denying(rng, doc) for doc in world["policies"]])
    compared = list(each(questions, answers(world, questions), answers(other, questions)))
    for q, entry, a, b in compared:
        need(allowed(b) <= allowed(a), "a DENY more grants", q, entry, a, b)
    return len(compared)


def denying(rng, doc):
    """With one DENY more, now and then."""
    kind = kind_of(doc)
    if rng.random() < 0.6 or kind not in ("resourcePolicy", "principalPolicy"):
        return doc
    body, condition = doc[kind], {"condition": {"match": {"expr": Expressions(rng).condition()}}} if rng.random() < 0.5 else {}
    if kind == "resourcePolicy":
        rule = dict({"actions": [rng.choice(PATTERNS)], "effect": DENY, "roles": ["*"]}, **condition)
        return {"apiVersion": API, kind: dict(body, rules=body["rules"] + [rule])}
    action = dict({"action": rng.choice(PATTERNS), "effect": DENY}, **condition)
    rules = [dict(r, actions=r["actions"] + [action]) if i == 0 else r for i, r in enumerate(body["rules"])]
    return {"apiVersion": API, kind: dict(body, rules=rules)}


def strict_allows_less(seed):
    world, questions = make_world(seed, SETS, 3)
    sides = [answers(dict(world, options=dict(world["options"], strict=s)), questions) for s in (True, False)]
    compared = list(each(questions, *sides))
    for q, entry, a, b in compared:
        need(allowed(a) <= allowed(b), "strict evaluation allows more", q, entry, a, b)
    return len(compared)


class Literals(Expressions):
    """Expressions of literals alone: everything in them can be computed when a policy is compiled."""

    def path(self):
        values = [v for values in ATTRIBUTES.values() for v in values if not isinstance(v, dict)]
        v = self.rng.choice(values)
        return E("dyn", lit(float(v) if isinstance(v, int) and not isinstance(v, bool) else v))

    def presence(self, depth):
        return self.literal_bool(depth)

    roles = presence


def folding_changes_nothing(seed):
    """The same expressions with their literals, and with attributes of the same values."""
    rng = random.Random(seed)
    rules, attr, wanted = [], {}, {}
    for n in range(FOLDED):
        folded = Literals(rng).wanted(rng.choice(["bool", "bool", "dyn", "string", "double", "list"]), 3)
        for how, e in (("folded", folded), ("unfolded", unfolded(folded, attr))):
            rules.append({"actions": ["%s%d" % (how, n)], "roles": ["*"], "effect": "EFFECT_ALLOW", "name": "%s%d" % (how, n),
                          "condition": {"match": {"expr": e}},
                          "output": {"when": {"ruleActivated": e, "conditionNotMet": e}}})
        wanted[n] = value_of(folded)
    policy = {"apiVersion": API, "resourcePolicy": {"resource": "k0", "version": "default", "rules": rules}}
    world = {"policies": [policy], "options": {"strict": bool(seed % 2)}}
    entry = {"resource": {"kind": "k0", "id": "1", "attr": attr}}
    question = {"set": 0, "principal": {"id": "ann", "roles": ["r"]}}
    with Server("cardea", world) as server:
        for n in range(FOLDED):
            names = ["folded%d" % n, "unfolded%d" % n]
            found, = server.ask(dict(question, resources=[dict(entry, actions=names)]))
            got = {o[1]: o[2:] if o[2] == "val" else o[2:3] for o in found["outputs"]}
            effects = {found["actions"][name][0] for name in names}
            strict_error = world["options"]["strict"] and wanted[n] == ("error",)  # then there is no output at all
            good = len(effects) == 1 and (got == {} if strict_error else [got.get(name) for name in names] == [wanted[n]] * 2)
            need(good, "folding", question, [rules[2 * n], rules[2 * n + 1]], found, wanted[n])
    return 2 * FOLDED


def unfolded(e, attr):
    if e.op == "lit" and (not isinstance(e.args[0], int) or isinstance(e.args[0], bool)):
        name = "q%d" % len(attr)
        attr[name] = e.args[0]
        return E("select", E("attrs", "R"), name)
    return E(e.op, *[unfolded(a, attr) if isinstance(a, E) else a for a in e.args])


def value_of(e):
    from evaluator import as_json
    message = {"id": "1", "kind": "k0", "scope": "", "policyVersion": "", "attr": {}}
    try:
        return ("val", as_json(evaluate(e, Env(message, dict(message, id="ann", roles=["r"]), {}, {}, {}, list))))
    except CelError:
        return ("error",)


PROPERTIES = [
    ("files in another order change nothing", file_order),
    ("rules in another order change nothing", rule_order),
    ("a batch is answered like its parts", batch_equals_singles),
    ("unrelated policies change nothing", unrelated_policies),
    ("one more DENY never grants", denying_never_grants),
    ("strict evaluation allows no more", strict_allows_less),
    ("folding constants changes nothing", folding_changes_nothing),
]
