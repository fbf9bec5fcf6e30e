/**
 * Frames to messages, for schema 1 of Binance's SBE market data streams. Nothing here throws: a frame gives
 * its message, is of a template this version does not know, or is refused with a typed error.
 *
 * By the rules of SBE's schema evolution a higher version may append fields to blocks, variable data to
 * messages, and new templates. Acting block lengths are therefore taken from the wire, and what is not known
 * is stepped over; only another schema id is a stranger.
 */

import type { ForetickError } from "../../base/errors.ts";
import { decodeBestBidAsk, emptyBestBidAsk } from "./best_bid_ask.ts";
import { refusal, truncated } from "./claim.ts";
import { decodeDepthDiff, emptyDepthDiff } from "./depth_diff.ts";
import { decodeDepthSnapshot, emptyDepthSnapshot } from "./depth_snapshot.ts";
import {
  type BestBidAskMessage,
  type DepthDiffMessage,
  type DepthSnapshotMessage,
  type Draft,
  type SbeMessage,
  SCHEMA_ID,
  TEMPLATE,
} from "./messages.ts";
import { decodeTrades, emptyTrades, type TradesDraft } from "./trades.ts";
import { HEADER_BYTES, readUint16 } from "./wire.ts";

export interface Decoded<Message extends SbeMessage = SbeMessage> {
  readonly ok: true;
  readonly message: Message;
  /** The schema version the frame was written with; above 0 it may hold fields not read here. */
  readonly version: number;
}

/** A template of this schema that is not known here: no error, the frame is stepped over. */
export interface Skipped {
  readonly ok: false;
  readonly reason: "unknown_template";
  readonly template_id: number;
  readonly version: number;
}

export interface Refused {
  readonly ok: false;
  readonly reason: "malformed";
  /** SBE_TRUNCATED, SBE_SCHEMA, SBE_BLOCK_LENGTH, SBE_GROUP_COUNT, SBE_TRAILING_BYTES or SBE_VALUE. */
  readonly error: ForetickError;
}

export type DecodeResult = Decoded | Skipped | Refused;

type Slot<Message extends SbeMessage> = { ok: true; message: Draft<Message>; version: number };

/**
 * One result per template, filled again by every frame. A caller that decodes through slots must be done with
 * a result, levels excepted, before the next frame; in return quotes and trades cost no allocation.
 */
export interface DecodeSlots {
  readonly trades: { ok: true; message: TradesDraft; version: number };
  readonly best_bid_ask: Slot<BestBidAskMessage>;
  readonly depth_snapshot: Slot<DepthSnapshotMessage>;
  readonly depth_diff: Slot<DepthDiffMessage>;
}

const tradesSlot = (): DecodeSlots["trades"] => ({ ok: true, message: emptyTrades(), version: 0 });
const bestBidAskSlot = (): Slot<BestBidAskMessage> => ({ ok: true, message: emptyBestBidAsk(), version: 0 });
const depthSnapshotSlot = (): Slot<DepthSnapshotMessage> => ({
  ok: true,
  message: emptyDepthSnapshot(),
  version: 0,
});
const depthDiffSlot = (): Slot<DepthDiffMessage> => ({ ok: true, message: emptyDepthDiff(), version: 0 });

export const createDecodeSlots = (): DecodeSlots => ({
  trades: tradesSlot(),
  best_bid_ask: bestBidAskSlot(),
  depth_snapshot: depthSnapshotSlot(),
  depth_diff: depthDiffSlot(),
});

/** Decodes one frame. Without `slots` the result is new and the caller's to keep; with them it is theirs. */
export function decodeFrame(frame: Uint8Array, slots?: DecodeSlots): DecodeResult {
  if (frame.length < HEADER_BYTES) return refused(truncated(frame, "message header", 0, HEADER_BYTES));
  const template_id = readUint16(frame, 2);
  const schema_id = readUint16(frame, 4);
  const version = readUint16(frame, 6);
  if (schema_id !== SCHEMA_ID) return refused(strangeSchema(frame, schema_id));
  switch (template_id) {
    case TEMPLATE.best_bid_ask: {
      const slot = slots === undefined ? bestBidAskSlot() : slots.best_bid_ask;
      return outcome(slot, version, decodeBestBidAsk(frame, version, slot.message));
    }
    case TEMPLATE.trades: {
      const slot = slots === undefined ? tradesSlot() : slots.trades;
      return outcome(slot, version, decodeTrades(frame, version, slot.message));
    }
    case TEMPLATE.depth_diff: {
      const slot = slots === undefined ? depthDiffSlot() : slots.depth_diff;
      return outcome(slot, version, decodeDepthDiff(frame, version, slot.message));
    }
    case TEMPLATE.depth_snapshot: {
      const slot = slots === undefined ? depthSnapshotSlot() : slots.depth_snapshot;
      return outcome(slot, version, decodeDepthSnapshot(frame, version, slot.message));
    }
    default:
      return { ok: false, reason: "unknown_template", template_id, version };
  }
}

function outcome(
  slot: Decoded & { version: number },
  version: number,
  error: ForetickError | undefined,
): DecodeResult {
  if (error !== undefined) return refused(error);
  slot.version = version;
  return slot;
}

const refused = (error: ForetickError): Refused => ({ ok: false, reason: "malformed", error });

const strangeSchema = (frame: Uint8Array, schema_id: number): ForetickError =>
  refusal(
    frame,
    "SBE_SCHEMA",
    `schema id expected ${SCHEMA_ID}, was ${schema_id}; another schema needs a decoder of its own`,
  );
