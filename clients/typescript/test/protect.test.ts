/* protect.test.ts — the door in front of servers of the official SDK
 *
 * Raw JSON-RPC over the SDK's in-memory transport, so that answers can be compared to the last
 * character. tests/e2e does the same with a real client over HTTP and a real PDP.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import {
  CallToolRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

import { protect, type ProtectOptions } from "../src/index.js";
import { answer, FakePdp, unusedPort, type Any } from "./fake-pdp.js";

const calls: string[] = [];
const said: string[] = [];
const INFO = { name: "test", version: "1" };

/** One of each kind to be seen, one to be hidden. */
function highLevel(): McpServer {
  const server = new McpServer(INFO);
  for (const name of ["seen", "secret"]) {
    const inputSchema = { amount: z.number().optional() };
    server.registerTool(name, { inputSchema }, ({ amount = 0 }) => {
      calls.push(name);
      return { content: [{ type: "text", text: `paid ${amount}` }] };
    });
    const prompt = `${name}_prompt`;
    const month = completable(z.string(), () => ["May"]);
    server.registerPrompt(prompt, { argsSchema: { month } }, () => {
      calls.push(prompt);
      return { messages: [{ role: "user", content: { type: "text", text: "prompt" } }] };
    });
    const uri = `e://${name}`;
    server.registerResource(name, uri, {}, () => {
      calls.push(uri);
      return { contents: [{ uri, text: "resource" }] };
    });
    const template = new ResourceTemplate(`t://${name}/{x}`, { list: undefined });
    server.registerResource(`${name}_t`, template, {}, (at) => {
      calls.push(at.href);
      return { contents: [{ uri: at.href, text: "template" }] };
    });
  }
  return server;
}

/** The same, by hand. */
function lowLevel(): Server {
  const capabilities = { tools: {}, prompts: {}, resources: {} };
  const server = new Server(INFO, { capabilities });
  const both = <T>(make: (name: string) => T): T[] => ["seen", "secret"].map(make);
  const inputSchema = { type: "object" as const };
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: both((name) => ({ name, inputSchema })),
  }));
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: both((name) => ({ name: `${name}_prompt` })),
  }));
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: both((name) => ({ name, uri: `e://${name}` })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: both((name) => ({ name, uriTemplate: `t://${name}/{x}` })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    calls.push(params.name);
    return { content: [{ type: "text", text: `paid ${String(params.arguments?.["amount"])}` }] };
  });
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    calls.push(params.name);
    return { messages: [{ role: "user", content: { type: "text", text: "prompt" } }] };
  });
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    calls.push(params.uri);
    return { contents: [{ uri: params.uri, text: "resource" }] };
  });
  return server;
}

/** Shows what is named `seen`, allows it for amounts up to 100, and knows no catch-all. */
function policy(request: Any): Any {
  const seen = request.resources.map(({ resource }: Any) => {
    const amount = resource.attr.arguments?.amount ?? 0;
    return resource.id.includes("seen") && !(amount > 100);
  });
  const allow = request.resources.map(({ actions }: Any, i: number) =>
    seen[i] ? actions.filter((action: string) => action !== "cardea::any-action") : [],
  );
  const outputs = request.resources.map(({ actions }: Any, i: number) =>
    seen[i] ? [] : [{ src: "s", action: actions[0], val: { reason: "at most 100" } }],
  );
  return answer(request, allow, outputs, "01CALL");
}

/** The other end of a connection: sends requests, gives the raw answers. */
class Wire {
  readonly #waiting = new Map<unknown, (message: Any) => void>();
  #id = 0;

  constructor(readonly transport: InMemoryTransport) {
    transport.onmessage = (message: Any) => this.#waiting.get(message.id)?.(message);
  }

