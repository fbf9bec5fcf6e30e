/** A simulated market whose signal turns at a known second, models of it as it was and as it will be, and the whole service on it. */

import { join } from "node:path";
import { expect } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { micros } from "../../../src/base/units.ts";
import { readTapeHeader } from "../../../src/binance/capture/tape_read.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { type BundleContents, writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { PredictionJson } from "../../../src/serve/messages/predictions.ts";
import type { Dependency } from "../../../src/serve/ports.ts";
import { type SimulatedSource, simulatedSource } from "../../../src/sim/market/simulator.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import { START_US } from "../../sim/markets.ts";
import { trainRidge } from "../../train/train_ridge.ts";
import type { Running } from "../running.ts";

/** Of the market before the service starts. */
export const HISTORY_S = 700;
/** Between two looks: the machine has a market to make meanwhile (ms). */
export const LOOK_MS = 100;
/** A strong signal that lasts, in a market of few messages. */
const MARKET = {
  ...{ r2: 0.25, signal_half_life_s: 30, depth: false, levels: 20 },
  ...{ trades_per_s: 3, quotes_per_s: 6 },
} as const;

/** @param flips_s when its signal turns, and turns back, in seconds from its start; default never. */
export function turningMarket(seed: number, flips_s?: number, flips_back_s?: number): SimulatedSource {
  const at = (name: string, second: number | undefined) =>
    second === undefined ? {} : { [name]: START_US + second * 1e6 };
  return simulatedSource({
    ...{ ...MARKET, seed, start_us: START_US },
    ...at("signal_flips_at_us", flips_s),
    ...at("signal_flips_back_at_us", flips_back_s),
  });
}

export async function rowsOf(tape: string): Promise<HeldDataset> {
  const { symbol } = await readTapeHeader(tape);
  const label = { symbol, set: v1, horizon_s: 10, label: "mid" } as const;
  const builder = new DatasetBuilder(label, new HeldRows(v1.names.length));
  await readTapeRows(tape, v1, (row) => builder.push(row));
  return builder.finish();
}

/**
 * A ridge of a market.
 * @param share its forecasts' size: below 1 it is timid, above it dares too much; below 0 it is a ridge of that market with
 * its signal turned, for all that cannot be foreseen there falls to either side alike.
 */
export async function ridgeOf(rows: HeldDataset, name: string, share: number): Promise<BundleContents> {
  const told = { name, version: "1", created_at_us: micros(START_US), sources: [], seed: 1 };
  const turned = { ...rows, y: rows.y.map((y) => share * y) };
  const contents = await trainRidge(turned, v1, { ...told, train_share: 0.7 });
  // It has been through no gate.
  return { ...contents, manifest: { ...contents.manifest, servable: true } };
}

/** The service under test, as its clients see it. */
export class Service {
  running: Running;
  /** Seconds with a forecast that was served, in order. */
  readonly ticks: number[] = [];

  constructor(running: Running) {
    this.running = running;
    this.follow(running);
  }

  follow(running: Running): void {
    this.running = running;
    running.pipeline.ports.subscribe((event) => {
      if (event.kind === "prediction" && event.prediction.served) this.ticks.push(event.prediction.ts_sec);
    });
  }

  get environment(): Record<string, string> {
    return { ...this.running.environment, MODEL_DIR: join(this.running.data_dir, "models") };
  }

  async add(contents: BundleContents): Promise<string> {
    await writeBundle(join(this.running.data_dir, "models"), contents);
    const version = `${contents.manifest.name}/${contents.manifest.version}`;
    await modelsCommand(["register", version], this.environment);
    return version;
  }

  async latest(query = "", headers: Record<string, string> = {}): Promise<PredictionJson> {
    const answer = await fetch(`${this.running.pipeline.url}/latest${query}`, { headers });
    expect(answer.status).toBe(200);
    return (await answer.json()) as PredictionJson;
  }

  async health(name: string): Promise<Dependency | undefined> {
    const answer = await fetch(`${this.running.pipeline.url}/health`);
    const { dependencies } = (await answer.json()) as { dependencies: Dependency[] };
    return dependencies.find((one) => one.name === name);
  }

  /** Seconds that follow none, or themselves. */
  uneven(from = 0): number[] {
    return this.ticks.filter((sec, at) => at > from && sec !== this.ticks[at - 1]! + 1);
  }

  /** From now on `/latest` is asked at every tick, as a client that follows it by the second does. */
  askAtEveryTick(): { end(): Promise<{ served: number; wrong: readonly string[] }> } {
    const asked: Promise<string>[] = [];
    const stop = this.running.pipeline.ports.subscribe((event) => {
      if (event.kind !== "prediction" || !event.prediction.served) return;
      const { ts_sec } = event.prediction;
      asked.push(
        fetch(`${this.running.pipeline.url}/latest`).then(
          async (answer) => {
            const { ts_sec: newest_sec } = (await answer.json()) as PredictionJson;
            return answer.ok && newest_sec >= ts_sec ? "" : `${ts_sec}: ${answer.status} ${newest_sec}`;
          },
          (error: unknown) => `${ts_sec}: ${error}`,
        ),
      );
    });
    const end = async () => {
      stop();
      const answers = await Promise.all(asked);
      return { served: answers.length, wrong: answers.filter((said) => said !== "") };
    };
    return { end };
  }
}
