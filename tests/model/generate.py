"""generate.py — random worlds: policies, options, requests

A world is made of sets. A set has kinds, roles, scopes, actions and principals of its own names (k7_a, r7x, s7.a, p7a),
so that hundreds of them live in one server and each can still be looked at alone. What all share is the root scope, the
versions, and, in some worlds, a scope `shared` that is also the default one.

Names do not collide where the reference is known to confuse them, but for the quirks that evaluator.py knows.

SPDX-License-Identifier: Apache-2.0
"""

import random

from expressions import GLOBALS, Expressions, attributes
from evaluator import ALLOW, CONSENT, DENY
from globs import matches

API = "api.cerbos.dev/v1"
OVERRIDE = "SCOPE_PERMISSIONS_OVERRIDE_PARENT"
ACTIONS = ["view", "view:public", "view:public:all", "edit", "delete", "admin:edit", "create"]
PATTERNS = ACTIONS + ["*", "**", "view*", "view:*", "view:**", "*:public", "*e*", "{view,edit}*", "[de]*", "*[!w]", "v?ew*",
                      "admin:*", "v?ew", "{edit,delete}", "[vc]*", "view:[ap]*", "view:*:all"]
SCOPE_TAILS = ["", ".a", ".a.b", ".a.c", ".d"]
VERSIONS = ["default", "default", "v2"]


class Style:
    """What a world may contain.

    deny, consent, role_policies   may policies take away?
    root_consent                   the root scope asks for consent (then nothing else may be unspecified there)
    named                          every rule has a name of its own
    """

    def __init__(self, **what):
        self.deny = self.consent = self.role_policies = self.shared_scope = True
        self.root_consent = self.named = False
        self.__dict__.update(what)


