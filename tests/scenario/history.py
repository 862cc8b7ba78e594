"""history.py — states that the reference once kept too long, asked of the running server

One scenario for each kind of stale state in its release notes; what needs no change of policies is in testdata/history.

SPDX-License-Identifier: Apache-2.0
"""

import os

from server import Server, policy

ROLE = """apiVersion: api.cerbos.dev/v1
rolePolicy:
  role: trainee
  version: default
  parentRoles: [user]
  rules:
    - resource: doc
      allowActions: [read]
"""
DERIVED = """apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  definitions:
    - name: reader
      parentRoles: [%s]
"""
IMPORTER = """apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: doc
  version: default
  importDerivedRoles: [common]
  rules:
    - actions: [read]
      derivedRoles: [reader]
      effect: EFFECT_ALLOW
"""
EXPORT = """apiVersion: api.cerbos.dev/v1
exportVariables:
  name: common
  definitions:
    open: "%s"
"""
USER_OF_EXPORT = policy().replace("  rules:", "  variables: {import: [common]}\n  rules:") + \
    "      condition: {match: {expr: V.open}}\n"
ALLOW, DENY = "EFFECT_ALLOW", "EFFECT_DENY"


def becomes(server, want, **what):
    """Within five seconds, the time a change may take."""
    try:
        server.until(lambda: server.effect(**what) == want, want)
        return True
    except AssertionError:
        return False


def remove(server, name):
    os.unlink(os.path.join(server.dir, name))


def stale_disabled_policy(check):
    """cerbos/cerbos#1436, #1711"""
    with Server() as server:
        server.write("doc.yaml", "disabled: true\n" + policy())
        check("disabled", becomes(server, DENY))
        server.write("doc.yaml", policy())
        check("enabled again", becomes(server, ALLOW))


def stale_identifiers(check):
    """cerbos/cerbos#1439: a policy that changes its name in place is not known by the old one any more"""
    with Server() as server:
        server.write("doc.yaml", policy("note"))
        check("new name", becomes(server, ALLOW, kind="note"))
        check("old name", server.effect() == DENY)


def stale_deleted_policy(check):
    """cerbos/cerbos#2452"""
    with Server(policies={"doc.yaml": policy(), "note.yaml": policy("note")}) as server:
        remove(server, "doc.yaml")
        check("deleted", becomes(server, DENY))
        check("the other stays", server.effect(kind="note") == ALLOW)


def stale_importers(check):
    """What imports a file follows its changes."""
    with Server(policies={"common.yaml": DERIVED % "user", "doc.yaml": IMPORTER}) as server:
        check("at first", server.effect() == ALLOW)
        server.write("common.yaml", DERIVED % "admin")
        check("derived roles changed", becomes(server, DENY))
    with Server(policies={"common.yaml": EXPORT % "true", "doc.yaml": USER_OF_EXPORT}) as server:
        check("at first, with variables", server.effect() == ALLOW)
        server.write("common.yaml", EXPORT % "false")
        check("variables changed", becomes(server, DENY))


def stale_parent_roles(check):
    """The parents of a role are gone with its role policy (fixed in 0.52)."""
    with Server(policies={"doc.yaml": policy(), "trainee.yaml": ROLE}) as server:
        check("a parent's permission", server.effect(role="trainee") == ALLOW)
        remove(server, "trainee.yaml")
        check("gone with the role policy", becomes(server, DENY, role="trainee"))


def stale_renamed_file(check):
    """A file that was renamed is still watched (fixed in 0.52)."""
    with Server() as server:
        os.rename(os.path.join(server.dir, "doc.yaml"), os.path.join(server.dir, "renamed.yaml"))
        server.write("note.yaml", policy("note"))
        check("another file is seen", becomes(server, ALLOW, kind="note"))
        server.write("renamed.yaml", policy(effect=DENY))
        check("and changes of the renamed one", becomes(server, DENY))


SCENARIOS = [(f.__name__, f) for f in (
    stale_disabled_policy, stale_identifiers, stale_deleted_policy, stale_importers, stale_parent_roles,
    stale_renamed_file)]
