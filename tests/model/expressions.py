"""expressions.py — random expressions that a server's type checker accepts

Directed by type: wanted() makes an expression of a given static type, so that policies compile; what is dyn (attributes,
variables, constants, globals) may hold anything, or be missing, so that evaluation meets every kind of error.

SPDX-License-Identifier: Apache-2.0
"""

from cel import E

# name → values that a request may give it; a missing attribute is as likely as any value
ATTRIBUTES = {
    "n": [0, 1, 2, 2.5, -3, 10],
    "s": ["", "a", "ab", "abc", "bob", "team-a"],
    "b": [True, False],
    "l": [[], ["a"], ["a", "b"], [1, 2, 3], ["ab", 2, None], [True]],
    "m": [{}, {"k": "a"}, {"k": 1, "j": [1, "a"]}, {"j": {"k": True}}],
    "z": [None, "a", 1, True, [], {}],
    "owner": ["ann", "bob", "a"],
}
STRINGS = ["", "a", "ab", "abc", "bob", "ann", "team-a", "b"]
INTS = [0, 1, 2, 3, -1, 10]
DOUBLES = [0.0, 1.0, 2.0, 2.5, -3.0, 10.0]
GLOBALS = {"env": "a", "limit": 2, "on": True, "list": ["a", 1]}
SCALARS = ("int", "double", "string", "bool")


def lit(v):
    return E("lit", v)


