#!/usr/bin/env python3
"""Tests of schemas/: the schemas are sound, accept what the examples are and refuse what is wrong.

Needs the Python packages jsonschema and PyYAML: those of the system, or else a virtual environment below build/. Where
neither is to be had, everything is skipped, aloud.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tally import ROOT, Tally  # noqa: E402
from packages import with_packages  # noqa: E402

SCHEMAS = os.path.join(ROOT, "schemas")


WHY_NOT = with_packages("jsonschema", "referencing", "yaml")
if WHY_NOT is None:
    import jsonschema
    import referencing
    import yaml


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f) if path.endswith(".json") else yaml.safe_load(f)


def validators():
    """{name: validator}. References between the files are relative to the file, as editors resolve them."""
    loaded = {os.path.basename(p): load(p) for p in sorted(glob.glob(os.path.join(SCHEMAS, "*.schema.json")))}
    base = "file:///schemas/"
    resources = [(base + name, referencing.Resource.from_contents(schema)) for name, schema in loaded.items()]
    registry = referencing.Registry().with_resources(resources)
    return {name.replace(".schema.json", ""): jsonschema.Draft202012Validator(
        {"$schema": schema["$schema"], "$ref": base + name}, registry=registry) for name, schema in loaded.items()}, loaded


def errors(validator, document):
    return ["%s: %s" % (e.json_path, e.message[:200]) for e in validator.iter_errors(document)]


def sound(t, loaded):
    for name, schema in loaded.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            t.check(name, True)
        except jsonschema.SchemaError as e:
            t.check(name + " is sound", False, e.message)


def examples(t, checks):
    """Each example names its schema in its first line; that path must lead to the schema that accepts it."""
    for path in sorted(glob.glob(os.path.join(ROOT, "testdata", "*", "policies", "**", "*.yaml"), recursive=True)):
        name = os.path.relpath(path, ROOT)
        with open(path, encoding="utf-8") as f:
            first = f.readline().strip()
        marker = "# yaml-language-server: $schema="
        target = os.path.normpath(os.path.join(os.path.dirname(path), first[len(marker):]))
        if not t.check(name + " names its schema", first.startswith(marker) and os.path.isfile(target), first):
            continue
        found = errors(checks[os.path.basename(target).replace(".schema.json", "")], load(path))
        t.check(name, not found, found)
    found = errors(checks["config"], load(os.path.join(ROOT, "config.example.json")))
    t.check("config.example.json", not found, found)


# (schema, example, the place to change, what to put there: DELETE removes it)
DELETE = object()
EXPENSES = "testdata/expenses/policies/"
WRONG = [
    ("policy", EXPENSES + "expenses.yaml", ["apiVersion"], "v1"),
    ("policy", EXPENSES + "expenses.yaml", ["apiVersion"], DELETE),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy"], DELETE),
    ("policy", EXPENSES + "expenses.yaml", ["derivedRoles"], {"name": "x", "definitions": [{"name": "y", "parentRoles": ["z"]}]}),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolice"], {}),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "resource"], "a*"),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "version"], ""),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "scope"], "-a"),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 0, "effect"], "ALLOW"),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 0, "actions"], []),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 0, "actions"], ["a", "a"]),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 0, "roles"], DELETE),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 0, "name"], "7 rules"),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 3, "condition", "match", "expr"], "true"),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 3, "condition", "match", "all", "of"], []),
    ("policy", EXPENSES + "expenses.yaml", ["resourcePolicy", "rules", 3, "output", "when"], {}),
    ("policy", EXPENSES + "roles.yaml", ["derivedRoles", "definitions", 0, "parentRoles"], []),
    ("policy", EXPENSES + "report_bot.yaml", ["principalPolicy", "rules", 0, "actions", 0, "roles"], ["a"]),
    ("policy", EXPENSES + "limits.yaml", ["exportConstants", "definitions", "not a name"], 1),
    ("test", EXPENSES + "expenses_test.yaml", ["tests"], []),
    ("test", EXPENSES + "expenses_test.yaml", ["tests", 0, "input", "actions"], []),
    ("test", EXPENSES + "expenses_test.yaml", ["tests", 0, "input", "principals"], DELETE),
    ("test", EXPENSES + "expenses_test.yaml", ["tests", 0, "expected", 0, "actions", "list_expenses"], "ALLOW"),
    ("test", EXPENSES + "expenses_test.yaml", ["principals"], {"x": {"id": "x"}}),
    ("principals", EXPENSES + "testdata/principals.yaml", ["principals", "mia", "roles"], []),
    ("principals", EXPENSES + "testdata/principals.yaml", ["principals", "mia", "role"], "manager"),
    ("resources", EXPENSES + "testdata/resources.yaml", ["resources", "any_tool", "kind"], DELETE),
    ("config", "config.example.json", ["server", "httpListenAdr"], ":3592"),
    ("config", "config.example.json", ["server", "requestLimits", "maxActionsPerResource"], 0),
    ("config", "config.example.json", ["server", "requestLimits", "maxActionsPerResource"], 501),
    ("config", "config.example.json", ["engine", "defaultPolicyVersion"], ""),
    ("config", "config.example.json", ["storage", "driver"], "floppy"),
    ("config", "config.example.json", ["storages"], {}),
]


def changed(document, place, value):
    document = copy.deepcopy(document)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    if value is DELETE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return document


def mistakes(t, checks):
    for name, path, place, value in WRONG:
        found = errors(checks[name], changed(load(os.path.join(ROOT, path)), place, value))
        what = "removed" if value is DELETE else "= " + json.dumps(value)
        t.check("%s: %s %s is refused" % (path, ".".join(map(str, place)), what), bool(found), "accepted")


def leaves(value, path=()):
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in leaves(inner, path + (key,)).items()}


def shown_defaults(t, schema):
    """config.example.json shows what the server uses without a file, but for the policies that it serves."""
    for path, value in leaves(load(os.path.join(ROOT, "config.example.json"))).items():
        place = schema
        for key in path:
            place = place["properties"][key]
        if path[:2] != ("storage", "disk"):
            t.equal("config.example.json: %s is the default" % ".".join(path), value, place.get("default"))


def main():
    t = Tally()
    if WHY_NOT:
        t.skip("schemas", WHY_NOT)
        return t.finish()
    checks, loaded = validators()
    sound(t, loaded)
    examples(t, checks)
    mistakes(t, checks)
    shown_defaults(t, loaded["config.schema.json"])
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
