/** Another champion while the service runs: which tick is whose, that none is lost, and what happens to a bad one. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { modelsCommand } from "../../../scripts/store/commands/models.ts";
import { type BundleContents, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import type { Dependency } from "../../../src/serve/ports.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { sampleContents } from "../../model/sample.ts";
import { S3Server } from "../../record/registry/s3_server.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { syntheticDataset } from "../../train/data/synthetic.ts";
import { randomNetwork } from "../../train/network/networks.ts";
import { met, type Running, startRunning } from "../running.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Tick {
  readonly ts_sec: number;
  readonly version: string;
}

/** A running service, the ticks it predicted, and the command line beside it. */
class Service {
  readonly running: Running;
  readonly ticks: Tick[] = [];
  readonly #environment: Record<string, string>;

  constructor(running: Running, environment: Record<string, string> = {}) {
    this.running = running;
    this.#environment = { ...running.environment, MODEL_DIR: this.model_dir, ...environment };
    running.pipeline.ports.subscribe((event) => {
      if (event.kind !== "prediction" || event.prediction.role !== "champion") return;
      const { ts_sec, model_version: version } = event.prediction;
      this.ticks.push({ ts_sec, version });
    });
  }

  get model_dir(): string {
    return join(this.running.data_dir, "models");
  }

