/* processes.mjs — the PDP and the MCP servers of the end-to-end tests
 *
 * Everything listens on a free port of 127.0.0.1 and is ended through its own process handle.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const ROOT = process.env.CARDEA_ROOT;
const CARDEA = process.env.CARDEA;
const START_TIMEOUT_MS = 60_000;

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A child process, and what it has said in case it never gets ready. */
class Child {
  constructor(command, args, env = {}) {
    this.said = "";
    this.child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (data) => (this.said = (this.said + data).slice(-8000)));
    }
  }

  async waitFor(ready) {
    const until = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < until) {
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.said}`);
      if (await ready().catch(() => false)) return;
      await sleep(50);
    }
    throw new Error(`it never got ready: ${this.said}`);
  }

  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGCONT");
      this.child.kill("SIGTERM");
      const killer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
      await this.ended;
      clearTimeout(killer);
    }
  }
}

/** The program under test, on one port; it can be stopped, hung and started again. */
export class Pdp {
  static async start() {
    const pdp = new Pdp();
    pdp.folder = mkdtempSync(join(tmpdir(), "cardea-e2e-"));
    const policies = join(pdp.folder, "policies");
    cpSync(join(ROOT, "testdata/expenses/policies"), join(policies, "expenses"), {
      recursive: true,
    });
    cpSync(join(ROOT, "tests/e2e/policies"), join(policies, "e2e"), { recursive: true });
    const port = await freePort();
    pdp.url = `http://127.0.0.1:${port}`;
    pdp.config = join(pdp.folder, "config.json");
    const disk = { directory: policies, watchForChanges: false };
    const config = {
      server: { httpListenAddr: `127.0.0.1:${port}` },
      storage: { driver: "disk", disk },
    };
    writeFileSync(pdp.config, JSON.stringify(config));
    await pdp.again();
    return pdp;
  }

  async again() {
    this.process = new Child(CARDEA, ["server", "--config", this.config]);
    await this.process.waitFor(async () => {
      const reply = await fetch(`${this.url}/_cerbos/health`);
      return reply.status === 200 && (await reply.json()).status === "SERVING";
    });
  }

  async end() {
    await this.process.end();
  }

  hang() {
    this.process.child.kill("SIGSTOP");
  }

  goOn() {
    this.process.child.kill("SIGCONT");
  }

  async remove() {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An MCP server in a process of its own. */
export async function serve(script, pdp) {
  const port = await freePort();
  const server = new Child(process.execPath, [script, String(port)], { CARDEA_URL: pdp.url });
  const url = `http://127.0.0.1:${port}/mcp`;
  await server.waitFor(async () => (await fetch(url, { method: "POST" })).status > 0);
  return { url, end: () => server.end() };
}
