"""evaluator.py — a second opinion: decides a check the slow and plain way

Written from the description of the reference's behaviour, not from Cardea's code: policies are kept as the documents
they are, and every question walks over all rules of all policies that could matter. No index, no cache, no bytecode.

A policy is a dict as in its YAML file; expressions are cel.E. A world is what a server is started with:

    {"policies": [policy…], "options": {"strict", "lenient", "version", "scope": defaults, "globals": {…}}}

Quirks are known defects of the reference. Without any, the model answers as the rules ask for; with one of them in
`quirks`, it errs in the same way. So a defect is recognised by its answer and can be counted.

    failed-variables-are-null   effective derived roles: variables that failed are null there
    shared-condition            rules of one role policy that have the same number among the rules of their resource
                                pattern share the result of the first that was evaluated
    forgotten-derived-role      a rule whose derived role's condition was not met emits conditionNotMet from the second
                                use on
    lost-below-a-gap            a resource policy is not loaded when one of its ancestors is missing because a role policy
                                makes up for it (a quirk of Rules, not of a check)
    folded-wrongly              expressions are simplified when a policy is compiled (cel.fold)
    parent-of-itself            a role that is its own parent in a circle counts twice, which repeats outputs
    patterns-as-written         the resource of a role policy's rule is compared with the sanitised kind as it is written;
                                a principal's too if it has a `*`

SPDX-License-Identifier: Apache-2.0
"""

import random

from cel import CelError, Env, evaluate
from globs import any_listed, matches, sanitised

ALLOW, DENY, NO_MATCH = "EFFECT_ALLOW", "EFFECT_DENY", "EFFECT_NO_MATCH"
CONSENT = "SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS"


class Strict(Exception):
    """Strict evaluation: a condition failed, the action is denied at once."""

    def __init__(self, policy, scope):
        super().__init__(policy)
        self.policy, self.scope = policy, scope


def parents_of_scope(scope):
    """`a.b` → a.b, a, the root"""
    chain = [scope]
    while scope:
        scope = scope.rpartition(".")[0]
        chain.append(scope)
    return chain


def key_of(kind, name, version, scope):
    return "%s.%s.v%s%s" % (kind, sanitised(name), version, "/" + scope if scope else "")


class Rules:
    """What a world's policies say, by the names that a question looks them up with."""

    def __init__(self, world, quirks=()):
        self.resource, self.principal, self.roles, self.exports, self.derived = {}, {}, {}, {}, {}
        self.permissions, self.resource_scopes, self.principal_scopes, self.parents = {}, set(), set(), {}
        self.options = world["options"]
        for doc in world["policies"]:
            if "lost-below-a-gap" not in quirks or self.has_ancestors(doc, world):
                self.add(doc)

    @staticmethod
    def has_ancestors(doc, world):
        p = doc.get("resourcePolicy")
        if p is None:
            return True
        there = {q.get("scope", "") for q in (d.get("resourcePolicy") for d in world["policies"])
                 if q and (q["resource"], q["version"]) == (p["resource"], p["version"])}
        return set(parents_of_scope(p.get("scope", ""))) <= there

    def add(self, doc):
        if "resourcePolicy" in doc:
            p = doc["resourcePolicy"]
            scope = p.get("scope", "")
            self.resource[(sanitised(p["resource"]), p["version"], scope)] = p
            self.resource_scopes.add(scope)
            self.permissions[scope] = p.get("scopePermissions", "")
        elif "principalPolicy" in doc:
            p = doc["principalPolicy"]
            scope = p.get("scope", "")
            self.principal[(p["principal"], p["version"], scope)] = p
            self.principal_scopes.add(scope)
            self.permissions[scope] = p.get("scopePermissions", "")
        elif "rolePolicy" in doc:
            p = doc["rolePolicy"]
            scope = p.get("scope", "")
            self.roles[(p["role"], p.get("version") or "default", scope)] = p
            if p.get("rules"):
                self.resource_scopes.add(scope)
            self.parents.setdefault(scope, {})[p["role"]] = p.get("parentRoles", [])
        elif "derivedRoles" in doc:
            self.derived[doc["derivedRoles"]["name"]] = doc["derivedRoles"]
        elif "exportVariables" in doc:
            self.exports[("variables", doc["exportVariables"]["name"])] = doc["exportVariables"]["definitions"]
        else:
            self.exports[("constants", doc["exportConstants"]["name"])] = doc["exportConstants"]["definitions"]

    def definitions(self, policy, what):
        """The variables or constants of a policy: imports and its own."""
        block = policy.get(what, {})
        found = {}
        for name in block.get("import", []):
            found.update(self.exports[(what, name)])
        found.update(block.get("local", {}))
        return found

    def chain(self, scope, known):
        if scope not in known and not self.options.get("lenient"):
            return []
        return [s for s in parents_of_scope(scope) if s in known]

    def with_parents(self, role, scope, twice=False):
        """role and the parents that role policies of exactly this scope give it; the role itself again if it is its own
        parent and that is asked for"""
        found, parents = [role], self.parents.get(scope, {})
        for r in found:
            for parent in parents.get(r, []):
                if parent not in found:
                    found.append(parent)
        circle = twice and any(role in parents.get(r, []) for r in found)
        return found + [role] if circle else found


