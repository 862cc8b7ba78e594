/* client.ts — the connection to the PDP
 *
 * One request, one absolute timeout, one bounded reply, no second try. Every way to fail ends in an
 * Answer that allows nothing. Nothing is thrown for what the network or the PDP does, so that no
 * `catch` of a caller can turn a failure into a *yes*.
 *
 * Connections are kept open by the runtime's fetch, certificates are checked by it, and there is no
 * option to change that; whoever needs another certificate authority passes a fetch that knows it.
 *
 * Neighbours: wire.ts encodes and decodes · mcp.ts asks through it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import {
  decode,
  encode,
  Failed,
  type Answer,
  type Entry,
  type Principal,
  type Resource,
} from "./wire.js";

export interface ClientOptions {
  /** Of the PDP, without a path. Default http://127.0.0.1:3592 */
  url?: string;
  /** Milliseconds for a whole call, from the name look-up to the last byte. Default 1000. */
  timeoutMs?: number;
  /** A longer reply is a failure. Default 4 MiB. */
  maxReplyBytes?: number;
  /** Sent with every request, for a proxy in front of the PDP. */
  headers?: Readonly<Record<string, string>>;
  /** Instead of the runtime's fetch, for other certificate authorities or sockets. */
  fetch?: typeof fetch;
  /** Where to say that the PDP gave no answer. Default console.warn. */
  log?: (message: string) => void;
}

const CHECK_PATH = "/api/check/resources";

// Tells requests of this process apart; nothing relies on it being secret.
const PROCESS = Math.random().toString(36).slice(2) + Date.now().toString(36);
let count = 0;

/** Asks a PDP. One object serves any number of concurrent calls. */
export class Client {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #maxReplyBytes: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;
  readonly #log: (message: string) => void;

  constructor(options: ClientOptions = {}) {
    const url = new URL(options.url ?? "http://127.0.0.1:3592");
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new RangeError("url must begin with http:// or https://");
    }
    url.pathname = url.pathname.replace(/\/+$/, "") + CHECK_PATH;
    this.#url = url.href;
    this.#timeoutMs = options.timeoutMs ?? 1000;
    this.#maxReplyBytes = options.maxReplyBytes ?? 4 * 1024 * 1024;
    // Larger delays than an int32 fire at once.
    if (!(this.#timeoutMs > 0 && this.#timeoutMs <= 0x7fffffff)) {
      throw new RangeError("timeoutMs must be positive and finite");
    }
    if (!(this.#maxReplyBytes > 0)) throw new RangeError("maxReplyBytes must be positive");
    this.#headers = { ...options.headers };
    this.#fetch = options.fetch ?? fetch;
    this.#log = options.log ?? ((message) => console.warn(message));
  }

  /** May the principal do this? False for every failure. */
  async check(principal: Principal, resource: Resource, action: string): Promise<boolean> {
    return (await this.allowedActions(principal, resource, [action])).has(action);
  }

  /** Those of the actions that the principal may do. Empty for every failure. */
  async allowedActions(
    principal: Principal,
    resource: Resource,
    actions: readonly string[],
  ): Promise<ReadonlySet<string>> {
    const answer = await this.decide(principal, [{ resource, actions }]);
    return answer.decisions[0]?.allowed ?? new Set();
  }

  /** One request about several resources, with outputs and the reason of a failure. */
  async decide(principal: Principal, entries: readonly Entry[]): Promise<Answer> {
    const requestId = `${PROCESS}-${(count += 1)}`;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const body = encode(principal, entries, requestId);
      // The timer decides, not fetch: it need not notice at once that it was aborted.
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Failed("timeout", `no reply within ${this.#timeoutMs} ms`));
        }, this.#timeoutMs);
      });
      const reply = await Promise.race([this.#exchange(body, abort.signal), late]);
      return decode(reply, entries, requestId);
    } catch (error) {
      abort.abort();
      const { failure, message } =
        error instanceof Failed ? error : new Failed("unreachable", describe(error));
      this.#log(`cardea: the PDP gave no answer, nothing is allowed: ${failure}: ${message}`);
      const nothing = entries.map(() => ({ allowed: new Set<string>(), outputs: [] }));
      return { decisions: nothing, callId: "", failure, detail: message };
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(body: string, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.#fetch(this.#url, {
      method: "POST",
      headers: {
        ...this.#headers,
        "content-type": "application/json",
        accept: "application/json",
        "accept-encoding": "identity",
      },
      body,
      redirect: "manual",
      signal,
    });
    if (response.status !== 200) throw new Failed("status", `HTTP status ${response.status}`);
    if ((response.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
      throw new Failed("unreadable", "the reply is compressed, which was not asked for");
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      const chunk = part.value as Uint8Array;
      length += chunk.length;
      if (length > this.#maxReplyBytes) {
        throw new Failed("too_large", `the reply is longer than ${this.#maxReplyBytes} bytes`);
      }
      chunks.push(chunk);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** The message of an error and of what caused it, where fetch hides what went wrong. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