class Expressions:
    """Makes expressions for one policy.

    variables, constants   the names that may be used
    runtime                may effective derived roles be asked for?
    """

    def __init__(self, rng, variables=(), constants=(), runtime=False, literals_only=False):
        self.rng, self.variables, self.constants, self.runtime = rng, list(variables), list(constants), runtime
        self.bound, self.literals_only = [], literals_only

    def wanted(self, kind, depth):
        return getattr(self, kind)(depth)

    def condition(self, depth=3):
        """Mostly bool; now and then any value, which counts as false."""
        return self.dyn(1) if self.rng.random() < 0.06 else self.bool(depth)

    def value(self, depth=2):
        """For outputs, variables."""
        kind = self.rng.choice(["bool", "dyn", "dyn", "string", "int", "list", "double", "mapping"])
        return self.wanted(kind, depth)

    # ---- by type ----

    def path(self):
        r = self.rng
        if r.random() < 0.25:
            names = [("V", v) for v in self.variables] + [("C", c) for c in self.constants] + \
                    [("G", g) for g in list(GLOBALS) + ["gone"]]
            return E("named", *r.choice(names))
        root = r.choice(["R", "R", "R", "P"])
        e = self.member(E("attrs", root), r.choice(list(ATTRIBUTES)))
        while r.random() < 0.2:
            e = self.member(e, r.choice(["k", "j"]))
        return e

    def member(self, e, name):
        return E("index", e, lit(name)) if self.rng.random() < 0.1 else E("select", e, name)

    def dyn(self, depth):
        r = self.rng
        if self.bound and r.random() < 0.5:
            return E("var", r.choice(self.bound))
        if depth > 0 and r.random() < 0.25:
            pick = r.random()
            if pick < 0.5:
                right = r.choice([self.dyn, self.double, self.string])(0)
                # A typed operand gives the sum its type; dyn() takes it away again.
                return E("dyn", E("add" if right.op == "lit" else r.choice(["add", "sub", "mul"]), self.dyn(0), right))
            if pick < 0.65:
                return E("index", self.path(), lit(r.choice([0, 1, 2])))
            if pick < 0.8:
                return E("cond", self.bool(depth - 1), self.dyn(depth - 1), self.dyn(depth - 1))
            return E("dyn", self.wanted(r.choice(SCALARS), depth - 1))
        return self.path()

    def bool(self, depth):
        r = self.rng
        if depth <= 0:
            return r.choice([self.comparison, self.comparison, self.presence, self.literal_bool])(0)
        make = r.choice([self.comparison, self.comparison, self.comparison, self.presence, self.logic, self.logic, self.membership,
                         self.text_test, self.quantifier, self.choice, self.negation, self.literal_bool, self.roles])
        return make(depth - 1)

    def literal_bool(self, _):
        return lit(self.rng.random() < 0.6)

    def negation(self, depth):
        return E("not", self.bool(depth) if self.rng.random() < 0.7 else self.dyn(0))

    def choice(self, depth):
        return E("cond", self.bool(depth), self.bool(depth), self.bool(depth))

    def logic(self, depth):
        r = self.rng
        sides = [self.bool(depth) if r.random() < 0.8 else self.dyn(0) for _ in range(2)]
        return E(r.choice(["and", "or"]), *sides)

    def comparison(self, depth):
        r = self.rng
        if r.random() < 0.5:
            right = r.choice([self.dyn, self.string, self.double, self.int, self.literal_bool, self.list, self.null])
            return E(r.choice(["eq", "eq", "ne"]), self.dyn(depth), right(min(depth, 1)))
        if r.random() < 0.4:
            kind = r.choice(SCALARS)
            return E(r.choice(["eq", "ne"]), self.wanted(kind, depth), self.wanted(kind, depth))
        sides = [self.dyn(depth), r.choice([self.int, self.double, self.string, self.dyn])(0)]
        r.shuffle(sides)
        return E(r.choice(["lt", "le", "gt", "ge"]), *sides)

    def presence(self, _):
        r = self.rng
        names = [E("named", "V", v) for v in self.variables] + [E("named", "G", "env"), E("named", "G", "gone"),
                                                                E("msg", "R", "scope"), E("attrs", "P")]
        if names and r.random() < 0.25:
            return E("has", r.choice(names))
        e = E("select", E("attrs", r.choice("RRP")), r.choice(list(ATTRIBUTES)))
        if r.random() < 0.3:
            e = E("select", e, r.choice(["k", "j"]))
        return E("has", e)

    def membership(self, depth):
        r = self.rng
        among = r.choice([self.list, self.dyn])(1)
        doubles = among.op == "list" and all(isinstance(p.args[0], float) for p in among.args)
        return E("in", self.dyn(depth) if doubles or r.random() < 0.5 else self.string(depth), among)

    def roles(self, _):
        r = self.rng
        if self.runtime and r.random() < 0.5:
            if r.random() < 0.2:
                return E("eq", E("size", E("runtime")), lit(r.choice([0, 1])))
            return E("in", lit(r.choice(self.runtime)), E("runtime"))
        return E("in", lit(r.choice(["a", "r", "admin"])), E("msg", "P", "roles"))

    def text_test(self, depth):
        r = self.rng
        return E(r.choice(["starts", "ends", "contains"]), r.choice([self.dyn, self.string])(depth), self.string(0))

    def quantifier(self, depth):
        r = self.rng
        var = "xyw"[len(self.bound) % 3]
        range_ = E("msg", "P", "roles") if r.random() < 0.1 else self.path()
        if range_.op == "msg":
            return E(r.choice(["all", "exists", "exists_one"]), range_, var, E("starts", E("var", var), lit("r")))
        self.bound.append(var)
        body = self.bool(min(depth, 1))
        self.bound.pop()
        return E(r.choice(["all", "exists", "exists_one"]), range_, var, body)

    def null(self, _):
        return lit(None)

    def int(self, depth):
        r = self.rng
        if depth <= 0 or r.random() < 0.5:
            return lit(r.choice(INTS))
        if r.random() < 0.5:
            return E("size", r.choice([self.dyn, self.string, self.list])(depth - 1))
        return E(r.choice(["add", "sub", "mul", "div", "mod"]), self.int(depth - 1), self.int(depth - 1))

    def double(self, depth):
        r = self.rng
        if depth <= 0 or r.random() < 0.6:
            return lit(r.choice(DOUBLES))
        return E(r.choice(["add", "sub", "mul"]), self.double(depth - 1), self.double(depth - 1))

    def string(self, depth):
        r = self.rng
        if depth <= 0 or r.random() < 0.5:
            return lit(r.choice(STRINGS))
        if r.random() < 0.6:
            return r.choice([E("msg", "R", "id"), E("msg", "R", "kind"), E("msg", "P", "id"), E("msg", "P", "scope"),
                             E("msg", "R", "policyVersion")])
        return E("add", self.string(depth - 1), self.string(depth - 1))

    def list(self, depth):
        r = self.rng
        return E("list", *[r.choice([self.string, self.string, self.double, self.dyn])(0) for _ in range(r.randrange(3))])

    def mapping(self, depth):
        r = self.rng
        parts = []
        for key in r.sample(["k", "j", "x y"], r.randrange(3)):
            parts += [key, r.choice([self.dyn, self.bool, self.string])(depth - 1)]
        if r.random() < 0.4:
            return E(r.choice(["map", "filter"]), self.path(), "v", E("eq", E("var", "v"), self.dyn(0)))
        return E("mapof", *parts)


def attributes(rng):
    """attr of a resource or a principal"""
    return {name: rng.choice(values) for name, values in ATTRIBUTES.items() if rng.random() < 0.75}
