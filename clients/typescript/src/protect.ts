/* protect.ts — the door in front of an MCP server
 *
 *   import { protect } from "@cardea/client";
 *   protect(server, { server: "expenses" });
 *   await server.connect(transport);
 *
 * The door stands in the transport, where every message passes, whatever kind of server is behind
 * it: requests are held until they are decided, and the answers to lists are filtered on their way
 * out. So the server is McpServer or Server of the official SDK, of version 1 or 2, and no handler
 * can be forgotten. What is executed is the very message that was decided.
 *
 * Invariants
 *   a request id is in flight once            → the answer to a list is known by its id
 *   an answer that looks like a list passes only as the answer to a decided list request
 *   every error in here ends as a refusal     → nothing passes a broken door
 *
 * Neighbours: mcp.ts decides · clients/typescript/README.md has the whole story.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { Client, type ClientOptions } from "./client.js";
import {
  Guard,
  principalFromClaims,
  UNAUTHENTICATED,
  UNAVAILABLE,
  Unavailable,
  type GuardOptions,
  type Refusal,
} from "./mcp.js";
import type { Principal } from "./wire.js";

// ---- what the door needs to know of the SDK ----

/** The SDK's account of a verified access token. */
export interface AuthInfo {
  token: string;
  clientId: string;
  scopes: string[];
  /** The claims of the token belong here, put there by the verifier. */
  extra?: Record<string, unknown>;
}

type Id = string | number;
type Params = Readonly<Record<string, unknown>>;

interface Message {
  id?: unknown;
  method?: unknown;
  params?: unknown;
  result?: unknown;
  error?: unknown;
}

type Receive = (message: Message, extra?: { authInfo?: AuthInfo }) => void;

interface Transport {
  onmessage?: Receive | undefined;
  send(message: Message, options?: unknown): Promise<void>;
}

interface LowLevelServer {
  connect(transport: never): Promise<void>;
  transport?: unknown;
}

type ProtectableServer = LowLevelServer | { server: LowLevelServer };

// ---- options ----

/** What is known of a request when its principal is looked for. */
export interface RequestContext {
  method: string;
  params: Params;
  /** Absent if the transport has verified nobody. */
  authInfo: AuthInfo | undefined;
  /** What the transport tells of a message; for HTTP also the headers. */
  extra: unknown;
}

type Reply =
  | { result: Record<string, unknown> }
  | { error: { code: number; message: string; data?: unknown } };

/** The answer to a call of an item that does not exist. */
export type NotFound = (method: string, item: string) => Reply;

export interface ProtectOptions extends ClientOptions, GuardOptions {
  /** Id of this server in the policies; its resource kind is `mcp::<server>`. */
  server: string;
  /** How to ask, instead of `url` and the like. */
  client?: Client;
  /** Who is asking; null is nobody. Default: principalFromAuthInfo(). */
  principal?: (context: RequestContext) => Principal | null | Promise<Principal | null>;
  /** Further methods that may pass without a decision, such as `tasks/get`. */
  unprotected?: readonly string[];
  /** How a low-level server answers for an item that it does not know. McpServer's own answers are
   * known to the door. */
  notFound?: NotFound;
}

/** Finds the principal in the token that the transport has verified.
 *
 * The claims are taken from `authInfo.extra`. Without a token (stdio, or a server without
 * authentication) there is nobody, and everything is refused.
 */
export function principalFromAuthInfo(
  rolesClaim = "roles",
): (context: RequestContext) => Principal | null {
  return ({ authInfo }) => {
    if (authInfo === undefined) return null;
    const { extra: claims = {}, clientId, scopes } = authInfo;
    return principalFromClaims({ claims, clientId, scopes }, rolesClaim);
  };
}

// ---- the methods ----

interface ListMethod {
  items: string;
  name: string;
}

const LISTS: ReadonlyMap<string, ListMethod> = new Map([
  ["tools/list", { items: "tools", name: "name" }],
  ["prompts/list", { items: "prompts", name: "name" }],
  ["resources/list", { items: "resources", name: "uri" }],
  ["resources/templates/list", { items: "resourceTemplates", name: "uriTemplate" }],
]);

/** The member of the params that names what is called. */
const CALLS: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
]);

