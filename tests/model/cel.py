"""cel.py — the small part of CEL that the model understands: expressions as objects, their text and their value

An expression is an E: an operator and its arguments. text() writes it as a policy has it, evaluate() interprets it as
the language's description says; nothing is ever parsed. Values are Python's: None, bool, int (CEL int), float (CEL
double), str, list, dict with str keys. An error is an exception, CelError.

What an expression can see is an Env:

    R, P      messages of the request: dicts with id, kind, roles, attr, scope, policyVersion
    V, C, G   dicts; a variable that failed is not in V
    runtime   function that returns the effective derived roles, or raises
    names     variables of comprehensions

SPDX-License-Identifier: Apache-2.0
"""

import json


class CelError(Exception):
    """An evaluation that failed; the text is not promised to be the text of a server."""


class Env:
    __slots__ = ("R", "P", "V", "C", "G", "runtime", "names")

    def __init__(self, R, P, V, C, G, runtime):
        self.R, self.P, self.V, self.C, self.G, self.runtime, self.names = R, P, V, C, G, runtime, {}


class E:
    """One node. op names a rule of WRITE and of evaluate(); args are nodes, names or Python values."""
    __slots__ = ("op", "args", "_folded")

    def __init__(self, op, *args):
        self.op, self.args, self._folded = op, args, None

    def folded(self):
        """As the reference simplifies it, which is not always right: see fold()."""
        if self._folded is None:
            self._folded = fold(self)
        return self._folded

    def text(self):
        return WRITE[self.op](*self.args)

    def __repr__(self):
        return self.text()

    def children(self):
        return [a for a in self.args if isinstance(a, E)]


# ---- text -------------------------------------------------------------------------------------

def literal(value):
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def inner(e):
    """As an operand: with parentheses unless it is a primary expression."""
    text = e.text()
    return "(" + text + ")" if e.op in NEEDS_PARENTHESES else text


def infix(symbol):
    return lambda a, b: "%s %s %s" % (inner(a), symbol, inner(b))


def member(name):
    return lambda a, b: "%s.%s(%s)" % (inner(a), name, b.text())


def macro(name):
    return lambda range_, var, body: "%s.%s(%s, %s)" % (inner(range_), name, var, body.text())


