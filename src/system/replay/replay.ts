/**
 * One run of a service, again: the inputs of its capture into a fresh worker, in order, and what comes out held against
 * what came out then, bit for bit. Ends at the first difference.
 */

import { fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Seal } from "../../base/seal/seal.ts";
import type { Micros } from "../../base/units.ts";
import type { CaptureRecord } from "../../binance/capture/capture_read.ts";
import type { DepthSnapshotEvent, MarketEvent } from "../../binance/events.ts";
import { FrameReader } from "../../binance/stream/reader.ts";
import { mergeLookBacks, warmUpMaxSeconds } from "../../features/algebra/look_back.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import { ZeroModel } from "../../model/zero_model.ts";
import { readClosed } from "../../predict/capture/closed_second.ts";
import type { PartRecord } from "../../predict/capture/input_log.ts";
import { readRecord } from "../../predict/capture/read_record.ts";
import { type Kind, kindOf } from "../../predict/capture/records.ts";
import type { Lane } from "../../predict/lane/lane.ts";
import { machineName } from "../capture/capture.ts";
import type { SymbolWorker } from "../symbol/symbol_worker.ts";
import { Comparison, type Stored } from "./comparison.ts";
import { ReplayModels } from "./replay_models.ts";
import { ReplayTimes } from "./replay_times.ts";
import { ReplayedLookBack } from "./replayed_look_back.ts";
import { replayedWorker } from "./replayed_worker.ts";
import { runRecords, type TapeRun } from "./tape_runs.ts";

export interface ReplayOptions {
  /** Seconds before and after these are replayed, and not compared. */
  readonly from_sec?: number | undefined;
  readonly to_sec?: number | undefined;
  /** Folders in which the models' bundles are looked for. */
  readonly model_dirs: readonly string[];
  /** Opens sealed bundles. */
  readonly seal?: Seal | undefined;
  /** A bundle's folder, in place of the champion. */
  readonly model?: string | undefined;
  /** What is held against the replay in place of what was captured. */
  readonly stored?: Stored | undefined;
  readonly log: Logger;
  /** Called now and then; resolves when it may go on. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly ts_sec: number }) => Promise<void>;
}

/** Records between two looks at the time. */
const PROGRESS_RECORDS = 20_000;
const OUTPUTS: ReadonlySet<Kind> = new Set<Kind>(["closed", "roster"]);
const WARM_UP_S = warmUpMaxSeconds(mergeLookBacks(FEATURE_SETS.map(({ look_back }) => look_back)));

/** @throws ForetickError TAPE_INVALID, BUNDLE_INVALID, FEATURE_SET_MISMATCH. */
export async function replayRun(run: TapeRun, options: ReplayOptions): Promise<Comparison> {
  requireSets(run);
  const replay = new Replay(run, options);
  try {
    return await replay.run();
  } finally {
    await replay.close();
  }
}

/** @throws ForetickError FEATURE_SET_MISMATCH where this build computes other features. */
function requireSets({ header, paths }: TapeRun): void {
  const names = (sets: readonly { readonly name: string; readonly hash: string }[]): string =>
    sets.map(({ name, hash }) => `${name} ${hash.slice(0, 12)}`).join(", ");
  if (names(header.service.sets) === names(FEATURE_SETS)) return;
  fail(
    "FEATURE_SET_MISMATCH",
    `${paths[0]} was captured by foretick ${header.service.version} with the feature sets ${names(header.service.sets)}; this build has ${names(FEATURE_SETS)}: replay it with that version`,
  );
}

class Replay {
  readonly #run: TapeRun;
  readonly #options: ReplayOptions;
  readonly #comparison: Comparison;
  readonly #models: ReplayModels;
  readonly #times: ReplayTimes;
  readonly #worker: SymbolWorker;
  readonly #reader: FrameReader;
  readonly #lane: Lane;
  /** Outputs that are expected of the input being replayed. */
  #expected: { readonly kind: Kind; readonly payload: Uint8Array }[] = [];
  #events: MarketEvent[] = [];
  readonly #look_back: ReplayedLookBack;
  /** Of a replay that begins in the middle: waits for the first diff. */
  #book: DepthSnapshotEvent | undefined;

