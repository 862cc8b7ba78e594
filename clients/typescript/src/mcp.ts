/* mcp.ts — what MCP requests become: names, attributes, and the meaning of an answer
 *
 * A list of items is one check request with one entry for each item; a call is one check request
 * with two entries, the call with its arguments and the question of the list about the same item.
 * An item that the list would not show cannot be called either, and is answered as one that does
 * not exist.
 *
 * The naming is the contract's (clients/contract/README.md): kind `mcp::<server>`, id the item, and
 * for every item several alias actions. The control action tells a catch-all rule from a rule about
 * the item: whoever is allowed an action that nobody has heard of is allowed everything, so an
 * alias that is denied nevertheless was denied on purpose.
 *
 * Neighbours: client.ts asks · protect.ts is the door built on this.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { Client } from "./client.js";
import type { Answer, Decision, Entry, Principal } from "./wire.js";

export const CONTROL_ACTION = "cardea::any-action";
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const RESERVED_SERVER_IDS = new Set(["any", "default"]);
const REGULAR_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const MAX_REASON = 1000;

/** What a server may do for its client without anybody's leave. Everything else that is not decided
 * below is refused, so that a method nobody thought of is not an open door. */
const PASS_THROUGH = new Set([
  "initialize",
  "ping",
  "server/discover",
  "logging/setLevel",
  "resources/unsubscribe",
]);

const LIST_OF_CALL: ReadonlyMap<string, string> = new Map([
  ["tools/call", "tools/list"],
  ["prompts/get", "prompts/list"],
  ["resources/read", "resources/list"],
]);

/** Claims of a token that say something about the token, not about the principal. */
const TOKEN_CLAIMS = [
  "iss sub aud exp nbf iat jti scope scp scopes client_id azp act".split(" "),
  // Attributes that a claim cannot overwrite.
  "claims scopes authn agent assurance actors".split(" "),
].flat();
const DEFAULT_ROLE = "authenticated";
const MAX_ROLES = 64;

/** The PDP gave no answer; nothing may be shown. */
export class Unavailable extends Error {}

export type RefusalKind =
  "denied" | "hidden" | "unavailable" | "unauthenticated" | "unknown_method";

/** Why a call does not run.
 *
 * `hidden` is to be answered as an item that does not exist, `unknown_method` as a method that does
 * not; the others have words for people and models: `text` for the result of a tool, and `error`
 * for everything else.
 */
export interface Refusal {
  kind: RefusalKind;
  message: string;
  text: string;
  error: { code: number; message: string; data: Record<string, unknown> };
}

function refusal(kind: RefusalKind, message = "", callId = ""): Refusal {
  const codes = { denied: "policy_denied", unavailable: "authorization_unavailable" } as const;
  const code = kind === "denied" || kind === "unavailable" ? codes[kind] : kind;
  const retryable = kind === "unavailable";
  return {
    kind,
    message,
    text: `Not executed: ${message} [${callId ? `${code}, decision ${callId}` : code}]`,
    error: {
      code: kind === "unavailable" ? -32603 : -31403,
      message,
      data: { code, retryable, ...(callId && { decisionId: callId }) },
    },
  };
}

export const UNAVAILABLE = refusal("unavailable", "authorization unavailable");
export const UNAUTHENTICATED = refusal("unauthenticated", "authentication required");
const HIDDEN = refusal("hidden");
const UNKNOWN_METHOD = refusal("unknown_method");

// ---- principals ----

/** What is known of a *verified* token. */
export interface VerifiedToken {
  claims: Readonly<Record<string, unknown>>;
  clientId?: string;
  scopes?: readonly string[];
}

/** The principal of a verified token, or null if its claims do not name one.
 *
 * The id is `sub`, or the client's id for a token without `sub`. Roles are a list of strings in
 * `rolesClaim`, a claim's name or a path such as `realm_access.roles`; a token without roles gets
 * the role `authenticated`. Every other claim becomes an attribute of the same name.
 */
export function principalFromClaims(token: VerifiedToken, rolesClaim = "roles"): Principal | null {
  const { claims, clientId = "", scopes = [] } = token;
  const id = Object.hasOwn(claims, "sub") ? claims["sub"] : clientId;
  if (typeof id !== "string" || id === "") return null;
  const roles = claim(claims, rolesClaim) ?? [];
  if (!Array.isArray(roles) || roles.length > MAX_ROLES) return null;
  if (!roles.every((role): role is string => typeof role === "string" && role !== "")) return null;
  const leftOut = new Set([...TOKEN_CLAIMS, "", rolesClaim]);
  const kept = Object.entries(claims).filter(([name]) => !leftOut.has(name));
  const attr: Record<string, unknown> = {
    ...Object.fromEntries(kept),
    claims,
    scopes: [...scopes],
    authn: "token",
  };
  const actor = claims["act"];
  const acting = typeof actor === "object" && actor !== null && "sub" in actor ? actor.sub : "";
  const agent = acting || clientId || claims["client_id"] || claims["azp"];
  if (typeof agent === "string" && agent !== "") attr["agent"] = { id: agent };
  return { id, roles: roles.length > 0 ? [...new Set(roles)] : [DEFAULT_ROLE], attr };
}