  async request(method: string, params?: unknown, id: unknown = (this.#id += 1)): Promise<Any> {
    const reply = new Promise<Any>((resolve) => this.#waiting.set(id, resolve));
    await this.transport.send({ jsonrpc: "2.0", id, method, params } as Any);
    const message = await reply;
    // What tells two answers apart must not be the number of the request.
    return { ...message, id: 0 };
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.transport.send({ jsonrpc: "2.0", method, params } as Any);
  }
}

async function connected(server: Any): Promise<Wire> {
  calls.length = 0;
  said.length = 0;
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const wire = new Wire(near);
  const clientInfo = { name: "c", version: "1" };
  const initialize = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  await wire.request("initialize", initialize);
  await wire.notify("notifications/initialized", {});
  return wire;
}

const MIA = { id: "mia", roles: ["manager"] };

function options(url: string, more: Partial<ProtectOptions> = {}): ProtectOptions {
  const log = (message: string): void => void said.push(message);
  return { server: "expenses", url, principal: () => MIA, log, timeoutMs: 10_000, ...more };
}

async function withPdp(
  make: () => Any,
  use: (wire: Wire, pdp: FakePdp) => Promise<void>,
  script: Any = policy,
  more: Partial<ProtectOptions> = {},
): Promise<void> {
  await FakePdp.run(script, async (pdp) => {
    await use(await connected(protect(make(), options(pdp.url, more))), pdp);
  });
}

const HIDDEN_AND_UNKNOWN: [string, Any, Any][] = [
  ["tools/call", { name: "secret", arguments: {} }, { name: "absent", arguments: {} }],
  ["tools/call", { name: "secret", arguments: { amount: "x" } }, { name: "absent", arguments: {} }],
  ["prompts/get", { name: "secret_prompt" }, { name: "absent_prompt" }],
  ["resources/read", { uri: "e://secret" }, { uri: "e://absent" }],
  ["resources/read", { uri: "t://secret/5" }, { uri: "t://absent/5" }],
];

for (const [kind, make] of [
  ["McpServer", highLevel],
  ["Server", lowLevel],
] as [string, () => Any][]) {
  describe(`protect(${kind})`, () => {
    it("filters lists with one request each", () =>
      withPdp(make, async (wire, pdp) => {
        const list = async (method: string): Promise<Any> => (await wire.request(method)).result;
        const names = (items: Any[], name: string): string[] => items.map((item) => item[name]);
        assert.deepEqual(names((await list("tools/list")).tools, "name"), ["seen"]);
        assert.deepEqual(names((await list("prompts/list")).prompts, "name"), ["seen_prompt"]);
        assert.deepEqual(names((await list("resources/list")).resources, "uri"), ["e://seen"]);
        const { resourceTemplates } = await list("resources/templates/list");
        assert.deepEqual(names(resourceTemplates, "uriTemplate"), ["t://seen/{x}"]);
        assert.deepEqual(
          pdp.requests.map(({ resources }) => resources.length),
          [2, 2, 2, 2],
        );
      }));

    it("runs what is allowed, with one request each", () =>
      withPdp(make, async (wire, pdp) => {
        const paid = await wire.request("tools/call", { name: "seen", arguments: { amount: 100 } });
        assert.equal(paid.result.content[0].text, "paid 100");
        const prompt = await wire.request("prompts/get", {
          name: "seen_prompt",
          arguments: { month: "May" },
        });
        assert.equal(prompt.result.messages[0].content.text, "prompt");
        const read = await wire.request("resources/read", { uri: "e://seen" });
        assert.equal(read.result.contents[0].text, "resource");
        assert.equal(pdp.requests.length, 3);
        const [decided] = pdp.requests[0].resources;
        assert.deepEqual(decided.resource.attr.arguments, { amount: 100 });
        assert.deepEqual(pdp.requests[0].principal, MIA);
      }));

    it("says why a call is denied", () =>
      withPdp(make, async (wire) => {
        const params = { name: "seen", arguments: { amount: 101 } };
        assert.deepEqual((await wire.request("tools/call", params)).result, {
          content: [
            { type: "text", text: "Not executed: at most 100 [policy_denied, decision 01CALL]" },
          ],
          isError: true,
        });
        assert.deepEqual(calls, []);
      }));

    it("says why a prompt is denied", () =>
      withPdp(
        make,
        async (wire) => {
          const { error } = await wire.request("prompts/get", { name: "seen_prompt" });
          assert.deepEqual(error, {
            code: -31403,
            message: "the policy does not allow this request",
            data: { code: "policy_denied", retryable: false },
          });
        },
        (request: Any) => answer(request, [[], ["prompts/list::seen_prompt"]]),
      ));

    for (const [method, hidden, unknown] of HIDDEN_AND_UNKNOWN) {
      it(`answers ${method} ${JSON.stringify(hidden)} as if it did not exist`, async () => {
        const text = (value: Any): string => JSON.stringify(value);
        await withPdp(make, async (wire) => {
          const got = text(await wire.request(method, hidden));
          const absent = text(await wire.request(method, unknown));
          assert.equal(got.replace("secret", "absent"), absent);
          assert.deepEqual(calls, []);
          if (kind !== "McpServer") return;
          const natural = await (await connected(make())).request(method, unknown);
          assert.equal(absent, text(natural), "an unprotected server says it differently");
        });
      });
    }

    it("shows nothing and runs nothing without a PDP", async () => {
      const url = `http://127.0.0.1:${await unusedPort()}`;
      const wire = await connected(protect(make(), options(url)));
      for (const [method, params] of [
        ["tools/list"],
        ["prompts/list"],
        ["resources/list"],
        ["resources/templates/list"],
        ["prompts/get", { name: "seen_prompt" }],
        ["resources/read", { uri: "e://seen" }],
      ] as [string, Any][]) {
        const { error, result } = await wire.request(method, params);
        assert.equal(result, undefined);
        assert.equal(error.code, -32603);
        assert.equal(error.message, "authorization unavailable");
      }
      const seen = await wire.request("tools/call", { name: "seen" });
      const text = "Not executed: authorization unavailable [authorization_unavailable]";
      assert.deepEqual(seen.result, { content: [{ type: "text", text }], isError: true });
      assert.deepEqual(await wire.request("tools/call", { name: "absent" }), seen);
      assert.deepEqual(calls, []);
    });
  });
}

describe("the principal", () => {
  const broken = (): never => {
    throw new Error("no directory");
  };
  for (const [name, principal] of [
    ["by default there is none without a token", undefined],
    ["null is nobody", () => null],
    ["a promise of null is nobody", () => Promise.resolve(null)],
    ["an error is nobody", broken],
  ] as [string, Any][]) {
    it(name, () =>
      FakePdp.run(policy, async (pdp) => {
        const { principal: _mia, ...rest } = options(pdp.url);
        const server = protect(highLevel(), principal ? { ...rest, principal } : rest);
        const wire = await connected(server);
        const listed = await wire.request("tools/list");
        assert.deepEqual(listed.error, {
          code: -31403,
          message: "authentication required",
          data: { code: "unauthenticated", retryable: false },
        });
        const called = await wire.request("tools/call", { name: "seen" });
        const text = "Not executed: authentication required [unauthenticated]";
        assert.deepEqual(called.result, { content: [{ type: "text", text }], isError: true });
        assert.deepEqual(pdp.requests, []);
        assert.deepEqual(calls, []);
      }),
    );
  }

  it("comes from the verified token of the very request", () =>
    FakePdp.run(policy, async (pdp) => {
      const { principal: _mia, ...rest } = options(pdp.url);
      const wire = await connected(protect(highLevel(), rest));
      const send = wire.transport.send.bind(wire.transport);
      wire.transport.send = (message) =>
        send(message, {
          authInfo: {
            token: "t",
            clientId: "desk",
            scopes: ["a"],
            extra: { sub: "ann", roles: ["r"] },
          },
        });
      assert.deepEqual((await wire.request("tools/list")).result.tools.length, 1);
      assert.deepEqual(pdp.requests[0].principal, {
        id: "ann",
        roles: ["r"],
        attr: {
          claims: { sub: "ann", roles: ["r"] },
          scopes: ["a"],
          authn: "token",
          agent: { id: "desk" },
        },
      });
    }));
});

describe("the door", () => {
  it("lets no second request with the id of one that is in flight change an answer", () =>
    withPdp(highLevel, async (wire) => {
      const answers: Any[] = [];
      wire.transport.onmessage = (message) => void answers.push(message);
      const send = (method: string): Promise<void> =>
        wire.transport.send({ jsonrpc: "2.0", id: 77, method } as Any);
      await Promise.all([send("tools/list"), send("ping"), send("tools/list")]);
      while (answers.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(!JSON.stringify(answers).includes("secret"));
      assert.equal(answers.filter(({ error }) => error?.code === -32600).length, 2);
    }));

  it("does not start what was cancelled while it was decided", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const principal = async (): Promise<typeof MIA> => {
      await held;
      return MIA;
    };
    await withPdp(
      highLevel,
      async (wire) => {
        void wire.request("tools/call", { name: "seen" }, 5);
        await wire.notify("notifications/cancelled", { requestId: 5 });
        release();
        const later = await wire.request("tools/call", { name: "seen" }, 6);
        assert.equal(later.result.content[0].text, "paid 0");
        assert.deepEqual(calls, ["seen"]);
      },
      policy,
      { principal },
    );
  });

  it("does not send a list that is the answer to something else", () =>
    withPdp(
      () => {
        const server = lowLevel();
        server.setRequestHandler(CallToolRequestSchema, () => ({
          content: [],
          tools: [{ name: "secret" }],
        }));
        return server;
      },
      async (wire) => {
        const reply = await wire.request("tools/call", { name: "seen" });
        assert.equal(reply.error.code, -32603);
        assert.ok(!JSON.stringify(reply).includes("secret"));
      },
    ));

  it("shows no items that are malformed", () =>
    withPdp(
      () => {
        const server = lowLevel();
        server.setRequestHandler(ListToolsRequestSchema, (): Any => ({
          tools: [null, "seen", 5, {}, { name: 5 }, { name: "a seen" }, { name: "seen" }],
          nextCursor: "2",
        }));
        return server;
      },
      async (wire) => {
        const { result } = await wire.request("tools/list");
        assert.deepEqual(result, { tools: [{ name: "seen" }], nextCursor: "2" });
      },
    ));

  it("keeps cached answers with the caller", () =>
    withPdp(
      () => {
        const server = lowLevel();
        const cache = { ttlMs: 60_000, cacheScope: "public" };
        server.setRequestHandler(ListToolsRequestSchema, (): Any => ({ tools: [], ...cache }));
        server.setRequestHandler(ReadResourceRequestSchema, (): Any => ({
          contents: [],
          ...cache,
        }));
        return server;
      },
      async (wire) => {
        const kept = { ttlMs: 5000, cacheScope: "private" };
        const listed = await wire.request("tools/list");
        assert.deepEqual(listed.result, { tools: [], ...kept });
        const read = await wire.request("resources/read", { uri: "e://seen" });
        assert.deepEqual(read.result, { contents: [], ...kept });
      },
    ));

  it("refuses methods that nobody decides, unless it is told otherwise", async () => {
    const ask = async (unprotected: string[]): Promise<Any> => {
      let reply: Any;
      const make = (): Server => {
        const server = lowLevel();
        server.fallbackRequestHandler = () => Promise.resolve({ leaked: true });
        return server;
      };
      await withPdp(make, async (wire) => void (reply = await wire.request("tasks/list")), policy, {
        unprotected,
      });
      return reply;
    };
    assert.deepEqual((await ask([])).error, { code: -32601, message: "Method not found" });
    assert.deepEqual((await ask(["tasks/list"])).result, { leaked: true });
  });

  it("completes arguments only of prompts that are shown", () =>
    withPdp(highLevel, async (wire) => {
      const complete = (name: string): Promise<Any> =>
        wire.request("completion/complete", {
          ref: { type: "ref/prompt", name },
          argument: { name: "month", value: "M" },
        });
      assert.deepEqual((await complete("seen_prompt")).result.completion.values, ["May"]);
      const hidden = await complete("secret_prompt");
      assert.deepEqual(hidden.error, { code: -32602, message: "Invalid params" });
      assert.deepEqual(await complete("absent_prompt"), hidden);
    }));

  for (const [method, params] of [
    ["tools/call", undefined],
    ["tools/call", {}],
    ["tools/call", { name: 5 }],
    ["tools/call", { name: "seen", arguments: [] }],
    ["tools/call", { name: "seen", arguments: "x" }],
    ["tools/call", []],
    ["prompts/get", { name: null }],
    ["resources/read", { uri: {} }],
  ] as [string, Any][]) {
    it(`refuses ${method} ${JSON.stringify(params)}`, () =>
      withPdp(lowLevel, async (wire, pdp) => {
        const reply = await wire.request(method, params);
        assert.deepEqual(reply.error, { code: -32602, message: "Invalid params" });
        assert.deepEqual([pdp.requests, calls], [[], []]);
      }));
  }

  it("works with handlers around the server's, set before and after", () =>
    FakePdp.run(policy, async (pdp) => {
      const heard: string[] = [];
      const [near, far] = InMemoryTransport.createLinkedPair();
      far.onmessage = (message: Any) => void heard.push(`before ${message.method}`);
      await protect(highLevel(), options(pdp.url)).connect(far);
      const before = far.onmessage;
      far.onmessage = (message: Any, extra) => {
        heard.push(`after ${message.method}`);
        before?.(message, extra);
      };
      const wire = new Wire(near);
      const { result } = await wire.request("tools/list");
      assert.deepEqual(
        result.tools.map(({ name }: Any) => name),
        ["seen"],
      );
      await wire.request("tools/call", { name: "secret" });
      assert.deepEqual(heard, ["after tools/list", "before tools/list"]);
      assert.equal(pdp.requests.length, 2);
    }));

  it("says so when a call is allowed and the list does not show it", () =>
    withPdp(
      highLevel,
      async (wire) => {
        const reply = await wire.request("tools/call", { name: "seen" });
        assert.ok(JSON.stringify(reply).includes("not found"));
        assert.ok(said.some((line) => line.includes("tools/list::seen is missing")));
      },
      (request: Any) => answer(request, [["seen"], []]),
    ));

  it("stands once, and before the server is connected", async () => {
    const url = "http://127.0.0.1:1";
    const server = highLevel();
    assert.equal(protect(server, options(url)), server);
    assert.throws(() => protect(server, options(url)), /already/);
    assert.throws(() => protect(server.server, options(url)), /already/);
    const late = lowLevel();
    await late.connect(InMemoryTransport.createLinkedPair()[0]);
    assert.throws(() => protect(late, options(url)), /before connect/);
  });

  it("refuses options that would leave it open", () => {
    const url = "http://127.0.0.1:1";
    for (const unprotected of ["tools/list", "tools/call", "resources/read"]) {
      assert.throws(
        () => protect(highLevel(), options(url, { unprotected: [unprotected] })),
        RangeError,
      );
    }
    assert.throws(() => protect(highLevel(), options(url, { server: "any" })), RangeError);
    assert.throws(
      () => protect(highLevel(), options(url, { maxResourcesPerRequest: 1 })),
      RangeError,
    );
    assert.throws(() => protect(highLevel(), options("ftp://x")), RangeError);
  });
});
