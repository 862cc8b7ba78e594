/* sdk2.test.ts — the door in front of servers of version 2 of the SDK, in both eras of the protocol
 *
 * The SDK's client and its HTTP handler, joined without a network. Version 2 needs Node.js 20.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { protect } from "../src/index.js";
import { answer, FakePdp, unusedPort, type Any } from "./fake-pdp.js";

const modern = Number(process.versions.node.split(".")[0]) >= 20;
const sdk: Any = modern && {
  ...(await import("@modelcontextprotocol/server")),
  ...(await import("@modelcontextprotocol/client")),
};
const { z } = await import("zod");

const calls: string[] = [];

/** One of each kind to be seen, one to be hidden. */
function server(): Any {
  const made = new sdk.McpServer({ name: "test", version: "1" });
  for (const name of ["seen", "secret"]) {
    const inputSchema = z.object({ amount: z.number().optional() });
    made.registerTool(name, { inputSchema }, ({ amount = 0 }: Any) => {
      calls.push(name);
      return { content: [{ type: "text", text: `paid ${amount}` }] };
    });
    made.registerPrompt(`${name}_prompt`, {}, () => {
      calls.push(`${name}_prompt`);
      return { messages: [{ role: "user", content: { type: "text", text: "prompt" } }] };
    });
    made.registerResource(name, `e://${name}`, {}, () => {
      calls.push(`e://${name}`);
      return { contents: [{ uri: `e://${name}`, text: "resource" }] };
    });
  }
  return made;
}

function policy(request: Any): Any {
  const allow = request.resources.map(({ resource, actions }: Any) => {
    const amount = resource.attr.arguments?.amount ?? 0;
    const seen = resource.id.includes("seen") && !(amount > 100);
    return seen ? actions.filter((action: string) => action !== "cardea::any-action") : [];
  });
  return answer(request, allow);
}

const authInfo = { token: "t", clientId: "desk", scopes: [], extra: { sub: "mia" } };

/** A conversation of the SDK's client with the SDK's handler, all of it in this process. */
async function talk<T>(era: string, make: () => Any, use: (client: Any) => Promise<T>): Promise<T> {
  calls.length = 0;
  const handler = sdk.createMcpHandler(make, era === "legacy" ? {} : { legacy: "reject" });
  const fetch = (url: string | URL, init: RequestInit): Promise<Response> =>
    handler.fetch(new Request(url, init), { authInfo });
  const url = new URL("http://127.0.0.1/mcp");
  const client = new sdk.Client(
    { name: "c", version: "1" },
    era === "modern" ? { versionNegotiation: { mode: "auto" } } : {},
  );
  await client.connect(new sdk.StreamableHTTPClientTransport(url, { fetch }));
  try {
    return await use(client);
  } finally {
    await client.close();
    await handler.close();
  }
}

const told = (asked: Promise<Any>): Promise<Any> =>
  asked.then(
    (result) => ({ result }),
    ({ code, message, data }) => ({ error: { code, message, data } }),
  );

for (const era of ["legacy", "modern"]) {
  describe(
    `SDK 2, ${era}`,
    { skip: modern ? false : "version 2 of the SDK needs Node.js 20" },
    () => {
      const protectedBy = (url: string) => (): Any =>
        protect(server(), { server: "expenses", url, log: () => {}, timeoutMs: 10_000 });

      it("filters lists", () =>
        FakePdp.run(policy, (pdp) =>
          talk(era, protectedBy(pdp.url), async (client) => {
            const names = (items: Any[]): string[] => items.map(({ name }) => name);
            assert.deepEqual(names((await client.listTools()).tools), ["seen"]);
            assert.deepEqual(names((await client.listPrompts()).prompts), ["seen_prompt"]);
            assert.deepEqual(names((await client.listResources()).resources), ["seen"]);
            assert.equal(pdp.requests[0].principal.id, "mia");
          }),
        ));

      it("runs what is allowed and refuses the rest", () =>
        FakePdp.run(policy, (pdp) =>
          talk(era, protectedBy(pdp.url), async (client) => {
            const call = (name: string, amount: number): Promise<Any> =>
              told(client.callTool({ name, arguments: { amount } }));
            assert.equal((await call("seen", 100)).result.content[0].text, "paid 100");
            const denied = (await call("seen", 101)).result;
            assert.equal(denied.isError, true);
            assert.match(denied.content[0].text, /^Not executed: the policy does not allow this/);
            assert.deepEqual(calls, ["seen"]);
          }),
        ));

      it("answers what is hidden as if it did not exist", async () => {
        const ask = (client: Any, kind: string): Promise<Any[]> =>
          Promise.all([
            told(client.callTool({ name: kind, arguments: {} })),
            told(client.getPrompt({ name: `${kind}_prompt` })),
            told(client.readResource({ uri: `e://${kind}` })),
          ]);
        await FakePdp.run(policy, async (pdp) => {
          const [hidden, absent] = await talk(era, protectedBy(pdp.url), async (client) => [
            await ask(client, "secret"),
            await ask(client, "absent"),
          ]);
          const natural = await talk(era, server, (client) => ask(client, "absent"));
          const text = (value: Any): string => JSON.stringify(value).replaceAll("secret", "absent");
          assert.equal(text(hidden), text(absent));
          assert.equal(text(absent), text(natural), "an unprotected server says it differently");
          assert.deepEqual(calls, []);
        });
      });

      it("shows nothing and runs nothing without a PDP", async () => {
        const make = protectedBy(`http://127.0.0.1:${await unusedPort()}`);
        await talk(era, make, async (client) => {
          assert.equal((await told(client.listTools())).error.code, -32603);
          const { result } = await told(client.callTool({ name: "seen", arguments: {} }));
          assert.match(result.content[0].text, /authorization unavailable/);
          assert.deepEqual(calls, []);
        });
      });
    },
  );
}