class Set:
    """The policies of one set and the names to ask about."""

    def __init__(self, rng, number, style, shared_permission):
        self.rng, self.n, self.style, self.policies = rng, number, style, []
        tail = rng.choice(["_", "_", "_", "-", ":"])
        self.kinds = ["k%d%sa" % (number, tail)] + (["k%d%sb" % (number, tail)] if rng.random() < 0.4 else [])
        self.roles = ["r%dx" % number, "r%dy" % number, "r%dx:z" % number]
        self.people = ["p%da" % number, "p%db" % number]
        self.tree = ["s%d%s" % (number, t) for t in rng.sample(SCOPE_TAILS, rng.choice([1, 2, 3]))] if rng.random() < 0.7 else []
        self.shared = style.shared_scope and rng.random() < 0.15
        self.permissions = {s: rng.choice([None, OVERRIDE] + [CONSENT] * style.consent) for s in self.closed(self.tree)}
        self.permissions[""] = CONSENT if style.root_consent else None
        self.permissions["shared"] = shared_permission
        self.names = 0
        self.derived, self.exported, self.constants = [], [], []
        self.make()

    # ---- names ----

    def closed(self, scopes):
        found = set()
        for s in scopes:
            while s:
                found.add(s)
                s = s.rpartition(".")[0]
        return found

    def name(self):
        self.names += 1
        return "rule%d.%d" % (self.n, self.names)

    def maybe_named(self, rule):
        if self.style.named or self.rng.random() < 0.25:
            rule["name"] = self.name()
        return rule

    def scopes_of_one(self):
        """Scopes of one policy's chain: closed under parents."""
        found = {""}
        if self.tree and self.rng.random() < 0.8:
            found |= self.closed(self.rng.sample(self.tree, self.rng.randint(1, len(self.tree))))
        if self.shared and self.rng.random() < 0.6:
            found.add("shared")
        return sorted(found)

    def some_roles(self, star=0.3):
        choice = self.roles + ["r%dx:*" % self.n, "r%d*" % self.n]
        picked = self.rng.sample(choice, self.rng.choice([1, 1, 2]))
        return ["*"] if self.rng.random() < star else picked

    def some_actions(self):
        return self.rng.sample(PATTERNS, self.rng.choice([1, 2, 3, 4]))

    # ---- parts of policies ----

    def head(self, scope, body):
        if scope:
            body["scope"] = scope
        if self.permissions.get(scope):
            body["scopePermissions"] = self.permissions[scope]
        return body

    def names_block(self, importing=True):
        """variables, constants of a policy and an Expressions that uses them"""
        r, block = self.rng, {}
        constants = {"c%d" % i: r.choice([1, 2.5, "a", True, ["a", 1], {"k": "a"}]) for i in range(r.randrange(3))}
        block["constants"] = {"local": constants} if constants else {}
        known, variables = list(constants), {}
        imported = []
        if importing and self.constants and r.random() < 0.4:
            block["constants"]["import"] = [self.constants[0]]
            known += self.constants[1]
        if importing and self.exported and r.random() < 0.4:
            block["variables"] = {"import": [self.exported[0]]}
            imported = self.exported[1]
        for i in range(r.randrange(4) if r.random() < 0.6 else 0):
            used = list(variables) + imported
            variables["v%d" % i] = Expressions(r, used, known).wanted(r.choice(["bool", "dyn", "dyn", "list", "string"]), 2)
        if variables:
            order = list(variables.items())
            r.shuffle(order)
            block.setdefault("variables", {})["local"] = dict(order)
        return {k: v for k, v in block.items() if v}, imported + list(variables), known

    def match(self, made, depth=2):
        r = self.rng
        if depth == 0 or r.random() < 0.6:
            return {"expr": made.condition()}
        return {r.choice(["all", "any", "none"]): {"of": [self.match(made, depth - 1) for _ in range(r.choice([1, 2, 2, 3]))]}}

    def decorate(self, rule, made, often=0.6):
        if self.rng.random() < often:
            rule["condition"] = {"match": self.match(made)}
        if self.rng.random() < 0.25:
            when = self.rng.choice([["ruleActivated"], ["conditionNotMet"], ["ruleActivated", "conditionNotMet"]])
            rule["output"] = {"when": {w: made.value() for w in when}}
        return self.maybe_named(rule)

    def effect(self):
        return DENY if self.style.deny and self.rng.random() < 0.3 else ALLOW

    # ---- policies ----

    def make(self):
        r = self.rng
        if not self.style.root_consent:
            self.make_exports()
            if r.random() < 0.6:
                self.make_derived()
        for kind in self.kinds:
            for version in (["default", "v2"] if r.random() < 0.25 else ["default"]):
                for scope in self.scopes_of_one():
                    self.make_resource(kind, version, scope)
        if r.random() < 0.4:
            for version in (["default", "v2"] if r.random() < 0.25 else ["default"]):
                for scope in self.scopes_of_one():
                    self.make_principal(self.people[0], version, scope)
        if self.style.role_policies and r.random() < 0.5:
            self.make_roles()
        self.leave_gaps()

    def make_exports(self):
        r = self.rng
        if r.random() < 0.3:
            name, block = "ec%d" % self.n, {"x%d" % i: r.choice([1, "a", False, ["b"]]) for i in range(2)}
            self.constants = [name, list(block)]
            self.policies.append({"apiVersion": API, "exportConstants": {"name": name, "definitions": block}})
        if r.random() < 0.3:
            name, block = "ev%d" % self.n, {}
            for i in range(2):
                block["w%d" % i] = Expressions(r, list(block)).wanted(r.choice(["bool", "dyn"]), 2)
            self.exported = [name, list(block)]
            self.policies.append({"apiVersion": API, "exportVariables": {"name": name, "definitions": block}})

    def make_derived(self):
        r = self.rng
        for i in range(r.choice([1, 1, 2])):
            block, variables, constants = self.names_block()
            made = Expressions(r, variables, constants)
            definitions = []
            for j in range(r.choice([1, 2])):
                definition = {"name": "d%d%s%d" % (self.n, "ab"[i], j), "parentRoles": self.some_roles(0.3)}
                if r.random() < 0.7:
                    definition["condition"] = {"match": self.match(made, 1)}
                definitions.append(definition)
            name = "dr%d%s" % (self.n, "ab"[i])
            self.derived.append((name, [d["name"] for d in definitions]))
            self.policies.append({"apiVersion": API, "derivedRoles": dict({"name": name, "definitions": definitions}, **block)})

    def make_resource(self, kind, version, scope):
        r = self.rng
        block, variables, constants = self.names_block()
        derived = [name for _, names in self.derived for name in names]
        made = Expressions(r, variables, constants, derived if derived and r.random() < 0.5 else [])
        rules = []
        for _ in range(r.choice([0, 1, 2, 2, 3, 4, 5])):
            rule = {"actions": self.some_actions(), "effect": self.effect()}
            if not derived or r.random() < 0.7:
                rule["roles"] = self.some_roles()
            if derived and ("roles" not in rule or r.random() < 0.15):
                rule["derivedRoles"] = r.sample(derived, min(len(derived), r.choice([1, 1, 2])))
            rules.append(self.decorate(rule, made))
        body = self.head(scope, dict({"resource": kind, "version": version, "rules": rules}, **block))
        if derived:
            body["importDerivedRoles"] = [name for name, _ in self.derived]
        self.policies.append({"apiVersion": API, "resourcePolicy": body})

    def resource_pattern(self):
        n = self.n
        return self.rng.choice(self.kinds + ["*", "k%d_*" % n, "k%d*" % n, "**", "k%d_{a,c}*" % n, "k%d:*" % n, "k%d-*" % n, "other"])

    def make_principal(self, person, version, scope):
        r = self.rng
        block, variables, constants = self.names_block()
        made = Expressions(r, variables, constants)
        rules, seen = [], set()
        for _ in range(r.choice([0, 1, 1, 2])):
            pattern = self.resource_pattern()
            if pattern in seen:
                continue
            seen.add(pattern)
            actions = [self.decorate({"action": r.choice(PATTERNS), "effect": self.effect()}, made)
                       for _ in range(r.choice([1, 1, 2, 3]))]
            rules.append({"resource": pattern, "actions": actions})
        body = dict({"principal": person, "version": version, "rules": rules}, **block)
        self.policies.append({"apiVersion": API, "principalPolicy": self.head(scope, body)})

    def make_roles(self):
        r = self.rng
        scopes = sorted(self.closed(self.tree)) + ["", "shared"][:1 + self.shared]
        for role in r.sample(self.roles[:2], r.choice([1, 1, 2])):
            for scope in r.sample(scopes, r.choice([1, 1, min(2, len(scopes))])):
                block, variables, constants = self.names_block()
                made = Expressions(r, variables, constants)
                rules = [self.decorate({"resource": self.resource_pattern(), "allowActions": self.some_actions()}, made, 0.4)
                         for _ in range(r.choice([1, 1, 2, 3]))]
                body = dict({"role": role, "version": r.choice(VERSIONS), "rules": rules}, **block)
                if scope:
                    body["scope"] = scope
                parents = [p for p in self.roles + ["m%d" % self.n] if p != role]
                if r.random() < 0.6:
                    body["parentRoles"] = r.sample(parents, r.choice([1, 1, 2]))
                if self.acceptable(role, body["version"], scope):
                    self.policies.insert(0, {"apiVersion": API, "rolePolicy": body})

    def acceptable(self, role, version, scope):
        """No policy twice; and where permissions are explicit, the reference bears one policy without, if it reads that
        one first."""
        others = [key for key in map(self.key, self.policies) if key]
        if (role, version, scope) in others:
            return False
        return not self.permissions[scope] or (scope in self.tree and scope not in [key[2] for key in others])

    def key(self, doc):
        p = doc.get("rolePolicy")
        return p and (p["role"], p["version"], p.get("scope", ""))

    def leave_gaps(self):
        """A scope may lack a resource policy where a role policy covers the kind."""
        for doc in list(self.policies):
            p = doc.get("resourcePolicy")
            if p and self.rng.random() < 0.4 and self.covered(p):
                self.policies.remove(doc)

    def covered(self, p):
        return any(q["version"] == p["version"] and q.get("scope", "") == p.get("scope", "") and
                   any(matches(rule["resource"], p["resource"]) for rule in q["rules"])
                   for q in (doc.get("rolePolicy") for doc in self.policies) if q)

    # ---- questions ----

    def ask_scope(self):
        r = self.rng
        scopes = sorted(self.closed(self.tree)) or [""]
        return r.choice(["", "", "."] + scopes * 4 + ([scopes[-1] + ".zz"] if scopes[-1] else ["zz"]) + ["shared"] * self.shared)

    def principal(self):
        r = self.rng
        roles = r.sample(self.roles + ["m%d" % self.n, "guest"], r.choice([1, 1, 2, 3]))
        found = {"id": r.choice(self.people), "roles": roles, "attr": attributes(r)}
        if r.random() < 0.5:
            found["scope"] = self.ask_scope()
        if r.random() < 0.2:
            found["policyVersion"] = r.choice(["default", "v2"])
        return found

    def entry(self, number):
        r = self.rng
        kind = r.choice(self.kinds * 12 + [k.replace("-", "_").replace(":", "_") for k in self.kinds] + ["k%d" % self.n])
        resource = {"kind": kind, "id": str(number), "attr": attributes(r)}
        if r.random() < 0.6:
            resource["scope"] = self.ask_scope()
        if r.random() < 0.2:
            resource["policyVersion"] = r.choice(["default", "v2", "v2", "v3"])
        return {"resource": resource, "actions": r.sample(ACTIONS, r.choice([1, 2, 3, 4]))}


def world(seed, sets=60, requests=5, entries=10, **style):
    """(world, questions): a question is {"set": number, "principal": …, "resources": [entry…]}"""
    rng = random.Random(seed)
    options = {"strict": rng.random() < 0.3, "lenient": rng.random() < 0.3, "globals": dict(GLOBALS)}
    if rng.random() < 0.2:
        options["version"] = "v2"
    style = Style(**dict({"root_consent": rng.random() < 0.08}, **style))
    if style.shared_scope and rng.random() < 0.2:
        options["scope"] = "shared"
    shared_permission = rng.choice([None, OVERRIDE, CONSENT] if style.consent else [None, OVERRIDE])
    made = [Set(random.Random(rng.getrandbits(64)), n, style, shared_permission) for n in range(sets)]
    policies = [doc for s in made for doc in s.policies]
    questions = [{"set": s.n, "principal": s.principal(), "resources": [s.entry(i) for i in range(entries)]}
                 for s in made for _ in range(requests)]
    return {"policies": policies, "options": options}, questions
