/** The service killed in the middle of its work, as a process of its own: every prediction shown has its outcome in the end. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterEach, expect, it } from "vitest";
import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { FULL } from "../../full.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met } from "../running.ts";
import { ServiceProcess } from "../start/service_process.ts";

const root = join(import.meta.dirname, "../../..");
const CHECK = readFileSync(join(root, "sql/checks/predictions_without_outcome.sql"), "utf8");
/** Seconds of the market in one of ours. */
const SPEED = 5;
const KILLS = FULL ? 3 : 1;
const HORIZON_S = 10;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const openOf = (sql: Sql) => sql<{ ts_sec: number }[]>`
  select (us_of(p.ts) / 1000000)::int as ts_sec
  from predictions p
  where not exists (
    select
    from outcomes o
    where o.venue = p.venue
      and o.symbol = p.symbol
      and o.ts = p.ts
      and o.model_version = p.model_version
      and o.horizon_s = p.horizon_s
  )`;

/** Place of each quote in the order in which the exchange sends them, up to the one with this update id. */
function placesOf(source: MarketSource, last_update_id: number): Map<number, number> {
  const places = new Map<number, number>();
  const messages = source.messages();
  for (let step = messages.next(); !step.done; step = messages.next()) {
    const { message } = step.value;
    if (message.kind !== "best_bid_ask") continue;
    if (Number(message.book_update_id) > last_update_id) break;
    places.set(Number(message.book_update_id), places.size);
  }
  return places;
}

/** The label of each instant by the quotes stored, null where one that the exchange sent is not among them. */
async function labelsOf(
  sql: Sql,
  source: MarketSource,
  instants: readonly number[],
): Promise<Map<number, number | null>> {
  const quotes = await sql<{ ts_us: string; update_id: string; sum_e8: string }[]>`
    select us_of(ts) as ts_us, update_id, bid_price_e8 + ask_price_e8 as sum_e8
    from quotes
    where not late
      and set_aside is null
    order by epoch, update_id`;
  const times = quotes.map(({ ts_us }) => Number(ts_us) / 1e6);
  const before = (sec: number): number => times.findLastIndex((time) => time < sec);
  const places = placesOf(source, Number(quotes.at(-1)!.update_id));
  const placeOf = (i: number): number => places.get(Number(quotes[i]!.update_id))!;
  const labels = instants.map((ts_sec) => {
    const [first, last] = [before(ts_sec), before(ts_sec + HORIZON_S)];
    // Up to the quote after: the data may have ended inside the horizon.
    const whole = placeOf(last + 1) - placeOf(first) === last + 1 - first;
    const label = lnr(Number(quotes[last]!.sum_e8), Number(quotes[first]!.sum_e8));
    return [ts_sec, whole ? label : null] as const;
  });
  return new Map(labels);
}

onEveryServer("the service killed again and again", (server) => {
  it("leaves no prediction without an outcome: those it left open are joined by the next process", async () => {
    const source = simulatedSource({ seed: 5, start_us: START_US, ...QUIET });
    const exchange = new PaperExchange({
      source,
      speed: SPEED,
      history_s: 700,
      start_on: "first_subscriber",
    });
    cleanups.push(() => exchange.close());
    const { ws_origin, rest_origin } = await exchange.start();
    const data_dir = mkdtempSync(join(tmpdir(), "foretick-killed-"));
    cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
    const url = await server.migratedDatabase();
    const environment = {
      ...{ PORT: "0", HOST: "127.0.0.1", DATA_DIR: data_dir, MODEL_DIR: join(data_dir, "models") },
      ...{ DATABASE_URL: url, DEADLINE_MS: "5000" },
      ...{ BINANCE_SBE_URL: ws_origin, BINANCE_REST_URL: rest_origin, BINANCE_API_KEY: "paper" },
    };
    const serve = async (): Promise<ServiceProcess> => {
      const service = new ServiceProcess(environment);
      cleanups.push(() => service.discard());
      return service.started();
    };
    const sql = connectTo(url);
    cleanups.push(() => sql.end());

    const shown: number[] = [];
    const on_their_way = new Set<number>();
    const left_open = new Set<number>();
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await serve();
      await met("predictions and an outcome", async () => {
        const joined = service.shown.length > 25 && (await sql`select from outcomes limit 1`);
        return joined && joined.length > 0;
      });
      await service.kill();
      shown.push(...service.shown.map(({ ts_sec }) => ts_sec));
      for (const ts_sec of service.on_their_way) on_their_way.add(ts_sec);
      for (const { ts_sec } of await openOf(sql)) left_open.add(ts_sec);
    }
    expect(left_open.size).toBeGreaterThan(KILLS);

    const last = await serve();
    await met("the market well past the last kill", () => {
      return last.shown.some(({ ts_sec }) => ts_sec > Math.max(...shown) + 130);
    });
    const newest_kill = Math.max(...shown);
    await met("an outcome of each", async () => {
      return !(await openOf(sql)).some(({ ts_sec }) => ts_sec <= newest_kill);
    });
    const outcomes = await sql<{ ts_sec: number; realized: number | null }[]>`
      select (us_of(ts) / 1000000)::int as ts_sec, realized_log_return as realized
      from prediction_outcomes
      where joined_at is not null`;
    const known = new Map(outcomes.map(({ ts_sec, realized }) => [ts_sec, realized]));
    // Shown is stored, but for what was on its way to the disk when the process died.
    expect(shown.filter((ts_sec) => !known.has(ts_sec) && !on_their_way.has(ts_sec))).toEqual([]);
    // What ran into the hole a kill made is unknown, and that is said; the rest is what the stored quotes say.
    const truth = await labelsOf(sql, source, [...left_open]);
    expect(new Map([...left_open].map((ts_sec) => [ts_sec, known.get(ts_sec)]))).toEqual(truth);
    expect([...truth.values()].filter((label) => label === null).length).toBeGreaterThan(KILLS * 3);
    await met("the check", async () => (await sql.unsafe(CHECK)).length === 0);
  });
});
