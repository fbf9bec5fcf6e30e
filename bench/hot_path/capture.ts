/**
 * What does a capture cost? The symbol's worker over the same tape, with everything captured to disk and without, by
 * turns in fresh processes. The peer is the worker without a capture.
 *
 *     bun bench/hot_path/capture.ts
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { nextTurn } from "../../src/base/turns.ts";
import { type Micros, US_PER_SEC } from "../../src/base/units.ts";
import { readTapeHeader, tapeFrames } from "../../src/binance/capture/tape_read.ts";
import type { StreamName } from "../../src/binance/events.ts";
import { FrameReader } from "../../src/binance/stream/reader.ts";
import { FEATURE_SETS } from "../../src/features/sets/all.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import { Capture } from "../../src/system/capture/capture.ts";
import { NO_REST, NO_WARM_UP, NO_WRITER } from "../../src/system/replay/replayed_worker.ts";
import { SymbolWorker } from "../../src/system/symbol/symbol_worker.ts";
import { USUAL_PARTS } from "../../src/system/symbol/worker_parts.ts";
import { byTurns, grouped, inFreshProcess, machine, median, printAim, printTable } from "../peers/measure.ts";
import { benchTape, hasRecording } from "../peers/stage.ts";

const ROUNDS = 3;
const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];
const MESSAGES_PER_S = 200;
const AIM_SHARE = 0.03;
const VARIANTS = ["captured", "not captured"] as const;
type Variant = (typeof VARIANTS)[number];

interface Result {
  readonly frames: number;
  readonly core_s: number;
  readonly bytes: number;
}

async function measured(variant: Variant): Promise<Result> {
  const path = await benchTape(hasRecording() ? "recorded" : "simulated");
  const { symbol, start_us } = await readTapeHeader(path);
  const frames = [...tapeFrames(path)];
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  let now_us = start_us;
  const clock: Clock = { ...systemClock, now: () => now_us as Micros, monotonicUs: () => now_us - start_us };
  const config = { ...readConfig({}), data_dir };
  const capture = variant === "captured" ? new Capture({ config, streams: STREAMS, clock, log }) : undefined;
  const parts = capture?.partsOf(symbol) ?? USUAL_PARTS;
  const worker = new SymbolWorker({
    ...{
      symbol,
      sets: FEATURE_SETS,
      streams: STREAMS,
      clock,
      log,
      writer: NO_WRITER,
      history: () => undefined,
    },
    ...{
      grace_ms: 250,
      deadline_ms: 100,
      interval_ms: 1_000,
      fallback: true,
      onPrediction: () => {},
      onOutcome: () => {},
      signals: config,
    },
    roster: { champion: new ModelSlot(new ZeroModel(FEATURE_SETS[0]!), log), beside: [] },
    rest: () => NO_REST,
    parts: { ...parts, warmUp: () => NO_WARM_UP },
  });
  const reader = new FrameReader({ symbols: [symbol] });
  const used = process.cpuUsage();
  for (const [at, { at_us, frame }] of frames.entries()) {
    now_us = at_us;
    capture?.tap.onFrame(frame, at_us);
    reader.read(frame, at_us as Micros, (event) => worker.onEvent(event));
    worker.onTime();
    // As between two deliveries of a socket: what is on its way to the disk goes on.
    if (at % 200 === 0) await nextTurn();
  }
  await worker.close();
  await capture?.close();
  const { user, system } = process.cpuUsage(used);
  const bytes = capture?.logs.get(symbol)?.stats.bytes_written ?? 0;
  rmSync(data_dir, { recursive: true, force: true });
  return { frames: frames.length, core_s: (user + system) / US_PER_SEC, bytes };
}

async function main(): Promise<void> {
  process.stdout.write(`${machine()}\n\n`);
  const results = await byTurns(VARIANTS, ROUNDS, (variant) =>
    inFreshProcess<Result>(import.meta.path, [variant]),
  );
  const of = (variant: Variant): Result => {
    const all = results.get(variant)!;
    return { ...all[0]!, core_s: median(all.map(({ core_s }) => core_s)) };
  };
  const [captured, without] = [of("captured"), of("not captured")];
  const us = ({ core_s, frames }: Result): number => (core_s * 1e6) / frames;
  const share = ((captured.core_s - without.core_s) / captured.frames) * MESSAGES_PER_S;
  printTable(
    ["", "µs of a core a message", "bytes a message on disk"],
    [
      ["captured", us(captured).toFixed(2), grouped(captured.bytes / captured.frames)],
      ["not captured", us(without).toFixed(2), "0"],
      ["ratio", (captured.core_s / without.core_s).toFixed(2), ""],
    ],
  );
  process.stdout.write(`at ${MESSAGES_PER_S} messages a second: ${(100 * share).toFixed(3)} % of a core\n`);
  printAim(`< ${100 * AIM_SHARE} % of a core at ${MESSAGES_PER_S} messages a second`, share < AIM_SHARE);
}

const [variant] = process.argv.slice(2);
if (variant === undefined) await main();
else process.stdout.write(JSON.stringify(await measured(variant as Variant)));
