"""reload.py — policies that change under the running server

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import signal
import threading
import time

import history
from server import Client, Closed, Server, policy, post, question

DENY = policy(effect="EFFECT_DENY")
BROKEN = policy().replace("EFFECT_ALLOW", "EFFECT_MAYBE")


def becomes(server, want, **what):
    try:
        return server.until(lambda: server.effect(**what) == want, want) < 5
    except AssertionError as e:
        return print(e)


def degraded(server):
    return "degraded" in server.health()[1]


def plain_write(check):
    with Server() as server:
        server.write("doc.yaml", DENY)
        check("rewritten in place", becomes(server, "EFFECT_DENY"))


def rename_over(check):
    with Server() as server:
        server.write(".new", DENY)
        os.rename(os.path.join(server.dir, ".new"), os.path.join(server.dir, "doc.yaml"))
        check("renamed over", becomes(server, "EFFECT_DENY"))


def editor_saves(check):
    """The dance of an editor: backup by rename, new file, removal of the backup."""
    with Server() as server:
        path = os.path.join(server.dir, "doc.yaml")
        os.rename(path, path + "~")
        with open(path, "w", encoding="utf-8") as f:
            f.write(DENY[:40])
            f.flush()
            time.sleep(0.02)
            f.write(DENY[40:])
        os.unlink(path + "~")
        check("saved", becomes(server, "EFFECT_DENY"))
        time.sleep(0.2)
        check("and healthy", not degraded(server), server.health())


def new_directories(check):
    with Server() as server:
        server.write("a/b/c/note.yaml", policy("note"))
        check("file in new directories", becomes(server, "EFFECT_ALLOW", kind="note"))
        server.write("a/b/c/note.yaml", policy("note", effect="EFFECT_DENY"))
        check("and a change in there", becomes(server, "EFFECT_DENY", kind="note"))
        shutil.rmtree(os.path.join(server.dir, "a"))
        server.write("x/late.yaml", policy("late"))
        check("directory removed, another added", becomes(server, "EFFECT_ALLOW", kind="late"))
        check("what was removed denies", server.effect(kind="note") == "EFFECT_DENY")


def moved_directory(check):
    with Server() as server:
        side = os.path.join(server.work, "side")
        os.makedirs(os.path.join(side, "deep"))
        with open(os.path.join(side, "deep", "note.yaml"), "w", encoding="utf-8") as f:
            f.write(policy("note"))
        os.rename(side, os.path.join(server.dir, "side"))
        check("moved in as a whole", becomes(server, "EFFECT_ALLOW", kind="note"))
        os.rename(os.path.join(server.dir, "side"), side)
        check("moved out again", becomes(server, "EFFECT_DENY", kind="note"))


def config_map(check):
    """Files are links through `..data`, which is swapped by rename, as Kubernetes does."""
    with Server(policies={}) as server:
        def version(name, text):
            os.makedirs(os.path.join(server.dir, name))
            with open(os.path.join(server.dir, name, "doc.yaml"), "w", encoding="utf-8") as f:
                f.write(text)
            os.symlink(name, os.path.join(server.dir, "..data_tmp"))
            os.rename(os.path.join(server.dir, "..data_tmp"), os.path.join(server.dir, "..data"))
        version("..2026_1", policy())
        os.symlink("..data/doc.yaml", os.path.join(server.dir, "doc.yaml"))
        check("first version", becomes(server, "EFFECT_ALLOW"))
        version("..2026_2", DENY)
        shutil.rmtree(os.path.join(server.dir, "..2026_1"))
        check("second version", becomes(server, "EFFECT_DENY"))


def swapped_root(check):
    """The root is a link to a release; the link is swapped."""
    with Server(policies={"r1/doc.yaml": policy(), "r2/doc.yaml": DENY}, wait=False) as first:
        current = os.path.join(first.work, "current")
        os.symlink(os.path.join(first.dir, "r1"), current)
        with Server(sets=["storage.disk.directory=" + current]) as server:
            check("first release", server.effect() == "EFFECT_ALLOW")
            os.symlink(os.path.join(first.dir, "r2"), current + ".new")
            os.rename(current + ".new", current)
            check("second release", becomes(server, "EFFECT_DENY"))
            with open(os.path.join(first.dir, "r2", "doc.yaml"), "w", encoding="utf-8") as f:
                f.write(policy())
            check("change in the new release", becomes(server, "EFFECT_ALLOW"))


def linked_file(check):
    with Server(policies={}) as server:
        real = os.path.join(server.work, "real.yaml")
        with open(real, "w", encoding="utf-8") as f:
            f.write(policy())
        os.symlink(real, os.path.join(server.dir, "doc.yaml"))
        check("through the link", becomes(server, "EFFECT_ALLOW"))
        with open(real, "w", encoding="utf-8") as f:
            f.write(DENY)
        check("change behind the link", becomes(server, "EFFECT_DENY"))


def by_signal(check):
    with Server(watch=False) as server:
        server.write("doc.yaml", DENY)
        time.sleep(0.5)
        check("not watched", server.effect() == "EFFECT_ALLOW")
        server.signal(signal.SIGHUP)
        check("SIGHUP", becomes(server, "EFFECT_DENY"))


def by_polling(check):
    """Without announcements the directory is looked at; here by making the scan frequent."""
    with Server(sets=["storage.disk.scanInterval=200ms", "storage.disk.settleTime=0s"]) as server:
        server.write("doc.yaml", DENY)
        check("seen", becomes(server, "EFFECT_DENY"))


def broken_change(check):
    with Server() as server:
        server.write("doc.yaml", BROKEN)
        server.until(lambda: degraded(server), "degraded")
        status, health = server.health()
        check("health stays good", status == 200 and health["status"] == "SERVING", health)
        check("and says why", "do not compile" in health["degraded"]["reason"], health)
        check("the old set serves", server.effect() == "EFFECT_ALLOW")
        log = server.log()
        check("the log says where", "doc.yaml:8:" in log and "EFFECT_MAYBE" in log, log)
        server.signal(signal.SIGHUP)
        time.sleep(0.3)
        check("asking again changes nothing", server.effect() == "EFFECT_ALLOW" and degraded(server))
        server.write("doc.yaml", DENY)
        check("mended", becomes(server, "EFFECT_DENY"))
        check("healthy", not degraded(server), server.health())


def all_or_nothing(check):
    """One good and one broken change together: neither is taken."""
    with Server(policies={"a.yaml": policy("a"), "b.yaml": policy("b")}) as server:
        server.write("a.yaml", policy("a", effect="EFFECT_DENY"))
        server.write("b.yaml", BROKEN)
        server.until(lambda: degraded(server), "degraded")
        check("neither", server.effect(kind="a") == "EFFECT_ALLOW" and server.effect(kind="b") == "EFFECT_ALLOW")


def vanished_root(check):
    with Server() as server:
        aside = server.dir + ".aside"
        os.rename(server.dir, aside)
        server.until(lambda: degraded(server), "degraded")
        check("the old set serves", server.effect() == "EFFECT_ALLOW")
        with open(os.path.join(aside, "doc.yaml"), "w", encoding="utf-8") as f:
            f.write(DENY)
        os.rename(aside, server.dir)
        check("back, and changed", becomes(server, "EFFECT_DENY"))
        check("healthy", not degraded(server), server.health())


def under_load(check):
    """Policies alternate while requests run: each answer is one of the two, and none fails."""
    with Server(policies={"doc.yaml": policy()}) as server:
        wrong, answers = [], {"EFFECT_ALLOW": 0, "EFFECT_DENY": 0}
        stop = threading.Event()

        def work():
            with Client(server.port) as c:
                while not stop.is_set():
                    try:
                        status, _, body = c.ask(post(question()))
                    except (OSError, Closed) as e:
                        wrong.append(repr(e))
                        return
                    effect = "EFFECT_ALLOW" if b"EFFECT_ALLOW" in body else "EFFECT_DENY"
                    answers[effect] += 1
                    if status != 200:
                        wrong.append((status, body))
        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        for i in range(20):
            server.write(".new", policy(effect="EFFECT_DENY" if i % 2 == 0 else "EFFECT_ALLOW"))
            os.rename(os.path.join(server.dir, ".new"), os.path.join(server.dir, "doc.yaml"))
            time.sleep(0.12)
        stop.set()
        for t in threads:
            t.join()
        check("no request failed", not wrong, wrong[:3])
        check("both sets answered", min(answers.values()) > 0, answers)


def delay(check):
    with Server() as server:
        took = []
        for i in range(5):
            server.write("doc.yaml", policy(effect="EFFECT_DENY" if i % 2 == 0 else "EFFECT_ALLOW"))
            took.append(server.until(lambda i=i: server.effect() == ("EFFECT_DENY" if i % 2 == 0 else "EFFECT_ALLOW"), "new"))
        check("half a second at most", max(took) < 0.5, took)


SCENARIOS = [(f.__name__, f) for f in (
    plain_write, rename_over, editor_saves, new_directories, moved_directory, config_map, swapped_root, linked_file,
    by_signal, by_polling, broken_change, all_or_nothing, vanished_root, under_load, delay)] + history.SCENARIOS
