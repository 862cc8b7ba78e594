/* @cardea/client — ask a policy decision point, and read every failure as *no*
 *
 * A client builds one check request, sends it once, and understands the reply only if it is exactly
 * what was asked for. It holds no policy, caches nothing and retries nothing. `clients/contract` is
 * what it promises.
 *
 * Neighbours: json and wire (how a reply is read, what is sent) · client (connections, time, size)
 * · mcp (what MCP requests become) · protect (the door in front of an MCP server).
 *
 * SPDX-License-Identifier: Apache-2.0
 */

export { Client, type ClientOptions } from "./client.js";
export {
  Guard,
  Unavailable,
  principalFromClaims,
  type GuardOptions,
  type Refusal,
  type RefusalKind,
  type VerifiedToken,
} from "./mcp.js";
export {
  principalFromAuthInfo,
  protect,
  type AuthInfo,
  type NotFound,
  type ProtectOptions,
  type RequestContext,
} from "./protect.js";
export type { Answer, Decision, Entry, Failure, Output, Principal, Resource } from "./wire.js";
