import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { micros } from "../../src/base/units.ts";
import type { JoinedPrediction } from "../../src/predict/prediction.ts";
import type { ParityRun } from "../../src/record/parity/runs.ts";
import { createApp } from "../../src/serve/app.ts";
import { startServer } from "../../src/serve/server.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { rejection } from "../base/rejection.ts";
import { met } from "../met.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;

/** A market whose database has many rows, and counts those that are written into answers. */
class CountedMarket extends FakeMarket {
  encoded = 0;
  readonly #row: JoinedPrediction;

  constructor() {
    super();
    this.tick(START_SEC);
    const row = { ...this.recent()[0]! };
    const { symbol } = row;
    Object.defineProperty(row, "symbol", {
      get: () => {
        this.encoded++;
        return symbol;
      },
    });
    this.#row = row;
    this.database = async ({ limit }) => Array.from({ length: limit }, () => this.#row);
  }
}

function serve() {
  const market = new CountedMarket();
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  const app = createApp({ ports: market, hub: new StreamHub(market, clock), clock, log: silentLogger });
  const held = () => market.metrics.samples("foretick_long_answer_rows")[0]!.value;
  return { market, clock, app, held };
}

it("gives the loop back after every slice: a tick amid four long answers waits for one slice of one of them", async () => {
  const { market, app, held } = serve();
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => app.request(`/predictions?limit=${LIMITS.query_rows_max}`)),
  );
  let [before, most, turns, done] = [market.encoded, 0, 0, false];
  const tick = (): void => {
    most = Math.max(most, market.encoded - before);
    before = market.encoded;
    turns++;
    if (!done) setImmediate(tick);
  };
  setImmediate(tick);
  const bodies = await Promise.all(
    answers.map(async (answer) => (await answer.json()) as { predictions: unknown[]; truncated: boolean }),
  );
  done = true;
  for (const { predictions, truncated } of bodies) {
    expect(predictions).toHaveLength(LIMITS.query_rows_max);
    expect(truncated).toBe(true);
  }
  expect(most).toBeLessThanOrEqual(LIMITS.answer_rows_a_turn);
  expect(turns).toBeGreaterThan((3 * LIMITS.query_rows_max) / LIMITS.answer_rows_a_turn);
  expect(held()).toBe(0);
});

it("is the same text as a short answer's would be", async () => {
  const market = new FakeMarket();
  for (let sec = START_SEC; sec < START_SEC + 350; sec++) market.tick(sec);
  const clock = new ManualClock((START_SEC + 350) * 1e6);
  const app = createApp({ ports: market, hub: new StreamHub(market, clock), clock, log: silentLogger });
  const text = async (query: string) => await (await app.request(`/predictions?${query}`)).text();
  const rows = async (query: string) => JSON.parse(await text(query)).predictions as unknown[];
  const to = START_SEC + 300;
  const long = await text(`to=${to}&limit=300`);
  expect(long).toBe(JSON.stringify(JSON.parse(long)));
  const short = [100, 200, 300].map((past) => rows(`to=${START_SEC + past}&limit=100`));
  expect(JSON.parse(long).predictions).toEqual((await Promise.all(short)).flat());
  const none = await app.request("/predictions?limit=300&from=1000&to=2000");
  expect(await none.json()).toMatchObject({ predictions: [], series: null });
});

it("refuses what does not fit beside those under way, and takes it once one has ended, was cut or has gone", async () => {
  const { market, clock, app, held } = serve();
  const ask = () => app.request(`/predictions?limit=${LIMITS.query_rows_max}`);
  const whole = LIMITS.long_answer_rows_max / LIMITS.query_rows_max;
  const answers = await Promise.all(Array.from({ length: whole }, ask));
  const refused = await ask();
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.json()).toMatchObject({ code: "BUSY" });
  expect(market.metrics.samples("foretick_long_answers_refused_total")[0]!.value).toBe(1);
  // A short one does not wait for them.
  expect((await app.request("/predictions?limit=100")).status).toBe(200);
  await answers[0]!.body!.cancel();
  const next = await ask();
  expect(next.status).toBe(200);
  // Its caller reads nothing: at the deadline it is cut, and the others with it.
  clock.advance(LIMITS.long_answer_ms_max);
  expect(held()).toBe(0);
  await rejection(next.text());
  expect((await app.request(`/predictions?limit=5000`, { method: "HEAD" })).status).toBe(200);
  expect(held()).toBe(0);
});

