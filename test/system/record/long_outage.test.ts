/**
 * Fifty minutes without streams, far longer than the look-back of the model, while the service runs on: what is missing
 * is named, fetched by REST within its share of the weight, and computed from the beginning of the silence; the comparison
 * of live and SQL, which goes on beside it, has a cause for every difference.
 */

import { expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { type Micros, micros } from "../../../src/base/units.ts";
import type { PaperExchangeOptions } from "../../../src/sim/exchange/options.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { FlakyWire } from "../../record/write/flaky_wire.ts";
import { START_US } from "../../sim/markets.ts";
import { comparedUpToNow } from "../compared.ts";
import { met, type Running, startRunning } from "../running.ts";

const OUTAGE_S = 3_000;
const USUAL_SPEED = 5;
const OUTAGE_SPEED = 600;
const HISTORY_S = 700;
/** Waits of a minute and more are those of jobs: here they go by so much faster. */
const HURRY = 30;
const MARKET: PaperExchangeOptions = {
  ...{ speed: USUAL_SPEED, history_s: HISTORY_S, start_on: "first_subscriber" },
  source: simulatedSource({
    ...{ seed: 31, start_us: START_US, levels: 20, trades_per_s: 6, quotes_per_s: 6 },
  }),
  limits: { weight_per_minute: 1_000_000 },
};

/** The service's time goes as fast as the market's. Limits of waiting stay those of the machine. */
class FastClock implements Clock {
  #origin_us = START_US + HISTORY_S * 1e6;
  #since_us = systemClock.monotonicUs();
  #speed = USUAL_SPEED;

  goOn(speed: number): void {
    this.#origin_us = this.now();
    this.#since_us = systemClock.monotonicUs();
    this.#speed = speed;
  }

  now = (): Micros => {
    const passed_us = (systemClock.monotonicUs() - this.#since_us) * this.#speed;
    return micros(Math.floor(this.#origin_us + passed_us));
  };
  monotonicUs = (): number => this.now() - START_US;
  after: Clock["after"] = (ms, run) => systemClock.after(ms >= LIMITS.repair_first_ms ? ms / HURRY : ms, run);
}

interface HistoryPart {
  readonly state: string;
  readonly reason: string | null;
  readonly facts: { readonly trade_ids_missing: number };
}

/** What health says of the stored history. */
async function history({ pipeline, worker }: Running): Promise<HistoryPart | undefined> {
  const answer = await fetch(`${pipeline.url}/health`);
  const { dependencies } = (await answer.json()) as {
    readonly dependencies: readonly (HistoryPart & { readonly name: string })[];
  };
  return dependencies.find(({ name }) => name === `history ${worker.symbol}`);
}

onEveryServer("an outage of fifty minutes", (server) => {
  it("leaves no id missing and no bar behind: health counts them down, and live takes over what SQL then knows", async () => {
    let wire: FlakyWire | undefined;
    const clock = new FastClock();
    const one = await startRunning(
      MARKET,
      { database_url: await server.migratedDatabase(), parity_every_s: 1, parity_lag_s: 1 },
      {
        clock,
        streams_through: async (origin) => {
          wire = new FlakyWire(origin);
          await wire.mend();
          return new URL(wire.url).origin;
        },
      },
    );
    try {
      const { worker, pipeline, exchange } = one;
      const { sql } = pipeline.database;
      await met("warm vectors", () => worker.state.vector?.warm === true);
      await wire!.cut();
      const silent_from_sec = Math.floor(exchange.market_us / 1e6);
      exchange.play(OUTAGE_SPEED);
      clock.goOn(OUTAGE_SPEED);
      await met("fifty minutes", () => exchange.market_us > (silent_from_sec + OUTAGE_S) * 1e6);
      exchange.play(USUAL_SPEED);
      clock.goOn(USUAL_SPEED);
      const silent_until_sec = Math.floor(exchange.market_us / 1e6);
      await wire!.mend();

      let most = 0;
      await met("the missing ids in health", async () => {
        const part = await history(one);
        most = Math.max(most, part?.facts.trade_ids_missing ?? 0);
        if (most > 0 && part!.state !== "ok") expect(part!.reason).toContain("missing");
        return most > 0 && part!.facts.trade_ids_missing === 0;
      });
      await pipeline.writer.flush();
      const [stored] = await sql`
        select count(*)::int as n, count(distinct trade_id)::int as ids,
          (max(trade_id) - min(trade_id) + 1)::int as run
        from trades
        where set_aside is null`;
      expect(stored).toEqual({ n: stored!.run, ids: stored!.run, run: stored!.run });
      const [fetched] = await sql`
        select count(*)::int as n
        from trades
        where ts >= at_sec(${silent_from_sec + 60}) and ts < at_sec(${silent_until_sec - 700})`;
      expect(fetched!.n).toBeGreaterThan(5_000);
      expect(most).toBeGreaterThanOrEqual(fetched!.n);

      const behind = await sql`
        select coalesce(us_of(b.sec), us_of(t.sec)) / 1000000 - ${silent_from_sec} as into, b.n as bar, t.n as trades
        from (
          select sec, n from bars_1s
          where sec >= at_sec(${silent_from_sec - 30}) and sec < at_sec(${silent_until_sec}) and n > 0
        ) as b
        full join (
          select date_trunc('second', ts) as sec, count(*) as n from trades
          where ts >= at_sec(${silent_from_sec - 30}) and ts < at_sec(${silent_until_sec})
            and not late and set_aside is null
          group by 1
        ) as t using (sec)
        where b.n is distinct from t.n`;
      expect(behind).toEqual([]);
      // Where the machine is busy a stream was silent for a moment too, beside the outage: a look-back fills that later.
      await met("every break of trades filled", async () => {
        const [open] = await sql`
          select count(*)::int as n from disconnects
          where filled_at is null and stream in ('all', 'trade') and ts < at_sec(${silent_until_sec})
            and ts >= at_sec(${silent_from_sec - 30})`;
        return open!.n === 0;
      });

      // The running lane has taken over what was repaired: its longest windows know the fifty minutes.
      await met("the lane on what was repaired", () => worker.lane.counters.swaps > 0);
      const at_sec = worker.state.vector!.ts_sec;
      const [known] = await sql`
        select warm from features_trades(${worker.symbol}, at_sec(${silent_from_sec + 1_500}), at_sec(${silent_from_sec + 1_501}))`;
      expect([known!.warm, at_sec > silent_until_sec]).toEqual([true, true]);

      // Before the repair, during it, and until the lane took over what it had brought: each difference has its cause.
      const { rows, unexplained } = await comparedUpToNow(one);
      expect(unexplained).toEqual([]);
      expect(rows).toBeGreaterThan(4 * OUTAGE_S);
    } finally {
      await one.close();
      await wire?.cut();
    }
  });
});
