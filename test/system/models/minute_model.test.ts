/**
 * A model that looks a minute ahead, on set minute, from the last five vectors: trained on a tape, registered,
 * promoted, served by the whole service, joined with what came a minute later, and shown under its own name.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { micros, US_PER_SEC } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { minute } from "../../../src/features/sets/minute.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { PredictionsJson } from "../../../src/serve/messages/predictions.ts";
import type { OutcomeMessage, PredictionMessage, StreamMessage } from "../../../src/serve/messages/stream.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { bundleContents } from "../../../src/train/export/bundle_contents.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import { train } from "../../../src/train/run.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const HORIZON_S = 60;
const SEQUENCE = 5;
const VERSION = "lstm-minute-60s/1";
const TAPE_S = 2_400;
/** Seconds of the market in one of ours. */
const SPEED = 20;

let folder = "";
let bundle_dir = "";
beforeAll(async () => {
  await openBackend(["wasm"]);
  folder = mkdtempSync(join(tmpdir(), "foretick-minute-"));
  bundle_dir = await trained();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** As the command does it: a tape, its rows by the service's own lane, a fit, a bundle. */
async function trained(): Promise<string> {
  const tape = join(folder, "market.tape");
  const market = { r2: 0.2, horizon_s: HORIZON_S, signal_half_life_s: 60, depth: false };
  const source = simulatedSource({ ...market, seed: 21, start_us: START_US - 86_400 * US_PER_SEC });
  await writeTape(tape, source, { seconds: TAPE_S });
  const builder = new DatasetBuilder(
    {
      symbol: source.symbol,
      set: minute,
      horizon_s: HORIZON_S,
      label: "mid",
    },
    new HeldRows(minute.names.length),
  );
  await readTapeRows(tape, minute, (row) => builder.push(row));
  const dataset = builder.finish();
  const settings = { epochs_max: 3, learning_rate: 1e-2 };
  const lstm = networkTrainable("lstm", { shape: { sequence_length: SEQUENCE }, settings });
  const options = { seed: 1, train_share: 0.7 };
  const run = await train(dataset, minute, [lstm], options);
  const bundle = {
    name: "lstm-minute-60s",
    version: "1",
    created_at_us: micros(START_US),
    sources: [],
    ...options,
  };
  return await writeBundle(folder, bundleContents(dataset, minute, run, run.fitted[0]!, bundle));
}

async function serving(): Promise<{ running: Running; url: string; heard: StreamMessage[] }> {
  const source = simulatedSource({ seed: 22, start_us: START_US, ...QUIET });
  const market = { source, speed: SPEED, history_s: 700, start_on: "first_subscriber" } as const;
  const running = await startRunning(market, { model_poll_s: 3_600, deadline_ms: 5_000 });
  cleanups.push(() => running.close());
  const { url } = running.pipeline;
  const heard: StreamMessage[] = [];
  const socket = new WebSocket(`${url.replace("http", "ws")}/stream?kinds=prediction,outcome&horizon_s=60`);
  cleanups.push(() => socket.close());
  socket.onmessage = ({ data }) => heard.push(JSON.parse(String(data)) as StreamMessage);
  return { running, url, heard };
}

async function promote({ environment, data_dir }: Running): Promise<void> {
  const told = { ...environment, MODEL_DIR: join(data_dir, "models") };
  await modelsCommand(["register", bundle_dir], told);
  // It was fitted on forty minutes: no gate would let it pass.
  await modelsCommand(["promote", VERSION, "--force", "--reason", "the test's own"], told);
}

describe("a model that looks a minute ahead", () => {
  it("is trained, served, joined a minute later and shown, apart from the model before it", async () => {
    const { running, url, heard } = await serving();
    await met("the model before it", async () => (await fetch(`${url}/latest`)).ok);
    await promote(running);
    const predictions = () =>
      heard.filter((message): message is PredictionMessage => message.type === "prediction");
    const outcomes = () => heard.filter((message): message is OutcomeMessage => message.type === "outcome");
    await met("outcomes of a minute", () => outcomes().length > 20);

    // What is shown, live and on request.
    const one = predictions()[0]!;
    expect(one).toMatchObject({
      model_version: VERSION,
      role: "champion",
      horizon_s: 60,
      feature_set: "minute",
    });
    expect(one.yhat_log_return_60s).toBe(one.yhat_log_return);
    expect(one).not.toHaveProperty("yhat_log_return_10s");
    expect(new Set(predictions().map(({ yhat_log_return }) => yhat_log_return)).size).toBeGreaterThan(20);
    const latest = (await (await fetch(`${url}/latest`)).json()) as PredictionMessage;
    expect(latest).toMatchObject({ model_version: VERSION, horizon_s: 60 });
    await running.pipeline.writer.flush();
    const stored = (await (await fetch(`${url}/predictions?limit=10000`)).json()) as PredictionsJson;
    expect(stored.series).toEqual({ model_version: VERSION, role: "champion", horizon_s: 60 });
    expect(stored.predictions.every(({ horizon_s }) => horizon_s === 60)).toBe(true);
    const before = (await (await fetch(`${url}/predictions?model_version=zero/1`)).json()) as PredictionsJson;
    expect(before.series).toEqual({ model_version: "zero/1", role: "champion", horizon_s: 10 });
    expect(before.predictions.at(-1)!.ts_sec).toBeLessThan(one.ts_sec);

    // What came a minute later, by the quotes that were stored.
    const { sql } = running.pipeline.database;
    const midAt = async (sec: number): Promise<number> => {
      const [quote] = await sql<{ sum_e8: string }[]>`
        select bid_price_e8 + ask_price_e8 as sum_e8
        from quotes
        where ts < at_sec(${sec})
          and not late
          and set_aside is null
        order by epoch desc, update_id desc
        limit 1`;
      return Number(quote!.sum_e8);
    };
    for (const { ts_sec, realized_log_return, realized_log_return_60s } of outcomes().slice(0, 5)) {
      expect(realized_log_return_60s).toBe(realized_log_return);
      expect(realized_log_return).toBe(lnr(await midAt(ts_sec + 60), await midAt(ts_sec)));
      const shown = stored.predictions.find((row) => row.ts_sec === ts_sec)!;
      expect(shown.realized_log_return).toBe(realized_log_return);
    }

    // What the model says of the vectors that were stored.
    const model = await loadBundle(bundle_dir);
    cleanups.push(() => model.close());
    const vectors = await sql<{ ts_sec: number; values: string }[]>`
      select (us_of(ts) / 1000000)::int as ts_sec, values::text as values
      from features_live
      where feature_set = 'minute'
        and ts > at_sec(${one.ts_sec - SEQUENCE})
        and ts <= at_sec(${one.ts_sec})
      order by ts`;
    expect(vectors).toHaveLength(SEQUENCE);
    const values = vectors.flatMap((row) => row.values.slice(1, -1).split(",").map(Number));
    const { yhat } = await model.infer(minute.hash, Float64Array.from(values));
    expect(one.yhat_log_return).toBe(yhat);

    // In SQL under its own name, and under no other.
    const [view] = await sql`
      select
        count(*)::int as rows,
        count(yhat_log_return_60s)::int as sixty,
        count(yhat_log_return_10s)::int as ten
      from prediction_outcomes
      where model_version = ${VERSION}`;
    expect(view).toMatchObject({ sixty: view!.rows, ten: 0 });
    expect(view!.rows).toBeGreaterThan(20);
  });
});
