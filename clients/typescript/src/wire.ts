/* wire.ts — what is sent to the PDP, and when a reply may be believed
 *
 * Encoding refuses what JSON cannot carry unchanged: the PDP must judge exactly the values that the
 * caller will use afterwards. Decoding refuses everything that is not the answer to this very
 * request: a reply that is wrong in one place is not trusted in another. Both end as an Answer with
 * a `failure` and without a single allowed action; see client.ts.
 *
 * Neighbours: client.ts sends and receives the bytes · json.ts parses · clients/contract holds the
 * vectors for both directions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { parseStrictly, type Json } from "./json.js";

/** Who acts. `attr` must be JSON values; it is sent as it is. */
export interface Principal {
  id: string;
  roles: readonly string[];
  attr?: Readonly<Record<string, unknown>>;
  scope?: string;
  policyVersion?: string;
}

/** What is acted on. `attr` must be JSON values; it is sent as it is. */
export interface Resource {
  kind: string;
  id: string;
  attr?: Readonly<Record<string, unknown>>;
  scope?: string;
  policyVersion?: string;
}

/** One question of a request: which of these actions on this resource? */
export interface Entry {
  resource: Resource;
  actions: readonly string[];
}

/** What a rule had to say.
 *
 * `action` is empty if the PDP did not name it, `value` is null if the rule's expression failed.
 */
export interface Output {
  src: string;
  action: string;
  value: unknown;
}

/** The answer to one Entry. */
export interface Decision {
  allowed: ReadonlySet<string>;
  outputs: readonly Output[];
}

export type Failure =
  "unsendable" | "unreachable" | "timeout" | "status" | "too_large" | "unreadable";

/** The answer to a request, one Decision for each Entry, in order.
 *
 * With a `failure` no decision allows anything; `detail` is for logs. `callId` is the PDP's name
 * for this decision.
 */
export interface Answer {
  decisions: readonly Decision[];
  callId: string;
  failure?: Failure;
  detail?: string;
}

/** Why there is no answer; caught in client.ts. */
export class Failed extends Error {
  constructor(
    readonly failure: Failure,
    detail: string,
  ) {
    super(detail);
  }
}

const MAX_DEPTH = 64;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

type Members = { [key: string]: Json };

// ---- sending ----

function unsendable(why: string): never {
  throw new Failed("unsendable", why);
}

function checkText(text: string): void {
  if (LONE_SURROGATE.test(text)) unsendable("a text is not Unicode");
}

/** Is this an object literal, or what JSON.parse makes? */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Throws unless JSON and the PDP's doubles carry the value unchanged. */
function checkValue(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) unsendable(`attributes are nested deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    checkText(value);
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) unsendable("a number is not finite");
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      unsendable("an integer is too large to be carried exactly");
    }
  } else if (Array.isArray(value)) {
    for (const element of value) checkValue(element, depth + 1);
  } else if (typeof value === "object" && isPlain(value)) {
    checkMembers(value, depth + 1);
  } else {
    unsendable(`a value of type ${typeof value} has no JSON form`);
  }
}

function checkMembers(holder: object, depth: number): void {
  for (const [key, member] of Object.entries(holder)) {
    checkText(key);
    // JSON.stringify leaves such a member out, and so it is absent for everybody.
    if (member !== undefined) checkValue(member, depth);
  }
}

/** Principals and resources; empty members are left out. */
function party(of: Principal | Resource, members: Record<string, unknown>): object {
  checkMembers(members, 0);
  checkText(`${of.scope} ${of.policyVersion}`);
  if (of.attr !== undefined) {
    const attr: unknown = of.attr;
    if (typeof attr !== "object" || attr === null || Array.isArray(attr) || !isPlain(attr)) {
      unsendable("attr is not an object");
    }
    checkMembers(attr, 1);
    if (Object.keys(attr).length > 0) members["attr"] = attr;
  }
  if (of.scope) members["scope"] = of.scope;
  if (of.policyVersion) members["policyVersion"] = of.policyVersion;
  return members;
}

function names(list: readonly string[], what: string): readonly string[] {
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) {
    unsendable(`${what} is not a list of strings`);
  }
  list.forEach(checkText);
  return list;
}

/** The body of POST /api/check/resources. Throws Failed. */
export function encode(principal: Principal, entries: readonly Entry[], requestId: string): string {
  try {
    const message = {
      requestId,
      principal: party(principal, { id: principal.id, roles: names(principal.roles, "roles") }),
      resources: entries.map(({ resource, actions }) => ({
        actions: names(actions, "actions"),
        resource: party(resource, { kind: resource.kind, id: resource.id }),
      })),
    };
    return JSON.stringify(message);
  } catch (error) {
    if (error instanceof Failed) throw error;
    return unsendable(String(error));
  }
}

// ---- reading ----

function unreadable(why: string): never {
  throw new Failed("unreadable", why);
}

function object(value: Json | undefined, what: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return unreadable(`${what} is not an object`);
  }
  return value;
}

function list(value: Json | undefined, what: string): Json[] {
  return Array.isArray(value) ? value : unreadable(`${what} is not a list`);
}

function text(value: Json | undefined, what: string): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : unreadable(`${what} is not a text`);
}

/** The answer in a reply with status 200. Throws Failed. */
export function decode(body: Uint8Array, entries: readonly Entry[], requestId: string): Answer {
  let parsed: Json;
  try {
    parsed = parseStrictly(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch (error) {
    return unreadable(`not JSON: ${String(error)}`);
  }
  const reply = object(parsed, "the reply");
  if (reply["requestId"] !== requestId) unreadable("the reply carries the id of another request");
  const results = list(reply["results"], "results");
  if (results.length !== entries.length) {
    unreadable(`${results.length} results for ${entries.length} resources`);
  }
  return {
    decisions: entries.map((entry, i) => decision(results[i], entry)),
    callId: text(reply["cerbosCallId"], "cerbosCallId"),
  };
}

function decision(value: Json | undefined, entry: Entry): Decision {
  const result = object(value, "a result");
  const resource = object(result["resource"], "resource");
  const sent = entry.resource;
  const same =
    resource["kind"] === sent.kind &&
    resource["id"] === sent.id &&
    text(resource["scope"], "scope") === (sent.scope ?? "") &&
    text(resource["policyVersion"], "policyVersion") === (sent.policyVersion ?? "");
  if (!same) unreadable("a result is about another resource");
  const effects = new Map(Object.entries(object(result["actions"], "actions")));
  const asked = new Set(entry.actions);
  if (effects.size !== asked.size || [...asked].some((action) => !effects.has(action))) {
    unreadable("a result is about other actions");
  }
  const allowed = new Set<string>();
  for (const [action, effect] of effects) {
    if (effect === "EFFECT_ALLOW") allowed.add(action);
    else if (effect !== "EFFECT_DENY") unreadable("an effect is neither ALLOW nor DENY");
  }
  const outputs = list(result["outputs"] ?? [], "outputs").map(output);
  const rejected = list(result["validationErrors"] ?? [], "validationErrors").length > 0;
  return { allowed: rejected ? new Set() : allowed, outputs };
}

function output(value: Json): Output {
  const members = object(value, "an output");
  return {
    src: text(members["src"], "src"),
    action: text(members["action"], "action"),
    value: members["val"] ?? null,
  };
}
