import { fail } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import { readTapeHeader, tapeFrames } from "../../src/binance/capture/tape_read.ts";
import { decodeFrame } from "../../src/binance/sbe/decode.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { loadBundle } from "../../src/model/bundle/bundle.ts";
import { newestBundle } from "../../src/model/bundle/newest.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import { combined, jsonOf } from "../peers/json_text.ts";
import {
  byTurns,
  canPin,
  grouped,
  inFreshProcess,
  machine,
  median,
  printAim,
  printTable,
} from "../peers/measure.ts";
import { benchModels, benchTape, hasRecording, type TapeName } from "../peers/stage.ts";
import { Run } from "./end_to_end/run.ts";
import { backing, readTape } from "./end_to_end/tape.ts";

const ROUNDS = 5;
const PASSES = 7;
const AIM_FRAMES_PER_S = 300_000;
const AIM_TIMES_REAL_TIME = 1_000;
const VARIANTS = ["foretick", "JSON.parse"] as const;
type Variant = (typeof VARIANTS)[number];

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
