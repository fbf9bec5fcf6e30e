/** Experiments from stored outcomes: judged once, the same in rounds of any length, and ended for a reason that is written down. */

import { readFileSync } from "node:fs";
import type { Sql } from "postgres";
import { expect, it } from "vitest";
import { modelVersion } from "../../../src/base/units.ts";
import { PairedSequence } from "../../../src/judge/paired_sequence.ts";
import { RecentMoves } from "../../../src/judge/recent_moves.ts";
import { advance } from "../../../src/steer/experiments/advance.ts";
import {
  evidenceOf,
  experiment,
  experimentBlocks,
  experiments,
  runningExperiments,
} from "../../../src/steer/experiments/rows.ts";
import { finishExperiment, rolesOf, startExperiment } from "../../../src/steer/experiments/start.ts";
import type { TrialTick } from "../../../src/steer/experiments/trial.ts";
import { codeOf, refusal } from "../../base/rejection.ts";
import { START_SEC, SYMBOL } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { cutInInsert } from "../../record/write/cut_in_insert.ts";
import { ANNA, experimentWorld } from "./experiment_world.ts";
import { A, B, store, ticks } from "./trials.ts";

const question = readFileSync(
  new URL("../../../sql/queries/experiment_differences.sql", import.meta.url),
  "utf8",
);
const HORIZON_S = 10;
const VARIANCE_MOVES = 600;

/** The definition, read plainly: every tick in order, the variance from moves whose horizon was over. */
function naively(all: readonly TrialTick[], after_sec: number): PairedSequence {
  const sequence = new PairedSequence({ alpha: 1 - 0.95 });
  const moves = new RecentMoves();
  const known = all.filter((one) => one.realized_log_return !== null);
  let moved = 0;
  for (const { ts_sec, yhat_a, yhat_b, realized_log_return } of all) {
    while (known[moved]!.ts_sec <= ts_sec - HORIZON_S) moves.observe(known[moved++]!.realized_log_return!);
    if (ts_sec <= after_sec || yhat_a === null || yhat_b === null || realized_log_return === null) continue;
    if (moved < VARIANCE_MOVES) continue;
    sequence.add({ ts_sec, yhat_a, yhat_b, realized_log_return, variance: moves.variance });
  }
  return sequence;
}

