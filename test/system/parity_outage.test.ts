/** The comparison of live and SQL across outages of the database and the feed with a restart among them. */

import { expect, it } from "vitest";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { FlakyWire } from "../record/write/flaky_wire.ts";
import { START_US } from "../sim/markets.ts";
import { comparedUpToNow } from "./compared.ts";
import { met, type Running, secondsMore, secondsOf, startRunning } from "./running.ts";

const KNOBS = { seed: 12, start_us: START_US, levels: 50, trades_per_s: 10, quotes_per_s: 12 };
const MARKET = { speed: 20, history_s: 700, start_on: "first_subscriber" } as const;

const openDatabase = (one: Running): Promise<void> =>
  met("the database", () => one.pipeline.store.database !== undefined);

onEveryServer("the comparison of live and SQL", (server) => {
  it("has a cause for every difference of an outage of database and feed, and of a restart in it", async () => {
    const wire = new FlakyWire(await server.migratedDatabase());
    await wire.mend();
    const overrides = { database_url: wire.url, parity_every_s: 1, parity_lag_s: 1 };
    const market = { ...MARKET, source: simulatedSource(KNOBS) };
    let one = await startRunning(market, overrides, { wait_for_database: false });
    try {
      await openDatabase(one);
      await met("vectors", () => secondsOf(one) > 60);
      await wire.cut();
      await secondsMore(one, 40);
      one.exchange.cutConnections();
      await secondsMore(one, 40);
      one = await one.restart();
      await met("vectors without a database", () => secondsOf(one) > 40);
      await wire.mend();
      await openDatabase(one);
      await secondsMore(one, 60);

      const { runs, rows, unexplained } = await comparedUpToNow(one);
      expect(unexplained).toEqual([]);
      expect(rows).toBeGreaterThan(300);
      expect(runs.flatMap((run) => Object.keys(run.causes))).toContain("restart");
    } finally {
      await one.close();
      await wire.cut();
    }
  });
});
