import { expect, it } from "vitest";
import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { Calibrations } from "../../src/predict/calibrations.ts";
import { Access } from "../../src/serve/access/access.ts";
import { createApp } from "../../src/serve/app.ts";
import type { AskPort } from "../../src/serve/ports_ask.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { Asks } from "../../src/system/asked/asks.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;
/** More than any of these takes: what fails does not go on for ever. */
const TURNS_MAX = 50_000;
const KEY = { "x-api-key": "operator" };

/** What is counted, turn of the event loop by turn. */
class Turns {
  counted = 0;
  /** In one turn, at most. */
  most = 0;
  turns = 0;
  #before = 0;
  #ended = false;

  constructor() {
    const turn = (): void => {
      this.most = Math.max(this.most, this.counted - this.#before);
      this.#before = this.counted;
      this.turns++;
      if (!this.#ended && this.turns < TURNS_MAX) setImmediate(turn);
    };
    setImmediate(turn);
  }

  /** So many copies of `row`, each counted when it is written. */
  rows<Row extends object>(row: Row, count: number): Row[] {
    const [name, value] = Object.entries(row)[0]!;
    const counted = Object.defineProperty({ ...row }, name, {
      enumerable: true,
      get: () => {
        this.counted++;
        return value;
      },
    });
    return Array.from({ length: count }, () => counted);
  }

  end(): void {
    this.#ended = true;
  }
}

function appOf(ports: object) {
  const market = Object.assign(new FakeMarket(), ports);
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  const key = {
    ...{ fits: () => true, any: async () => true },
    identify: async () => ({ actor: "desk", role: "operator" as const, id: "desk" }),
  };
  const access = new Access({ public_read: true, credentials: [key] });
  const hub = new StreamHub(market, clock);
  const app = createApp({ ports: market, hub, clock, log: silentLogger, access });
  const held = () => market.metrics.samples("foretick_long_answer_rows")[0]!.value;
  return { app, held };
}

const MODEL = {
  ...{ version: "ridge-v1/1", kind: "ridge", feature_set: "v1", set_hash: "5f", horizon_s: 10 },
  ...{ servable: true, aliases: [], created_us: 1e15, registered_us: 1e15 },
  ...{ symbol: "BTCUSDT", metrics: null, feature_names: ["a"] },
};
const RUN = {
  ...{ run_id: "1", kind: "ridge", feature_set: "v1", symbol: "BTCUSDT", data_rows: 1, status: "done" },
  ...{ problem: null, version: null, parameters: {}, data_from_us: 1e15, data_to_us: 1e15, epochs: [] },
  ...{ started_us: 1e15, ended_us: null, scores: null },
};
const DEPLOYMENT = {
  ...{ deployment_id: "1", version: "ridge-v1/1", symbol: "*", symbols: [], strategy: "canary" },
  ...{ status: "done", share: 1, hold_s: 1, forced: false, version_before: null, requested_by: "anna" },
  ...{ reason: "", requested_us: 1e15, ended_us: null, steps: [] },
};

it("lists of models, trainings and deployments give the loop back after every slice, and are the same as short ones are", async () => {
  const limit = LIMITS.registry_rows_max;
  for (const [path, field, name, row] of [
    ["/models", "models", "models", MODEL],
    ["/mlops/api/models?model_type=ridge", "models", "models", MODEL],
    [`/training-runs?limit=${limit}`, "runs", "runs", RUN],
    [`/deployments?limit=${limit}`, "deployments", "deployments", DEPLOYMENT],
  ] as const) {
    const turns = new Turns();
    let count: number = limit;
    const { app, held } = appOf({ operator: { [name]: async () => turns.rows(row, count) } });
    const ask = async () => (await app.request(path, { headers: KEY })).json();
    const answers = (await Promise.all([ask(), ask(), ask()])) as Record<string, unknown[]>[];
    turns.end();
    expect([path, turns.most <= LIMITS.listed_rows_a_turn]).toEqual([path, true]);
    expect(turns.turns).toBeGreaterThan((2 * limit) / LIMITS.listed_rows_a_turn);
    expect(held()).toBe(0);
    count = 2;
    const short = (await ask()) as Record<string, unknown[]>;
    expect(short.count).toBe(2 as never);
    for (const answer of answers) {
      expect([answer.count, answer[field]!.length]).toEqual([limit, limit]);
      expect(answer[field]!.slice(0, 2)).toEqual(short[field]!);
    }
  }
});

it("a list that cannot be read holds nothing, and none is begun where too much is under way", async () => {
  const fails = appOf({ operator: { models: () => Promise.reject(new Error("no")) } });
  expect((await fails.app.request("/models", { headers: KEY })).status).toBe(500);
  expect(fails.held()).toBe(0);
  let reads = 0;
  const { app } = appOf({
    operator: {
      models: async () => {
        reads++;
        return Array.from({ length: LIMITS.registry_rows_max }, () => MODEL);
      },
    },
  });
  const weight = LIMITS.answer_rows_a_turn / LIMITS.listed_rows_a_turn;
  const fit = Math.floor(LIMITS.long_answer_rows_max / (LIMITS.registry_rows_max * weight));
  const open = await Promise.all(Array.from({ length: fit }, () => app.request("/models", { headers: KEY })));
  const refused = await app.request("/models", { headers: KEY });
  expect([refused.status, reads]).toEqual([503, fit]);
  for (const answer of open) await answer.body!.cancel();
  expect((await app.request("/models", { headers: KEY })).status).toBe(200);
});

it("a batch of forecasts is checked, made and written in slices, and is the same as one by one", async () => {
  const turns = new Turns();
  let first = 0;
  let looked = 0;
  let asked_in = 0;
  const names = ["a", "b"];
  const asks = new Asks({
    models: {
      of: async (version: string) => ({
        ...{
          version,
          names,
          manifest: { feature_set: "v1", sequence_length: 1, horizon_s: 10, label: "mid" },
        },
        infer: async (_: Float32Array, rows: number) => new Float64Array(rows).fill(1e-5),
      }),
      ensemble: async () => {
        throw new Error("none");
      },
    } as never,
    membersOf: async () => undefined,
    settings: readConfig({}),
    ...{ busy_ms: 0, clock: systemClock },
    symbolOf: () => {
      turns.counted++;
      looked++;
      const priceOf = () => {
        turns.counted++;
        return 60_000;
      };
      return {
        champion: { version: "ridge-v1/1", feature_set: "v1" } as never,
        calibrations: new Calibrations(),
        priceOf,
      };
    },
  });
  const port: AskPort = {
    contributions: (vector) => asks.contributions(vector),
    predict: async (all) => {
      asked_in = turns.turns - first;
      const answers = await asks.predict(all);
      return answers.map((answer) => turns.rows(answer, 1)[0]!);
    },
  };
  const { app, held } = appOf({ asks: port });
  const count = LIMITS.ask_rows_max;
  const body = Array.from({ length: count }, (_, at) =>
    at % 100 === 99
      ? { symbol: "BTCUSDT", features: { a: "text" } }
      : { symbol: "BTCUSDT", features: { a: at, b: v1.names.length } },
  );
  const post = async (given: unknown[]) => {
    const init = { method: "POST", body: JSON.stringify(given) };
    const headers = { ...KEY, "content-type": "application/json" };
    return (await app.request("/batch-predict", { ...init, headers })).json();
  };
  first = turns.turns;
  const long = (await post(body)) as { results: { processing_time_ms: number }[]; errors: unknown[] };
  turns.end();
  expect(looked).toBe(count - 10);
  expect(asked_in).toBeGreaterThanOrEqual(count / LIMITS.asks_a_turn - 1);
  expect(turns.most).toBeLessThanOrEqual(LIMITS.asks_a_turn);
  expect(held()).toBe(0);
  expect(long).toMatchObject({ success: false, total_requests: count, successful_predictions: count - 10 });
  expect([long.results.length, long.errors.length]).toEqual([count - 10, 10]);
  const short = (await post(body.slice(0, 3))) as typeof long;
  const timeless = (results: typeof long.results) =>
    results.map(({ processing_time_ms: _, ...rest }) => ({ ...rest, cache_hit: false }));
  expect(timeless(short.results)).toEqual(timeless(long.results.slice(0, 3)));
});