function claim(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

// ---- naming ----

/** Can the item be named in an action? Items that cannot are never shown and never called. */
function regular(method: string, item: unknown): item is string {
  if (typeof item !== "string" || item === "") return false;
  return method.startsWith("resources/") || REGULAR_NAME.test(item);
}

function callAliases(method: string, item: string): string[] {
  if (method.startsWith("tools/")) return [`tools/call::${item}`, item];
  if (method.startsWith("prompts/")) return [`prompts/get::${item}`];
  return ["resources/read"];
}

function attributes(server: string, method: string, item: string): Record<string, unknown> {
  const common = { mcp: { method }, server: { id: server } };
  if (method.startsWith("tools/")) return { ...common, tool: { name: item }, tool_name: item };
  if (method.startsWith("prompts/")) return { ...common, prompt: { name: item } };
  if (method === "resources/templates/list") return { ...common, resource: { uriTemplate: item } };
  return { ...common, resource: { uri: item } };
}

/** A question: the aliases are actions, followed by the control action. */
interface Question extends Entry {
  listAlias?: string;
  callAliases: readonly string[];
}

/** Does a list show the item? */
function listQuestion(server: string, method: string, item: string): Question {
  const listAlias = `${method}::${method.startsWith("resources/") ? "item" : item}`;
  const aliases = callAliases(method, item);
  return {
    resource: { kind: `mcp::${server}`, id: item, attr: attributes(server, method, item) },
    actions: [listAlias, ...aliases, CONTROL_ACTION],
    listAlias,
    callAliases: aliases,
  };
}

/** May the call run with these arguments? */
function callQuestion(
  server: string,
  method: string,
  item: string,
  args: Readonly<Record<string, unknown>>,
): Question {
  const attr = attributes(server, method, item);
  if (method !== "resources/read") attr["arguments"] = args;
  if (method === "prompts/get") attr["prompt"] = { name: item, arguments: args };
  const aliases = callAliases(method, item);
  return {
    resource: { kind: `mcp::${server}`, id: item, attr },
    actions: [...aliases, CONTROL_ACTION],
    callAliases: aliases,
  };
}

// ---- answers ----

/** Is the call allowed? Any alias will do, unless a catch-all rule allows: then a denied alias was
 * denied on purpose. */
function runs({ allowed }: Decision, { callAliases: aliases }: Question): boolean {
  const isAllowed = (alias: string): boolean => allowed.has(alias);
  return allowed.has(CONTROL_ACTION) ? aliases.every(isAllowed) : aliases.some(isAllowed);
}

/** Is the item in the list? */
function shows(decision: Decision, question: Question): boolean {
  const { listAlias } = question;
  if (listAlias !== undefined && decision.allowed.has(listAlias)) return true;
  return !decision.allowed.has(CONTROL_ACTION) && runs(decision, question);
}

/** What the policy says about a denial: every different `reason`, in order; failing that, every
 * different text. */
function reason(decision: Decision, { callAliases: aliases }: Question): string {
  const about = decision.outputs
    .filter(({ action }) => action === "" || aliases.includes(action))
    .map(({ value }) => value);
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  const reasons = about.map((value) => {
    const isObject = typeof value === "object" && value !== null;
    return isObject && "reason" in value ? value.reason : undefined;
  });
  const said = reasons.some((r) => typeof r === "string") ? reasons : about;
  return [...[...new Set(said.filter(isText))].join("; ")].slice(0, MAX_REASON).join("");
}

export interface GuardOptions {
  /** The PDP's limit of the same name; a longer list takes several requests. Default 50. */
  maxResourcesPerRequest?: number;
  /** Where to say what the owner of the server should know. Default console.warn. */
  log?: (message: string) => void;
}

/** Decides for one MCP server; `server` is its id in the policies: the kind is `mcp::<server>`. */
export class Guard {
  readonly #server: string;
  readonly #client: Client;
  readonly #chunk: number;
  readonly #log: (message: string) => void;

  constructor(server: string, client: Client, options: GuardOptions = {}) {
    if (!SERVER_ID.test(server) || RESERVED_SERVER_IDS.has(server)) {
      throw new RangeError(`${JSON.stringify(server)} cannot be the id of a server`);
    }
    this.#server = server;
    this.#client = client;
    this.#chunk = options.maxResourcesPerRequest ?? 50;
    this.#log = options.log ?? ((message) => console.warn(message));
    if (!Number.isInteger(this.#chunk) || this.#chunk < 2) {
      throw new RangeError("maxResourcesPerRequest must be at least 2, one call needs so many");
    }
  }

  /** Those of the items that the answer to a list request may show. Throws Unavailable.
   *
   * method is `tools/list`, `prompts/list`, `resources/list` or `resources/templates/list`.
   */
  async visible(
    principal: Principal,
    method: string,
    items: readonly unknown[],
  ): Promise<ReadonlySet<string>> {
    const unique = [...new Set(items)];
    const regulars = unique.filter((item): item is string => regular(method, item));
    if (regulars.length < unique.length) {
      this.#log(`cardea: ${method}: items with irregular names are never shown`);
    }
    const questions = regulars.map((item) => listQuestion(this.#server, method, item));
    const chunks: Question[][] = [];
    for (let i = 0; i < questions.length; i += this.#chunk) {
      chunks.push(questions.slice(i, i + this.#chunk));
    }
    // At the same time, so that a long list has the same one timeout.
    const answers = await Promise.all(chunks.map((chunk) => this.#client.decide(principal, chunk)));
    if (answers.some((answer) => answer.failure !== undefined)) throw new Unavailable();
    const decisions = answers.flatMap((answer) => answer.decisions);
    const shown = questions.filter((question, i) => {
      const decision = decisions[i];
      return decision !== undefined && shows(decision, question);
    });
    return new Set(shown.map(({ resource }) => resource.id));
  }

  /** Why a call may not run, or null if it may.
   *
   * method is `tools/call`, `prompts/get` or `resources/read`; item the tool, the prompt or the
   * URI.
   */
  async refuse(
    principal: Principal,
    method: string,
    item: unknown,
    args: Readonly<Record<string, unknown>> = {},
  ): Promise<Refusal | null> {
    const listMethod = LIST_OF_CALL.get(method);
    if (listMethod === undefined || !regular(method, item)) return HIDDEN;
    const call = callQuestion(this.#server, method, item, args);
    const listed = listQuestion(this.#server, listMethod, item);
    return this.#judge(await this.#client.decide(principal, [call, listed]), call, listed);
  }

  #judge(answer: Answer, call: Question, listed: Question): Refusal | null {
    const [called, shown] = answer.decisions;
    if (answer.failure !== undefined || called === undefined || shown === undefined) {
      return UNAVAILABLE;
    }
    const allowed = runs(called, call);
    if (!shows(shown, listed)) {
      if (allowed) {
        this.#log(
          `cardea: ${call.resource.id}: the policy allows this call but the list does not show ` +
            `it, so it is refused; a rule for the action ${listed.listAlias} is missing`,
        );
      }
      return HIDDEN;
    }
    if (allowed) return null;
    const why = reason(called, call) || "the policy does not allow this request";
    return refusal("denied", why, answer.callId);
  }

  /** May everybody, even nobody, send this request? */
  passes(method: string): boolean {
    return PASS_THROUGH.has(method);
  }

  /** Why a request that is neither a list nor a call may not run, or null if it may.
   *
   * Whoever completes an argument must see the prompt or the template; whoever subscribes must be
   * able to read. Throws Unavailable.
   */
  async refuseOther(
    principal: Principal,
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<Refusal | null> {
    if (this.passes(method)) return null;
    if (method === "completion/complete") {
      const ref = params["ref"];
      if (typeof ref !== "object" || ref === null) return HIDDEN;
      const { type, name, uri } = ref as Record<string, unknown>;
      const isPrompt = type === "ref/prompt";
      const item = isPrompt ? name : uri;
      if (typeof item !== "string") return HIDDEN;
      const listing = isPrompt ? "prompts/list" : "resources/templates/list";
      return (await this.visible(principal, listing, [item])).has(item) ? null : HIDDEN;
    }
    if (method === "resources/subscribe") return this.#unreadable(principal, [params["uri"]]);
    if (method === "subscriptions/listen") {
      const wanted = params["notifications"] as Record<string, unknown> | null | undefined;
      const uris = wanted?.["resourceSubscriptions"] ?? [];
      return this.#unreadable(principal, Array.isArray(uris) ? uris : [uris]);
    }
    return UNKNOWN_METHOD;
  }

  async #unreadable(principal: Principal, uris: readonly unknown[]): Promise<Refusal | null> {
    for (const uri of uris) {
      const refused = await this.refuse(principal, "resources/read", uri);
      if (refused !== null) return refused;
    }
    return null;
  }
}
