/**
 * Messages to frames: the other direction of `decode.ts`, byte for byte as the exchange's own encoder writes
 * them (version 0, block lengths of the schema). The paper exchange speaks through it.
 */

import { fail } from "../../base/errors.ts";
import { encodeBestBidAsk } from "./best_bid_ask.ts";
import { encodeDepthDiff } from "./depth_diff.ts";
import { encodeDepthSnapshot } from "./depth_snapshot.ts";
import type { SbeMessage } from "./messages.ts";
import { encodeTrades } from "./trades.ts";

/**
 * One complete frame, in a buffer of its own.
 *
 * @throws ForetickError SBE_ENCODE where a value does not fit its field on the wire.
 */
export function encodeMessage(message: SbeMessage): Uint8Array {
  switch (message.kind) {
    case "trades":
      return encodeTrades(message);
    case "best_bid_ask":
      return encodeBestBidAsk(message);
    case "depth_snapshot":
      return encodeDepthSnapshot(message);
    case "depth_diff":
      return encodeDepthDiff(message);
    default:
      return fail("SBE_ENCODE", `expected a stream message, was kind ${(message as SbeMessage).kind}`);
  }
}