const INVALID_REQUEST = { error: { code: -32600, message: "Invalid Request" } };
const METHOD_NOT_FOUND = { error: { code: -32601, message: "Method not found" } };
const INVALID_PARAMS = { error: { code: -32602, message: "Invalid params" } };

/** How long a caller may keep its own list: a policy that changes shows soon. */
const MAX_CACHE_MS = 5000;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// ---- the answer for what does not exist ----

/** In the words of the specification; for low-level servers. */
const notFoundByDefault: NotFound = (method, item) => {
  if (method === "tools/call") return error(-32602, `Unknown tool: ${item}`);
  if (method === "prompts/get") return error(-32602, `Unknown prompt: ${item}`);
  return error(-32002, "Resource not found", { uri: item });
};

/** In the words of McpServer in version 1 of the SDK. */
const notFoundInVersion1: NotFound = (method, item) => {
  if (method === "tools/call") {
    const text = `MCP error -32602: Tool ${item} not found`;
    return { result: { content: [{ type: "text", text }], isError: true } };
  }
  if (method === "prompts/get") return error(-32602, `MCP error -32602: Prompt ${item} not found`);
  const uri = normalised(item);
  if (uri === undefined) return error(-32603, "Invalid URL");
  return error(-32602, `MCP error -32602: Resource ${uri} not found`);
};

/** In the words of McpServer in version 2 of the SDK. */
const notFoundInVersion2: NotFound = (method, item) => {
  if (method === "tools/call") return error(-32602, `Tool ${item} not found`);
  if (method === "prompts/get") return error(-32602, `Prompt ${item} not found`);
  if (normalised(item) === undefined) {
    return error(-32602, `Resource URI ${item} is invalid`, { uri: item, reason: "invalid_uri" });
  }
  return error(-32602, `Resource not found: ${item}`, { uri: item });
};

function error(code: number, message: string, data?: unknown): Reply {
  return { error: data === undefined ? { code, message } : { code, message, data } };
}

function normalised(uri: string): string | undefined {
  try {
    return new URL(uri).toString();
  } catch {
    return undefined;
  }
}

function notFoundOf(server: ProtectableServer): NotFound {
  if (!("server" in server)) return notFoundByDefault;
  return "toolInputSchemaJson" in server ? notFoundInVersion2 : notFoundInVersion1;
}

// ---- the door ----

const protectedServers = new WeakSet<object>();

/** Lets the server list and run only what the policy allows. Call it before `connect`.
 *
 * Returns the same server. Throws if the server is connected or protected already, or if the
 * options make no sense.
 */
export function protect<S extends ProtectableServer>(server: S, options: ProtectOptions): S {
  const low: LowLevelServer = "server" in server ? server.server : server;
  if (protectedServers.has(low)) throw new Error("the server is protected already");
  if (low.transport !== undefined) throw new Error("the server must be protected before connect()");
  const door = new Door(options, options.notFound ?? notFoundOf(server));
  const connect = low.connect.bind(low) as (
    transport: Transport,
    ...rest: unknown[]
  ) => Promise<void>;
  low.connect = ((transport: Transport, ...rest: unknown[]) => {
    door.stand(transport);
    return connect(transport, ...rest);
  }) as LowLevelServer["connect"];
  protectedServers.add(low);
  return server;
}

/** A request that the server has not answered yet. */
interface InFlight {
  /** Set once the request is a list that may be answered. */
  list?: { method: string; principal: Principal };
  cancelled?: boolean;
}

class Door {
  readonly #transports = new WeakSet<Transport>();
  readonly #guard: Guard;
  readonly #principal: NonNullable<ProtectOptions["principal"]>;
  readonly #unprotected: ReadonlySet<string>;
  readonly #notFound: NotFound;
  readonly #log: (message: string) => void;

  constructor(options: ProtectOptions, notFound: NotFound) {
    this.#guard = new Guard(options.server, options.client ?? new Client(options), options);
    this.#principal = options.principal ?? principalFromAuthInfo();
    this.#unprotected = new Set(options.unprotected);
    for (const method of this.#unprotected) {
      if (LISTS.has(method) || CALLS.has(method)) {
        throw new RangeError(`${method} cannot be unprotected`);
      }
    }
    this.#notFound = notFound;
    this.#log = options.log ?? ((message) => console.warn(message));
  }