class Row:
    """A rule as one question sees it: made for (scope, action, roles) and forgotten after."""
    __slots__ = ("policy", "key", "scope", "name", "effect", "condition", "derived", "output", "cache", "from_role", "negated")

    def __init__(self, policy, key, scope, name, effect, condition=None, derived=None, output=None, cache=None,
                 from_role=False, negated=False):
        self.policy, self.key, self.scope, self.name, self.effect = policy, key, scope, name, effect
        self.condition, self.derived, self.output, self.cache = condition, derived, output, cache
        self.from_role, self.negated = from_role, negated


def match_of(holder):
    return holder["condition"]["match"] if holder.get("condition") else None


def output_of(rule):
    """(ruleActivated, conditionNotMet)"""
    when = rule.get("output", {}).get("when", {})
    return when.get("ruleActivated"), when.get("conditionNotMet")


class Check:
    """One resource of one request."""

    def __init__(self, rules, principal, resource, actions, quirks=(), order=None):
        self.rules, self.options, self.quirks = rules, rules.options, frozenset(quirks)
        self.principal, self.resource, self.actions = principal, resource, actions
        self.order = random.Random(order) if order is not None else None
        self.kind = sanitised(resource["kind"])
        default = self.options.get("version") or "default"
        self.version = resource.get("policyVersion") or default
        self.principal_version = principal.get("policyVersion") or default
        self.resource_scope = self.scope_of(resource)
        self.PS = rules.chain(self.scope_of(principal), rules.principal_scopes)
        self.RS = rules.chain(self.resource_scope, rules.resource_scopes)
        self.outputs, self.effective, self.broken, self.cached, self.env_of = [], {}, {}, {}, {}

    def scope_of(self, thing):
        scope = thing.get("scope", "")
        if scope == "":
            return self.options.get("scope", "")
        return scope[1:] if scope.startswith(".") else scope

    def fits(self, pattern, of_role=False):
        """Does a rule's resource pattern match the kind? Both are known by sanitised names; a pattern with `*` may also
        mean the name as it was sent."""
        if "*" not in pattern:
            as_written = of_role and "patterns-as-written" in self.quirks
            return (pattern if as_written else sanitised(pattern)) == self.kind
        if matches(pattern, self.kind):
            return True
        return "patterns-as-written" not in self.quirks and matches(pattern, self.resource["kind"])

    # ---- what exists ----

    def principal_exists(self):
        return any(v == self.principal_version and s in self.PS for _, v, s in self.rules.principal)

    def resource_exists(self):
        if any((self.kind, self.version, s) in self.rules.resource for s in self.RS):
            return True
        return any(v == self.version and s in self.RS and any(self.fits(r["resource"], True) for r in p.get("rules", []))
                   for (_, v, s), p in self.rules.roles.items())

    # ---- the answer ----

    def answer(self):
        decisions = {}
        self.search = {"principal": "NO_MATCH", "resource": "NO_MATCH"}
        if self.PS and self.principal_exists():
            self.search["principal"] = key_of("principal", self.principal["id"], self.principal_version, self.PS[0])
        if self.RS and self.resource_exists():
            self.search["resource"] = key_of("resource", self.resource["kind"], self.version, self.RS[0])
        nothing = set(self.search.values()) == {"NO_MATCH"}
        for action in self.actions:
            self.action = action
            try:
                decisions[action] = (DENY, "NO_MATCH", "") if nothing else self.decide()
            except Strict as stop:
                decisions[action] = (DENY, stop.policy, stop.scope)
        derived = sorted(set(name for names in self.effective.values() for name in names))
        return {"actions": decisions, "outputs": self.outputs, "derived": derived}

    def decide(self):
        result = None
        for kind in ("principal", "resource"):
            result = (NO_MATCH, self.search[kind], "")
            for n, role in enumerate(self.principal["roles"]):
                r = self.evaluate_role(kind, role)
                if result[0] == NO_MATCH:
                    result = r
                if r[0] == ALLOW:
                    result = r
                    break
                if kind == "principal":
                    break
            if result[0] != NO_MATCH:
                return result
        return (DENY,) + result[1:]

    def evaluate_role(self, kind, role):
        policy = self.search[kind]
        roles = self.rules.with_parents(role, self.resource_scope, "parent-of-itself" in self.quirks)
        pending = False
        for scope in self.PS if kind == "principal" else self.RS:
            if kind == "resource":
                self.compute_derived_roles(scope)
                rows = self.resource_rows(scope, roles)
            else:
                rows = self.principal_rows(scope)
            for row in rows:
                satisfied = self.satisfied(row, kind)
                if satisfied and row.effect == ALLOW:
                    pending = True
                if satisfied and row.effect == DENY:
                    return (DENY, row.key if row.from_role else policy, scope)
            if pending:
                permission = self.rules.permissions.get(scope)
                if permission == CONSENT:
                    pending = False
                elif permission is not None:
                    return (ALLOW, policy, scope)
        return (NO_MATCH, policy, "")

    # ---- rows ----

    def shuffled(self, items):
        items = list(items)
        if self.order:
            self.order.shuffle(items)
        return items

    def principal_rows(self, scope):
        id_ = self.principal["id"]
        p = self.rules.principal.get((id_, self.version, scope))
        key = key_of("principal", id_, self.version, scope)
        for rule in self.shuffled(p["rules"] if p else []):
            pattern = rule["resource"]
            if not self.fits(pattern):
                continue
            for n, a in enumerate(rule["actions"]):
                if matches(a["action"], self.action):
                    name = a.get("name") or "%s_rule-%03d" % (pattern, n + 1)
                    yield self.consented(p, Row(p, key, scope, name, a["effect"], match_of(a), None, output_of(a), ("p", name)))

    def consented(self, policy, row):
        if policy.get("scopePermissions") == CONSENT and row.effect == ALLOW and row.condition is not None:
            row.effect, row.negated = DENY, True
        return row

    def resource_rows(self, scope, roles):
        if not self.any_row(scope, roles):
            return
        for role in self.shuffled(roles):
            yield from self.role_policy_rows(scope, role)
        p = self.rules.resource.get((self.kind, self.version, scope))
        if p is None:
            return
        key = key_of("resource", self.kind, self.version, scope)
        for n, rule in enumerate(p.get("rules", [])):
            name = rule.get("name") or "rule-%03d" % (n + 1)
            rows = []
            for _ in [a for a in rule["actions"] if matches(a, self.action)]:
                rows += self.rows_of_rule(p, key, scope, rule, name, roles)
            yield from self.shuffled(rows)

    def rows_of_rule(self, p, key, scope, rule, name, roles):
        made = []
        for pattern in rule.get("roles", []):
            if any(matches(pattern, r) for r in roles):
                made.append(Row(p, key, scope, name, rule["effect"], match_of(rule), None, output_of(rule),
                                (scope, name)))
        for derived_name in rule.get("derivedRoles", []):
            derived_set, definition = self.find_derived(p, derived_name)
            parents = ["*"] if "*" in definition["parentRoles"] else definition["parentRoles"]
            for pattern in parents:
                if any(matches(pattern, r) for r in roles):
                    made.append(Row(p, key, scope, name, rule["effect"], match_of(rule), (derived_set, definition),
                                    output_of(rule), (derived_name, scope, name)))
        return [self.consented(p, row) for row in made]

    def any_row(self, scope, roles):
        """Does any row fit resource and roles here, whatever its actions?"""
        for role in roles:
            p = self.rules.roles.get((role, self.version, scope))
            if p and any(self.fits(r["resource"], True) for r in p.get("rules", [])):
                return True
        p = self.rules.resource.get((self.kind, self.version, scope))
        for rule in p.get("rules", []) if p else []:
            patterns = list(rule.get("roles", []))
            for name in rule.get("derivedRoles", []):
                patterns += self.find_derived(p, name)[1]["parentRoles"]
            if any(matches(pattern, r) for pattern in patterns for r in roles):
                return True
        return False

    def role_policy_rows(self, scope, role):
        p = self.rules.roles.get((role, self.version, scope))
        if p is None:
            return
        key = key_of("role", role, self.version, scope)
        fitting, counts, listed = [], {}, False
        for rule in p.get("rules", []):
            n = counts[rule["resource"]] = counts.get(rule["resource"], -1) + 1
            if self.fits(rule["resource"], True):
                fitting.append((n, rule))
        rows = []
        for n, rule in fitting:
            if not any_listed(rule["allowActions"], self.action):
                continue
            listed = True
            activated, not_met = output_of(rule)
            name, condition = rule.get("name", ""), match_of(rule)
            cache = ("role", role, scope, n) if condition or activated or not_met else None
            if condition is None:
                rows.append(Row(p, key, scope, name, NO_MATCH, None, None, (activated, not_met), cache, True))
            else:
                rows.append(Row(p, key, scope, name, DENY, condition, None, (not_met, activated), cache, True, True))
        if not listed:
            rows = [Row(p, key, scope, "", DENY, from_role=True)]
        yield from self.shuffled(rows)

    def find_derived(self, policy, name):
        for imported in policy.get("importDerivedRoles", []):
            for definition in self.rules.derived[imported]["definitions"]:
                if definition["name"] == name:
                    return self.rules.derived[imported], definition
        raise KeyError(name)

    # ---- conditions ----

    def value(self, e, env):
        return evaluate(e.folded() if "folded-wrongly" in self.quirks else e, env)

    def env(self, policy, scope, failed_is_null=False):
        """What expressions of a policy see. Variables are evaluated here, in the order of their references."""
        at = (id(policy), scope, failed_is_null)
        if at not in self.env_of:
            constants = {k: as_json(v) for k, v in self.rules.definitions(policy, "constants").items()}
            env = Env(message(self.resource, ("kind", "id", "policyVersion", "scope"), {}),
                      message(self.principal, ("id", "policyVersion", "scope"), {"roles": self.principal["roles"]}),
                      {}, constants, self.options.get("globals", {}), lambda: self.runtime(scope))
            waiting = dict(self.rules.definitions(policy, "variables"))
            while waiting:
                for name in sorted(waiting):
                    if not references(waiting[name]) & set(waiting):
                        break
                try:
                    env.V[name] = self.value(waiting[name], env)
                except CelError:
                    if failed_is_null:
                        env.V[name] = None
                del waiting[name]
            self.env_of[at] = env
        return self.env_of[at]

    def runtime(self, scope):
        if scope is None:
            return []
        if self.broken.get(scope):
            raise CelError("failed to compute effective derived roles [%s]" % ", ".join(sorted(self.broken[scope])))
        return sorted(self.effective.get(scope, []))

    def compute_derived_roles(self, scope):
        if scope in self.effective:
            return
        self.effective[scope] = []
        p = self.rules.resource.get((self.kind, self.version, scope))
        used = sorted({n for rule in (p.get("rules", []) if p else []) for n in rule.get("derivedRoles", [])})
        everybody = {r for role in self.principal["roles"] for r in self.rules.with_parents(role, self.resource_scope)}
        effective, broken = [], []
        for name in used:
            derived_set, definition = self.find_derived(p, name)
            if "*" not in definition["parentRoles"] and not everybody & set(definition["parentRoles"]):
                continue
            try:
                env = self.env(derived_set, None, "failed-variables-are-null" in self.quirks)
                if self.holds(match_of(definition), env):
                    effective.append(name)
            except CelError:
                broken.append(name)
        self.effective[scope], self.broken[scope] = effective, broken

    def holds(self, match, env):
        """all, any, none and expr. Raises only in strict evaluation."""
        if match is None:
            return True
        (how, what), = match.items()
        if how == "expr":
            try:
                return self.value(what, env) is True
            except CelError:
                if self.options.get("strict"):
                    raise
                return False
        for part in what["of"]:
            held = self.holds(part, env)
            if held is (how != "all"):
                return how == "any"
        return how != "any"

    def satisfied(self, row, kind):
        """Evaluates a row and emits its output."""
        forgotten = False
        try:
            if row.derived and not self.holds(match_of(row.derived[1]), self.env(row.derived[0], None)):
                if "forgotten-derived-role" not in self.quirks:
                    return False
                if row.cache not in self.cached:
                    self.cached[row.cache] = False
                    return False
                forgotten = True
            env = self.env(row.policy, row.scope if kind == "resource" else None)
            held = not forgotten and self.condition_holds(row, env)
        except CelError:
            raise Strict(row.key, row.scope)
        activated, not_met = row.output or (None, None)
        if held and activated is not None:
            self.emit(row, activated, env)
        if not held and not_met is not None:
            self.emit(row, not_met, env)
        return held

    def condition_holds(self, row, env):
        if "shared-condition" in self.quirks and row.cache and row.cache[0] == "role":
            if row.condition is None:  # its "always" is taken for the denial of another
                return self.cached.setdefault(row.cache, True)
            if row.cache not in self.cached:
                self.cached[row.cache] = self.holds(row.condition, env) is not row.negated
            return self.cached[row.cache]
        return self.holds(row.condition, env) is not row.negated

    def emit(self, row, expression, env):
        try:
            value = ("val", as_json(self.value(expression, env)))
        except CelError:
            value = ("error",)
        self.outputs.append(("%s#%s" % (row.key, row.name), self.action) + value)


def message(thing, fields, more):
    out = {f: thing.get(f, "") for f in fields}
    out["scope"] = out["scope"][1:] if out["scope"].startswith(".") else out["scope"]
    out.update(more, attr=as_json(thing.get("attr", {})))
    return out


def as_json(v):
    """A value as JSON has it: all numbers are doubles."""
    if isinstance(v, int) and not isinstance(v, bool):
        return float(v)
    if isinstance(v, list):
        return [as_json(x) for x in v]
    if isinstance(v, dict):
        return {k: as_json(x) for k, x in v.items()}
    return v


def references(e):
    """Names of the variables that an expression uses."""
    if e.op == "named":
        return {e.args[1]} if e.args[0] == "V" else set()
    return set().union(*[references(c) for c in e.children()]) if e.children() else set()


def check(rules, principal, resource, actions, quirks=(), order=None):
    """{"actions": {action: (effect, policy, scope)}, "outputs": [(src, action, "val", value) or (…, "error")],
    "derived": [name]}"""
    return Check(rules, principal, resource, actions, quirks, order).answer()
