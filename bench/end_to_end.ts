/**
 * How fast is the whole way from a frame to a prediction, on one core?
 *
 * A tape's frames, in memory, go through what a frame goes through behind the socket, the product's own
 * objects wired as `pipeline.ts` wires them: Feed (decode, rescale, duplicates), SymbolWorker (lane, features,
 * order book, check of the book against the quotes), each second a forecast of the ONNX model, awaited before
 * the next frame, outcomes joined. Nothing is stored. The look-back is the tape's own trades, moved back by
 * the tape's length, so that every second is forecast from the first on.
 *
 * The peer is the same tape as Binance's combined JSON streams send it, through JSON.parse and no more: how
 * fast a client of those could even begin. Both run in fresh processes kept on one core, by turns.
 *
 *   bun bench/end_to_end.ts
 */

import { type Clock, systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { silentLogger } from "../src/base/log.ts";
import { type Micros, tradeId, US_PER_SEC } from "../src/base/units.ts";
import type { TapeHeader } from "../src/binance/capture/tape_format.ts";
import { readTapeHeader, type TapeFrame, tapeFrames } from "../src/binance/capture/tape_read.ts";
import type { DepthSnapshotEvent, StreamName, TradeEvent } from "../src/binance/events.ts";
import { decodeFrame } from "../src/binance/sbe/decode.ts";
import { Continuity } from "../src/binance/stream/continuity.ts";
import { Feed } from "../src/binance/stream/feed.ts";
import { STREAM_TIMING } from "../src/binance/stream/options.ts";
import { FrameReader } from "../src/binance/stream/reader.ts";
import { FEATURE_SETS } from "../src/features/sets/all.ts";
import { v1 } from "../src/features/sets/v1.ts";
import { loadBundle } from "../src/model/bundle/bundle.ts";
import { newestBundle } from "../src/model/bundle/newest.ts";
import { ModelSlot } from "../src/model/model_slot.ts";
import { SymbolWorker, type SymbolWorkerOptions } from "../src/system/symbol_worker.ts";
import { combined, jsonOf } from "./peers/json_text.ts";
import {
  byTurns,
  canPin,
  grouped,
  inFreshProcess,
  machine,
  median,
  printAim,
  printTable,
} from "./peers/measure.ts";
import { benchModels, benchTape, hasRecording, type TapeName } from "./peers/stage.ts";

const ROUNDS = 5;
const PASSES = 7;
const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];
const TICK_US = 10_000;
const AIM_FRAMES_PER_S = 300_000;
const AIM_TIMES_REAL_TIME = 1_000;
const VARIANTS = ["foretick", "JSON.parse"] as const;
type Variant = (typeof VARIANTS)[number];

interface Tape {
  readonly header: TapeHeader;
  readonly frames: readonly TapeFrame[];
  readonly trades: readonly TradeEvent[];
}

interface Figures {
  /** One pass over the tape (s): the middle one. */
  readonly pass_s: number;
  /** What that pass took of the core (s), all threads: without what other processes took of it meanwhile. */
  readonly core_s: number;
  readonly predictions: number;
  readonly seconds: number;
  /** sha256 of every vector's bits, in order. */
  readonly vectors: string;
}

async function readTape(path: string): Promise<Tape> {
  const header = await readTapeHeader(path);
  const frames = [...tapeFrames(path)];
  const reader = new FrameReader({ symbols: [header.symbol] });
  const trades: TradeEvent[] = [];
  for (const { at_us, frame } of frames) {
    reader.read(frame, at_us as Micros, (event) => {
      if (event.kind === "trade") trades.push(event);
    });
  }
  return { header, frames, trades };
}

/** The tape's trades as if they had happened just before it. */
function tradesBefore({ header, trades }: Tape): TradeEvent[] {
  const length_us = (Math.floor((header.end_us - header.start_us) / US_PER_SEC) + 1) * US_PER_SEC;
  return trades.map((trade) => ({
    ...trade,
    ts_us: (trade.ts_us - length_us) as Micros, // a time of this century
    trade_id: tradeId(trade.trade_id - trades.length),
  }));
}

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

const nothing = (): void => {};

