#!/usr/bin/env python3
"""generate.py — what follows from tables: the configuration's schema and its reference

  scripts/generate.py            writes the files anew (`make docs`)
  scripts/generate.py --check    says which file is stale, writes nothing

Source is pdp/config/params.def, where every parameter stands once. From it come schemas/config.schema.json and the part of
docs/configuration.md between its two marks.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARAMS = "pdp/config/params.def"
SCHEMA = "schemas/config.schema.json"
REFERENCE = "docs/configuration.md"
BEGIN, END = "<!-- generated from pdp/config/params.def -->\n", "<!-- end of the generated part -->\n"

STRING = r'"((?:[^"\\]|\\.)*)"'
PARAM = re.compile(r'^PARAM\(%s,\s*(\w+),\s*(\w+),\s*%s,\s*(-?\w+),\s*(-?\w+),\s*(\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)'
                   % (STRING, STRING), re.M)
TYPES = ("BOOL", "INT", "SIZE", "DURATION", "TEXT", "CHOICE", "MODE", "TEXTS", "TREE", "KEYSETS")

# A value may be, or contain, an environment variable; then an editor cannot judge it.
VARIABLE = {"type": "string", "pattern": r"\$"}

DURATION = {"anyOf": [{"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"}, VARIABLE]}
BOOL = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}, VARIABLE]}
TEXT = {"type": "string"}


def closed(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


# ORDER KEYSETS: the members are those of pdp/config/config_keysets.c.
KEY_SETS = {"type": "array", "items": {
    **closed(id={"type": "string", "minLength": 1},
             local=closed(file=TEXT, data=TEXT, pem=BOOL),
             remote=closed(url=TEXT, refreshInterval=DURATION),
             insecure=closed(optionalAlg=BOOL, optionalKid=BOOL)),
    "required": ["id"], "oneOf": [{"required": ["local"]}, {"required": ["remote"]}]}}


class Param:
    def __init__(self, match):
        self.path, self.type, _, self.default, least, most, self.status, text = match.groups()
        self.least, self.most = int(least, 0), int(most, 0) if not re.fullmatch(r"0[0-7]+", most) else int(most, 8)
        self.text = unescape("".join(re.findall(STRING, text)))

    def effective(self):
        return self.status in ("OBEYED", "OURS")


def unescape(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def params():
    text = read(PARAMS)
    found = [Param(m) for m in PARAM.finditer(text)]
    lines = len(re.findall(r"^PARAM\(", text, flags=re.M))
    if len(found) != lines or any(p.type not in TYPES for p in found):
        strange = sorted({p.type for p in found} - set(TYPES))
        sys.exit("generate: %d of %d parameters understood%s" % (
            len(found), lines, "; unknown types: " + ", ".join(strange) if strange else ""))
    return found


# ---- the schema -------------------------------------------------------------------------------

def number(p):
    kind = {"type": "integer", "minimum": p.least}
    if p.most:
        kind["maximum"] = p.most
    return {"anyOf": [kind, {"type": "string", "pattern": r"^[0-9]+$"}, VARIABLE]}


def kind(p):
    """What JSON Schema can say about the values of a parameter."""
    if p.type == "BOOL":
        return BOOL
    if p.type in ("INT", "SIZE"):
        return number(p)
    if p.type == "DURATION":
        return DURATION
    if p.type == "MODE":
        return {"anyOf": [{"type": "string", "pattern": "^(0o)?[0-7]{1,6}$"}, {"type": "integer"}, VARIABLE]}
    if p.type == "CHOICE":
        return {"anyOf": [{"enum": p.text.split("|")}, VARIABLE]}
    if p.type == "TEXTS":
        return {"type": "array", "items": {"type": "string"}}
    if p.type == "KEYSETS":
        return KEY_SETS
    if p.type == "TREE":
        return {"type": ["object", "array"]}
    return {"type": "string", "minLength": p.least} if p.least else {"type": "string"}


def default(p):
    if p.type == "BOOL":
        return p.default == "true"
    return int(p.default) if p.type in ("INT", "SIZE") else p.default


def described(p):
    text = "One of %s." % ", ".join(p.text.split("|")) if p.type == "CHOICE" else p.text[:1].upper() + p.text[1:] + "."
    if not p.effective():
        text = "No effect: " + p.text + "." if p.status != "REFUSE" else "Refused: " + p.text + "."
        if p.type == "CHOICE":
            text = "No effect. One of %s." % ", ".join(p.text.split("|"))
    out = {"description": text, **kind(p)}
    if p.default:
        out["default"] = default(p)
    return out


def schema(all_params):
    top = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration",
        "description": "The configuration of `cardea server`, JSON or YAML. Generated from pdp/config/params.def.",
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }
    for p in all_params:
        place = top
        *sections, name = p.path.split(".")
        for section in sections:
            place = place["properties"].setdefault(section, {"type": "object", "properties": {},
                                                             "additionalProperties": False})
        place["properties"][name] = described(p)
    return json.dumps(top, indent=2, ensure_ascii=False) + "\n"


# ---- the reference ----------------------------------------------------------------------------

def bounds(p):
    if p.type in ("INT", "SIZE") and p.most:
        return "%d to %d" % (p.least, p.most)
    if p.type == "DURATION" and p.most:
        return "%s to %s" % (span(p.least), span(p.most))
    return ""


def span(ms):
    for unit, size in (("h", 3600000), ("m", 60000), ("s", 1000)):
        if ms and ms % size == 0:
            return "%d%s" % (ms // size, unit)
    return "%dms" % ms


def cell(text):
    return text.replace("|", "\\|")


def table(all_params):
    out = ["| Key | Default | |", "|---|---|---|"]
    for p in all_params:
        if p.effective():
            words = ["one of " + ", ".join("`%s`" % w for w in p.text.split("|"))] if p.type == "CHOICE" else [p.text]
            words += [bounds(p)] if bounds(p) else []
            words += ["*Cardea's own*"] if p.status == "OURS" else []
            out.append("| `%s` | %s | %s |" % (p.path, "`%s`" % p.default if p.default else "", cell("; ".join(words))))
    for status, heading, why in (
            ("REFUSE", "Refused", "Starting without what these keys ask for would be less safe than what was meant, so they are an error."),
            ("WARN", "Without effect, and said so", "These keys are accepted; when one is set, a warning says what is missing."),
            ("QUIET", "Without effect", "These keys are accepted silently.")):
        if not any(p.status == status for p in all_params):
            continue
        out += ["", "### " + heading, "", why, "", "| Key | |", "|---|---|"]
        out += ["| `%s` | %s |" % (p.path, "" if p.type == "CHOICE" else cell(p.text)) for p in all_params if p.status == status]
    return "\n".join(out) + "\n"


def reference(all_params):
    text = read(REFERENCE)
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        sys.exit("generate: %s has lost its marks" % REFERENCE)
    return before + BEGIN + "\n" + table(all_params) + "\n" + END + after


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    all_params = params()
    stale = []
    for path, text in ((SCHEMA, schema(all_params)), (REFERENCE, reference(all_params))):
        old = read(path) if os.path.exists(os.path.join(ROOT, path)) else ""
        if old != text:
            stale.append(path)
            if not check:
                with open(os.path.join(ROOT, path), "w", encoding="utf-8") as f:
                    f.write(text)
    for path in stale:
        print("%s: %s" % (path, "stale; run `make docs`" if check else "written"))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
