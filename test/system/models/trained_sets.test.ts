/**
 * Two models the way a person gets them, from a tape to what came of their forecasts: one on set gold, which has a
 * vector every two seconds and reads the book, with a sequence of its own cadence; one on set trades and the last
 * price, as a history without quotes gives it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { micros, US_PER_SEC } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import type { Label } from "../../../src/features/label.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { gold } from "../../../src/features/sets/gold.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { OutcomeMessage, PredictionMessage, StreamMessage } from "../../../src/serve/messages/stream.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { bundleContents } from "../../../src/train/export/bundle_contents.ts";
import type { Trainable } from "../../../src/train/fit/trainable.ts";
import { trainableOf } from "../../../src/train/fit/trainables.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import { train } from "../../../src/train/run.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const TAPE_S = 2_000;
/** Seconds of the market in one of ours. */
const SPEED = 20;
let folder = "";
let tape = "";
let symbol = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "foretick-sets-"));
  tape = join(folder, "market.tape");
  const source = simulatedSource({ seed: 23, start_us: START_US - 86_400 * US_PER_SEC, r2: 0.2, levels: 50 });
  symbol = source.symbol;
  await writeTape(tape, source, { seconds: TAPE_S });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** As the command does it. @returns the bundle's folder. */
async function trained(name: string, set: FeatureSet, label: Label, trainable: Trainable): Promise<string> {
  const builder = new DatasetBuilder({ symbol, set, horizon_s: 10, label }, new HeldRows(set.names.length));
  await readTapeRows(tape, set, (row) => builder.push(row));
  const dataset = builder.finish();
  expect(dataset.rows).toBeGreaterThan(((TAPE_S - 1_000) / set.cadence_s) * 0.9);
  const options = { seed: 1, train_share: 0.7 };
  const run = await train(dataset, set, [trainable], options);
  const bundle = { name, version: "1", created_at_us: micros(START_US), sources: [], ...options };
  return writeBundle(folder, bundleContents(dataset, set, run, run.fitted[0]!, bundle));
}

/** The service at a market of another seed, this bundle its champion. */
async function served(
  bundle_dir: string,
  version: string,
): Promise<{ running: Running; heard: StreamMessage[] }> {
  const source = simulatedSource({ seed: 24, start_us: START_US, ...QUIET });
  const market = { source, speed: SPEED, history_s: 1_000, start_on: "first_subscriber" } as const;
  const running = await startRunning(market, { model_poll_s: 3_600, deadline_ms: 5_000 });
  cleanups.push(() => running.close());
  const { url } = running.pipeline;
  const heard: StreamMessage[] = [];
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/stream?kinds=prediction,outcome&model_version=${version}`,
  );
  cleanups.push(() => socket.close());
  socket.onmessage = ({ data }) => heard.push(JSON.parse(String(data)) as StreamMessage);
  await met("a forecast", async () => (await fetch(`${url}/latest`)).ok);
  const told = { ...running.environment, MODEL_DIR: join(running.data_dir, "models") };
  await modelsCommand(["register", bundle_dir], told);
  // It was fitted on half an hour: no gate would let it pass.
  await modelsCommand(["promote", version, "--force", "--reason", "the test's own"], told);
  return { running, heard };
}

const predictionsOf = (heard: readonly StreamMessage[]): PredictionMessage[] =>
  heard.filter((message): message is PredictionMessage => message.type === "prediction");
const outcomesOf = (heard: readonly StreamMessage[]): OutcomeMessage[] =>
  heard.filter((message): message is OutcomeMessage => message.type === "outcome");

describe("a model on set gold", () => {
  it("forecasts every two seconds from the last vectors of its set, and no second between counts as a failure", async () => {
    await openBackend(["wasm"]);
    const lstm = networkTrainable("lstm", { shape: { sequence_length: 5 }, settings: { epochs_max: 2 } });
    const bundle_dir = await trained("lstm-gold", gold, "mid", lstm);
    const { running, heard } = await served(bundle_dir, "lstm-gold/1");
    const { predictor } = running.worker;
    await met("forecasts of gold", () => predictionsOf(heard).length > 0);
    const before = { ...predictor.counters };
    await met("outcomes", () => outcomesOf(heard).length > 15);
    const { predictions: made, ...others } = predictor.counters;
    const predictions = predictionsOf(heard);
    const seconds = predictions.map(({ ts_sec }) => ts_sec);
    expect(seconds.every((sec, at) => at === 0 || sec === seconds[at - 1]! + 2)).toBe(true);
    expect(predictions[0]).toMatchObject({ feature_set: "gold", label: "mid", warm: true });
    expect(made).toBeGreaterThan(before.predictions + 15);
    // Nothing was skipped or failed since the first forecast.
    const { predictions: _, ...earlier } = before;
    expect(others).toEqual(earlier);
    const latest = await fetch(`${running.pipeline.url}/latest`);
    expect([latest.status, ((await latest.json()) as PredictionMessage).feature_set]).toEqual([200, "gold"]);
  });
});

describe("a model on set trades and the last price", () => {
  it("is served at the last trade's price, joined by it and by the mid, and says so", async () => {
    const bundle_dir = await trained("ridge-trades-last", trades, "last", await trainableOf("ridge"));
    const { running, heard } = await served(bundle_dir, "ridge-trades-last/1");
    await met(
      "outcomes",
      () => outcomesOf(heard).filter((one) => one.realized_log_return !== null).length > 5,
    );
    const latest = (await (await fetch(`${running.pipeline.url}/latest`)).json()) as PredictionMessage;
    expect(latest).toMatchObject({
      label: "last",
      feature_set: "trades",
      model_version: "ridge-trades-last/1",
    });

    const { sql } = running.pipeline.database;
    await running.pipeline.writer.flush();
    const priceAt = async (sec: number): Promise<number> => {
      const [trade] = await sql<{ price_e8: string }[]>`
        select price_e8
        from trades
        where ts < at_sec(${sec})
          and not late
          and set_aside is null
        order by epoch desc, trade_id desc
        limit 1`;
      return Number(trade!.price_e8);
    };
    for (const outcome of outcomesOf(heard).slice(0, 5)) {
      const { ts_sec, realized_log_return, realized_last_log_return, realized_mid_log_return } = outcome;
      const came = lnr(await priceAt(ts_sec + 10), await priceAt(ts_sec));
      expect([realized_log_return, realized_last_log_return]).toEqual([came, came]);
      expect(realized_mid_log_return).not.toBeNull();
      const made = predictionsOf(heard).find((one) => one.ts_sec === ts_sec)!;
      expect(made.current_price).toBe((await priceAt(ts_sec)) / 1e8);
    }
    const [stored] = await sql`
      select count(*)::int as rows, count(realized_mid_log_return)::int as by_mid, count(realized_last_log_return)::int as by_last
      from prediction_outcomes
      where label = 'last'
        and realized_log_return is not null`;
    expect(stored!.rows).toBeGreaterThan(5);
    expect([stored!.by_mid, stored!.by_last]).toEqual([stored!.rows, stored!.rows]);
  });
});
