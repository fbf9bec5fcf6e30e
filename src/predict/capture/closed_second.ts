/**
 * A closed second as a capture keeps it, the output everything else is judged by:
 * `ts_sec u32 | left_ms f64 | mid_sum_e8 f64 | close_e8 f64 | newest_event_us f64 | sets u8`, then for each feature set
 * `warm u8 | columns u16 | values f64 …`. What is not known is NaN.
 */

import { fail } from "../../base/errors.ts";
import type { ClosedSecond } from "../lane/output.ts";

const HEAD_BYTES = 37;
const SET_BYTES = 3;

/** What is compared of a second. */
export interface CapturedSecond {
  readonly ts_sec: number;
  /** What was left of the tick's time (ms). */
  readonly left_ms: number;
  readonly mid_sum_e8: number;
  readonly close_e8: number;
  readonly newest_event_us: number;
  /** In the order of the lane's sets. */
  readonly vectors: readonly { readonly warm: boolean; readonly values: Float64Array }[];
}

export const closedBytes = ({ vectors }: ClosedSecond): number =>
  vectors.reduce((sum, { values }) => sum + SET_BYTES + 8 * values.length, HEAD_BYTES);

export function writeClosed(view: DataView, at: number, second: ClosedSecond, left_ms: number): void {
  view.setUint32(at, second.ts_sec, true);
  view.setFloat64(at + 4, left_ms, true);
  view.setFloat64(at + 12, second.mid_sum_e8 ?? Number.NaN, true);
  view.setFloat64(at + 20, second.close_e8 ?? Number.NaN, true);
  view.setFloat64(at + 28, second.newest_event_us ?? Number.NaN, true);
  view.setUint8(at + 36, second.vectors.length);
  let offset = at + HEAD_BYTES;
  for (const { warm, values } of second.vectors) {
    view.setUint8(offset, warm ? 1 : 0);
    view.setUint16(offset + 1, values.length, true);
    offset += SET_BYTES;
    for (let column = 0; column < values.length; column++, offset += 8) {
      view.setFloat64(offset, values[column]!, true);
    }
  }
}

/** @throws ForetickError TAPE_INVALID. */
export function readClosed(payload: Uint8Array): CapturedSecond {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  try {
    const vectors: CapturedSecond["vectors"][number][] = [];
    let offset = HEAD_BYTES;
    for (let left = view.getUint8(36); left > 0; left--) {
      const values = new Float64Array(view.getUint16(offset + 1, true));
      const warm = view.getUint8(offset) === 1;
      offset += SET_BYTES;
      for (let column = 0; column < values.length; column++, offset += 8) {
        values[column] = view.getFloat64(offset, true);
      }
      vectors.push({ warm, values });
    }
    return {
      ts_sec: view.getUint32(0, true),
      left_ms: view.getFloat64(4, true),
      mid_sum_e8: view.getFloat64(12, true),
      close_e8: view.getFloat64(20, true),
      newest_event_us: view.getFloat64(28, true),
      vectors,
    };
  } catch (cause) {
    return fail("TAPE_INVALID", "a closed second of the capture expected all its vectors, was cut short", {
      cause,
    });
  }
}
