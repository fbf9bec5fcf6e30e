/** A dataset's identity: equal rows, equal hash, wherever they were read from. */

import { createHash } from "node:crypto";
import type { Dataset } from "./dataset.ts";

/** sha256 (hex) of the set, the horizon, and the times, features and labels as little-endian float64. */
export function datasetSha256({ set_hash, horizon_s, ts_sec, values, y }: Dataset): string {
  const hash = createHash("sha256").update(`${set_hash} ${horizon_s}\n`);
  for (const numbers of [ts_sec, values, y]) {
    hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return hash.digest("hex");
}
