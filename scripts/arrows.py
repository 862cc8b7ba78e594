#!/usr/bin/env python3
"""arrows.py — includes point downwards only

Reads the #include lines of pdp/, policy-compiler/ and cli/ and reports every edge that the table below does not
allow. The table is the architecture: a module names the modules it may use and the libraries it may see.
What is not in the table is not allowed, so a new module needs a line here.

  scripts/arrows.py [DIRECTORY]      check the tree (the one this script lies in)
  scripts/arrows.py --self-test      show on small trees that a wrong edge is found
  scripts/arrows.py --table          print the table

Four rules:
  1. a module includes only itself and the modules of its line
  2. a restricted edge reaches only the headers that are named (`engine: decision.h`)
  3. x_priv.h is included only inside its own folder
  4. a library's header is included only by the modules whose line names the library; the engine side sees
     no header of the operating system that reads files, clocks or locks

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import sys
import tempfile

# module: (folders, modules it may use, libraries it may see)
# A module name alone opens all of its headers; "module/a.h b.h" opens these only.
MODULES = {
    "base": (["pdp/base"], [], []),
    "value": (["pdp/value"], ["base"], ["yyjson"]),
    "cel": (["pdp/cel"], ["base", "value"], ["pcre2"]),
    # The image holds code and the names of the library's functions and types; it runs nothing.
    "image": (["pdp/image"], ["base", "value", "cel/code.h func.h gen.h type.h verify.h"], ["openssl"]),
    "schema": (["pdp/schema"], ["base", "value", "cel/ip.h regex.h"], []),
    "engine": (["pdp/engine"], ["base", "value", "cel", "image", "schema/schema.h"], []),
    "policy": (["policy-compiler/yaml", "policy-compiler/model"], ["base", "value"], ["yaml"]),
    "compile": (["policy-compiler/compile"], ["base", "value", "cel", "image", "policy", "schema/schema.h"], []),
    "test": (["policy-compiler/test"], ["base", "value", "cel", "image", "engine", "policy", "compile"], []),
    "tools": (["policy-compiler/tools"], ["base", "value", "cel", "image", "engine", "policy", "compile", "test"], []),
    "audit": (["pdp/audit"], ["base", "value", "engine/decision.h"], ["sqlite"]),
    "auth": (["pdp/auth"], ["base", "value"], ["openssl", "curl"]),
    "config": (["pdp/config"], ["base", "value", "store/yaml_value.h"], []),
    "store": (["pdp/store"], ["base", "value", "image", "engine/engine.h snapshot.h", "policy", "compile"],
              ["sqlite", "curl"]),
    "server": (["pdp/server"], ["base", "value", "engine", "audit", "auth", "store/store.h", "config"],
               ["event", "llhttp", "openssl", "zlib"]),
    "cli": (["cli"], ["base", "value", "cel", "image", "engine", "policy", "compile", "test", "tools",
                      "audit", "auth", "config", "store", "server"], []),
}

LIBRARIES = {
    "yyjson": r"yyjson\.h", "pcre2": r"pcre2\.h", "openssl": r"openssl/.*", "yaml": r"yaml\.h",
    "sqlite": r"sqlite3\.h", "curl": r"curl/.*", "event": r"event2?[./].*",
    "llhttp": r"llhttp\.h", "zlib": r"zlib\.h",
}

# Modules that perform no input or output, read no clock and take no lock.
PURE = ["value", "cel", "schema", "engine", "policy", "compile"]
IMPURE_OWN = ["pdp/base/files.h", "pdp/base/clock.h", "pdp/base/log.h"]
IMPURE = r"(fcntl|unistd|time|pthread|threads|poll|dirent|semaphore|netdb)\.h|sys/(?!types\.h).*|netinet/.*|arpa/.*"

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def folders():
    return {folder: module for module, (mine, _, _) in MODULES.items() for folder in mine}


def allowed_headers(module):
    """What a module may use: {other module: None for everything, or the set of headers}."""
    allowed = {module: None}
    for entry in MODULES[module][1]:
        other, _, headers = entry.partition("/")
        allowed[other] = set(headers.split()) if headers else None
    return allowed


def resolve(root, folder, name):
    """The path of an own header, searched as the compiler does."""
    for base in (folder, "pdp", "policy-compiler", "."):
        path = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def own_edge(module, folder, target):
    """Why module may not include the file target, or None."""
    target_folder, header = os.path.split(target)
    other = folders().get(target_folder)
    if target_folder == "pdp/include":
        return None if header == "cardea.h" else "only cardea.h lives in pdp/include"
    if other is None:
        return "%s is no module of the table" % target_folder
    if re.search(r"_priv\.", header) and target_folder != folder:
        return "%s is private to %s" % (header, target_folder)
    allowed = allowed_headers(module)
    if module in PURE and target in IMPURE_OWN:
        return "%s reads no file, clock or lock" % module
    if other not in allowed:
        return "%s may not use %s" % (module, other)
    if allowed[other] is not None and header not in allowed[other]:
        return "%s may use of %s only %s" % (module, other, " ".join(sorted(allowed[other])))
    return None


def system_edge(module, name):
    """Why module may not include the system's or a library's header, or None."""
    for library, pattern in LIBRARIES.items():
        if re.fullmatch(pattern, name):
            return None if library in MODULES[module][2] else "%s may not use the library %s" % (module, library)
    if module in PURE and re.fullmatch(IMPURE, name):
        return "%s reads no file, clock or lock" % module
    return None


def check_file(root, module, folder, path):
    errors = []
    with open(os.path.join(root, path), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            own, system = found.groups()
            if system:
                why = system_edge(module, system)
            else:
                target = resolve(root, folder, own)
                why = own_edge(module, folder, target) if target else "%s is not in the tree" % own
            if why:
                errors.append("%s:%d: %s: %s" % (path, number, line.strip(), why))
    return errors


def check_tree(root):
    """(errors, number of files read)"""
    errors, count = [], 0
    for top in ("pdp", "policy-compiler", "cli"):
        for folder, dirs, files in os.walk(os.path.join(root, top)):
            dirs.sort()
            folder = os.path.relpath(folder, root)
            sources = sorted(f for f in files if f.endswith((".c", ".h", ".def")))
            if not sources or folder == "pdp/include":
                continue
            module = folders().get(folder)
            if module is None:
                errors.append("%s: no module of the table lies here" % folder)
                continue
            count += len(sources)
            for name in sources:
                errors += check_file(root, module, folder, os.path.join(folder, name))
    return errors, count


# ---- self-test --------------------------------------------------------------------------------

# (file, its text, what the error must say, or None when the edge is allowed)
CASES = [
    ("pdp/value/a.c", '#include "base/str.h"', None),
    ("pdp/cel/a.c", '#include "value/value.h"', None),
    ("pdp/cel/a.c", '#include <pcre2.h>', None),
    ("pdp/image/a.c", '#include "cel/code.h"', None),
    ("pdp/server/a.c", '#include "store/store.h"', None),
    ("cli/a.c", '#include "server/server.h"', None),
    ("pdp/engine/a.c", '#include "engine/x_priv.h"', None),
    ("policy-compiler/yaml/a.c", '#include "model/policy.h"', None),
    ("pdp/base/a.c", '#include "value/value.h"', "base may not use value"),
    ("pdp/cel/a.c", '  #  include "engine/decide.h"', "cel may not use engine"),
    ("pdp/image/a.c", '#include "cel/vm.h"', "image may use of cel only"),
    ("pdp/engine/a.c", '#include "model/policy.h"', "engine may not use policy"),
    ("pdp/server/a.c", '#include "compile/unit.h"', "server may not use compile"),
    ("pdp/server/a.c", '#include "store/disk.h"', "server may use of store only store.h"),
    ("pdp/server/a.c", '#include "engine/x_priv.h"', "private to pdp/engine"),
    ("pdp/engine/a.c", '#include "base/files.h"', "reads no file, clock or lock"),
    ("pdp/engine/a.c", '#include <time.h>', "reads no file, clock or lock"),
    ("pdp/engine/a.c", '#include <sqlite3.h>', "may not use the library sqlite"),
    ("pdp/base/a.h", '#include <yyjson.h>', "may not use the library yyjson"),
    ("pdp/base/a.h", '#include "base/gone.h"', "not in the tree"),
    ("pdp/other/a.c", '', "no module of the table lies here"),
    ("pdp/server/a.c", '#include "main.h"', "not in the tree"),
    ("pdp/server/a.c", '#include "cli/main.h"', "server may not use cli"),
]

HEADERS = ["pdp/base/str.h", "pdp/base/files.h", "pdp/value/value.h", "pdp/cel/code.h", "pdp/cel/vm.h", "pdp/engine/decide.h",
           "pdp/engine/x_priv.h", "pdp/store/store.h", "pdp/store/disk.h", "pdp/server/server.h",
           "policy-compiler/model/policy.h", "policy-compiler/compile/unit.h", "cli/main.h"]


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as f:
        f.write(text + "\n")


def self_test():
    failed = 0
    for path, text, want in CASES:
        with tempfile.TemporaryDirectory() as root:
            for header in HEADERS:
                write(root, header, "")
            write(root, path, text)
            errors, _ = check_tree(root)
        good = not errors if want is None else len(errors) == 1 and want in errors[0]
        if not good:
            failed += 1
            print("arrows: self-test: %s: %s: wanted %s, got %s" % (path, text, want, errors))
    cycle = find_cycle()
    if cycle:
        failed += 1
        print("arrows: self-test: the table has a cycle: %s" % " → ".join(cycle))
    print("arrows: self-test: %d passed, %d failed" % (len(CASES) + 1 - failed, failed))
    return 1 if failed else 0


def find_cycle():
    """A cycle of the table itself, or None: only then is 'downwards' a fact."""
    def visit(module, path):
        if module in path:
            return path[path.index(module):] + [module]
        for other in allowed_headers(module):
            if other != module:
                cycle = visit(other, path + [module])
                if cycle:
                    return cycle
        return None
    for module in MODULES:
        cycle = visit(module, [])
        if cycle:
            return cycle
    return None


def main():
    args = sys.argv[1:]
    if args == ["--self-test"]:
        return self_test()
    if args == ["--table"]:
        for module, (mine, uses, libraries) in MODULES.items():
            print("%-8s %-48s %s%s" % (module, ", ".join(mine), ", ".join(uses) or "-",
                                       "  + " + ", ".join(libraries) if libraries else ""))
        return 0
    root = args[0] if args else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    errors, count = check_tree(root)
    for error in errors:
        print(error)
    print("arrows: %d files, %d wrong includes" % (count, len(errors)))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