  /** Puts the door into a transport: from now on its two ends see only what passes. */
  stand(transport: Transport): void {
    if (this.#transports.has(transport)) return;
    this.#transports.add(transport);
    const inFlight = new Map<Id, InFlight>();
    const send = transport.send.bind(transport);
    transport.send = (message, options) => this.#outgoing(inFlight, message, options, send);

    // Whoever puts a handler around the one that is there, as the SDK does, puts it around a door.
    const passed = new WeakSet<Message>();
    const guarded = (receive: Receive | undefined): Receive | undefined =>
      receive &&
      ((message, extra) => {
        if (!isObject(message)) return;
        if (passed.has(message)) return receive(message, extra);
        const forward = (): void => {
          passed.add(message);
          receive(message, extra);
        };
        this.#incoming(inFlight, message, extra, forward, send).catch((problem: unknown) => {
          this.#log(`cardea: the server could not take a message: ${String(problem)}`);
        });
      });
    const accessor = accessorOf(transport, "onmessage");
    let current = guarded(transport.onmessage);
    accessor?.set?.call(transport, current);
    Object.defineProperty(transport, "onmessage", {
      configurable: true,
      get: () => current,
      set: (receive: Receive | undefined) => {
        current = guarded(receive);
        accessor?.set?.call(transport, current);
      },
    });
  }

  // ---- requests, on their way in ----

  async #incoming(
    inFlight: Map<Id, InFlight>,
    message: Message,
    extra: { authInfo?: AuthInfo } | undefined,
    forward: () => void,
    send: Transport["send"],
  ): Promise<void> {
    const { id, method } = message;
    if (typeof method !== "string" || id === undefined) {
      if (method === "notifications/cancelled") this.#cancel(inFlight, message.params);
      forward();
      return;
    }
    if (typeof id !== "string" && typeof id !== "number") return;
    const answer = async (reply: Reply): Promise<void> => {
      // The order of the members is the SDK's, so that not even that tells the two apart.
      const whole =
        "result" in reply
          ? { result: completed(reply.result, message.params), jsonrpc: "2.0", id }
          : { jsonrpc: "2.0", id, ...reply };
      await send(whole, { relatedRequestId: id }).catch((problem: unknown) => {
        this.#log(`cardea: a refusal could not be sent: ${String(problem)}`);
      });
    };
    if (inFlight.has(id)) return answer(INVALID_REQUEST);

    const request: InFlight = {};
    inFlight.set(id, request);
    const reply = await this.#decide(request, method, message.params, extra).catch(
      (problem: unknown) => {
        this.#log(`cardea: a request is refused because of an error: ${String(problem)}`);
        return say(UNAVAILABLE, method);
      },
    );
    if (request.cancelled) return;
    if (reply === null) {
      forward();
    } else {
      inFlight.delete(id);
      await answer(reply);
    }
  }

  /** The client has lost interest; the server must not start with what is still being decided. */
  #cancel(inFlight: Map<Id, InFlight>, params: unknown): void {
    const id = isObject(params) ? (params["requestId"] as Id) : undefined;
    const request = id === undefined ? undefined : inFlight.get(id);
    if (id === undefined || request === undefined) return;
    request.cancelled = true;
    inFlight.delete(id);
  }

  /** The reply that refuses a request, or null if it may pass. */
  async #decide(
    request: InFlight,
    method: string,
    given: unknown,
    extra: { authInfo?: AuthInfo } | undefined,
  ): Promise<Reply | null> {
    if (this.#unprotected.has(method) || this.#guard.passes(method)) return null;
    if (given !== undefined && !isObject(given)) return INVALID_PARAMS;
    const params: Params = given ?? {};
    const named = CALLS.get(method);
    const item = named === undefined ? undefined : params[named];
    if (named !== undefined && typeof item !== "string") return INVALID_PARAMS;
    const args = method === "resources/read" ? {} : (params["arguments"] ?? {});
    if (named !== undefined && !isObject(args)) return INVALID_PARAMS;

    const principal = await this.#find({ method, params, authInfo: extra?.authInfo, extra });
    if (principal === null) return say(UNAUTHENTICATED, method);
    if (LISTS.has(method)) {
      request.list = { method, principal };
      return null;
    }
    const refusal =
      named === undefined
        ? await this.#guard.refuseOther(principal, method, params)
        : await this.#guard.refuse(principal, method, item, args as Params);
    if (refusal === null) return null;
    if (refusal.kind === "unknown_method") return METHOD_NOT_FOUND;
    if (refusal.kind !== "hidden") return say(refusal, method);
    return named === undefined ? INVALID_PARAMS : this.#notFound(method, item as string);
  }

  async #find(context: RequestContext): Promise<Principal | null> {
    try {
      return (await this.#principal(context)) ?? null;
    } catch (problem) {
      this.#log(`cardea: the principal could not be found, so it is nobody: ${String(problem)}`);
      return null;
    }
  }

  // ---- answers, on their way out ----

  async #outgoing(
    inFlight: Map<Id, InFlight>,
    message: Message,
    options: unknown,
    send: Transport["send"],
  ): Promise<void> {
    const isAnswer = message.method === undefined && "result" in message;
    const id = message.id as Id;
    const request = message.method === undefined ? inFlight.get(id) : undefined;
    if (request !== undefined) inFlight.delete(id);
    if (!isAnswer || !isObject(message.result)) return send(message, options);
    if (request?.list === undefined) {
      if (!looksLikeList(message.result)) {
        return send({ ...message, result: keptPrivate(message.result) }, options);
      }
      this.#log("cardea: a list that nobody asked for is not sent");
      return send(refusedAnswer(message, UNAVAILABLE), options);
    }
    const { method, principal } = request.list;
    const filtered = await this.#filter(method, principal, message.result).catch(
      (problem: unknown) => {
        if (!(problem instanceof Unavailable)) {
          this.#log(`cardea: a list is refused because of an error: ${String(problem)}`);
        }
        return null;
      },
    );
    const answer =
      filtered === null ? refusedAnswer(message, UNAVAILABLE) : { ...message, result: filtered };
    return send(answer, options);
  }

  async #filter(
    method: string,
    principal: Principal,
    result: Record<string, unknown>,
  ): Promise<Record<string, unknown> | null> {
    const list = LISTS.get(method);
    const items = list === undefined ? undefined : result[list.items];
    if (list === undefined || !Array.isArray(items)) return null;
    const nameOf = (item: unknown): unknown => (isObject(item) ? item[list.name] : undefined);
    const visible = await this.#guard.visible(principal, method, items.map(nameOf));
    const shown = items.filter((item) => visible.has(nameOf(item) as string));
    return keptPrivate({ ...result, [list.items]: shown });
  }
}

