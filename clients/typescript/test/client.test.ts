/* client.test.ts — what the vectors cannot say: types, connections, certificates
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { Client } from "../src/index.js";
import { parseStrictly } from "../src/json.js";
import { answer, FakePdp, type Any } from "./fake-pdp.js";

const ANN = { id: "ann", roles: ["author"] };
const DOC = { kind: "document", id: "1" };

const allowAll = (request: Any): Any =>
  answer(
    request,
    request.resources.map(({ actions }: Any) => actions),
  );
const allowView = (request: Any): Any =>
  answer(
    request,
    request.resources.map(() => ["view"]),
  );

function client(pdp: { url: string }, more: object = {}): Client {
  return new Client({ url: pdp.url, log: () => {}, timeoutMs: 10_000, ...more });
}

describe("Client", () => {
  it("checks one action, and finds those that are allowed", () =>
    FakePdp.run(allowView, async (pdp) => {
      const asking = client(pdp);
      assert.equal(await asking.check(ANN, DOC, "view"), true);
      assert.equal(await asking.check(ANN, DOC, "edit"), false);
      const allowed = await asking.allowedActions(ANN, DOC, ["view", "edit"]);
      assert.deepEqual([...allowed], ["view"]);
    }));

  it("keeps its connections", () =>
    FakePdp.run(allowAll, async (pdp) => {
      const asking = client(pdp);
      for (let i = 0; i < 20; i += 1) assert.ok(await asking.check(ANN, DOC, "view"));
      // fetch may open a second one while it tidies up after the first reply, but not one for each
      // call.
      assert.ok(pdp.connections <= 2, `${pdp.connections} connections`);
    }));

  it("asks again after a failure, and never by itself", () => {
    const states: Any[] = [
      { do: "raw", text: "" },
      { do: "reply", status: 503 },
    ];
    return FakePdp.run(
      (request: Any) => states.shift() ?? allowAll(request),
      async (pdp) => {
        const asking = client(pdp);
        const got: boolean[] = [];
        for (let i = 0; i < 4; i += 1) got.push(await asking.check(ANN, DOC, "view"));
        assert.deepEqual(got, [false, false, true, true]);
        assert.equal(pdp.requests.length, 4);
      },
    );
  });

  const loop: Any[] = [];
  loop.push(loop);
  for (const [name, value] of [
    ["NaN", NaN],
    ["Infinity", Infinity],
    ["2 ** 53", 2 ** 53],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a Date", new Date(0)],
    ["a Map", new Map()],
    ["a Set", new Set([1])],
    ["bytes", new Uint8Array(1)],
    ["a class", new (class Stranger {})()],
    ["undefined in a list", [undefined]],
    ["itself", loop],
  ] as [string, unknown][]) {
    it(`does not send a value without an exact JSON form: ${name}`, () =>
      FakePdp.run(allowAll, async (pdp) => {
        const asking = client(pdp);
        for (const attr of [{ a: value }, { a: [{ b: value }] }]) {
          assert.equal(await asking.check(ANN, { ...DOC, attr }, "view"), false);
          assert.equal(await asking.check({ ...ANN, attr }, DOC, "view"), false);
        }
        assert.deepEqual(pdp.requests, []);
      }));
  }

  it("reads wrong types as no", () =>
    FakePdp.run(allowAll, async (pdp) => {
      const asking = client(pdp);
      const wrong: Any = 5;
      for (const principal of [
        { id: "ann", roles: wrong },
        { id: "ann", roles: "author" as Any },
        { id: "ann", roles: [wrong] },
        { id: "ann", roles: ["a"], attr: wrong },
        { id: "ann", roles: ["a"], attr: [] as Any },
        { id: "\ud800", roles: ["a"] },
        { id: "ann", roles: ["\ud800"] },
        null as Any,
      ]) {
        assert.equal(await asking.check(principal, DOC, "view"), false);
      }
      assert.equal((await asking.allowedActions(ANN, DOC, "view" as Any)).size, 0);
      assert.deepEqual(pdp.requests, []);
    }));

  it("leaves members out that are undefined, as JSON does", () =>
    FakePdp.run(allowAll, async (pdp) => {
      const attr = { a: undefined, b: 1 };
      assert.ok(await client(pdp).check(ANN, { ...DOC, attr }, "view"));
      assert.deepEqual(pdp.requests[0].resources[0].resource.attr, { b: 1 });
    }));

  it("asks below a path", () =>
    FakePdp.run(allowAll, async (pdp) => {
      assert.ok(await client({ url: `${pdp.url}/pdp/` }).check(ANN, DOC, "view"));
      assert.deepEqual(pdp.paths, ["POST /pdp/api/check/resources HTTP/1.1"]);
    }));

  it("gives up in time, even if its fetch does not", async () => {
    const never: typeof fetch = () => new Promise(() => {});
    const begin = performance.now();
    const got = await client(
      { url: "http://127.0.0.1:1" },
      { fetch: never, timeoutMs: 100 },
    ).decide(ANN, [{ resource: DOC, actions: ["view"] }]);
    assert.equal(got.failure, "timeout");
    assert.ok(performance.now() - begin < 600);
  });

  it("refuses unsafe settings", () => {
    for (const options of [
      { url: "127.0.0.1:3592" },
      { url: "ftp://127.0.0.1" },
      { timeoutMs: 0 },
      { timeoutMs: -1 },
      { timeoutMs: Infinity },
      { timeoutMs: NaN },
      { maxReplyBytes: 0 },
    ]) {
      assert.throws(() => new Client(options));
    }
  });

  it("does not trust an unknown certificate", async (test) => {
    const folder = mkdtempSync(join(tmpdir(), "cardea-"));
    try {
      const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
      const command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test".split(" ");
      const name = ["-addext", "subjectAltName=IP:127.0.0.1"];
      execFileSync("openssl", [...command, ...name, "-keyout", key, "-out", cert], {
        stdio: "ignore",
      });
      const tls = { key: readFileSync(key), cert: readFileSync(cert) };
      await FakePdp.run(
        allowAll,
        async (pdp) => {
          const got = await client(pdp).decide(ANN, [{ resource: DOC, actions: ["view"] }]);
          assert.equal(got.failure, "unreachable");
          assert.deepEqual(pdp.requests, []);
        },
        tls,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      test.skip("the program openssl is not installed");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("parseStrictly", () => {
  for (const text of [
    "0",
    "-0.5e-3",
    '"a\\u00e9\\n\\"\\\\/"',
    " [ 1 , [ ] , { } , null , true , false ] ",
    '{"a":{"b":[{"c":""}]},"":0,"__proto__":1,"constructor":2}',
    '"\u2028 😀"',
  ]) {
    it(`reads ${text}`, () => assert.deepEqual(parseStrictly(text), JSON.parse(text)));
  }
  it("keeps __proto__ an ordinary key", () => {
    assert.equal(Object.getPrototypeOf(parseStrictly('{"__proto__":{"a":1}}')), Object.prototype);
  });
  for (const text of [
    "",
    " ",
    "{",
    "[",
    "[1,]",
    "[,1]",
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    "{a:1}",
    "{'a':1}",
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "0x1",
    "NaN",
    "Infinity",
    "-",
    '"a',
    '"\\x"',
    '"\\u12"',
    '"a\nb"',
    "tru",
    "truex",
    "1 2",
    "[1] x",
    "/* c */ 1",
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"__proto__":1,"__proto__":1}',
    "[".repeat(100_000),
  ]) {
    it(`refuses ${text.slice(0, 40)}`, () => assert.throws(() => parseStrictly(text), SyntaxError));
  }
});
