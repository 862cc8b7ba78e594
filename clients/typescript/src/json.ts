/* json.ts — JSON, read strictly
 *
 * JSON.parse takes the last of two equal keys, silently. A reply in which an action has two effects
 * is not an answer, so replies are read by this parser: the grammar of RFC 8259, every key once,
 * bounded depth. Strings and numbers are cut out here and left to JSON.parse, which knows escapes.
 *
 * Neighbours: wire.ts reads replies with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deeper than any reply, and far from the end of the stack. */
const MAX_DEPTH = 256;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\.[^"\\\u0000-\u001f]*)*"/y;
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** The value of a JSON text. Throws SyntaxError for anything that is not one. */
export function parseStrictly(text: string): Json {
  let at = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at offset ${at}`);
  };
  /** What matches here, if anything does; moves past it. */
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const skip = (char: string): boolean => {
    take(SPACE);
    if (text[at] !== char) return false;
    at += 1;
    take(SPACE);
    return true;
  };
  const string = (): string => {
    const quoted = take(STRING);
    return quoted === undefined ? fail("no string") : (JSON.parse(quoted) as string);
  };
  const members = (depth: number): Json => {
    const found = new Map<string, Json>();
    if (!skip("}")) {
      do {
        const key = string();
        if (found.has(key)) fail("a key occurs twice");
        if (!skip(":")) fail("no colon");
        found.set(key, value(depth));
      } while (skip(","));
      if (!skip("}")) fail("no end of object");
    }
    return Object.fromEntries(found);
  };
  const elements = (depth: number): Json => {
    const found: Json[] = [];
    if (!skip("]")) {
      do found.push(value(depth));
      while (skip(","));
      if (!skip("]")) fail("no end of array");
    }
    return found;
  };
  const value = (depth: number): Json => {
    if (depth > MAX_DEPTH) fail("nested too deeply");
    if (skip("{")) return members(depth + 1);
    if (skip("[")) return elements(depth + 1);
    if (text[at] === '"') return string();
    for (const [word, meaning] of WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return meaning;
    }
    const digits = take(NUMBER);
    return digits ? Number(digits) : fail("no value");
  };

  const result = value(0);
  take(SPACE);
  if (at !== text.length) fail("something after the value");
  return result;
}
