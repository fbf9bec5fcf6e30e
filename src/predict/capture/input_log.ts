/**
 * Writes down what enters one symbol's lane and predictor, and what comes out, record after record. Nothing here waits
 * or fails: a record is bytes in memory when a call returns, and the rest is the sink's.
 */

import type { Numbering } from "../../binance/belief/stream_checks.ts";
import type { DepthSnapshotEvent, MarketEvent } from "../../binance/events.ts";
import type { Role } from "../../model/role.ts";
import type { Restored } from "../calibrations.ts";
import type { TickerReading } from "../ladder/ticker.ts";
import type { LookBack } from "../lane/look_back.ts";
import type { ClosedSecond } from "../lane/output.ts";
import type { Outcome, Prediction } from "../prediction.ts";
import { closedBytes, writeClosed } from "./closed_second.ts";
import { KINDS, type Kind, packed } from "./records.ts";

/** Bytes in order, at once. */
export interface CaptureSink {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Room for a record of `length` bytes in `bytes`: where it begins. To be filled before anything else is called. */
  reserve(kind: number, length: number): number;
  /** Between two inputs: a further part may begin, with what `state` gives. */
  between(state: () => PartRecord): void;
}

/** Part of a look-back; the last one has the rest of it. */
export interface LookBackRows {
  readonly earlier?: LookBack["earlier"];
  readonly trades?: LookBack["trades"];
  readonly quotes?: LookBack["quotes"];
  readonly rest?: Omit<LookBack, "earlier" | "trades" | "quotes">;
}

/** A model by which ticks are scored. */
export interface RosterEntry {
  readonly role: Role;
  readonly version: string;
  readonly feature_set: string;
  readonly set_hash: string;
  readonly horizon_s: number;
  /** Of an ensemble. */
  readonly members?: readonly { readonly version: string; readonly weight: number }[] | undefined;
}

/** What time decided about a forecast; what is missing was not asked. */
export interface TickRecord {
  readonly ts_sec: number;
  readonly role: Role;
  readonly version: string;
  readonly turn_ms?: number;
  /** `given`, or the code of the error. */
  readonly answer?: string;
  readonly message?: string;
  readonly yhat?: number;
  readonly source?: "onnx" | "fallback";
  readonly answered_ms?: number;
  readonly latency_ms?: number;
  readonly emitted_at_us?: number;
}

export interface GapRecord {
  readonly records: number;
  readonly reason: string;
}

/** What a lane that begins here is given, so that it comes near the one that ran. */
export interface PartRecord {
  readonly numbering: { readonly trade: Numbering | undefined; readonly quote: Numbering | undefined };
  /** Undefined where it was not in step. */
  readonly book: DepthSnapshotEvent | undefined;
  readonly roster: readonly RosterEntry[];
}

/** Rows of a look-back in one record: what is written in one step. */
const ROWS = 64;

export class InputLog {
  readonly #sink: CaptureSink;
  readonly #state: () => PartRecord;
  #steps = 0;

  /** @param state of the lane, between two inputs. */
  constructor(sink: CaptureSink, state: () => PartRecord) {
    this.#sink = sink;
    this.#state = state;
  }

  /** Before each input that comes from outside. */
  input(): void {
    this.#sink.between(this.#state);
  }

  frame(frame: Uint8Array, received_us: number): void {
    const at = this.#reserve("frame", 8 + frame.length);
    this.#sink.view.setFloat64(at, received_us, true);
    this.#sink.bytes.set(frame, at + 8);
  }

  mark(kind: "next" | "hold" | "go_on" | "prepare"): void {
    this.#reserve(kind, 0);
  }

  numbers(kind: "time" | "clock_step" | "server_time", ...values: readonly number[]): void {
    const at = this.#reserve(kind, 8 * values.length);
    values.forEach((value, index) => {
      this.#sink.view.setFloat64(at + 8 * index, value, true);
    });
  }

  event(event: MarketEvent): void {
    this.#json("event", event);
  }

  snapshot(event: DepthSnapshotEvent): void {
    this.#json("snapshot", event);
  }

  resume(stored: PartRecord["numbering"]): void {
    this.#json("resume", stored);
  }

  /** In steps: a look-back has a hundred thousand rows. */
  *lookBack({ earlier = [], trades, quotes, ...rest }: LookBack): Generator<number, void, void> {
    for (const [name, rows] of Object.entries({ earlier, trades, quotes })) {
      for (let from = 0; from < rows.length; from += ROWS) {
        this.#json("look_back", { [name]: rows.slice(from, from + ROWS) } satisfies LookBackRows);
        yield ROWS;
      }
    }
    this.#json("look_back", { rest } satisfies LookBackRows);
  }

  /** A step of the preparation; written together with those that follow it. */
  step(): void {
    this.#steps++;
  }

  release(look_back: boolean, prepared: boolean): void {
    const at = this.#reserve("release", 1);
    this.#sink.view.setUint8(at, (look_back ? 1 : 0) + (prepared ? 2 : 0));
  }

  ticker(reading: TickerReading): void {
    this.#json("ticker", reading);
  }

  outcome(outcome: Outcome): void {
    this.#json("outcome", outcome);
  }

  restored(restored: Restored): void {
    this.#json("restored", restored);
  }

  roster(entries: readonly RosterEntry[]): void {
    this.#json("roster", entries);
  }

  closed(second: ClosedSecond, left_ms: number): void {
    const at = this.#reserve("closed", closedBytes(second));
    writeClosed(this.#sink.view, at, second, left_ms);
  }

  tick(tick: TickRecord): void {
    this.#json("tick", tick);
  }

  prediction(prediction: Prediction): void {
    this.#json("prediction", prediction);
  }

  #json(kind: Kind, value: unknown): void {
    const bytes = new TextEncoder().encode(packed(value));
    const at = this.#reserve(kind, bytes.length);
    this.#sink.bytes.set(bytes, at);
  }

  #reserve(kind: Kind, length: number): number {
    if (this.#steps > 0) {
      const steps = this.#steps;
      this.#steps = 0;
      const at = this.#sink.reserve(KINDS.steps, 4);
      this.#sink.view.setUint32(at, steps, true);
    }
    return this.#sink.reserve(KINDS[kind], length);
  }
}