BINARY = {"and": "&&", "or": "||", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "in": "in", "add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
MEMBERS = {"starts": "startsWith", "ends": "endsWith", "contains": "contains"}
MACROS = ["all", "exists", "exists_one", "map", "filter"]
NEEDS_PARENTHESES = set(BINARY) | {"cond", "not"}

WRITE = {
    "lit": literal,
    "dyn": lambda e: "dyn(%s)" % e.text(),
    "var": lambda name: name,
    "msg": lambda root, field: "%s.%s" % (root, field),        # R.id, P.roles
    "attrs": lambda root: "%s.attr" % root,
    "select": lambda e, key: "%s.%s" % (inner(e), key),
    "index": lambda e, key: "%s[%s]" % (inner(e), key.text()),
    "named": lambda root, name: "%s.%s" % (root, name),        # V.x, C.x, G.x
    "runtime": lambda: "runtime.effectiveDerivedRoles",
    "has": lambda e: "has(%s)" % e.text(),
    "not": lambda e: "!" + inner(e),
    "cond": lambda c, a, b: "%s ? %s : %s" % (inner(c), inner(a), inner(b)),
    "size": lambda e: "size(%s)" % e.text(),
    "list": lambda *parts: "[%s]" % ", ".join(p.text() for p in parts),
    "mapof": lambda *parts: "{%s}" % ", ".join("%s: %s" % (json.dumps(k), v.text())
                                               for k, v in zip(parts[::2], parts[1::2])),
}
WRITE.update((op, infix(symbol)) for op, symbol in BINARY.items())
WRITE.update((op, member(name)) for op, name in MEMBERS.items())
WRITE.update((op, macro(op)) for op in MACROS)


# ---- values -----------------------------------------------------------------------------------

def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def equal(a, b):
    """Total on values; numbers are compared across types."""
    if is_number(a) and is_number(b):
        return a == b
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(k in b and equal(v, b[k]) for k, v in a.items())
    return type(a) is type(b) and a == b


def overload():
    return CelError("no such overload")


def order(a, b):
    """-1, 0 or 1; an error for values that have no order."""
    for kind in (bool, str):
        if isinstance(a, kind) and isinstance(b, kind):
            return (a > b) - (a < b)
    if is_number(a) and is_number(b):
        return (a > b) - (a < b)
    raise overload()


def same_number(a, b):
    return is_number(a) and is_number(b) and type(a) is type(b)


def add(a, b):
    if same_number(a, b) or (isinstance(a, str) and isinstance(b, str)) or (isinstance(a, list) and isinstance(b, list)):
        return a + b
    raise overload()


def divide(a, b):
    if not same_number(a, b):
        raise overload()
    if b == 0:
        if isinstance(a, int):
            raise CelError("division by zero")
        raise CelError("not generated: inf and NaN cannot be written as JSON")
    return a / b if isinstance(a, float) else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def modulo(a, b):
    if not (isinstance(a, int) and same_number(a, b)):
        raise overload()
    if b == 0:
        raise CelError("modulus by zero")
    return abs(a) % abs(b) * (1 if a >= 0 else -1)


def contains(a, b):
    """a in b"""
    if isinstance(b, list):
        return any(equal(a, x) for x in b)
    if isinstance(b, dict):
        return isinstance(a, str) and a in b
    raise overload()


def select(v, key):
    if isinstance(v, dict):
        if key not in v:
            raise CelError("no such key: %s" % key)
        return v[key]
    raise overload()


def index(v, key):
    if isinstance(v, dict):
        if not isinstance(key, str) or key not in v:
            raise CelError("no such key: %s" % key)
        return v[key]
    if isinstance(v, list) and is_number(key) and key == int(key):
        if 0 <= key < len(v):
            return v[int(key)]
        raise CelError("index out of bounds: %d" % key)
    raise overload()


# ---- evaluation -------------------------------------------------------------------------------

def attempt(e, env):
    """(value, None) or (None, error); a value that is no bool is an error here."""
    try:
        v = evaluate(e, env)
    except CelError as error:
        return None, error
    return (v, None) if isinstance(v, bool) else (None, overload())


def absorbing(parts, decisive):
    """&&, || and their macros: the decisive value wins over errors, errors over the other value."""
    first = None
    for value, error in parts:
        if error is not None:
            first = first or error
        elif value is decisive:
            return decisive
    if first is not None:
        raise first
    return not decisive


def elements(e, env):
    v = evaluate(e, env)
    if isinstance(v, (list, dict)):
        return list(v)
    raise overload()


def bound(var, value, body, env, how):
    """how(body) with the variable of a comprehension bound"""
    before = env.names
    env.names = dict(before)
    env.names[var] = value
    try:
        return how(body, env)
    finally:
        env.names = before


def a_bool(e, env):
    v = evaluate(e, env)
    if not isinstance(v, bool):
        raise overload()
    return v


def comprehension(op, range_, var, body, env):
    items = elements(range_, env)
    if op in ("all", "exists"):
        return absorbing((bound(var, x, body, env, attempt) for x in items), op == "exists")
    if op == "map":
        return [bound(var, x, body, env, evaluate) for x in items]
    kept = [x for x in items if bound(var, x, body, env, a_bool)]
    return kept if op == "filter" else len(kept) == 1


def has(e, env):
    if e.op == "named":
        return e.args[1] in getattr(env, e.args[0])
    if e.op == "msg":
        return bool(getattr(env, e.args[0])[e.args[1]])
    if e.op == "attrs":
        return bool(getattr(env, e.args[0])["attr"])
    operand, key = e.args
    v = evaluate(operand, env)
    if isinstance(v, list):
        raise overload()
    return isinstance(v, dict) and key in v


def text_call(op, a, b):
    if not (isinstance(a, str) and isinstance(b, str)):
        raise overload()
    return a.startswith(b) if op == "starts" else a.endswith(b) if op == "ends" else b in a


def size(v):
    if isinstance(v, (str, list, dict)):
        return len(v)
    raise overload()


def subtract(a, b):
    if not same_number(a, b):
        raise overload()
    return a - b


def multiply(a, b):
    if not same_number(a, b):
        raise overload()
    return a * b


STRICT = {
    "eq": equal, "ne": lambda a, b: not equal(a, b), "lt": lambda a, b: order(a, b) < 0,
    "le": lambda a, b: order(a, b) <= 0, "gt": lambda a, b: order(a, b) > 0, "ge": lambda a, b: order(a, b) >= 0,
    "in": contains, "add": add, "sub": subtract, "mul": multiply, "div": divide, "mod": modulo, "index": index,
    "starts": lambda a, b: text_call("starts", a, b), "ends": lambda a, b: text_call("ends", a, b),
    "contains": lambda a, b: text_call("contains", a, b), "size": size, "dyn": lambda v: v,
    "list": lambda *parts: list(parts),
}


def evaluate(e, env):
    op, args = e.op, e.args
    if op in STRICT:
        return STRICT[op](*[evaluate(a, env) for a in args])
    if op == "lit":
        return args[0]
    if op == "select":
        return select(evaluate(args[0], env), args[1])
    if op == "attrs":
        return getattr(env, args[0])["attr"]
    if op == "msg":
        return getattr(env, args[0])[args[1]]
    if op == "named":
        found = getattr(env, args[0])
        if args[1] not in found:
            raise CelError("undefined field '%s'" % args[1])
        return found[args[1]]
    if op == "and":
        return absorbing((attempt(a, env) for a in args), False)
    if op == "or":
        return absorbing((attempt(a, env) for a in args), True)
    if op == "not":
        return not a_bool(args[0], env)
    if op == "cond":
        return evaluate(args[1] if a_bool(args[0], env) else args[2], env)
    if op == "var":
        return env.names[args[0]]
    if op == "has":
        return has(args[0], env)
    if op == "runtime":
        return env.runtime()
    if op == "mapof":
        return dict(zip(args[::2], [evaluate(v, env) for v in args[1::2]]))
    return comprehension(op, *args, env)


# ---- the simplifications of the reference -----------------------------------------------------
# It computes what is constant when a policy is compiled, and drops branches that a constant decides. In three places the
# result is another one: `x in []` is false although x fails, `"a" in [x, "a"]` is true although x fails, and a condition
# of `?:` that is constant and no bool counts as false.

def constant(e):
    return e.op == "lit" or e.op == "list" and all(constant(a) for a in e.args)


def fold(e):
    e = E(e.op, *[a.folded() if isinstance(a, E) else a for a in e.args])
    op, args = e.op, e.args
    if op in ("and", "or") and any(a.op == "lit" and a.args[0] is (op == "or") for a in args):
        return E("lit", op == "or")
    if op == "cond" and args[0].op == "lit":
        return args[1] if args[0].args[0] is True else args[2]
    if op in ("and", "or") and all(a.op == "lit" for a in args) and any(isinstance(a.args[0], bool) for a in args):
        return args[1] if isinstance(args[0].args[0], bool) else args[0]
    if op == "in" and constant(args[1]) and evaluate(args[1], None) == []:
        return E("lit", False)
    if op == "in" and args[1].op == "list" and constant(args[0]):
        needle = evaluate(args[0], None)
        if any(constant(a) and equal(evaluate(a, None), needle) for a in args[1].args):
            return E("lit", True)
    if op in STRICT and op != "list" and args and all(constant(a) for a in args):
        try:
            return E("lit", evaluate(e, None))
        except CelError:
            return e
    return e
