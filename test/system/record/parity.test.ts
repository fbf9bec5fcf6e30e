/** The comparison of live and SQL in the running service, at a market that breaks. */

import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import type { ParityJson } from "../../../src/serve/messages/parity.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { START_US } from "../../sim/markets.ts";
import { comparedUpToNow } from "../compared.ts";
import { met, type Running, secondsMore, secondsOf, startRunning } from "../running.ts";

const root = join(import.meta.dirname, "../../..");
const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

const SPEED = 20;

async function started(): Promise<Running> {
  const source = simulatedSource({
    seed: 12,
    start_us: START_US,
    levels: 50,
    trades_per_s: 10,
    quotes_per_s: 12,
  });
  const options = { source, speed: SPEED, history_s: 700, start_on: "first_subscriber" } as const;
  const one = await startRunning(options, { parity_every_s: 1, parity_lag_s: 1 });
  running.push(one);
  return one;
}

describe("live and SQL in the running service", () => {
  it("are compared second by second, and each difference of cuts, late frames, lost diffs and a restart has its cause", async () => {
    let one = await started();
    await met("vectors", () => secondsOf(one) > 60);
    one.exchange.faults.hold("bestBidAsk");
    await secondsMore(one, 3);
    one.exchange.release("bestBidAsk");
    one.exchange.faults.dropDiffs(2);
    await secondsMore(one, 10);
    expect(one.worker.lane.counters.quotes_late).toBeGreaterThan(0);
    one.exchange.faults.hold("trade");
    await secondsMore(one, 3);
    one.exchange.release("trade");
    await secondsMore(one, 5);
    expect(one.worker.lane.counters.trades_late).toBeGreaterThan(0);
    // Trades are lost while seconds go on closing: what a cut leaves out when it lasts.
    one.exchange.faults.pause("trade");
    await secondsMore(one, 3);
    one.exchange.faults.resume("trade");
    await met("the hole in the ids", () => one.worker.lane.counters.disconnects > 0);
    await secondsMore(one, 20);
    one.exchange.cutConnections();
    await met("the break", () => one.worker.lane.counters.disconnects > 1);
    await met(
      "the feed's return",
      () => one.pipeline.feed.status.state === "live" && !one.worker.lane.holding,
    );
    await secondsMore(one, 40);
    one = await one.restart();
    running.splice(0, 1, one);
    await met("vectors after the restart", () => secondsOf(one) > 40);

    const { runs } = await comparedUpToNow(one);
    const causes = new Set(runs.flatMap((run) => Object.keys(run.causes)));
    const compared = runs.reduce((sum, run) => sum + run.rows_compared, 0);
    expect(runs.filter((run) => run.rows_unexplained > 0).flatMap((run) => run.differences)).toEqual([]);
    expect(compared).toBeGreaterThan(300);
    // Where the machine stalls, a silence is noticed seconds late: a cause of its own.
    causes.delete("break_noticed");
    expect([...causes].sort()).toEqual(["gap", "restart"]);
    const found = await command(one.pipeline.database.url);
    expect(found.code).toBe(0);
    expect(found.text).toMatch(/gap: \d+ trades in its look-back/);
    expect(found.text).toMatch(/restart: a process began at/);
    for (const set of FEATURE_SETS) {
      const own = runs.filter((run) => run.feature_set === set.name).reverse();
      // Span after span, none left out and none twice.
      for (const [index, run] of own.entries())
        if (index > 0) expect(run.from_us).toBe(own[index - 1]!.to_us);
    }
    await says(one, "ok", 0);
  });

  it("say so everywhere when one bit differs, and by the command's exit code", async () => {
    const one = await started();
    await met("vectors", () => secondsOf(one) > 60);
    const { sql, url } = one.pipeline.database;
    await met("a comparison", async () => (await comparedUpToNow(one)).runs.length > 0);
    const before = await command(url);
    expect(before.text).toContain("every value equal, or its cause known");
    expect(before.code).toBe(0);
    const [row] = await sql<{ ts: string }[]>`
      update features_live
      set values[4] = values[4] + 1e-9
      where feature_set = 'v1'
        and ts = (select min(ts) + interval '20 seconds' from features_live where feature_set = 'v1')
      returning ts`;
    const found = await command(url);
    expect(found.code).toBe(1);
    expect(found.text).toContain("vwap_5s_dev");
    expect(found.text).toContain(new Date(row!.ts).toISOString());
    expect(found.text).toMatch(/unexplained +1\b/);
    await sql`
      update features_live
      set values[4] = values[4] + 1e-9
      where feature_set = 'v1' and ts = (select max(ts) from features_live where feature_set = 'v1')`;
    await met("the service's finding", async () => (await health(one)).state === "degraded");
    await says(one, "degraded", 1);
  });
});

async function health(one: Running): Promise<{ state: string; reason: string | null }> {
  const body = (await (await fetch(`${one.pipeline.url}/health`)).json()) as {
    dependencies: { name: string; state: string; reason: string | null }[];
  };
  return body.dependencies.find(({ name }) => name === "parity")!;
}

/** Health, metrics and `/parity` tell one story. */
async function says(one: Running, state: "ok" | "degraded", unexplained: number): Promise<void> {
  const told = await health(one);
  expect(told.state).toBe(state);
  if (state === "degraded") expect(told.reason).toContain("v1 of BTCUSDT");
  const metrics = await (await fetch(`${one.pipeline.url}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name}\\{symbol="BTCUSDT",feature_set="v1"\\} (\\d+)$`, "m").exec(metrics)?.[1]);
  expect(value("foretick_parity_rows_compared_total")).toBeGreaterThan(0);
  expect(value("foretick_parity_unexplained_total")).toBe(unexplained);
  // The totals and the list are two queries: a run may end between them.
  await met("totals and runs of one moment", async () => {
    const answer = await fetch(`${one.pipeline.url}/parity?feature_set=v1&limit=1000`);
    const { totals, runs } = (await answer.json()) as ParityJson;
    const service = runs.filter(({ asked_by }) => asked_by === "service");
    if (totals[0]!.runs !== service.length) return false;
    expect(totals).toMatchObject([{ feature_set: "v1", rows_unexplained: unexplained }]);
    expect(totals[0]!.rows_compared).toBe(service.reduce((sum, run) => sum + run.rows_compared, 0));
    return true;
  });
}

async function command(url: string): Promise<{ code: number; text: string }> {
  const child = Bun.spawn([process.execPath, "scripts/parity.ts", "--database-url", url], {
    cwd: root,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, text: out + err };
}