/** A getter and setter further up, as the SDK's transports have it around another transport. */
function accessorOf(transport: object, name: string): PropertyDescriptor | undefined {
  for (let at: unknown = transport; isObject(at); at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found.set === undefined ? undefined : found;
  }
  return undefined;
}

function looksLikeList(result: Record<string, unknown>): boolean {
  return [...LISTS.values()].some(({ items }) => Array.isArray(result[items]));
}

/** What is meant for one caller may not be cached for all. */
function keptPrivate(result: Record<string, unknown>): Record<string, unknown> {
  const { cacheScope, ttlMs } = result;
  if (cacheScope === undefined) return result;
  return {
    ...result,
    cacheScope: "private",
    ...(typeof ttlMs === "number" && { ttlMs: Math.min(ttlMs, MAX_CACHE_MS) }),
  };
}

function refusedAnswer(answer: Message, refusal: Refusal): Message {
  const { result: _result, ...envelope } = answer;
  return { ...envelope, error: refusal.error };
}

/** Since 2026-07-28 a result says whether it is one. */
function completed(result: Record<string, unknown>, params: unknown): Record<string, unknown> {
  const meta = isObject(params) ? params["_meta"] : undefined;
  const version = isObject(meta) ? meta["io.modelcontextprotocol/protocolVersion"] : undefined;
  const modern = typeof version === "string" && version >= "2026-07-28";
  return modern ? { ...result, resultType: "complete" } : result;
}

/** The refusal in the form that suits the method. */
function say(refusal: Refusal, method: string): Reply {
  if (method !== "tools/call") return { error: refusal.error };
  return { result: { content: [{ type: "text", text: refusal.text }], isError: true } };
}