it("holds no more than a few slices for a caller that reads nothing, and gzip is the same answer", async () => {
  const market = new CountedMarket();
  const server = await startServer({
    ...{ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger },
  });
  const stuck = connect(server.port, "127.0.0.1");
  try {
    stuck.on("error", () => {});
    stuck.write(`GET /predictions?limit=${LIMITS.query_rows_max} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(stuck, "data");
    stuck.pause();
    const url = `${server.url}/predictions?limit=2000`;
    const [small, plain] = await Promise.all(
      ["gzip", "identity"].map((encoding) => fetch(url, { headers: { "accept-encoding": encoding } })),
    );
    expect(small!.headers.get("content-encoding")).toBe("gzip");
    expect(await small!.json()).toEqual(await plain!.json());
    expect(market.metrics.samples("foretick_long_answer_rows")[0]!.value).toBe(LIMITS.query_rows_max);
    stuck.destroy();
    await met(
      "the end of what nobody reads",
      () => market.metrics.samples("foretick_long_answer_rows")[0]!.value === 0,
    );
  } finally {
    stuck.destroy();
    await server.close();
  }
});

it("gives the loop back amid a long answer of comparisons too, which is the same as short ones are", async () => {
  const market = new FakeMarket();
  let encoded = 0;
  const run: ParityRun = {
    ...{ run_id: "1", symbol: "BTCUSDT", feature_set: "v1", set_hash: "5f", asked_by: "service" },
    ...{
      from_us: micros(START_SEC * 1e6),
      to_us: micros(START_SEC * 1e6 + 6e7),
      started_us: micros(START_SEC * 1e6),
    },
    ...{
      took_ms: 12,
      rows_compared: 60,
      rows_mismatched: 0,
      rows_missing: 0,
      rows_extra: 0,
      rows_unexplained: 0,
    },
    ...{ largest_difference: null, worst_feature: null, features: {}, causes: {}, differences: [] },
  } as never;
  const counted = Object.defineProperty({ ...run }, "feature_set", {
    enumerable: true,
    get: () => {
      encoded++;
      return "v1";
    },
  });
  market.comparisons = async ({ limit }) => ({
    runs: Array.from({ length: limit }, () => counted),
    totals: [],
    totals_since_us: micros(START_SEC * 1e6),
  });
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  const app = createApp({ ports: market, hub: new StreamHub(market, clock), clock, log: silentLogger });
  const answers = await Promise.all([1, 2].map(() => app.request(`/parity?limit=${LIMITS.parity_runs_max}`)));
  let [before, most, done] = [encoded, 0, false];
  const tick = (): void => {
    most = Math.max(most, encoded - before);
    before = encoded;
    if (!done) setImmediate(tick);
  };
  setImmediate(tick);
  const bodies = await Promise.all(
    answers.map(async (answer) => (await answer.json()) as { runs: unknown[]; limit: number }),
  );
  done = true;
  const short = (await (await app.request("/parity?limit=2")).json()) as { runs: unknown[] };
  for (const { runs, limit } of bodies) {
    expect([runs.length, limit]).toEqual([LIMITS.parity_runs_max, LIMITS.parity_runs_max]);
    expect(runs.slice(0, 2)).toEqual(short.runs);
  }
  expect(encoded).toBe(2 * LIMITS.parity_runs_max + 2);
  expect(most).toBeLessThanOrEqual(LIMITS.parity_runs_a_turn);
});
