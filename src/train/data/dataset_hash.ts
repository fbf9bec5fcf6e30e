/** A dataset's identity: equal rows, equal hash, wherever they were read from. */

import { createHash } from "node:crypto";
import type { Dataset } from "./dataset.ts";
import { heldDoubles, pieces } from "./numbers.ts";

const PIECE_NUMBERS = 1 << 18;

/** sha256 (hex) of the set, the horizon, and the times, features and labels as little-endian float64. */
export function datasetSha256({ set_hash, horizon_s, ts_sec, values, y }: Dataset): string {
  const hash = createHash("sha256").update(`${set_hash} ${horizon_s}\n`);
  for (const numbers of [ts_sec, values, y]) {
    for (const { from, to } of pieces({ from: 0, to: numbers.length }, PIECE_NUMBERS)) {
      const doubles = heldDoubles(numbers, from, to);
      hash.update(new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength));
    }
  }
  return hash.digest("hex");
}
