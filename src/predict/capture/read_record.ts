/**
 * A capture's records of JSON as a replay takes them. The block's checksum says that the bytes are those that were
 * written, not who wrote them: every record has the form of its kind, or the tape is refused. What a record says beyond it
 * stays, so that captures of older and newer versions are read alike.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parsedBy } from "../../base/input/schema.ts";
import type { DepthSnapshotEvent, MarketEvent } from "../../binance/events.ts";
import { LABELS } from "../../features/label.ts";
import { ROLES } from "../../model/role.ts";
import type { Restored } from "../calibrations.ts";
import type { TickerReading } from "../ladder/ticker.ts";
import type { Outcome, Prediction } from "../prediction.ts";
import type { GapRecord, LookBackRows, PartRecord, RosterEntry, TickRecord } from "./input_log.ts";
import { unpacked } from "./records.ts";

interface JsonRecords {
  event: MarketEvent;
  snapshot: DepthSnapshotEvent;
  resume: PartRecord["numbering"];
  look_back: LookBackRows;
  ticker: TickerReading;
  outcome: Outcome;
  restored: Restored;
  roster: readonly RosterEntry[];
  tick: TickRecord;
  prediction: Prediction;
  gap: GapRecord;
  part: PartRecord;
}
export type JsonKind = keyof JsonRecords;

/** Any double: times before the first event are infinite. */
const number = z.custom<number>((value) => typeof value === "number", "expected a number");
const int64 = z.union([number, z.bigint()], "expected a number");
const text = z.string();
const levels = z.union([z.instanceof(Float64Array), z.array(int64)], "expected price levels");
const times = { symbol: text, ts_us: number, received_us: number };
const known = <T extends z.ZodType>(schema: T) => schema.nullish();

const trade = z.looseObject({
  ...{ kind: z.literal("trade"), ...times, epoch: number, trade_id: int64 },
  ...{ price_e8: int64, qty_e8: int64, is_buyer_maker: z.boolean() },
});
const quote = z.looseObject({
  ...{ kind: z.literal("quote"), ...times, epoch: number, update_id: int64 },
  ...{ bid_price_e8: int64, bid_qty_e8: int64, ask_price_e8: int64, ask_qty_e8: int64 },
});
const diff = z.looseObject({
  ...{ kind: z.literal("depth_diff"), ...times, epoch: number },
  ...{ first_update_id: int64, last_update_id: int64, bids: levels, asks: levels },
});
const snapshot = z.looseObject({
  ...{ kind: z.literal("depth_snapshot"), ...times, update_id: int64, bids: levels, asks: levels },
});
const disconnect = z.looseObject({
  ...{ kind: z.literal("disconnect"), ...times, reason: text },
  stream: z.enum(["all", "trade", "quote", "depth"]).optional(),
  ...{ until_us: known(number), noticed_us: known(number), fillable: z.literal(false).optional() },
});
const event = z.discriminatedUnion("kind", [trade, quote, diff, snapshot, disconnect]);
const numbered = known(z.looseObject({ epoch: number, id: number, ts_us: number }));
const numbering = z.looseObject({ trade: numbered, quote: numbered });
const row = z.looseObject({ trade, late: z.boolean() });
const roster = z.array(
  z.looseObject({
    ...{ role: z.enum(ROLES), version: text, feature_set: text, set_hash: text, horizon_s: number },
    members: known(z.array(z.looseObject({ version: text, weight: number }))),
  }),
);
const forecast = {
  ...{ venue: text, symbol: text, ts_sec: number, model_version: text, horizon_s: number },
  ...{ role: z.enum(ROLES), label: z.enum(LABELS), yhat_log_return: number },
};
const fading = z.looseObject({ count: number, mean: number });

const SCHEMAS: Readonly<Record<JsonKind, z.ZodType>> = {
  event,
  snapshot,
  resume: numbering,
  look_back: z.looseObject({
    earlier: z.array(row).optional(),
    trades: z.array(row.extend({ stored: z.boolean() })).optional(),
    quotes: z.array(quote).optional(),
    rest: z
      .looseObject({
        disconnects: z.array(disconnect),
        complete_from_sec: number,
        absent: known(z.array(z.looseObject({ from: number, to: number }))),
      })
      .optional(),
  }),
  ticker: z.looseObject({
    ...{ at_us: number, last_e8: int64, bid_e8: int64, ask_e8: int64, mean_e8: int64 },
    ...{ change_pct: number, volume: number },
  }),
  outcome: z.looseObject({ ...forecast, realized_log_return: number.nullable() }),
  restored: z.looseObject({
    wanted: z.looseObject({ model_version: text, horizon_s: number, before_sec: number }),
    calibration: z.looseObject({
      ratio: number,
      probability: z.looseObject({
        ...{ count: number, scale: number, a: number, b: number, aa: number, ab: number, bb: number },
      }),
    }),
    moves: z.array(
      z.looseObject({
        label: z.enum(LABELS),
        state: z.looseObject({ size: fading, variance: fading, day_size: fading, day_variance: fading }),
      }),
    ),
  }),
  roster,
  tick: z.looseObject({
    ...{ ts_sec: number, role: z.enum(ROLES), version: text },
    ...{ turn_ms: known(number), answer: known(text), message: known(text), yhat: known(number) },
    source: z.enum(["onnx", "fallback"]).optional(),
    ...{ answered_ms: known(number), latency_ms: known(number), emitted_at_us: known(number) },
  }),
  prediction: z.looseObject({ ...forecast, served: z.boolean(), current_price: number }),
  gap: z.looseObject({ records: number, reason: text }),
  part: z.looseObject({ numbering, book: known(snapshot), roster }),
};

export const isJsonKind = (kind: string): kind is JsonKind => Object.hasOwn(SCHEMAS, kind);

/** @throws ForetickError TAPE_INVALID naming the field that is not of the record's form. */
export function readRecord<K extends JsonKind>(kind: K, payload: Uint8Array): JsonRecords[K] {
  const value = unpacked(payload);
  const parsed = parsedBy(SCHEMAS[kind], value);
  // Its form has been looked at; units and ids inside are numbers of their kind.
  if (parsed.success) return value as JsonRecords[K];
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") || "the whole of it";
  return fail(
    "TAPE_INVALID",
    `a record of kind ${kind} of the capture expected its fields (${field}: ${issue?.message}); the tape is damaged`,
  );
}
