/** Holes in the stored trades are found, fetched by REST and marked as filled, while the service runs. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { RestClient } from "../../../src/binance/rest/client.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { Database } from "../../../src/record/database.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { repairHealth } from "../../../src/system/health/record/repair.ts";
import { NaiveV1 } from "../../features/naive/naive.ts";
import { differences, sqlVectors } from "../../features/sql/sql_world.ts";
import { onEveryServer } from "../server/servers.ts";
import {
  doorTo,
  eventsOf,
  exchangeOf,
  makeHole,
  market,
  repairOf,
  START_SEC,
  SYMBOL,
  storeWhole,
  vectorsAcross,
  without,
} from "./world.ts";

const GAPS = readFileSync("sql/checks/unmarked_trade_gaps.sql", "utf8");
/** Longer than v1 looks back, eleven minutes at most. */
const OUTAGE = { from_sec: 200, to_sec: 950 };
/** Of the market, what tests of shorter holes store. */
const SHORT_SEC = 700;
/** A load nothing else adds to. */
const idle = (weight_allowed: number) => ({ waiting: 0, weight_used: 0, weight_allowed });

onEveryServer("the repair", (server) => {
  const long = eventsOf(market());
  const isEarly = ({ ts_us }: { readonly ts_us: number }): boolean => ts_us < (START_SEC + SHORT_SEC) * 1e6;
  const short = { trades: long.trades.filter(isEarly), quotes: long.quotes.filter(isEarly) };
  const templates = new Map<typeof long, string>();
  const exchanges: PaperExchange[] = [];
  const closers: (() => Promise<void>)[] = [];
  let rest: RestClient;

  async function exchangeWith(source = market()): Promise<RestClient> {
    const made = await exchangeOf(source);
    exchanges.push(made.exchange);
    closers.push(() => made.rest.close());
    return made.rest;
  }

  beforeAll(async () => {
    rest = await exchangeWith();
    for (const events of [long, short])
      templates.set(events, await server.template((database) => storeWhole(database, events)));
  });
  afterAll(async () => {
    for (const close of closers) await close();
    for (const exchange of exchanges) await exchange.close();
  });

  const storeOf = (events: typeof long): Promise<Database> => server.openDatabase(templates.get(events));

  function repair(...of: Parameters<typeof repairOf>) {
    const made = repairOf(...of);
    closers.unshift(made.close);
    return made.job;
  }

  const idsOf = async ({ sql }: Database): Promise<number[]> =>
    (await sql<{ id: string }[]>`select trade_id as id from trades order by trade_id`).map(({ id }) =>
      Number(id),
    );
  const openBreaks = async ({ sql }: Database): Promise<number> =>
    (await sql`select from disconnects where filled_at is null`).length;

  it("fetches what an outage longer than the look-back has left out, and says so until it is whole", async () => {
    const database = await storeOf(long);
    await installFeatureFunctions(database.sql, [v1], silentLogger);
    const gone = await makeHole(database, long, OUTAGE);
    expect(gone.length).toBeGreaterThan(5_000);
    const [from_t, to_t] = [START_SEC + 900, START_SEC + 1_500];
    const before = await sqlVectors(database.sql, v1, SYMBOL, from_t, to_t);
    expect([...before.values()].filter(({ warm }) => warm)).toEqual([]);

    let warmed_up = false;
    const job = repair(database, rest, { isWarmedUp: () => warmed_up });
    await job.run();
    expect(repairHealth(job)).toMatchObject([
      {
        state: "degraded",
        reason: `${gone.length} trades are missing in the stored history: they are being fetched by REST`,
        facts: { trade_ids_missing: gone.length, trade_ids_repaired: 0 },
      },
    ]);
    warmed_up = true;
    await job.run();
    expect(job.stats).toMatchObject({ failures: 0, last_error: undefined });
    expect(repairHealth(job)).toMatchObject([
      { state: "ok", reason: null, facts: { trade_ids_missing: 0, trade_ids_repaired: gone.length } },
    ]);
    expect(await idsOf(database)).toEqual(long.trades.map(({ trade_id }) => trade_id));
    expect(await database.sql`select from trades where late or set_aside is not null`).toHaveLength(0);
    expect(await openBreaks(database)).toBe(0);
    expect(await database.sql.unsafe(GAPS)).toEqual([]);

    const after = await sqlVectors(database.sql, v1, SYMBOL, from_t, to_t);
    const naive = new NaiveV1({ ...long, markers_us: [], late: new Set() }, START_SEC + 1);
    for (let t = from_t; t < to_t; t += 7) {
      const { warm, values } = naive.at(t);
      expect(warm).toBe(true);
      expect([after.get(t)!.warm, ...after.get(t)!.values]).toEqual([
        warm,
        ...values.map((value) => value ?? Number.NaN),
      ]);
    }
  });

  it("finds a hole that no break marks, and asks for nothing where nothing is missing", async () => {
    const database = await storeOf(short);
    const gone = await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    await database.sql`delete from disconnects`;
    expect(await database.sql.unsafe(GAPS)).toHaveLength(1);
    const job = repair(database, rest);
    await job.run();
    expect(job.stats.symbols[0]).toMatchObject({ ids_missing: 0, ids_repaired: gone.length, state: "none" });
    expect(await database.sql.unsafe(GAPS)).toEqual([]);
    const { requests } = rest.counters;
    await job.run();
    expect(rest.counters.requests).toBe(requests);
  });

  it("marks a break as filled where no trade is missing around it", async () => {
    const database = await storeOf(short);
    await makeHole(database, short, { from_sec: 300, to_sec: 300 });
    expect(await openBreaks(database)).toBe(1);
    const { requests } = rest.counters;
    await repair(database, rest).run();
    expect(await openBreaks(database)).toBe(0);
    expect(rest.counters.requests).toBe(requests);
  });

  it("spends no more than its share of REST's weight, and goes on where it stopped", async () => {
    const database = await storeOf(long);
    const gone = await makeHole(database, long, OUTAGE);
    const clock = new ManualClock(START_SEC * 1e6 + 4_000e6);
    const weight_allowed = 100 / LIMITS.repair_rest_share;
    const job = repair(
      database,
      { load: idle(weight_allowed), until: (signal) => rest.until(signal) },
      { clock },
    );
    let missing = gone.length;
    let rounds = 0;
    for (; missing > 0 && rounds < 20; rounds++) {
      const { requests } = rest.counters;
      await job.run();
      expect(rest.counters.requests - requests).toBeLessThanOrEqual(4);
      const { ids_missing, state } = job.stats.symbols[0]!;
      expect(ids_missing).toBeLessThan(missing);
      missing = ids_missing!;
      expect(state).toBe(missing > 0 ? "waiting_for_rest" : "none");
      clock.advanceTo(clock.now() + 62e6);
    }
    expect(rounds).toBe(Math.ceil((gone.length + 2) / 4_000));
    expect(await openBreaks(database)).toBe(0);
  });

  it("asks for nothing while look-backs wait for REST", async () => {
    const database = await storeOf(short);
    const gone = await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    const load = { ...idle(4_800), waiting: 1 };
    const job = repair(database, { load, until: (signal) => rest.until(signal) });
    const { requests } = rest.counters;
    await job.run();
    expect(rest.counters.requests).toBe(requests);
    expect(job.stats.symbols[0]).toMatchObject({ ids_missing: gone.length, state: "waiting_for_rest" });
    load.waiting = 0;
    await job.run();
    expect(job.stats.symbols[0]).toMatchObject({ ids_missing: 0, state: "none" });
  });

  it("leaves REST that hangs, lets others ask it, and goes on when it answers", async () => {
    const behind = await doorTo(market());
    closers.push(behind.close);
    const database = await storeOf(short);
    const gone = await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    const clock = new ManualClock(START_SEC * 1e6 + 4_000e6);
    const job = repair(database, behind.rest, { clock });
    behind.door.shut = true;
    const round = job.run();
    await behind.door.reached;
    // What a look-back asks is answered meanwhile.
    expect(await behind.rest.trades(SYMBOL, 1)).toHaveLength(1);
    clock.advanceTo(clock.now() + 2 * LIMITS.repair_stall_ms_max * 1_000);
    await round;
    expect(job.stats).toMatchObject({ failures: 1, last_error: { code: "DEADLINE" } });
    expect(repairHealth(job)).toMatchObject([
      { state: "degraded", facts: { trade_ids_missing: gone.length } },
    ]);
    behind.door.shut = false;
    await job.run();
    expect(job.stats).toMatchObject({ last_error: undefined, symbols: [{ ids_missing: 0 }] });
  });

  it("closes in the middle of a request that hangs", async () => {
    const behind = await doorTo(market());
    closers.push(behind.close);
    const database = await storeOf(short);
    await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    const job = repair(database, behind.rest);
    behind.door.shut = true;
    const round = job.run();
    await behind.door.reached;
    await job.close();
    await round;
    expect(job.stats).toMatchObject({ rounds: 1, failures: 0 });
  });

  it("takes a gap of the exchange's own for one once REST has said so twice, and asks no more", async () => {
    const { trade_id } = long.trades.find(({ ts_us }) => ts_us > (START_SEC + 400) * 1e6)!;
    const isOwn = (id: number): boolean => id >= trade_id && id < trade_id + 20;
    const gappy = await exchangeWith(without(market(), isOwn));
    const database = await storeOf(long);
    // The hole reaches beyond the exchange's gap.
    const gone = await makeHole(database, long, { from_sec: 380, to_sec: 500 });
    const job = repair(database, gappy);
    await job.run();
    expect(job.stats.symbols[0]).toMatchObject({
      ids_missing: 20,
      ids_repaired: gone.length - 20,
      ids_absent: 0,
    });
    expect(repairHealth(job)[0]!.state).toBe("degraded");
    await job.run();
    expect(job.stats.symbols[0]).toMatchObject({ ids_missing: 0, ids_absent: 20, state: "none" });
    expect(
      await database.sql`select from_id::int8 - ${trade_id} as "from", to_id - from_id + 1 as n from absent_trades`,
    ).toEqual([{ from: "0", n: "20" }]);
    expect(await openBreaks(database)).toBe(0);
    expect(await database.sql.unsafe(GAPS)).toEqual([]);
    const { requests } = gappy.counters;
    await repair(database, gappy).run();
    expect(gappy.counters.requests).toBe(requests);

    // It is no hole: neither to SQL, nor to a lane that begins later; and both compute the same.
    await installFeatureFunctions(database.sql, [v1], silentLogger);
    const from_sec = START_SEC + 900;
    const known = await vectorsAcross(database, gappy, long, isOwn, from_sec);
    expect(known.ledger.missing()).toEqual([]);
    const due = known.vectors.filter(({ ts_sec }) => ts_sec < START_SEC + 1_200);
    expect(due.length).toBeGreaterThan(250);
    expect(due.every(({ warm }) => warm)).toBe(true);
    const [first, last] = [due[0]!.ts_sec, due.at(-1)!.ts_sec];
    const sql = await sqlVectors(database.sql, v1, SYMBOL, first, last + 1);
    expect(differences(v1, due, sql)).toEqual([]);
  });

  it("says that a backfill is needed where REST's history begins later", async () => {
    const first = short.trades.find(({ ts_us }) => ts_us > (START_SEC + 600) * 1e6)!.trade_id;
    const young = await exchangeWith(without(market(), (id) => id < first));
    const database = await storeOf(short);
    const gone = await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    const job = repair(database, young);
    await job.run();
    expect(job.stats).toMatchObject({
      failures: 0,
      symbols: [{ ids_missing: gone.length, state: "left_to_backfill" }],
    });
    expect(repairHealth(job)[0]!.reason).toContain("bun run backfill --source archive");
  });

  it("asks again for a trade that was set aside because its time was wrong", async () => {
    const database = await storeOf(short);
    const misdated = short.trades.find(({ ts_us }) => ts_us > (START_SEC + 400) * 1e6)!;
    await makeHole(database, short, { from_sec: 300, to_sec: 300 });
    await database.sql`
      update trades set ts = ts + interval '10 minutes', set_aside = 'time_ahead' where trade_id = ${misdated.trade_id}`;
    const job = repair(database, rest);
    await job.run();
    expect(job.stats).toMatchObject({ failures: 0, symbols: [{ ids_missing: 0, ids_repaired: 1 }] });
    const rows = await database.sql`
      select us_of(ts) as us from trades where trade_id = ${misdated.trade_id} and set_aside is null and not late`;
    expect(rows).toEqual([{ us: String(misdated.ts_us) }]);
  });

  it("writes nothing once another service holds the lease", async () => {
    const database = await storeOf(short);
    const gone = await makeHole(database, short, { from_sec: 300, to_sec: 310 });
    await database.sql`
      insert into leases (symbol, fence, holder, told, taken_at, expires_at)
      values (${SYMBOL}, 7, 'other', 'other', now(), now() + interval '1 minute')`;
    const job = repair(database, rest, { fences: () => JSON.stringify({ [SYMBOL]: 6 }) });
    await job.run();
    expect(job.stats.failures).toBe(1);
    expect(job.stats.symbols[0]!.ids_missing).toBe(gone.length);
    expect(await idsOf(database)).toHaveLength(short.trades.length - gone.length);
    await repair(database, rest, { fences: () => JSON.stringify({ [SYMBOL]: 7 }) }).run();
    expect(await idsOf(database)).toHaveLength(short.trades.length);
  });
});
