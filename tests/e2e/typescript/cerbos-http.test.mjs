/* cerbos-http.test.mjs — the reference's own JavaScript SDK, unchanged, against this server
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { HTTP } from "@cerbos/http";

import { Pdp, ROOT } from "./processes.mjs";

const KIND = "mcp::expenses";
const mia = { id: "mia", roles: ["user", "manager"], attr: { department: "sales" } };
const ulf = { id: "ulf", roles: ["user"], attr: { department: "sales" } };

function approval(amount) {
  const args = { expense_id: "e-17", amount, department: "sales", owner: "ulf" };
  return { kind: KIND, id: "approve_expense", attr: { arguments: args } };
}

describe("@cerbos/http", () => {
  let pdp, cerbos;

  before(async () => {
    pdp = await Pdp.start();
    cerbos = new HTTP(pdp.url);
  });

  after(() => pdp?.remove());

  it("isAllowed", async () => {
    const ask = (principal, amount) =>
      cerbos.isAllowed({ principal, resource: approval(amount), action: "approve_expense" });
    assert.equal(await ask(mia, 1000), true);
    assert.equal(await ask(mia, 1001), false);
    assert.equal(await ask(ulf, 1000), false);
  });

  it("checkResource", async () => {
    const actions = ["list_expenses", "add_expense", "approve_expense", "delete_expense"];
    const decision = await cerbos.checkResource({
      principal: mia,
      resource: approval(1000),
      actions,
    });
    assert.deepEqual(decision.allowedActions().sort(), actions.slice(0, 3).sort());
    assert.equal(decision.isAllowed("delete_expense"), false);
    assert.equal(decision.isAllowed("never asked"), undefined);
    assert.equal(decision.allAllowed(), false);
    assert.deepEqual(decision.validationErrors, []);
  });

  it("checkResources, with metadata and outputs", async () => {
    const reply = await cerbos.checkResources({
      principal: mia,
      resources: [
        { resource: approval(1000), actions: ["approve_expense"] },
        {
          resource: { kind: KIND, id: "other", attr: approval(4200).attr },
          actions: ["approve_expense"],
        },
        { resource: { kind: "unknown", id: "1" }, actions: ["view"] },
      ],
      includeMetadata: true,
      requestId: "request-1",
    });
    const allowed = (kind, id, action) => reply.isAllowed({ resource: { kind, id }, action });
    assert.equal(reply.requestId, "request-1");
    assert.match(reply.cerbosCallId, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.equal(allowed(KIND, "approve_expense", "approve_expense"), true);
    assert.equal(allowed(KIND, "other", "approve_expense"), false);
    assert.equal(allowed("unknown", "1", "view"), false);
    const { metadata } = reply.findResult({ kind: KIND, id: "approve_expense" });
    assert.equal(metadata.actions.approve_expense.matchedPolicy, "resource.mcp::expenses.vdefault");
    assert.deepEqual(metadata.effectiveDerivedRoles, ["department_manager"]);
    const [output] = reply.findResult({ kind: KIND, id: "other" }).outputs;
    assert.equal(output.source, "resource.mcp::expenses.vdefault#manager-approves");
    assert.match(output.value.reason, /above your approval limit of 1000/);
  });

  it("answers the request of the example", async () => {
    const load = (name) => JSON.parse(readFileSync(join(ROOT, "testdata/expenses", name), "utf8"));
    const { principal, resources } = load("request.json");
    const [wanted] = load("answer.json").results;
    const reply = await cerbos.checkResources({ principal, resources });
    assert.deepEqual(reply.results[0].actions, wanted.actions);
    assert.deepEqual(reply.results[0].outputs[0].value, wanted.outputs[0].val);
  });

  it("an invalid request is an error that names the field", async () => {
    const nobody = { id: "", roles: ["user"] };
    const ask = cerbos.isAllowed({
      principal: nobody,
      resource: approval(1),
      action: "list_expenses",
    });
    await assert.rejects(ask, (error) => {
      assert.equal(error.constructor.name, "NotOK");
      assert.equal(error.code, 3);
      assert.match(error.details, /principal\.id/);
      return true;
    });
  });

  it("checkHealth", async () => {
    assert.deepEqual(await cerbos.checkHealth(), { status: "SERVING" });
  });

  it("serverInfo", async () => {
    const { version, commit, buildDate } = await cerbos.serverInfo();
    assert.match(version, /^[0-9]+\.[0-9]+\.[0-9]+/);
    assert.deepEqual([typeof commit, typeof buildDate], ["string", "string"]);
  });

  it("a PDP that has ended is an error, not a yes", async () => {
    await pdp.end();
    await assert.rejects(
      cerbos.isAllowed({ principal: mia, resource: approval(1), action: "list_expenses" }),
    );
  });
});
