/**
 * What a capture's records are: every input of a symbol's lane and predictor, in order, and after each what came out of
 * it. Numbers are little-endian; JSON is exact (`packed`).
 *
 * | kind | payload |
 * |---|---|
 * | frame | received_us f64, then the frame's bytes: its events follow as `next` |
 * | next | none: the next event of the frame entered the lane |
 * | event | JSON `MarketEvent` that came in no frame: a break |
 * | time | now_us f64: seconds were closed by the clock |
 * | clock_step | delta_us f64 |
 * | server_time | server_us f64 (NaN: no answer), received_us f64 |
 * | snapshot | JSON `DepthSnapshotEvent` given to the book |
 * | resume | JSON, the stored numbering |
 * | hold, go_on, prepare | none |
 * | look_back | JSON `LookBackRows`, one of several; `prepare` or `release` ends them |
 * | steps | u32: so many steps of the preparation |
 * | release | u8: 1 with a look-back, 2 with what was prepared |
 * | ticker | JSON `TickerReading` of REST, of which forecasts are made where the streams give too little |
 * | outcome | JSON `Outcome` from the store |
 * | restored | JSON `Restored`: a calibration given its past |
 * | roster | JSON `RosterEntry[]`: the models of the ticks from here on |
 * | closed | output: see `closed_second.ts` |
 * | tick | JSON `TickRecord`: what time decided about a forecast |
 * | prediction | output: JSON `Prediction` as it was given out |
 * | gap | JSON `GapRecord`: records that were not kept |
 * | part | JSON `PartRecord`: where a further part begins |
 */

import { fail } from "../../base/errors.ts";

export const KINDS = {
  frame: 1,
  next: 2,
  event: 3,
  time: 4,
  clock_step: 5,
  server_time: 6,
  snapshot: 7,
  resume: 8,
  hold: 9,
  go_on: 10,
  look_back: 11,
  prepare: 12,
  steps: 13,
  release: 14,
  outcome: 15,
  restored: 16,
  roster: 17,
  closed: 18,
  tick: 19,
  prediction: 20,
  gap: 21,
  part: 22,
  ticker: 23,
} as const;
export type Kind = keyof typeof KINDS;

const NAMES = new Map<number, Kind>(Object.entries(KINDS).map(([name, kind]) => [kind, name as Kind]));

/** @throws ForetickError TAPE_INVALID. */
export const kindOf = (kind: number): Kind =>
  NAMES.get(kind) ??
  fail("TAPE_INVALID", `a record of the capture expected a known kind, was ${kind}; update this version`);

type Packed = {
  readonly $int?: string;
  readonly $number?: string;
  readonly $floats?: readonly number[];
} | null;

/** JSON that gives back the same values to the bit: −0 and what JSON has no number for are named. */
export function packed(value: unknown): string {
  return JSON.stringify(value, (_, one) => {
    if (typeof one === "bigint") return { $int: String(one) };
    if (typeof one === "number" && (Object.is(one, -0) || !Number.isFinite(one))) {
      return { $number: Object.is(one, -0) ? "-0" : String(one) };
    }
    return one instanceof Float64Array ? { $floats: Array.from(one) } : one;
  });
}

/** @throws ForetickError TAPE_INVALID where it is not JSON. */
export function unpacked(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes), (_, one: Packed) => {
      if (typeof one !== "object" || one === null) return one;
      if (one.$int !== undefined) return BigInt(one.$int);
      if (one.$number !== undefined) return Number(one.$number);
      // A list of its own: something else with a length would be as large as it says.
      return Array.isArray(one.$floats) ? Float64Array.from(one.$floats) : one;
    });
  } catch (cause) {
    return fail("TAPE_INVALID", "a record of the capture expected JSON, was not; the tape is damaged", {
      cause,
    });
  }
}
