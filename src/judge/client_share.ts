/**
 * Where a client falls in a split of traffic: a canary's share, or the two sides of an experiment. It is a hash of the
 * client's own key, so a client stays on its side over restarts, on every machine, and as the share grows. It decides
 * who is served what, never who is judged: every model is scored at every tick.
 */

import { createHash } from "node:crypto";

const BYTES = 6;

/**
 * @param key the client's, of any length.
 * @param salt of one deployment or experiment: another salt deals the clients anew.
 * @returns a number in [0, 1), even over keys: the first 48 bits of the SHA-256 of salt and key. `clientShare < share`
 * is the side that is tried.
 */
export function clientShare(key: string, salt: string): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([salt, key]), "utf8")
    .digest();
  return digest.readUIntBE(0, BYTES) / 2 ** (8 * BYTES);
}
