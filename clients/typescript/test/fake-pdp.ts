/* fake-pdp.ts — a PDP that answers by script, and badly on purpose
 *
 * It speaks just enough HTTP/1.1 to serve the client, from plain sockets, because the point of many
 * vectors is a reply that no decent server would send. `clients/contract/README.md` explains the
 * scripts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/* eslint-disable-next-line -- vectors are plain JSON */
export type Any = any;

export type Script = (request: Any) => Any;

/** A file of the contract. CARDEA_CONTRACT names the folder if it is not next to this package. */
export function load(name: string): Any {
  const here = fileURLToPath(new URL("../../../contract", import.meta.url));
  return JSON.parse(readFileSync(`${process.env["CARDEA_CONTRACT"] ?? here}/${name}`, "utf8"));
}

export class FakePdp {
  readonly requests: Any[] = [];
  readonly paths: string[] = [];
  connections = 0;
  url = "";
  port = 0;
  readonly #script: Script;
  readonly #tls: TlsOptions | undefined;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  private constructor(script: Any, tls: TlsOptions | undefined) {
    this.#script = typeof script === "function" ? script : () => script;
    this.#tls = tls;
  }

  /** Runs `use` with a PDP on a free port of 127.0.0.1, and stops the PDP. */
  static async run<T>(
    script: Any,
    use: (pdp: FakePdp) => Promise<T>,
    tls?: TlsOptions,
  ): Promise<T> {
    const pdp = new FakePdp(script, tls);
    await pdp.#start();
    try {
      return await use(pdp);
    } finally {
      await pdp.#stop();
    }
  }

  async #start(): Promise<void> {
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = this.#tls ? createTlsServer(this.#tls, serve) : createServer(serve);
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
    this.url = `${this.#tls ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  async #stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#open.add(socket);
    socket.on("close", () => this.#open.delete(socket));
    socket.on("error", () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      for (;;) {
        const headEnd = received.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const head = received.subarray(0, headEnd).toString("latin1");
        const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
        if (received.length < headEnd + 4 + length) return;
        const body = received.subarray(headEnd + 4, headEnd + 4 + length).toString("utf8");
        received = received.subarray(headEnd + 4 + length);
        const { requestId, ...request } = JSON.parse(body);
        this.paths.push(head.split("\r\n")[0] ?? "");
        this.requests.push(request);
        this.#act(socket, this.#script(request), requestId);
      }
    });
  }

  #act(socket: Socket, script: Any, requestId: string): void {
    if (script.do === "hang") return;
    if (script.do === "raw") {
      socket.end(script.text);
    } else if (script.do === "drip") {
      const data = Buffer.from(script.text + "x".repeat(10000));
      let at = 0;
      const timer = setInterval(() => socket.write(data.subarray(at, (at += 1))), script.everyMs);
      socket.on("close", () => clearInterval(timer));
    } else {
      socket.write(this.#reply(script, requestId));
    }
  }

  #reply(script: Any, requestId: string): Buffer {
    const text = "json" in script ? JSON.stringify(script.json) : (script.text ?? "");
    let body = Buffer.from(text.replaceAll("$requestId", requestId).repeat(script.times ?? 1));
    if ("base64" in script) body = Buffer.from(script.base64, "base64");
    const head = [`HTTP/1.1 ${script.status} X`, "content-type: application/json"];
    if (script.do === "redirect") head.push(`location: ${this.url}/api/check/resources`);
    if (script.gzip) {
      body = gzipSync(body);
      head.push("content-encoding: gzip");
    }
    if (script.padTo) body = Buffer.concat([body, Buffer.alloc(script.padTo - body.length, " ")]);
    if (script.chunked) {
      head.push("transfer-encoding: chunked");
      const size = Buffer.from(`${body.length.toString(16)}\r\n`);
      body = Buffer.concat([size, body, Buffer.from("\r\n0\r\n\r\n")]);
    } else if (script.status !== 204) {
      head.push(`content-length: ${body.length}`);
    }
    return Buffer.concat([Buffer.from([...head, "", ""].join("\r\n")), body]);
  }
}

/** A port of 127.0.0.1 where nothing listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The reply that allows, for each resource of the request, the actions of `allow`. */
export function answer(request: Any, allow: string[][], outputs?: Any[][], callId?: string): Any {
  const results = request.resources.map(({ resource, actions }: Any, i: number) => {
    const { attr: _attr, ...named } = resource;
    const effects = actions.map((action: string) => [
      action,
      allow[i]?.includes(action) ? "EFFECT_ALLOW" : "EFFECT_DENY",
    ]);
    return {
      resource: named,
      actions: Object.fromEntries(effects),
      ...(outputs?.[i]?.length && { outputs: outputs[i] }),
    };
  });
  const json = { requestId: "$requestId", results, ...(callId && { cerbosCallId: callId }) };
  return { do: "reply", status: 200, json };
}
