/**
 * The SQL functions against the live engine: every column of every registered set, and random expressions of the
 * whole algebra, on random tapes, to the last bit. On the embedded server, and on TIMESCALE_URL's too.
 */

import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Rng, seededRng } from "../../../src/base/rng.ts";
import { type Int64, micros, QTY_E8_MAX } from "../../../src/base/units.ts";
import type { BookSums } from "../../../src/features/algebra/columns.ts";
import { warmUpMaxSeconds } from "../../../src/features/algebra/look_back.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { column, type FeatureSet, featureSet } from "../../../src/features/sets/feature_set.ts";
import { indicatorsOn } from "../../../src/features/sets/indicators.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { compileFeatureFunction } from "../../../src/features/sql/compile.ts";
import type { Database } from "../../../src/record/database.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { microsFromText } from "../../../src/record/sql/time_text.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { randomFloat } from "../algebra/random_expr.ts";
import { corners } from "../naive/corner_set.ts";
import { NaiveV1, sift } from "../naive/naive.ts";
import {
  arbitraryKnobs,
  BUSY,
  drawWideQty,
  type Knobs,
  randomBooks,
  randomTape,
  type Tape,
} from "../naive/random_tape.ts";
import {
  convertChunks,
  differences,
  HORIZON_S,
  halfOf,
  refreshBars,
  sqlVectors,
  store,
  type Telling,
  tell,
} from "./sql_world.ts";

/** Long enough for every set to be warm, sparse enough to be quick. */
const LONG: Knobs = {
  ...BUSY,
  seed: 8,
  seconds: 6_600,
  trades_per_s: 0.6,
  quotes_per_s: 0.5,
  disconnects: 0,
};

const KNOBS: readonly Knobs[] = [
  BUSY,
  LONG,
  { ...BUSY, seed: 9, seconds: 700, numbers: "extreme" },
  { ...BUSY, seed: 10, offset_s: 2 * 3_600, seconds: 400, tick_us: 1_000_000, id_swaps: 0.5, disconnects: 0 },
  { ...BUSY, seed: 11, trades_per_s: 0.01, quotes_per_s: 0.01, empty: 0.9 },
  { ...BUSY, seed: 12, offset_s: 15 * 3_600, seconds: 800, disconnects: 6, late: 0.05 },
  ...fc
    .sample(arbitraryKnobs, { numRuns: 24, seed: 3 })
    .map((knobs) => ({ ...knobs, seconds: Math.min(knobs.seconds, 500) })),
];

/** The indicators look back 99 minutes; on bars of three seconds a short tape shows all of them. */
const SETS: readonly FeatureSet[] = [...FEATURE_SETS, { ...indicatorsOn(3), name: "indicators_3s" }];
/** Which tapes a set is compared on: what is slow, on few. */
function isTold(set: FeatureSet, index: number): boolean {
  if (set.look_back.window_s > 1_000) return index <= 1;
  return SETS.includes(set) || [0, 2, 3, 5].includes(index);
}

/** Sets of random expressions, those the compiler refuses left out. */
function randomSets(rng: Rng, count: number): FeatureSet[] {
  return Array.from({ length: count }, (_, number) => {
    const columns: ReturnType<typeof column>[] = [];
    for (let tries = 0; columns.length < 8 && tries < 40; tries++) {
      const expr = randomFloat(rng, 1 + rng.below(4));
      const candidate = column(`x${columns.length}`, "index", "", expr);
      if (compiles(featureSet({ name: "trial", columns: [candidate] }))) columns.push(candidate);
    }
    return featureSet({ name: `random_${number}`, cadence_s: 1 + rng.below(2), columns });
  });
}

function compiles(set: FeatureSet): boolean {
  try {
    compileFeatureFunction(set);
    return true;
  } catch (error) {
    if (error instanceof ForetickError && error.code === "FEATURE_DEFINITION") return false;
    throw error;
  }
}

/** Book sums for three in four seconds, some as large as can be. */
function booksOf(tape: Tape): Map<number, BookSums> {
  const rng = seededRng(tape.first_sec);
  const draw = (): Int64 =>
    [0, 5n * QTY_E8_MAX, drawWideQty(rng), rng.below(1e11), rng.below(1e11)][rng.below(5)]!;
  return randomBooks(tape, rng, draw);
}