/** REST and the database, as far as a worker asks them. */
function backing(tape: Tape): Pick<SymbolWorkerOptions, "rest" | "history" | "writer"> {
  const before = tradesBefore(tape);
  const { symbol, snapshot, start_us } = tape.header;
  const depth: DepthSnapshotEvent = {
    ...snapshot,
    kind: "depth_snapshot",
    symbol,
    ts_us: 0 as Micros, // a REST snapshot has no time
    received_us: start_us as Micros,
    update_id: snapshot.last_update_id as DepthSnapshotEvent["update_id"],
  };
  const rest: ReturnType<SymbolWorkerOptions["rest"]> = {
    depth: async () => depth,
    trades: async () => before.slice(-1_000),
    historicalTrades: async () => [],
    tradesBetween: () => each([]),
    serverTime: async () => start_us as Micros,
  };
  const history: ReturnType<SymbolWorkerOptions["history"]> = {
    tradesSince: (_, from_us) =>
      each(
        before
          .filter(({ ts_us }) => ts_us >= from_us)
          .map((trade) => ({ trade, late: false, set_aside: null })),
      ),
    quotesSince: () => each([]),
    absentTrades: async () => [],
    lastQuote: async () => undefined,
    lastTrade: async () => undefined,
    lastVectorAt: async () => undefined,
    disconnectsSince: async () => [],
  };
  const writer: SymbolWorkerOptions["writer"] = {
    trade: nothing,
    quote: nothing,
    disconnect: nothing,
    lookBack: nothing,
    book: nothing,
    features: nothing,
    prediction: nothing,
    outcome: nothing,
    signal: nothing,
    flush: async () => {},
  };
  return { rest: () => rest, history: () => history, writer };
}

class Run {
  readonly worker: SymbolWorker;
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #frames: readonly TapeFrame[];
  #now_us: number;
  #tick_us = 0;
  #at = 0;

  constructor(tape: Tape, slot: ModelSlot, parts: ReturnType<typeof backing>) {
    this.#frames = tape.frames;
    this.#now_us = tape.header.start_us;
    // One clock, read two ways, as a machine's are; the pace of the tape is the bench's own affair.
    this.#clock = {
      ...systemClock,
      now: () => this.#now_us as Micros,
      monotonicUs: () => this.#now_us - tape.header.start_us,
    };
    const { symbol } = tape.header;
    this.worker = new SymbolWorker({
      ...parts,
      ...{ symbol, sets: FEATURE_SETS, streams: STREAMS, clock: this.#clock, log: silentLogger },
      roster: { champion: slot, beside: [] },
      signals: readConfig({}),
      grace_ms: 250,
      deadline_ms: 100,
      interval_ms: 1_000,
      fallback: true,
      onPrediction: nothing,
      onOutcome: nothing,
    });
    this.#feed = new Feed({
      symbols: [symbol],
      clock: this.#clock,
      continuity: new Continuity([symbol], STREAMS, STREAM_TIMING.patience),
      onEvent: (event) => this.worker.onEvent(event),
      onFrame: undefined,
    });
  }

  /** Plays frames until a trade has come, and waits for the look-back. */
  async begin(): Promise<void> {
    while (!this.worker.state.received_us.has("trade")) this.#play();
    while (this.worker.lane.holding) await new Promise((done) => setTimeout(done, 0));
    await this.worker.predictor.idle();
  }

  async playAll(): Promise<void> {
    const { predictor } = this.worker;
    while (this.#at < this.#frames.length) {
      const { lane } = this.worker;
      // A second that is over before the next frame comes is closed then, as the service's watch does it.
      for (
        let due_us = lane.clockDeadline;
        due_us < this.#frames[this.#at]!.at_us;
        due_us = lane.clockDeadline
      ) {
        this.#now_us = Math.max(this.#now_us, due_us);
        this.worker.onTime();
        if (predictor.waiting > 0) await predictor.idle();
      }
      this.#play();
      if (predictor.waiting > 0) await predictor.idle();
    }
  }

  /** One frame, after the looks at the clock that were due before it. */
  #play(): void {
    const { at_us, frame } = this.#frames[this.#at++]!;
    this.#now_us = at_us;
    if (at_us >= this.#tick_us) {
      this.worker.onTime();
      this.#tick_us = at_us + TICK_US;
    }
    this.#feed.deliver(frame, at_us as Micros);
  }
}

interface Pass {
  readonly pass_s: number;
  readonly core_s: number;
}

async function timePass(play: () => void | Promise<void>): Promise<Pass> {
  Bun.gc(true);
  const [begun_ns, used] = [Bun.nanoseconds(), process.cpuUsage()];
  await play();
  const pass_s = (Bun.nanoseconds() - begun_ns) / 1e9;
  const { user, system } = process.cpuUsage(used);
  return { pass_s, core_s: (user + system) / US_PER_SEC };
}

