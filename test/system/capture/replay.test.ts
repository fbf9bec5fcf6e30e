/** A bad day of a running service, captured over real sockets and replayed to the bit. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { replayLines } from "../../../scripts/lines/replay.ts";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { type CaptureRecord, captureRecords } from "../../../src/binance/capture/capture_read.ts";
import {
  CAPTURE_HEAD_BYTES,
  encodeBlockHead,
  PRELUDE_BYTES,
} from "../../../src/binance/capture/tape_format.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { readRecord } from "../../../src/predict/capture/read_record.ts";
import { KINDS, packed } from "../../../src/predict/capture/records.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { replayRun } from "../../../src/system/replay/replay.ts";
import { StoredRows } from "../../../src/system/replay/stored_rows.ts";
import { type TapeRun, tapeRuns } from "../../../src/system/replay/tape_runs.ts";
import { sampleContents } from "../../model/sample.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

/** Market seconds in one of ours. */
const SPEED = 8;

onEveryServer("a captured day with a cut, a gap, a stall and a hot swap", (server) => {
  let running: Running;
  let run: TapeRun;
  let model_dirs: string[];

  beforeAll(async () => {
    const source = simulatedSource({ seed: 11, start_us: START_US, levels: 50 });
    running = await startRunning(
      { source, speed: SPEED, history_s: 700, start_on: "first_subscriber" },
      { capture: "1", deadline_ms: 60_000, database_url: await server.emptyDatabase() },
    );
    await badDay(running);
    await running.pipeline.close();
    const folder = join(running.data_dir, "capture");
    model_dirs = [join(folder, "models")];
    [run] = tapeRuns(folder) as [TapeRun];
  });
  afterAll(() => running.close());

  it("is replayed: every vector and every forecast, to the bit", async () => {
    const comparison = await replayRun(run, { model_dirs, log });
    const { lane, predictor } = running.worker;
    expect(comparison.difference).toBeUndefined();
    expect(comparison.seconds).toBe(lane.counters.seconds_closed);
    const { predictions, approximated, stood_in } = predictor.counters;
    expect(comparison.forecasts).toBe(predictions + approximated + stood_in);
    expect(comparison.vectors).toBeGreaterThan(4 * comparison.seconds);
    expect(replayLines(run, comparison)).toEqual([expect.stringMatching(/forecasts: equal to the capture$/)]);
  });

  it("is replayed as it is stored: every row the database has", async () => {
    const { data_dir, config } = running;
    const database = await openDatabase({ url: config.database_url, data_dir, log, clock });
    try {
      const stored = new StoredRows(run.header.symbol, database);
      const comparison = await replayRun(run, { model_dirs, log, stored });
      expect(comparison.difference).toBeUndefined();
      expect(comparison.vectors).toBeGreaterThan(4 * comparison.seconds);
      const { predictions, approximated, stood_in } = running.worker.predictor.counters;
      expect(comparison.forecasts).toBe(predictions + approximated + stood_in);
      expect(comparison.not_stored).toBe(0);
    } finally {
      await database.close();
    }
  });

  it("names the first difference, whether an output was another, a forecast, or frames are missing", async () => {
    const differing = async (change: (record: CaptureRecord, at: number) => CaptureRecord | undefined) =>
      replayRun(changed(run, change), { model_dirs, log });
    let [seconds, planted_sec] = [0, 0];
    const output = await differing((record) => {
      if (record.kind !== KINDS.closed || planted_sec > 0) return record;
      const payload = Uint8Array.from(record.payload);
      const view = new DataView(payload.buffer);
      const value = view.getFloat64(37 + 3 + 8, true);
      if (++seconds < 20 || !Number.isFinite(value)) return record;
      planted_sec = view.getUint32(0, true);
      // The lowest bit of the first vector's second feature.
      payload[37 + 3 + 8]! ^= 1;
      return { ...record, payload };
    });
    const { difference } = output;
    const [replayed, expected] = [difference!.replayed as number, difference!.expected as number];
    expect(difference!.ts_sec).toBe(planted_sec);
    expect(Math.abs(replayed - expected)).toBeLessThan(1e-9 * Math.abs(replayed) + 1e-300);
    const [line] = replayLines(run, output);
    expect(line).toMatch(
      /differs from the capture: second \d+ \(.*Z\), v1\.\w+: expected \S+ \(0x[0-9a-f]{16}\), replayed/,
    );

    let forecasts = 0;
    const forecast = await differing((record) => {
      if (record.kind !== KINDS.prediction || ++forecasts !== 30) return record;
      const prediction = readRecord("prediction", record.payload);
      const p_up = (prediction.p_up ?? 0) + 1e-12;
      return { ...record, payload: new TextEncoder().encode(packed({ ...prediction, p_up })) };
    });
    expect(forecast.difference!.of).toContain(": p_up");
    expect(forecast.forecasts).toBe(30);

    let frames = 0;
    const input = await differing((record) => {
      if (record.kind === KINDS.frame) frames++;
      const is_lost =
        frames >= 1_000 && frames < 1_200 && (record.kind === KINDS.frame || record.kind === KINDS.next);
      return is_lost ? undefined : record;
    });
    expect(input.difference).toBeDefined();
  });
});