  models(...words: string[]): Promise<string[]> {
    return modelsCommand(words, this.#environment);
  }

  /** Waits until the last `count` ticks are all of one version. */
  async predicts(version: string, count = 3): Promise<void> {
    await met(`ticks of ${version}`, () => {
      const last = this.ticks.slice(-count);
      return last.length === count && last.every((tick) => tick.version === version);
    });
  }

  /** Versions in the order they served, each once a stretch. */
  get story(): string[] {
    return this.ticks.flatMap(({ version }, at) =>
      version === this.ticks[at - 1]?.version ? [] : [version],
    );
  }

  /** Seconds between the first and the last tick that have none, or two. */
  get uneven(): number[] {
    return this.ticks
      .filter(({ ts_sec }, at) => at > 0 && ts_sec !== this.ticks[at - 1]!.ts_sec + 1)
      .map((t) => t.ts_sec);
  }

  async health(): Promise<Dependency> {
    const answer = await fetch(`${this.running.pipeline.url}/health`);
    const { dependencies } = (await answer.json()) as { dependencies: Dependency[] };
    return dependencies.find(({ name }) => name === "model")!;
  }
}

/** Notified only, unless a test says otherwise: a poll could not be what swapped. */
async function started(overrides: Parameters<typeof startRunning>[1] = {}): Promise<Running> {
  const source = simulatedSource({ seed: 11, start_us: START_US, ...QUIET });
  const options = { source, speed: 5, history_s: 700, start_on: "first_subscriber" } as const;
  // A machine that is busy with other suites may hold up a tick; what is asked here is whether a swap does.
  const running = await startRunning(options, { model_poll_s: 3_600, deadline_ms: 60_000, ...overrides });
  cleanups.push(() => running.close());
  return running;
}

const bundle = (dir: string, version: string, created_at = "2026-11-20T00:00:00.000Z"): Promise<string> =>
  writeBundle(dir, sampleContents({ version, created_at }));

/** Looks at the last vectors, not at one. */
let sequence: BundleContents;
beforeAll(async () => {
  await openBackend(["wasm"]);
  sequence = sequenceContents();
});

function sequenceContents(): BundleContents {
  const dataset = syntheticDataset({ seed: 1, seconds: 1_200, r2: 0.1 });
  const network = randomNetwork("transformer", dataset, 3);
  const sample = sampleContents();
  const { kind, sequence_length, target_scale } = network;
  const manifest = { ...sample.manifest, name: "sequence", kind, sequence_length, target_scale };
  return {
    ...sample,
    manifest,
    model_onnx: network.toOnnx({ name: "sequence" }),
    golden: network.golden(dataset, { from: 0, to: dataset.rows }),
  };
}

function tear(dir: string): void {
  const path = join(dir, "model.onnx");
  const bytes = readFileSync(path);
  bytes[bytes.length - 9]! ^= 1;
  writeFileSync(path, bytes);
}

describe("a new champion", () => {
  it("serves from one tick to the next, none skipped; a corrupt one does not, and says so; rollback goes back", async () => {
    const running = await started();
    const service = new Service(running);
    const { model_dir } = service;
    await service.predicts("zero/1");
    expect(await service.health()).toMatchObject({ state: "degraded", facts: { chosen_as: "no bundle" } });

    await bundle(model_dir, "a");
    await service.models("register", "ridge-v1/a");
    await service.models("promote", "ridge-v1/a");
    await service.predicts("ridge-v1/a");
    expect(await service.health()).toMatchObject({
      state: "ok",
      facts: { version: "ridge-v1/a", chosen_as: "champion of every symbol", swaps: 1 },
    });

    await bundle(model_dir, "b");
    await service.models("register", "ridge-v1/b");
    await service.models("promote", "ridge-v1/b", "--symbol", "BTCUSDT", "--by", "ben", "--reason", "better");
    await service.predicts("ridge-v1/b");

    const torn = await bundle(model_dir, "torn");
    await service.models("register", "ridge-v1/torn");
    tear(torn);
    await service.models("promote", "ridge-v1/torn", "--symbol", "BTCUSDT");
    await met("the refusal", async () => (await service.health()).state === "degraded");
    const refused = await service.health();
    expect(refused.reason).toBe(
      "champion ridge-v1/torn could not be taken into use (BUNDLE_HASH): ridge-v1/b serves",
    );
    expect(refused.facts).toMatchObject({ version: "ridge-v1/b", refused: "ridge-v1/torn" });
    await service.predicts("ridge-v1/b");

    expect(await service.models("rollback", "--symbol", "BTCUSDT")).toEqual([
      "champion of BTCUSDT is now ridge-v1/b (was ridge-v1/torn)",
    ]);
    await met("health again", async () => (await service.health()).state === "ok");

    await writeBundle(model_dir, sequence);
    await service.models("register", "sequence/1");
    await service.models("promote", "sequence/1", "--symbol", "BTCUSDT");
    await service.predicts("sequence/1");
    expect((await service.health()).facts.sequence_length).toBeGreaterThan(1);
    await service.models("rollback", "--symbol", "BTCUSDT");
    await service.predicts("ridge-v1/b");

    expect(service.story).toEqual(["zero/1", "ridge-v1/a", "ridge-v1/b", "sequence/1", "ridge-v1/b"]);
    expect(service.uneven).toEqual([]);
    const { counters } = running.worker.predictor;
    expect([counters.failed, counters.skipped_deadline, counters.skipped_sequence]).toEqual([0, 0, 0]);
    expect(running.worker.roster.champion.retiring).toBe(0);
    const metrics = await (await fetch(`${running.pipeline.url}/metrics`)).text();
    expect(metrics).toMatch(/^foretick_model_swaps_total\{symbol="BTCUSDT"\} 4$/m);
    expect(metrics).toMatch(/^foretick_model_swaps_failed_total\{symbol="BTCUSDT"\} 1$/m);
    expect(metrics).toMatch(/^foretick_model\{symbol="BTCUSDT",model_version="ridge-v1\/b"\} 1$/m);
  });

  it("is found by looking, where the database's word of it is lost with the connection", async () => {
    const running = await started({ model_poll_s: 1 });
    const service = new Service(running);
    await bundle(service.model_dir, "a");
    await service.models("register", "ridge-v1/a");
    const sql = connectTo(running.pipeline.database.url);
    await sql`drop trigger model_aliases_moved on model_aliases`;
    const cut = await sql`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where application_name = 'foretick models'
        and datname = current_database()`;
    await sql.end();
    expect(cut.length).toBe(1);
    await service.models("promote", "ridge-v1/a");
    await service.predicts("ridge-v1/a");
    expect(service.uneven).toEqual([]);
  });

  it("is brought from the bundle store where this machine does not have it", async () => {
    const store = new S3Server("models");
    cleanups.push(() => store.close());
    const S3 = {
      S3_ENDPOINT: store.origin,
      S3_BUCKET: "models",
      S3_ACCESS_KEY_ID: "k",
      S3_SECRET_ACCESS_KEY: "s",
    };
    const running = await started({
      ...{ s3_endpoint: store.origin, s3_bucket: "models" },
      ...{ s3_access_key_id: "k", s3_secret_access_key: "s" },
    });
    const service = new Service(running, S3);
    const dir = await bundle(service.model_dir, "far");
    await service.models("register", "ridge-v1/far");
    rmSync(dir, { recursive: true });
    await service.models("promote", "ridge-v1/far");
    await service.predicts("ridge-v1/far");
    expect(service.uneven).toEqual([]);
  });
});

describe("a start", () => {
  it("serves the champion, not a newer bundle; and where it is corrupt the champion before it, saying so", async () => {
    const first = await started();
    const before = new Service(first);
    const { model_dir } = before;
    await bundle(model_dir, "a");
    const b = await bundle(model_dir, "b");
    for (const version of ["ridge-v1/a", "ridge-v1/b"]) {
      await before.models("register", version);
      await before.models("promote", version);
    }
    await bundle(model_dir, "newer", "2026-11-21T00:00:00.000Z");

    const second = await first.restart();
    cleanups.push(async () => void (await second.pipeline.close()));
    expect(await new Service(second).health()).toMatchObject({
      state: "ok",
      facts: { version: "ridge-v1/b" },
    });

    tear(b);
    const third = await second.restart();
    cleanups.push(async () => void (await third.pipeline.close()));
    const service = new Service(third);
    expect(await service.health()).toMatchObject({
      state: "degraded",
      reason: "champion ridge-v1/b could not be taken into use (BUNDLE_HASH): ridge-v1/a serves",
      facts: { chosen_as: "former champion of every symbol" },
    });
    await service.predicts("ridge-v1/a");
  });
});