/** The tape of which a few trades were fetched an hour after the fact. */
const BACKFILLED = 0;

function receivedLater(told: Telling): Telling {
  const trades = told.trades.map(({ event, late }, index) => {
    const received_us = micros(event.ts_us + (index % 5_000 === 4_000 ? 3_600e6 : 0));
    return { event: { ...event, received_us }, late };
  });
  return { ...told, trades };
}

onEveryServer("SQL equals live to the last bit", (server) => {
  // Where ids run against time and some are missing, too, bars cannot tell to the second which are which.
  const tapes = KNOBS.map((knobs) => randomTape(knobs.disconnects > 0 ? { ...knobs, id_swaps: 0 } : knobs));
  const random_sets = randomSets(seededRng(21), 12);
  const all_sets = [...SETS, corners, ...random_sets];
  let tellings: readonly Telling[];
  let database: Database;

  beforeAll(async () => {
    database = await server.openDatabase();
    await installFeatureFunctions(database.sql, all_sets, silentLogger);
    tellings = tapes.map((tape, index) => {
      const sets = all_sets.filter((set) => isTold(set, index));
      const told = tell(tape, `TAPE${index}`, sets, booksOf(tape), 3);
      return index === BACKFILLED ? receivedLater(told) : told;
    });
    // Half of the rows come after the bars were first made: backfilled, into the middle of what was there.
    for (const telling of tellings) await store(database.sql, halfOf(telling));
    await refreshBars(database);
    for (const telling of tellings) await store(database.sql, telling);
    await refreshBars(database);
  });

  /** Of one set, over the tapes it was told. */
  async function compare(set: FeatureSet): Promise<string[]> {
    const found: string[] = [];
    const told = tellings.filter((_, index) => isTold(set, index));
    for (const { symbol, first_t, end_t, vectors } of told) {
      const rows = await sqlVectors(database.sql, set, symbol, first_t, end_t);
      found.push(...differences(set, vectors, rows).map((text) => `${symbol} ${text}`));
    }
    return found;
  }

  it.each(SETS.map((set) => [set.name, set] as const))(
    "in every column and second of set %s",
    async (_, set) => {
      expect((await compare(set)).slice(0, 5)).toEqual([]);
    },
    60_000,
  );

  it("in the corners of the algebra", async () => {
    expect((await compare(corners)).slice(0, 5)).toEqual([]);
  });

  it("in random expressions of the whole algebra", async () => {
    const found: string[] = [];
    for (const set of random_sets) found.push(...(await compare(set)));
    expect(found.slice(0, 5)).toEqual([]);
  });

  it("and SQL equals the referee, which shares no code with either", async () => {
    for (const index of [0, 2, 4]) {
      const { symbol, first_t, end_t } = tellings[index]!;
      const naive = new NaiveV1(sift(tapes[index]!.arrivals), first_t);
      const rows = await sqlVectors(database.sql, v1, symbol, first_t, end_t);
      const found: string[] = [];
      for (const [t, { values }] of rows) {
        const expected = naive.at(t).values.map((value) => value ?? NaN);
        for (const [at, name] of v1.names.entries()) {
          if (!Object.is(expected[at], values[at]))
            found.push(`${t} ${name}: ${expected[at]}, was ${values[at]}`);
        }
      }
      expect(rows.size).toBe(end_t - first_t);
      expect(found.slice(0, 5)).toEqual([]);
    }
  });

  it("and those tapes are worth comparing: warm and cold rows, late events, values and nulls in every column", async () => {
    for (const set of SETS) {
      const vectors = tellings.flatMap((telling) =>
        telling.vectors.filter((v) => v.feature_set === set.name),
      );
      expect(new Set(vectors.map(({ warm }) => warm))).toEqual(new Set([true, false]));
      for (const [index, name] of set.names.entries()) {
        const values = new Set(vectors.map((vector) => vector.values[index]!));
        expect([name, values.size > 1]).toEqual([name, true]);
      }
    }
    expect(tellings.flatMap(({ trades }) => trades.filter(({ late }) => late)).length).toBeGreaterThan(50);
    const columns = random_sets.reduce((total, set) => total + set.columns.length, 0);
    expect(columns).toBeGreaterThan(60);
  });

  it("whatever range is asked for: a stretch has the rows of the whole", async () => {
    const rng = seededRng(5);
    for (const set of all_sets) {
      for (const index of [0, 1, 3, 5].filter((tape) => isTold(set, tape))) {
        const { symbol, first_t, end_t, vectors } = tellings[index]!;
        const from_t = first_t + rng.below(end_t - first_t);
        const to_t = Math.min(end_t, from_t + 1 + rng.below(40));
        const rows = await sqlVectors(database.sql, set, symbol, from_t, to_t);
        const due = vectors.filter(({ ts_sec }) => ts_sec >= from_t && ts_sec < to_t);
        expect(differences(set, due, rows).slice(0, 5)).toEqual([]);
      }
    }
  });

  it.skipIf(server.name !== "TimescaleDB")(
    "and so they are from chunks turned into columns",
    async () => {
      expect(await convertChunks(database)).toBeGreaterThan(5);
      for (const set of FEATURE_SETS) expect((await compare(set)).slice(0, 5), set.name).toEqual([]);
    },
    60_000,
  );

  it("a training row is a warm vector, with the label the live path gave it", async () => {
    for (const set of SETS) {
      for (const { symbol, first_t, end_t, vectors, labels } of tellings.slice(0, 2)) {
        const rows = await database.sql
          .unsafe(`select * from training_${set.name}($1, at_sec($2), at_sec($3))`, [symbol, first_t, end_t])
          .values();
        const warm = vectors.filter((vector) => vector.feature_set === set.name && vector.warm);
        expect(rows.length, set.name).toBe(warm.length);
        const newest_quote = await newestQuote(symbol);
        const wrong = warm.filter((vector, index) => {
          const [, ts, ...values] = rows[index]!;
          const t = vector.ts_sec;
          const label = t + HORIZON_S <= newest_quote ? labels.get(t) : undefined;
          const expected = [...vector.values, label ?? Number.NaN];
          // Between the features and the label are the two prices that labels start from.
          const features = vector.values.length;
          const found = [...values.slice(0, features), values[features + 2]].map(
            (value) => value ?? Number.NaN,
          );
          return (
            microsFromText(ts) !== t * 1e6 || !expected.every((value, at) => Object.is(value, found[at]))
          );
        });
        expect(wrong.slice(0, 2), set.name).toEqual([]);
      }
    }
  });

  it("a training row is known once the last of what it rests on was received", async () => {
    const { symbol, first_t, end_t, trades, quotes } = tellings[BACKFILLED]!;
    const received = new Map<number, number>();
    for (const { event, late } of [...trades, ...quotes]) {
      const sec = Math.floor(event.ts_us / 1e6);
      if (!late) received.set(sec, Math.max(event.received_us, received.get(sec) ?? 0));
    }
    const rows = await database.sql.unsafe(
      "select us_of(ts) / 1000000 as t, us_of(known_at) as known_us from training_v1($1, at_sec($2), at_sec($3))",
      [symbol, first_t, end_t],
    );
    const reach_s = warmUpMaxSeconds(v1.look_back);
    const known = new Set<number>();
    for (const row of rows) {
      const t = Number(row.t);
      let latest = 0;
      for (let sec = t - reach_s; sec < t + HORIZON_S; sec++)
        latest = Math.max(latest, received.get(sec) ?? 0);
      expect([t, Number(row.known_us)]).toEqual([t, latest]);
      known.add(latest - t * 1e6 > 60e6 ? 1 : 0);
    }
    expect(known).toEqual(new Set([0, 1]));
  });

  async function newestQuote(symbol: string): Promise<number> {
    const [row] =
      await database.sql`select us_of(max(sec)) / 1000000 as t from quotes_1s where symbol = ${symbol}`;
    return row?.t === null ? Number.NEGATIVE_INFINITY : Number(row!.t);
  }
});