onEveryServer("experiments", (server) => {
  const world = experimentWorld(server);
  const { start } = world;

  const stateOf = async (): Promise<unknown> =>
    (await runningExperiments(world.database.sql, [SYMBOL]))[0]!.state;

  it("begin whole or not at all: a cut connection leaves no challenger without its experiment", async () => {
    const { database, registry } = world;
    const { sql } = database;
    const begin = (own: Sql) =>
      startExperiment({ sql: own, registry }, ANNA, {
        ...{ symbol: SYMBOL, b: B, min_duration_h: 24, confidence_level: 0.95 },
      });
    const audited = async (): Promise<number> => (await sql`select from audit`).count;
    const before = await audited();
    expect(await cutInInsert(database, "experiments", begin)).toBe("STORE_UNREACHABLE");
    expect([...(await rolesOf(sql, SYMBOL)).values()]).toEqual(["champion"]);
    expect(await audited()).toBe(before);
    await begin(sql);
    expect([...(await rolesOf(sql, SYMBOL)).values()]).toEqual(["champion", "challenger"]);
    expect(await audited()).toBe(before + 2);
  });

  it("are judged as a plain reading of every tick says; rounds of any length, or none stored, come to the same bits", async () => {
    const all = ticks(3_300, { skill: 0.02 });
    const before = all.slice(0, 900);
    await store(world.database, before);
    const { experiment_id, after_us } = await start();
    expect(after_us).toBe((START_SEC + 900) * 1e6);
    // Rounds end in the middle of blocks, of gaps and of horizons.
    for (const [from, to] of [
      [900, 1_000],
      [1_000, 1_003],
      [1_003, 1_195],
      [1_195, 2_411],
      [2_411, 3_300],
    ] as const) {
      await store(world.database, all.slice(from, to));
      await world.job.run();
    }
    expect(world.job.stats).toMatchObject({ failures: 0, last_error: undefined });
    const found = await experiment(world.database.sql, experiment_id);
    const settled_sec = START_SEC + 3_300 - HORIZON_S - 5;
    const naive = naively(
      all.filter(({ ts_sec }) => ts_sec <= settled_sec),
      START_SEC + 900,
    ).look();
    expect(naive.n_blocks).toBeGreaterThan(35);
    expect(found.judged_until_us).toBe(settled_sec * 1e6);
    expect(found.started_us).toBe((START_SEC + 901) * 1e6);
    expect(found.n_blocks).toBe(naive.n_blocks);
    for (const field of ["mean", "lower", "upper", "expected_h"] as const) {
      expect([field, found[field]]).toEqual([field, naive[field]]);
    }
    const blocks = await experimentBlocks(world.database.sql, experiment_id, 1_000);
    expect(blocks).toHaveLength(naive.n_blocks);
    expect(blocks.at(-1)).toMatchObject({ n_blocks: naive.n_blocks, mean: naive.mean, lower: naive.lower });
    expect(blocks.reduce((sum, { difference }) => sum + difference, 0) / blocks.length).toBeCloseTo(
      naive.mean,
      12,
    );

    const sample = await evidenceOf(world.database.sql, { experiment_id, n_blocks: naive.n_blocks }, 12);
    const step = Math.ceil(naive.n_blocks / 11);
    expect(sample.length).toBeLessThanOrEqual(12);
    expect(sample).toEqual(
      blocks
        .filter(({ n_blocks }) => n_blocks % step === 0 || n_blocks === naive.n_blocks)
        .map(({ difference: _, ...point }) => point),
    );

    const minutes = await world.database.sql.unsafe(question);
    const judged = all.filter(
      ({ ts_sec, yhat_a, yhat_b, realized_log_return }) =>
        ts_sec > START_SEC + 900 &&
        ts_sec <= settled_sec &&
        ![yhat_a, yhat_b, realized_log_return].includes(null),
    );
    expect(minutes.reduce((sum, { ticks: n }) => sum + Number(n), 0)).toBe(judged.length);
    const shown = minutes.filter(({ block_difference }) => block_difference !== null);
    expect(shown.map((row) => row.block_difference)).toEqual(
      blocks.map(({ difference }) => difference.toFixed(6)).reverse(),
    );

    const state = await stateOf();
    await world.database.sql`update experiments set state = null`;
    await world.job.run();
    expect(await stateOf()).toEqual(state);
    expect(await experimentBlocks(world.database.sql, experiment_id, 1_000)).toEqual(blocks);
  });

  it("wait for an outcome that has not come, and judge its tick once it has", async () => {
    const all = ticks(1_500);
    await store(world.database, all.slice(0, 700));
    await start();
    await store(world.database, all.slice(700), [START_SEC + 1_000]);
    await world.job.run();
    const [waiting] = await experiments(world.database.sql);
    expect(waiting!.judged_until_us).toBe((START_SEC + 999) * 1e6);
    await store(world.database, all.slice(999, 1_000));
    await world.job.run();
    const [done] = await experiments(world.database.sql);
    expect(done!.judged_until_us).toBe((START_SEC + 1_485) * 1e6);
  });

  it("end when a decision is there and the shortest time is over; not before; the loser is named in the row", async () => {
    const all = ticks(3_700, { skill: 0.9, bursts: false });
    await store(world.database, all.slice(0, 700));
    const { experiment_id } = await start({ min_duration_h: 0.75, duration_h: 10 });
    await store(world.database, all.slice(700, 3_000));
    await world.job.run();
    const early = await experiment(world.database.sql, experiment_id);
    expect(early).toMatchObject({ verdict: "b", winner: null, expected_h: 0, ended_us: null });
    await store(world.database, all.slice(3_000));
    await world.job.run();
    expect(await experiment(world.database.sql, experiment_id)).toMatchObject({
      ...{ winner: "b", verdict: "b", decided_us: early.decided_us, ended_by: "foretick" },
      ended_because: `${B} errs less than ${A}`,
    });
    expect(world.job.stats).toMatchObject({ ended: 1, running: [] });
  });

  it("end without a decision when their time is over, or one of the two is no longer scored", async () => {
    const all = ticks(2_000);
    await store(world.database, all.slice(0, 100));
    const short = await start({ min_duration_h: 0, duration_h: 0.25 });
    await store(world.database, all.slice(100, 1_200));
    await world.job.run();
    expect(await experiment(world.database.sql, short.experiment_id)).toMatchObject({
      winner: "inconclusive",
      ended_because: "its 0.25 h are over without a decision",
    });
    const lost = await start();
    await world.registry.role(ANNA, { version: B, role: "none", symbol: SYMBOL });
    await world.job.run();
    expect(await experiment(world.database.sql, lost.experiment_id)).toMatchObject({
      winner: "inconclusive",
      ended_because: `${B} is no longer scored for ${SYMBOL}`,
    });
  });

  it("are judged by the service that holds the symbol's lease, and by no other", async () => {
    const all = ticks(1_000);
    await store(world.database, all.slice(0, 100));
    await start();
    await store(world.database, all.slice(100));
    await world.database.sql`
      insert into leases (symbol, fence, holder, told, taken_at, expires_at)
      values (${SYMBOL}, 8, 'other', 'other', now(), now() + interval '1 hour')`;
    const [running] = await runningExperiments(world.database.sql, [SYMBOL]);
    const former = advance(world.database.sql, running!, { fences: '{"BTCUSDT": 7}' });
    expect(await codeOf(former)).toBe("STORE_FENCED");
    expect((await experiments(world.database.sql))[0]!.judged_until_us).toBeNull();
    const holder = await advance(world.database.sql, running!, { fences: '{"BTCUSDT": 8}' });
    expect(holder).toMatchObject({ is_up_to_date: true });
    // What another round has judged meanwhile is not judged twice.
    const again = await advance(world.database.sql, running!, { fences: '{"BTCUSDT": 8}' });
    expect(again).toEqual({ blocks: 0, ended: undefined, is_up_to_date: true });
  });

  it("are ended by a person, with a verdict only once the shortest time is over", async () => {
    const { sql } = world.database;
    const { experiment_id } = await start();
    const early = await refusal(finishExperiment(sql, ANNA, { experiment_id, how: "conclude" }));
    expect(early.message).toContain("has run for 0.0 of at least 24 h");
    expect(await finishExperiment(sql, ANNA, { experiment_id, how: "stop", reason: "wrong model" })).toBe(
      true,
    );
    expect(await experiment(sql, experiment_id)).toMatchObject({
      ...{ winner: "inconclusive", ended_by: "anna", ended_because: "stopped by hand: wrong model" },
    });
    expect(await finishExperiment(sql, ANNA, { experiment_id, how: "stop" })).toBe(false);
    const forced = await start();
    const { experiment_id: second } = forced;
    expect(await finishExperiment(sql, ANNA, { experiment_id: second, how: "conclude", force: true })).toBe(
      true,
    );
    expect((await experiments(sql)).map((one) => one.winner)).toEqual(["inconclusive", "inconclusive"]);
    // The one on trial stays the challenger until it has lost.
    expect((await rolesOf(sql, SYMBOL)).get(modelVersion(B))).toBe("challenger");
    const { experiment_id: third } = await start();
    await sql`update experiments set verdict = 'a' where experiment_id = ${third}`;
    await finishExperiment(sql, ANNA, { experiment_id: third, how: "conclude", force: true });
    expect((await rolesOf(sql, SYMBOL)).has(modelVersion(B))).toBe(false);
    const none = finishExperiment(sql, ANNA, { experiment_id: "no-such", how: "stop" });
    expect(await codeOf(none)).toBe("NOT_FOUND");
  });
});
