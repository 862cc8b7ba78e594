/* contract.test.ts — all vectors of clients/contract
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Client, Guard, principalFromClaims, Unavailable } from "../src/index.js";
import { answer, FakePdp, load, unusedPort, type Any } from "./fake-pdp.js";

const [CHECK, FAILURES, MCP, PRINCIPAL] = [
  "check.json",
  "failures.json",
  "mcp.json",
  "principal.json",
].map(load) as [Any, Any, Any, Any];

const log = (): void => {};

describe("check.json", () => {
  for (const vector of CHECK.vectors) {
    it(vector.name, async () => {
      const reply = { requestId: "$requestId", ...vector.reply };
      await FakePdp.run({ do: "reply", status: 200, json: reply }, async (pdp) => {
        const client = new Client({ url: pdp.url, log, timeoutMs: 10_000 });
        const got = await client.decide(vector.ask.principal, vector.ask.entries);
        const { expect } = vector;
        const allowed = got.decisions.map((decision) => [...decision.allowed].sort());
        assert.deepEqual(
          allowed,
          expect.allowed.map((actions: string[]) => actions.sort()),
        );
        assert.equal(got.failure, expect.failure);
        assert.deepEqual(pdp.requests, vector.send === null ? [] : [vector.send]);
        for (const path of pdp.paths) assert.equal(path, "POST /api/check/resources HTTP/1.1");
        if ("callId" in expect) assert.equal(got.callId, expect.callId);
        if ("outputs" in expect) {
          assert.deepEqual(
            got.decisions.map((decision) => decision.outputs),
            expect.outputs,
          );
        }
      });
    });
  }
});

describe("failures.json", () => {
  for (const vector of FAILURES.vectors) {
    it(vector.name, async () => {
      await FakePdp.run(vector.pdp, async (pdp) => {
        const refused = vector.pdp.do === "refuse";
        const url = refused ? `http://127.0.0.1:${await unusedPort()}` : pdp.url;
        // Only the vectors about time get the short one: a busy machine must not turn others into
        // time-outs.
        const slow = vector.failure === "timeout";
        const timeoutMs = slow ? FAILURES.timeoutMs : 10_000;
        const client = new Client({ url, timeoutMs, log });
        const begin = performance.now();
        const got = await client.decide(FAILURES.ask.principal, FAILURES.ask.entries);
        const took = performance.now() - begin;
        assert.deepEqual(
          got.decisions.map(({ allowed }) => [...allowed]),
          [[]],
        );
        assert.equal(got.failure, vector.failure, got.detail);
        assert.ok(pdp.requests.length <= 1, "a failure was retried");
        if (slow) assert.ok(took >= timeoutMs * 0.9 && took < timeoutMs + 500, `took ${took} ms`);
      });
    });
  }
});

describe("mcp.json", () => {
  for (const vector of MCP.vectors) {
    it(vector.name, async () => {
      const exchanges = [...vector.exchanges];
      const script = (request: Any): Any => {
        const exchange = exchanges.shift();
        if ("status" in exchange) return { do: "reply", status: exchange.status };
        return answer(request, exchange.allow, exchange.outputs, exchange.callId);
      };
      await FakePdp.run(script, async (pdp) => {
        const client = new Client({ url: pdp.url, log, timeoutMs: 10_000 });
        const guard = new Guard(MCP.server, client, { log });
        const { expect } = vector;
        const got = await ask(guard, vector);
        if ("visible" in expect) expect.visible.sort();
        assert.deepEqual(told(got, expect), expect);
        assert.deepEqual(
          pdp.requests,
          vector.exchanges.map((exchange: Any) => exchange.send),
        );
      });
    });
  }
});

async function ask(guard: Guard, vector: Any): Promise<Any> {
  const who = vector.principal;
  if ("call" in vector) {
    return guard.refuse(who, vector.call.method, vector.call.item, vector.call.arguments);
  }
  if ("other" in vector) return guard.refuseOther(who, vector.other.method, vector.other.params);
  try {
    const visible = await guard.visible(who, vector.list.method, vector.list.items);
    return { visible: [...visible].sort() };
  } catch (error) {
    assert.ok(error instanceof Unavailable);
    return { unavailable: true };
  }
}

/** A Refusal in the words of the vectors. */
function told(got: Any, expect: Any): Any {
  if (got === null) return { runs: true };
  if (!("kind" in got)) return got;
  const { kind, message, text, error } = got;
  const words = { kind, message, text, code: error.code, data: error.data };
  return Object.fromEntries(Object.entries(words).filter(([name]) => name in expect));
}

describe("mcp.json: long lists", () => {
  for (const vector of MCP.longLists) {
    it(vector.name, async () => {
      const names = Array.from({ length: vector.count }, (_, i) => `tool_${i + 1}`);
      const failing = vector.requests[vector.failing];
      const script = (request: Any): Any => {
        if (request.resources.length === failing) return { do: "reply", status: 500 };
        return answer(
          request,
          request.resources.map(({ resource }: Any) => [resource.id]),
        );
      };
      await FakePdp.run(script, async (pdp) => {
        const { maxResourcesPerRequest } = vector;
        const client = new Client({ url: pdp.url, log, timeoutMs: 10_000 });
        const guard = new Guard(
          "expenses",
          client,
          maxResourcesPerRequest && { maxResourcesPerRequest },
        );
        const visible = guard.visible({ id: "mia", roles: ["manager"] }, "tools/list", names);
        if (failing) await assert.rejects(visible, Unavailable);
        else assert.deepEqual([...(await visible)], names);
        const sizes = pdp.requests.map(({ resources }) => resources.length);
        assert.deepEqual(sizes.sort(), [...vector.requests].sort());
      });
    });
  }
});

describe("mcp.json: ids of servers", () => {
  for (const server of MCP.serverIds.good) {
    it(`${server} is one`, () => void new Guard(server, new Client()));
  }
  for (const server of MCP.serverIds.bad) {
    it(`${JSON.stringify(server)} is none`, () => {
      assert.throws(() => new Guard(server, new Client()), RangeError);
    });
  }
});

describe("principal.json", () => {
  for (const { name, token, rolesClaim, principal } of PRINCIPAL.vectors) {
    it(name, () => assert.deepEqual(principalFromClaims(token, rolesClaim), principal));
  }
});