const middle = (passes: readonly Pass[]): Pass => ({
  pass_s: median(passes.map(({ pass_s }) => pass_s)),
  core_s: median(passes.map(({ core_s }) => core_s)),
});

async function timeForetick(path: string): Promise<Figures> {
  const tape = await readTape(path);
  const { dir } = await newestBundle(await benchModels(), [v1]);
  const model = await loadBundle(dir ?? fail("BUNDLE_INVALID", "expected the bench's model, was none"));
  const slot = new ModelSlot(model, silentLogger);
  const parts = backing(tape);
  const hasher = new Bun.CryptoHasher("sha256");
  const seen = new Run(tape, slot, {
    ...parts,
    writer: { ...parts.writer, features: ({ values }) => void hasher.update(values) },
  });
  await seen.begin();
  await seen.playAll();
  const passes: Pass[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const run = new Run(tape, slot, parts);
    await run.begin();
    passes.push(await timePass(() => run.playAll()));
  }
  await slot.close();
  const { predictions } = seen.worker.predictor.counters;
  const seconds = seen.worker.lane.counters.seconds_closed;
  return { ...middle(passes), predictions, seconds, vectors: hasher.digest("hex") };
}

/** What was parsed last is kept where anybody might look, so that parsing cannot be left out. */
export const kept: { last: unknown } = { last: undefined };

async function timeJson(path: string): Promise<Figures> {
  const texts: string[] = [];
  for (const { frame } of tapeFrames(path)) {
    const result = decodeFrame(frame);
    if (result.ok) texts.push(...jsonOf(result.message).map(combined));
  }
  const parseAll = (): void => {
    for (const text of texts) kept.last = JSON.parse(text);
  };
  const passes: Pass[] = [];
  for (let pass = 0; pass < PASSES + 1; pass++) passes.push(await timePass(parseAll));
  return { ...middle(passes.slice(1)), predictions: 0, seconds: 0, vectors: "" };
}

async function report(): Promise<void> {
  const names: TapeName[] = hasRecording() ? ["recorded", "simulated"] : ["simulated"];
  await benchModels();
  console.log("frame → prediction, a whole tape at full speed");
  console.log(
    `${canPin ? "on one core" : "not kept on one core: no taskset here"}; median of ${ROUNDS} rounds`,
  );
  console.log(`${machine()}\n`);
  const rows: string[][] = [];
  let met = true;
  for (const name of names) {
    const path = await benchTape(name);
    const { counts, start_us, end_us } = await readTapeHeader(path);
    const results = byTurns(VARIANTS, ROUNDS, (variant) =>
      inFreshProcess<Figures>(import.meta.path, [variant, path], { one_core: true }),
    );
    const own = results.get("foretick")!;
    const [taken, peer] = VARIANTS.map((variant) => middle(results.get(variant)!)) as [Pass, Pass];
    const { predictions, seconds, vectors } = own[0]!;
    if (own.some((figures) => figures.vectors !== vectors)) {
      fail("INVARIANT", "expected every round to give the same vectors, bit for bit");
    }
    const market_s = (end_us - start_us) / US_PER_SEC;
    const frames_s = counts.frames / taken.pass_s;
    met &&= frames_s >= AIM_FRAMES_PER_S && market_s / taken.pass_s >= AIM_TIMES_REAL_TIME;
    rows.push([
      name,
      ...[counts.frames, seconds, predictions, frames_s, market_s / taken.pass_s].map(grouped),
      grouped(counts.frames / taken.core_s),
      grouped(counts.frames / peer.pass_s),
      (peer.pass_s / taken.pass_s).toFixed(2),
      vectors.slice(0, 12),
    ]);
  }
  const head = ["tape", "frames", "seconds", "forecasts", "frames/s", "× real time", "frames/s of core time"];
  printTable([...head, "JSON.parse alone, frames/s", "ratio", "sha256 of vectors"], rows);
  printAim(`≥ ${grouped(AIM_FRAMES_PER_S)} frames/s and ≥ ${grouped(AIM_TIMES_REAL_TIME)} × real time`, met);
}

const [variant, path] = process.argv.slice(2) as [Variant?, string?];
if (variant && path) {
  console.log(JSON.stringify(await (variant === "foretick" ? timeForetick(path) : timeJson(path))));
} else await report();
