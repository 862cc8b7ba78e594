"""archive.py — writes policies as YAML, and a world with a question as a case archive

The archive has the form of testdata/cases, so that a difference that was found becomes a case by copying it.

SPDX-License-Identifier: Apache-2.0
"""

import json
import re

from cel import E

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def scalar(v):
    if isinstance(v, E):
        return json.dumps(v.text())
    if isinstance(v, str) and PLAIN.match(v) and v.lower() not in WORDS:
        return v
    return json.dumps(v)


def is_flat(v):
    return not isinstance(v, dict) and not (isinstance(v, list) and any(isinstance(x, (dict, list)) for x in v))


def flat(v):
    if isinstance(v, list):
        return "[" + ", ".join(scalar(x) for x in v) + "]"
    return scalar(v)


def yaml(v, indent=0):
    """Lines of a mapping or of a list of mappings."""
    pad = "  " * indent
    if isinstance(v, list):
        lines = []
        for x in v:
            inner = yaml(x, indent + 1) if isinstance(x, (dict, list)) and x else [pad + "  " + flat(x)]
            lines += [pad + "- " + inner[0][len(pad) + 2:]] + inner[1:]
        return lines
    lines = []
    for k, x in v.items():
        key = pad + scalar(k) + ":"
        if x == {} or is_flat(x):
            lines.append(key + " " + ("{}" if x == {} else flat(x)))
        else:
            lines += [key] + yaml(x, indent + 1)
    return lines


def document(doc):
    return "\n".join(yaml(doc)) + "\n"


def separated(doc, counter):
    """The same policy, told apart from all others: each list of all, any, none gets a neutral expression of its own.
    The reference takes lists with the same expressions for each other."""
    if isinstance(doc, list):
        return [separated(x, counter) for x in doc]
    if not isinstance(doc, dict):
        return doc
    out = {}
    for k, v in doc.items():
        if k in ("all", "any", "none") and isinstance(v, dict) and set(v) == {"of"}:
            counter[0] += 1
            neutral = {"expr": E("ne" if k == "all" else "eq", E("msg", "R", "id"), E("lit", "u%d" % counter[0]))}
            out[k] = {"of": separated(v["of"], counter) + [neutral]}
        else:
            out[k] = separated(v, counter)
    return out


def kind_of(doc):
    (kind,) = [k for k in doc if k != "apiVersion"]
    return kind


def file_name(doc, number):
    kind = kind_of(doc)
    p = doc[kind]
    name = p.get("resource") or p.get("principal") or p.get("role") or p.get("name")
    parts = [kind.replace("Policy", ""), re.sub(r"\W", "_", name)] + [p[k] for k in ("version", "scope") if p.get(k)]
    return "%04d_%s.yaml" % (number, ".".join(parts))


def case(story, world, question):
    options, lines = world["options"], [story]
    for n, doc in enumerate(world["policies"]):
        lines += ["-- policies/%s --" % file_name(doc, n), document(doc).rstrip("\n")]
    said = [k for k in ("strict", "lenient") if options.get(k)] + \
           ["%s=%s" % (k, options[k]) for k in ("version", "scope") if options.get(k)]
    if options.get("globals"):
        said.append("globals=" + json.dumps(options["globals"]))
    if said:
        lines += ["-- options --"] + said
    lines += ["-- request.json --", json.dumps({k: question[k] for k in ("principal", "resources")}), "-- expect --"]
    return "\n".join(lines) + "\n"
