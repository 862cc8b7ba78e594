/* expenses.test.mjs — the example server with a real PDP and the SDK's client over HTTP
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { Pdp, serve } from "./processes.mjs";

const TIMEOUT_MS = 1000;
const SEEN = {
  ulf: ["list_expenses", "add_expense"],
  mia: ["list_expenses", "add_expense", "approve_expense", "reject_expense"],
  ida: ["list_expenses", "export_ledger"],
  ada: ["list_expenses", "delete_expense", "export_ledger"],
};
const ALL = [...SEEN.mia, "delete_expense", "export_ledger"];
const SALES = { department: "sales", owner: "ulf" };

describe("the expense server", () => {
  let pdp, server;

  before(async () => {
    pdp = await Pdp.start();
    server = await serve("dist/examples/expenses-server.js", pdp);
  });

  after(async () => {
    await server?.end();
    await pdp?.remove();
  });

  const bearer = (name) => ({ authorization: `Bearer ${name}` });

  async function talk(name, conversation) {
    const client = new Client({ name: "test", version: "1" });
    const requestInit = { headers: bearer(name) };
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
    try {
      return await conversation(client);
    } finally {
      await client.close();
    }
  }

  const tools = (client) => client.listTools().then((list) => list.tools.map(({ name }) => name));

  const call = (name, tool, args) =>
    talk(name, async (client) => {
      const { isError = false, content } = await client.callTool({ name: tool, arguments: args });
      return [isError, content[0].text];
    });

  for (const name of Object.keys(SEEN)) {
    it(`${name} sees another list`, async () => {
      assert.deepEqual(await talk(name, tools), SEEN[name]);
    });
  }

  it("without a token there is no answer", async () => {
    for (const headers of [{}, bearer("nobody")]) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
      const accept = "application/json, text/event-stream";
      const reply = await fetch(server.url, {
        method: "POST",
        headers: { ...headers, accept, "content-type": "application/json" },
        body,
      });
      assert.equal(reply.status, 401);
    }
  });

  it("amounts on both sides of the limit", async () => {
    const approve = (expense_id, amount) =>
      call("mia", "approve_expense", { expense_id, amount, ...SALES });
    assert.deepEqual(await approve("e-17", 900), [false, "e-17 is approved"]);
    const [failed, text] = await approve("e-18", 1001);
    assert.ok(failed);
    const reason =
      "Not executed: the amount is above your approval limit of 1000; " +
      "a manager with a higher limit must approve it [policy_denied, decision ";
    assert.ok(text.startsWith(reason), text);
    // The limit itself passes the policy; that the ledger has another amount is for the tool to
    // say.
    assert.deepEqual(await approve("e-18", 1000), [true, "no expense e-18 with these details"]);
  });

  it("a deletion needs a ticket", async () => {
    const [failed, text] = await call("ada", "delete_expense", {
      expense_id: "e-17",
      ticket: "please",
    });
    assert.ok(
      failed && text.startsWith("Not executed: a deletion needs the argument ticket"),
      text,
    );
    const deleted = await call("ada", "delete_expense", { expense_id: "e-17", ticket: "FIN-1234" });
    assert.deepEqual(deleted, [false, "e-17 is deleted"]);
  });

  for (const name of Object.keys(SEEN)) {
    it(`what is hidden from ${name} cannot be called, as if it did not exist`, async () => {
      const raw = async (tool, args) => {
        const params = { name: tool, arguments: args };
        const reply = await fetch(server.url, {
          method: "POST",
          headers: {
            ...bearer(name),
            accept: "application/json, text/event-stream",
            "content-type": "application/json",
            "mcp-protocol-version": "2025-06-18",
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params }),
        });
        const body = await reply.text();
        return `${reply.status} ${body.split("\n").filter((line) => line.startsWith("data:"))}`;
      };
      const args = { expense_id: "e-17", amount: 5, ...SALES, ticket: "FIN-1", quarter: "Q1" };
      for (const given of [args, {}, { amount: "not a number" }]) {
        const absent = await raw("no_such_tool", given);
        assert.match(absent, /^200 data:.*Tool no_such_tool not found/);
        for (const tool of ALL.filter((tool) => !SEEN[name].includes(tool))) {
          assert.equal((await raw(tool, given)).replaceAll(tool, "no_such_tool"), absent);
        }
      }
    });
  }

  for (const how of ["ended", "hung"]) {
    it(`with a PDP that has ${how} everything is refused in time`, async () => {
      await talk("mia", async (client) => {
        assert.deepEqual(await tools(client), SEEN.mia);
        if (how === "ended") await pdp.end();
        else pdp.hang();
        try {
          const timed = async (action) => {
            const begin = performance.now();
            const got = await action().catch((error) => error);
            const took = performance.now() - begin;
            assert.ok(took < TIMEOUT_MS + 1000, `it took ${took} ms`);
            return got;
          };
          const listed = await timed(() => client.listTools());
          assert.equal(listed.code, -32603);
          assert.match(listed.message, /authorization unavailable/);
          for (const name of ["list_expenses", "export_ledger", "no_such_tool"]) {
            const { isError, content } = await timed(() =>
              client.callTool({ name, arguments: {} }),
            );
            assert.equal(isError, true);
            const text = "Not executed: authorization unavailable [authorization_unavailable]";
            assert.equal(content[0].text, text);
          }
        } finally {
          if (how === "ended") await pdp.again();
          else pdp.goOn();
        }
        // It is back, and nobody had to restart the MCP server.
        assert.deepEqual(await tools(client), SEEN.mia);
      });
    });
  }
});
