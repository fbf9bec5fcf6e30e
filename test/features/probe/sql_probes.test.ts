/** Both probes on the SQL side: what is stored of the future moves nothing, and a warm row is the same wherever data began. */

import { beforeAll, expect, it } from "vitest";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { startOf } from "../../../src/base/units.ts";
import type { MarketEvent } from "../../../src/binance/events.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { Database } from "../../../src/record/database.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { type Knobs, randomTape } from "../naive/random_tape.ts";
import { onTime, refreshBars, type SqlVector, sqlVectors, store } from "../sql/sql_world.ts";
import { alterFrom } from "./probes.ts";

const KNOBS: Knobs = {
  seed: 23,
  seconds: 7_200,
  offset_s: 40,
  trades_per_s: 0.7,
  quotes_per_s: 0.7,
  empty: 0.2,
  burst: 0.01,
  tick_us: 1_000,
  // An id that ran ahead before the data began is unknowable after it.
  id_swaps: 0,
  late: 0,
  disconnects: 0,
  numbers: "market",
};

const tape = randomTape(KNOBS);
const events = tape.arrivals
  .flatMap((arrival): MarketEvent[] => (arrival.kind === "event" ? [arrival.event] : []))
  .sort((a, b) => a.ts_us - b.ts_us);
const end_t = tape.last_sec + 1;
/** Even instants, so that gold has a row at each. */
const INSTANTS = [62, 700, 3_600, 6_100, 7_100].map((after) => 2 * Math.ceil((tape.first_sec + after) / 2));
const LATER_S = 900;

function books(from_sec: number, altered_from: number): Map<number, BookSums> {
  const found = new Map<number, BookSums>();
  for (let sec = from_sec; sec < end_t; sec++) {
    const draw = (level: number): number => 1 + ((sec * 7_919 + level) % 1e9) + (sec >= altered_from ? 1 : 0);
    found.set(sec, {
      bid_qty_top5_e8: draw(1),
      ask_qty_top5_e8: draw(2),
      bid_qty_top20_e8: draw(3),
      ask_qty_top20_e8: draw(4),
    });
  }
  return found;
}

const isSame = (a: SqlVector, b: SqlVector): boolean =>
  a.warm === b.warm && a.values.every((value, index) => Object.is(value, b.values[index]));

/** The second by which both a trade and a quote had come. */
function firstsAfter(sec: number): number {
  const first = (kind: MarketEvent["kind"]): number =>
    events.find((event) => event.kind === kind && event.ts_us >= startOf(sec))!.ts_us / 1e6;
  return Math.ceil(Math.max(first("trade"), first("quote")));
}

onEveryServer("the SQL of every feature set", (server) => {
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
    const { sql } = database;
    await installFeatureFunctions(sql, FEATURE_SETS, silentLogger);
    await store(sql, onTime("WHOLE", events, books(tape.first_sec, end_t)));
    for (const t of INSTANTS) {
      const altered = alterFrom(events, t, seededRng(t));
      await store(sql, onTime(`ALTERED_${t}`, altered, books(tape.first_sec, t)));
    }
    const later_us = startOf(tape.first_sec + LATER_S);
    const later = events.filter(({ ts_us }) => ts_us >= later_us);
    await store(sql, onTime("LATER", later, books(tape.first_sec + LATER_S, end_t)));
    await refreshBars(database);
  });

  it("moves by nothing that happens at or after t", async () => {
    for (const set of FEATURE_SETS) {
      for (const t of INSTANTS) {
        const [whole, altered] = await Promise.all(
          ["WHOLE", `ALTERED_${t}`].map((symbol) => sqlVectors(database.sql, set, symbol, t, t + 1)),
        );
        const [seen, untouched] = [altered!.get(t)!, whole!.get(t)!];
        // Whether a break reaches over t shows only in what comes after it. It may make a vector cold in
        // hindsight, and never gives it another value.
        expect(isSame({ ...seen, warm: untouched.warm }, untouched), `${set.name} at ${t}`).toBe(true);
        expect(seen.warm && !untouched.warm, `${set.name} at ${t} is warm by the future alone`).toBe(false);
      }
    }
  });

  it("and the future was altered so much that one second of it would show", async () => {
    for (const set of FEATURE_SETS) {
      for (const t of INSTANTS) {
        const next = t + set.cadence_s;
        const [whole, altered] = await Promise.all(
          ["WHOLE", `ALTERED_${t}`].map((symbol) => sqlVectors(database.sql, set, symbol, next, next + 1)),
        );
        expect(isSame(whole!.get(next)!, altered!.get(next)!), `${set.name} at ${t}`).toBe(false);
      }
    }
  });

  it("is the same wherever data began, once warm", async () => {
    for (const set of FEATURE_SETS) {
      const from_t = tape.first_sec + LATER_S;
      const whole = await sqlVectors(database.sql, set, "WHOLE", from_t, end_t);
      const later = await sqlVectors(database.sql, set, "LATER", from_t, end_t);
      // What carries is null until there has been one to carry, and that for as long as windows see it.
      const carried_t = firstsAfter(tape.first_sec + LATER_S) + set.look_back.window_s;
      const warm = [...later].filter(([t, vector]) => vector.warm && t > carried_t);
      const moved = warm.filter(([t, vector]) => !isSame(vector, whole.get(t)!));
      expect(moved.slice(0, 3), set.name).toEqual([]);
      expect(warm.length, set.name).toBeGreaterThan(200);
      // Before that, the beginning shows: a warm flag that is always true would be caught.
      const cold = [...later].filter(
        ([t, vector]) => !vector.warm && !isSame(vector, { ...whole.get(t)!, warm: false }),
      );
      expect(cold.length, set.name).toBeGreaterThan(0);
    }
  });
});
