/** Keys as an operator writes them: hex, base64, or the path of a file that holds one of the two. */

import { readFileSync } from "node:fs";
import { KEY_BYTES, Seal } from "./seal.ts";

/** @returns a sentence where `texts` are no keys; it holds nothing of them. */
export function sealOf(texts: readonly string[]): Seal | string {
  const keys: Uint8Array[] = [];
  for (const [at, text] of texts.entries()) {
    const which = texts.length === 1 ? "" : ` in place ${at + 1}`;
    const key = keyIn(text) ?? keyOfFile(text);
    if (typeof key === "string") return `${key}${which}`;
    keys.push(key);
  }
  const [first, ...others] = keys;
  return first ? new Seal([first, ...others]) : "expected a key, was none";
}

const EXPECTED = `expected ${KEY_BYTES} bytes in hex or base64 (openssl rand -hex ${KEY_BYTES}), or a file that holds them`;

function keyIn(text: string): Uint8Array | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, "base64") : undefined;
}

/** A secret comes as a file in a container, often with a line end after it. */
function keyOfFile(path: string): Uint8Array | string {
  if (!/^\.{0,2}\//.test(path)) return EXPECTED;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return "expected a file that can be read";
  }
  return keyIn(text.trim()) ?? EXPECTED;
}
