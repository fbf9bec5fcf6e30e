/** Two services with symbols in common: each leads what it took first, and takes over the other's when that ends. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { startPipeline } from "../../../src/system/pipeline.ts";
import { met } from "../../met.ts";
import { ownDatabase } from "../../record/server/prepared.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { startRunning } from "../running.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

it("a service leads the symbols that are free, says who leads the others, and takes these over", async () => {
  const database = await ownDatabase();
  cleanups.push(() => database.close());
  const source = simulatedSource({ seed: 5, start_us: START_US, ...QUIET });
  const first = await startRunning(
    { source, speed: 5, history_s: 700, start_on: "first_subscriber" },
    { database_url: database.url },
  );
  cleanups.push(() => first.close());
  // On a busy machine a service starts before its database answers, and leads by the lease only then.
  const sql = connectTo(database.url);
  cleanups.push(() => sql.end());
  await met("the first's lease", async () => {
    const [made] = await sql`select to_regclass('leases') is not null as made`;
    return made!.made && (await sql`select from leases`).length > 0;
  });
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
  const second = await startPipeline({
    config: {
      ...first.config,
      ...{ data_dir, symbols: ["BTCUSDT", "ETHUSDT"] },
    },
    ...{ clock: systemClock, rng: seededRng(2), log: silentLogger },
  });
  cleanups.push(() => second.close());
  expect([...second.workers.keys()]).toEqual(["ETHUSDT"]);
  const latest = await fetch(`${second.url}/latest?symbol=BTCUSDT`);
  expect(latest.status).toBe(503);
  expect(await latest.text()).toMatch(/standing by: the lease of BTCUSDT is held by .*, process \d+/);
  const leads = async (): Promise<string[]> =>
    [
      ...(await (await fetch(`${second.url}/metrics`)).text()).matchAll(
        /^foretick_leads\{symbol="(\w+)"\} 1/gm,
      ),
    ].map(([, symbol]) => symbol!);
  expect(await leads()).toEqual(["ETHUSDT"]);

  await first.pipeline.close();
  await met("the second leads both", () => second.workers.has("BTCUSDT"));
  await met("its forecasts", async () => (await fetch(`${second.url}/latest?symbol=BTCUSDT`)).status === 200);
  expect(await leads()).toEqual(["BTCUSDT", "ETHUSDT"]);
  await met("a forecast of the second is stored", async () => {
    await second.writer.flush();
    const [row] = await second.database.sql`
      select count(*)::int as n from predictions
      where emitted_at > (select taken_at from leases where symbol = 'BTCUSDT')`;
    return row!.n > 0;
  });
});
