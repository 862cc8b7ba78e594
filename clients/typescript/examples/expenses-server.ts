/* expenses-server.ts — a server whose tools know nothing about authorization, protected by one call
 *
 *   make run                                        the PDP, with the policies of testdata/expenses
 *   cd clients/typescript && npm install && npm run build
 *   node dist/examples/expenses-server.js           http://127.0.0.1:8000/mcp
 *
 * Then connect an MCP client with the header `Authorization: Bearer ulf`, `mia`, `ida` or `ada`,
 * and compare the lists of tools. CARDEA_URL names another PDP; the first argument is another port.
 * Real servers verify real tokens; static ones are for trying things out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

import { Client, protect } from "../src/index.js";

const CLAIMS = new Map<string, Record<string, unknown>>([
  ["ulf", { roles: ["user"], department: "sales" }],
  ["mia", { roles: ["user", "manager"], department: "sales" }],
  ["ida", { roles: ["auditor"], mfa: true }],
  ["ada", { roles: ["admin"], mfa: true }],
]);

interface Expense {
  amount: number;
  department: string;
  owner: string;
  state: string;
}

const ledger = new Map<string, Expense>([
  ["e-17", { amount: 900, department: "sales", owner: "ulf", state: "open" }],
  ["e-18", { amount: 4200, department: "sales", owner: "ulf", state: "open" }],
]);

/** The expense, if it is what the caller said: the policy judged what was said. */
function stored(id: string, stated: Partial<Expense>): Expense {
  const expense = ledger.get(id);
  const differs = Object.entries(stated).some(([k, v]) => expense?.[k as keyof Expense] !== v);
  if (expense === undefined || differs) throw new Error(`no expense ${id} with these details`);
  return expense;
}

const said = (text: string) => ({ content: [{ type: "text" as const, text }] });
const [text, number] = [z.string(), z.number()];

function expenses(): McpServer {
  const server = new McpServer({ name: "Expenses", version: "1.0.0" });

  server.registerTool(
    "list_expenses",
    { inputSchema: { department: text.optional() } },
    (asked) => {
      const found = [...ledger].filter(
        ([, e]) => (asked.department ?? e.department) === e.department,
      );
      return said(JSON.stringify(Object.fromEntries(found)));
    },
  );

  const newExpense = { amount: number, department: text, description: text };
  server.registerTool("add_expense", { inputSchema: newExpense }, (expense, { authInfo }) => {
    const { amount, department } = expense;
    const [id, owner] = [`e-${17 + ledger.size}`, String(authInfo?.extra?.["sub"])];
    ledger.set(id, { amount, department, owner, state: "open" });
    return said(id);
  });

  const approval = { expense_id: text, amount: number, department: text, owner: text };
  server.registerTool(
    "approve_expense",
    { inputSchema: approval },
    ({ expense_id: id, ...stated }) => {
      stored(id, stated).state = "approved";
      return said(`${id} is approved`);
    },
  );

  const rejection = { expense_id: text, department: text, owner: text, reason: text };
  server.registerTool(
    "reject_expense",
    { inputSchema: rejection },
    ({ expense_id: id, reason, ...stated }) => {
      stored(id, stated).state = `rejected: ${reason}`;
      return said(`${id} is rejected`);
    },
  );

  const deletion = { expense_id: text, ticket: text };
  server.registerTool("delete_expense", { inputSchema: deletion }, ({ expense_id: id, ticket }) => {
    stored(id, {}).state = `deleted under ${ticket}`;
    return said(`${id} is deleted`);
  });

  const exported = { quarter: text, ticket: text.optional() };
  server.registerTool("export_ledger", { inputSchema: exported }, ({ quarter }) =>
    said(JSON.stringify([...ledger].map(([id, expense]) => ({ quarter, id, ...expense })))),
  );
  return server;
}

const verifier = {
  async verifyAccessToken(token: string) {
    const claims = CLAIMS.get(token);
    if (claims === undefined) throw new InvalidTokenError("unknown token");
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    return { token, clientId: "demo", scopes: [], expiresAt, extra: { sub: token, ...claims } };
  },
};

const client = new Client({ url: process.env["CARDEA_URL"] ?? "http://127.0.0.1:3592" });
const app = createMcpExpressApp();

app.post("/mcp", requireBearerAuth({ verifier }), async (request, response) => {
  const server = protect(expenses(), { server: "expenses", client });
  const transport = new StreamableHTTPServerTransport({});
  response.on("close", () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});

const listener = app.listen(Number(process.argv[2] ?? 8000), "127.0.0.1", () => {
  console.log("listening on", listener.address());
});