  constructor(run: TapeRun, options: ReplayOptions) {
    this.#run = run;
    this.#options = options;
    const { header } = run;
    this.#models = new ReplayModels(options.model_dirs, options.model, options.log, options.seal);
    this.#comparison = new Comparison({
      ...{ from_sec: options.from_sec, to_sec: options.to_sec, stored: options.stored },
      warm_after_s: header.part === 1 ? undefined : WARM_UP_S,
      machine: header.service.machine === machineName() ? undefined : header.service.machine,
      other_model: options.model,
      toleranceOf: (entry) => this.#models.toleranceOf(entry),
    });
    this.#times = new ReplayTimes({
      onClosed: (second) => this.#comparison.closed(this.#nextClosed(), second),
      onAnswer: (tick, answer, captured) => this.#comparison.answer(tick, answer, captured),
    });
    this.#worker = replayedWorker({
      ...{ header, times: this.#times, roster: this.#models.rosterOf(new ZeroModel(FEATURE_SETS[0]!)) },
      onPrediction: (prediction) => this.#comparison.replayed(prediction),
    });
    this.#lane = this.#worker.lane;
    this.#look_back = new ReplayedLookBack(this.#lane);
    this.#reader = new FrameReader({ symbols: [header.symbol] });
  }

  async run(): Promise<Comparison> {
    const comparison = this.#comparison;
    const records = runRecords(this.#run);
    try {
      let count = 0;
      for (let record = records.next(); record; record = records.next()) {
        const kind = kindOf(record.kind);
        // One before all else is of the parts before.
        if (kind === "gap" && count++ > 0) {
          comparison.gap = readRecord("gap", record.payload);
          break;
        }
        await this.#expect(records);
        await this.#take(kind, record);
        this.#look();
        if (comparison.difference || comparison.is_over) break;
        if (comparison.wants_check) await comparison.check();
        if (++count % PROGRESS_RECORDS > 1) continue;
        await this.#options.onProgress?.({ bytes: records.bytes_read, ts_sec: comparison.ts_sec });
      }
      await comparison.check();
      comparison.torn_bytes = records.torn_bytes;
      return comparison;
    } finally {
      records.close();
    }
  }

  async close(): Promise<void> {
    await this.#models.close();
  }

  /** What came out of the input at once follows it; models that are to be used then are loaded before. */
  async #expect(records: ReturnType<typeof runRecords>): Promise<void> {
    for (let next = records.peek(); next; next = records.peek()) {
      const kind = kindOf(next.kind);
      if (!OUTPUTS.has(kind)) return;
      records.next();
      this.#expected.push({ kind, payload: next.payload });
      if (kind === "roster") await this.#models.load(readRecord("roster", next.payload));
    }
  }

  #nextClosed(): ReturnType<typeof readClosed> | undefined {
    for (let next = this.#expected.shift(); next; next = this.#expected.shift()) {
      if (next.kind === "closed") return readClosed(next.payload);
      this.#models.use(readRecord("roster", next.payload));
    }
    return undefined;
  }

  /** After an input: it has closed what it closed then, and nothing is broken. */
  #look(): void {
    const missing = this.#nextClosed();
    if (missing) this.#comparison.notClosed(missing);
    const { failure } = this.#worker;
    if (failure !== undefined) this.#comparison.failed(failure);
  }

  async #take(kind: Kind, { payload }: CaptureRecord): Promise<void> {
    const number = (at: number): Micros => viewOf(payload).getFloat64(8 * at, true) as Micros; // a clock's reading
    switch (kind) {
      case "frame":
        this.#events = [];
        return this.#reader.read(payload.subarray(8), number(0), (event) => this.#events.push(event));
      case "next":
        return this.#event(this.#events.shift());
      case "event":
        return this.#event(readRecord("event", payload));
      case "time":
        return this.#lane.onTime(number(0));
      case "clock_step":
        return this.#lane.onClockStep(number(0));
      case "server_time":
        return this.#lane.onServerTime(Number.isNaN(number(0)) ? undefined : number(0), number(1));
      case "snapshot":
        return this.#worker.book.take(readRecord("snapshot", payload));
      case "resume":
        return this.#lane.resume(readRecord("resume", payload));
      case "hold":
        return this.#lane.hold();
      case "go_on":
        return this.#lane.goOn();
      case "look_back":
        return this.#look_back.read(readRecord("look_back", payload));
      case "prepare":
        return this.#look_back.prepare();
      case "steps":
        return this.#look_back.step(viewOf(payload).getUint32(0, true));
      case "release":
        return this.#look_back.release(payload[0]!);
      case "ticker":
        return this.#worker.onTicker(readRecord("ticker", payload));
      case "outcome":
        return this.#worker.onStoredOutcome(readRecord("outcome", payload));
      case "restored":
        return this.#worker.calibrations.adopt(readRecord("restored", payload));
      case "tick":
        return this.#comparison.tick(await this.#times.play(readRecord("tick", payload)), payload);
      case "prediction":
        return this.#comparison.prediction(readRecord("prediction", payload));
      case "part":
        return this.#begin(readRecord("part", payload));
      default:
        return;
    }
  }

  #event(event: MarketEvent | undefined): void {
    // A part that is the first here may begin within a frame.
    if (!event) return;
    this.#worker.onEvent(event);
    if (this.#book && this.#worker.book.sequencer.state.name === "waiting_snapshot") {
      this.#worker.book.take(this.#book);
      this.#book = undefined;
    }
  }

  /** Only where nothing has been replayed before: to a lane that runs on it says nothing new. */
  async #begin({ numbering, book, roster }: PartRecord): Promise<void> {
    if (this.#comparison.ts_sec > 0 || this.#run.header.part === 1) return;
    this.#lane.resume(numbering);
    this.#book = book;
    await this.#models.load(roster);
    this.#models.use(roster);
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
