/** A service's backup, taken while it runs, put back where nothing is left of it: the service goes on from there, its features still equal to SQL. */

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../scripts/store/open_store.ts";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { takeBackup } from "../../../src/record/backup/backup.ts";
import { restoreBackup } from "../../../src/record/backup/restore.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { tempDir } from "../../record/server/temp_dir.ts";
import { met, type Running, startRunning } from "../running.ts";

const forecasts = async ({ pipeline }: Running): Promise<number> => {
  const [row] = await pipeline.store.database!.sql<{ n: number }[]>`
    select count(*)::int as n from predictions where warm and served`;
  return row!.n;
};

it("goes on from its backup", async () => {
  const source = simulatedSource({ seed: 5, r2: 0.05, start_us: clock.now() - 700e6 });
  const options = { source, speed: 1, history_s: 700, shift_to_now: true };
  let running = await startRunning(options, { database_url: undefined, parity_every_s: 5, parity_lag_s: 5 });
  const folder = join(tempDir(), "backup");
  const { data_dir, config } = running;
  try {
    await met("forecasts", async () => (await forecasts(running)) >= 5);
    const beside = await openStore({ url: undefined, data_dir, log });
    const { tables } = await takeBackup({ database: beside, model_dir: config.model_dir, folder, clock });
    await beside.close();
    const kept = tables.find(({ name }) => name === "predictions")!.rows;
    expect(kept).toBeGreaterThanOrEqual(5);
    await running.pipeline.close();
    for (const name of readdirSync(data_dir)) rmSync(join(data_dir, name), { recursive: true, force: true });

    const link = new DatabaseLink({ data_dir, log, clock });
    await restoreBackup({ link, model_dir: config.model_dir, folder });
    await link.close();
    running = await running.restart();
    const [stored] = await running.pipeline.store.database!.sql`select count(*)::int as n from predictions`;
    expect(stored!.n).toBeGreaterThanOrEqual(kept);
    const before = await forecasts(running);
    await met("new forecasts, warm", async () => (await forecasts(running)) >= before + 5);
    await met("comparisons of what came after it", async () => {
      const [run] = await running.pipeline.store.database!.sql<{ compared: number; unexplained: number }[]>`
        select coalesce(sum(rows_compared), 0)::int as compared, coalesce(sum(rows_unexplained), 0)::int as unexplained
        from parity_runs where started_at > (select taken_at from leases limit 1)`;
      expect(run!.unexplained).toBe(0);
      return run!.compared > 3;
    });
  } finally {
    await running.close();
    rmSync(join(folder, ".."), { recursive: true, force: true });
  }
});
