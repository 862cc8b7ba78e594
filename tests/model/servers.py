"""servers.py — a world, served: by Cardea, or by the reference where CERBOS names its program

    with serve("cardea", world, documents) as server:
        answers = server.ask(question)

Listens on 127.0.0.1 only, over a fresh directory; ends with the block.

SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time

from archive import document, file_name
from evaluator import ALLOW
from tally import CARDEA, free_port

CERBOS = os.environ.get("CERBOS", "")
START_S = 60


class Refused(Exception):
    """The server did not start: the policies or the options are refused."""


def settings(world):
    o = world["options"]
    engine = {"lenientScopeSearch": bool(o.get("lenient")), "globals": o.get("globals", {})}
    if o.get("strict"):
        engine["strictEvaluation"] = True
    if o.get("version"):
        engine["defaultPolicyVersion"] = o["version"]
    if o.get("scope"):
        engine["defaultScope"] = o["scope"]
    return engine


class Server:
    def __init__(self, who, world, file_order=None):
        self.who, self.world = who, world
        self.port, self.work = free_port(), tempfile.mkdtemp(prefix="cardea-model-")
        self.proc = self.connection = None
        directory = os.path.join(self.work, "policies")
        os.mkdir(directory)
        documents = world["policies"]
        numbers = file_order or range(len(documents))
        for number, doc in zip(numbers, documents):
            with open(os.path.join(directory, file_name(doc, number)), "w", encoding="utf-8") as f:
                f.write(document(doc))
        self.directory = directory

    def command(self):
        listen = {"httpListenAddr": "127.0.0.1:%d" % self.port, "requestLimits": {"maxResourcesPerRequest": 500}}
        config = {"server": listen, "engine": settings(self.world), "storage": {
            "driver": "disk", "disk": {"directory": self.directory, "watchForChanges": False}}}
        if self.who == "cerbos":
            listen["grpcListenAddr"] = "127.0.0.1:%d" % free_port()
            config["telemetry"] = {"disabled": True}
        path = os.path.join(self.work, "config.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)
        if self.who == "cerbos":
            os.rename(path, path[:-4] + "yaml")
            return [CERBOS, "server", "--config=" + path[:-4] + "yaml", "--log-level=error"]
        return [CARDEA, "server", "--config=" + path, "--log-level=error"]

    def __enter__(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CARDEA_", "CERBOS_"))}
        env.update(CERBOS_NO_TELEMETRY="1", DO_NOT_TRACK="1", GOMAXPROCS="2")
        self.log_path = os.path.join(self.work, "log")
        with open(self.log_path, "wb") as log:
            self.proc = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env,
                                         cwd=self.work)
        end = time.monotonic() + START_S
        while True:
            try:
                if self.http("GET", "/_cerbos/health")[0] == 200:
                    return self
            except OSError:
                self.connection = None
            if self.proc.poll() is not None or time.monotonic() > end:
                log = self.log()
                self.__exit__()
                raise Refused("%s: %s" % (self.who, log[:3000]))
            time.sleep(0.01)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def __exit__(self, *_):
        if self.connection:
            self.connection.close()
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    def http(self, method, path, body=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        return response.status, response.read()

    def ask(self, question):
        """One answer for each resource, in the form of evaluator.check()."""
        body = {"requestId": "1", "includeMeta": True, "principal": question["principal"], "resources": question["resources"]}
        status, text = self.http("POST", "/api/check/resources", json.dumps(body))
        if status != 200:
            raise AssertionError("%s: status %d: %s" % (self.who, status, text[:500]))
        results = json.loads(text, parse_int=float)["results"]  # all numbers are doubles, also -0
        assert [r["resource"]["id"] for r in results] == [e["resource"]["id"] for e in question["resources"]]
        return [answer_of(r) for r in results]


def answer_of(result):
    meta = result.get("meta", {})
    actions = {}
    for action, effect in result["actions"].items():
        m = meta.get("actions", {}).get(action, {})
        actions[action] = (effect, m.get("matchedPolicy", ""), m.get("matchedScope", ""))
    outputs = []
    for o in result.get("outputs", []):
        failed = "error" in o
        outputs.append((o["src"], o.get("action", ""), "error", o["error"]) if failed else
                       (o["src"], o.get("action", ""), "val", o.get("val")))
    return {"actions": actions, "outputs": outputs, "derived": sorted(meta.get("effectiveDerivedRoles", []))}


def allowed(answer):
    return {a for a, decision in answer["actions"].items() if decision[0] == ALLOW}