/** Through real sockets: a connection that is cut, trades that do not come and are fetched, quotes that fall silent, another champion. */
async function badDay({ exchange, worker, pipeline, data_dir, environment }: Running): Promise<void> {
  const { counters } = worker.predictor;
  const predicted = async (more: number): Promise<void> => {
    const before = counters.predictions;
    await met("predictions", () => counters.predictions > before + more);
  };
  await predicted(15);
  exchange.cutConnections();
  await met("the break", () => worker.lane.counters.disconnects > 0);
  await predicted(5);
  exchange.faults.spoilFrames("trade", "drop", 3);
  await met("the gap", () => worker.lane.ledger.counters.gaps > 0);
  await met("its fill", () => worker.lane.ledger.missing().length === 0);
  await predicted(5);
  exchange.faults.pause("bestBidAsk");
  await met("the stall", () => worker.lane.breaks.isOpen("quote"));
  exchange.faults.resume("bestBidAsk");
  await met("its end", () => worker.lane.breaks.open.length === 0);
  await predicted(5);
  const model_dir = join(data_dir, "models");
  await writeBundle(model_dir, sampleContents({ version: "a" }));
  const store = { ...environment, MODEL_DIR: model_dir, DATABASE_URL: pipeline.database.url };
  await modelsCommand(["register", "ridge-v1/a"], store);
  await modelsCommand(["promote", "ridge-v1/a"], store);
  await met("the swap", () => worker.roster.champion.current.version === "ridge-v1/a");
  await predicted(15);
}

/** The run with its records changed, or left out. */
function changed(
  run: TapeRun,
  change: (record: CaptureRecord, at: number) => CaptureRecord | undefined,
): TapeRun {
  const directory = mkdtempSync(join(tmpdir(), "foretick-changed-"));
  let at = 0;
  const paths = run.paths.map((path) => {
    const kept = [...captureRecords(path)].flatMap((record) => change(record, at++) ?? []);
    const whole = readFileSync(path);
    const parts: Uint8Array[] = [whole.subarray(0, PRELUDE_BYTES + whole.readUInt32LE(12))];
    for (let from = 0; from < kept.length; from += 1_000)
      parts.push(...block(kept.slice(from, from + 1_000)));
    const to = join(directory, basename(path));
    writeFileSync(to, Buffer.concat(parts));
    return to;
  });
  return { ...run, paths };
}

function block(records: readonly CaptureRecord[]): Uint8Array[] {
  const inflated = Buffer.concat(
    records.flatMap(({ kind, payload }) => {
      const head = Buffer.alloc(CAPTURE_HEAD_BYTES);
      head.writeUInt8(kind);
      head.writeUInt32LE(payload.length, 1);
      return [head, payload];
    }),
  );
  const stored = deflateRawSync(inflated);
  const sizes = { stored_bytes: stored.length, inflated_bytes: inflated.length, records: records.length };
  return [encodeBlockHead({ ...sizes, crc: crc32(stored) }), stored];
}
