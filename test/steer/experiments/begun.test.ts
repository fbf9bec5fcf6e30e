import { expect, it } from "vitest";
import { experimentsCommand } from "../../../scripts/store/commands/experiments.ts";
import { servedInstead } from "../../../src/steer/deploy/traffic.ts";
import { experiments } from "../../../src/steer/experiments/rows.ts";
import type { StartInput } from "../../../src/steer/experiments/start.ts";
import { codeOf, refusal } from "../../base/rejection.ts";
import { SYMBOL } from "../../record/market_events.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { ANNA, experimentWorld } from "./experiment_world.ts";
import { A, addVersions, B, store, ticks } from "./trials.ts";

onEveryServer("experiments", (server) => {
  const world = experimentWorld(server);
  const { start } = world;

  it("are begun, shown and ended by the command, which says how long a decision takes", async () => {
    const all = ticks(3_300, { skill: 0.02 });
    await store(world.database, all.slice(0, 900));
    const command = (...words: string[]): Promise<string[]> =>
      experimentsCommand(words, { DATABASE_URL: world.database.url, AB_TEST_MIN_DURATION_HOURS: "0.5" });
    expect(await command("list")).toEqual([
      'no experiment yet: "bun run experiments start <version>" begins one',
    ]);
    const begun = await command(
      "start",
      B,
      "--by",
      "anna",
      "--reason",
      "more rows",
      "--traffic-split",
      "0.1",
    );
    const id = /show (\S+)$/.exec(begun.at(-1)!)![1]!;
    expect(begun.join("\n")).toContain("not begun: no tick has been scored by both yet");
    await store(world.database, all.slice(900));
    expect(world.job.splitOf(SYMBOL)).toBeUndefined();
    await world.job.run();
    const split = world.job.splitOf(SYMBOL);
    const clients = Array.from({ length: 2_000 }, (_, i) => `client-${i}`);
    const served_b = clients.filter((client) => servedInstead(split, client) === B);
    expect(served_b.length / clients.length).toBeCloseTo(0.1, 1);
    const said = (await command("show", id)).join("\n");
    expect(said).toContain(`a is ${A}, b is ${B}`);
    expect(said).toContain("10 % of clients are served b; confidence 0.95, from 0.5 to 336 h");
    expect(said).toMatch(/runs; at the present rate a decision takes (\d+\.\d h more|more than a year)/);
    expect((await command("list"))[1]).toContain(`${B}  ${A}`);
    expect((await command("conclude", id, "--by", "bert")).at(-1)).toBe(
      "  ended by bert: concluded by hand. Winner: inconclusive",
    );
    await world.job.run();
    expect(world.job.splitOf(SYMBOL)).toBeUndefined();
    expect(await command("stop", id)).toEqual([`${B} against ${A} had ended: concluded by hand`]);
    expect((await refusal(command("list", "x"))).message).toContain("nothing after list");
  });

  it("begin with the champion and make the other its challenger; what cannot be compared is refused", async () => {
    const { sql } = world.database;
    const far = "ridge-v1/far";
    const third = "ridge-v1/third";
    await addVersions(world.database, { version: far, horizon_s: 60 }, { version: third });
    const said = async (input: Partial<StartInput>): Promise<string> => (await refusal(start(input))).message;
    expect(await said({ b: far })).toContain("the mid price 10 s ahead");
    expect(await said({ b: A })).toContain("expected two models");
    expect(await said({ a: B, b: A })).toContain("is the champion");
    expect(await said({ a: third })).toContain("is not scored");
    expect(await said({ duration_h: 12 })).toContain("duration_h: expected at least min_duration_h");
    expect(await said({ traffic_split: 2 })).toContain("traffic_split");
    expect(await codeOf(start({ b: "ridge-v1/none" }))).toBe("MODEL_UNKNOWN");
    expect(await experiments(sql)).toEqual([]);

    await world.registry.role(ANNA, { version: third, role: "challenger", symbol: SYMBOL });
    await sql`
      insert into deployments (
        version, symbol, symbols, strategy, hold_s, canary_share, forced, steps, requested_by, reason, requested_at
      )
      values (
        ${third}, '*', array[${SYMBOL}], 'canary', 60, 0.1, false, '[{"step": "load", "actor": "anna"}]', 'anna', '', now()
      )`;
    expect(await said({})).toContain(`${third} is the challenger of ${SYMBOL} and being deployed`);
    await sql`update deployments set status = 'done', ended_at = now()`;

    const begun = await start({ traffic_split: 0.25, reason: "trained on more" });
    expect(begun).toMatchObject({
      ...{
        a: A,
        b: B,
        name: `${B} against ${A}`,
        horizon_s: 10,
        label: "mid",
        cadence_s: 1,
        traffic_split: 0.25,
      },
      ...{ duration_h: 336, requested_by: "anna", started_us: null, winner: null, verdict: "inconclusive" },
    });
    const [challenger] = await sql`
      select version
      from model_aliases
      where symbol = ${SYMBOL} and alias = 'challenger'`;
    expect(challenger).toEqual({ version: B });
    expect(await said({ b: third })).toContain("has an experiment that runs");
  });
});
