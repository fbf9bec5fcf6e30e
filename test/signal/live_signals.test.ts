import { beforeAll, expect, it } from "vitest";
import { signalsCommand } from "../../scripts/store/commands/signals.ts";
import { systemClock as clock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger as log } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import { priceE8, startOf, unixSec } from "../../src/base/units.ts";
import { STRATEGIES } from "../../src/judge/signal/strategies.ts";
import type { Prediction } from "../../src/predict/prediction.ts";
import type { Database } from "../../src/record/database.ts";
import type { SignalRow } from "../../src/record/signals/signal_row.ts";
import { storedSignals } from "../../src/record/signals/stored_signals.ts";
import { Writer } from "../../src/record/write/writer.ts";
import { LiveSignals } from "../../src/signal/live_signals.ts";
import { storedLedger } from "../../src/signal/stored_ledger.ts";
import { predictionAt, SYMBOL } from "../record/market_events.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { figuresOf, paperTrades } from "./paper.ts";

/** Five minutes before midnight. */
const FROM_SEC = unixSec(1_732_233_300);
const MIDNIGHT = unixSec(1_732_233_600);
const SECONDS = 900;
const RESTART = 600;
const settings = readConfig({ SIGNAL_COST_BP: "0.1", SIGNAL_FEE_BP: "3", SIGNAL_RECOMMENDATIONS: "60:WEAK" });

interface Tick {
  readonly prediction: Prediction;
  readonly quote:
    | {
        readonly bid_price_e8: SignalRow["bid_price_e8"] & number;
        readonly ask_price_e8: SignalRow["ask_price_e8"] & number;
      }
    | undefined;
}

const rng = seededRng(11);
let mid = 6e12;
const ticks: Tick[] = Array.from({ length: SECONDS }, (_, at) => {
  mid *= 1 + 1e-4 * rng.normal();
  const p_up = Math.min(0.95, Math.max(0.05, 0.5 + 0.2 * rng.normal()));
  const half = 1e6 * (1 + rng.below(100));
  const worth = { lower_log_return: -5e-4, upper_log_return: 5e-4, interval_coverage: 0.9 };
  return {
    prediction: {
      ...predictionAt(0, 0),
      ...{ ts_sec: unixSec(FROM_SEC + at), ...worth, p_up, confidence: Math.max(p_up, 1 - p_up) },
      ...{ volatility: 2.4e-4, served: true },
    },
    quote:
      rng.below(60) === 0
        ? undefined
        : { bid_price_e8: priceE8(Math.round(mid - half)), ask_price_e8: priceE8(Math.round(mid + half)) },
  };
});

const query = { symbol: SYMBOL, from_us: startOf(FROM_SEC), to_us: startOf(unixSec(FROM_SEC + SECONDS)) };
const of_the_day = { ...query, from_us: startOf(MIDNIGHT) };

onEveryServer("signals", (server) => {
  let database: Database;
  const rows: SignalRow[] = [];
  const live = new LiveSignals(settings, (row) => rows.push(row));
  for (const { prediction, quote } of ticks) live.onPrediction(prediction, quote);

  beforeAll(async () => {
    database = await server.openDatabase();
    const writer = new Writer({ database, clock, log });
    for (const row of rows) writer.signal(row);
    for (const row of rows.slice(0, 20)) writer.signal(row);
    await writer.close();
  });

  const stored = async (of = query, strategies = STRATEGIES) =>
    storedLedger(database.sql, of, strategies, settings.signal_fee_bp);

  it("are stored once each, whole, with the quote that stood", async () => {
    const [row] = await database.sql`
      select count(*)::int as n, count(bid_price_e8)::int as quoted,
        bool_and(p_buy + p_hold + p_sell = 100) as whole,
        bool_and(confidence = case direction when 'BUY' then p_buy when 'SELL' then p_sell else p_hold end) as named
      from signals`;
    expect(row).toEqual({
      ...{ n: SECONDS, quoted: ticks.filter(({ quote }) => quote).length, whole: true, named: true },
    });
    const read = [];
    for await (const signal of storedSignals(database.sql, query)) read.push(signal);
    expect(read).toEqual(
      rows.map(({ ts_sec, horizon_s, direction, recommendation, position_multiplier, ...row }) => ({
        ...{ ts_sec, horizon_s, direction, recommendation, position_multiplier },
        ...{ bid_price_e8: row.bid_price_e8, ask_price_e8: row.ask_price_e8 },
      })),
    );
  });

  it("have earned on paper what a plain recomputation says, over any stored stretch", async () => {
    for (const figures of await stored()) {
      const strategy = STRATEGIES.find(({ name }) => name === figures.strategy)!;
      const trades = paperTrades(rows, strategy, settings.signal_fee_bp);
      if (figures.strategy === "direction") expect(trades.length).toBeGreaterThan(100);
      expect(figures).toMatchObject({ trades: trades.length, from_sec: FROM_SEC });
      if (trades.length === 0) continue;
      const { net, max_drawdown, sharpe } = figuresOf(rows, trades);
      expect(figures.net).toBeCloseTo(net, 10);
      expect(figures.max_drawdown).toBeCloseTo(max_drawdown, 10);
      expect(figures.sharpe! / sharpe).toBeCloseTo(1, 8);
    }
  });

  it("have live, since midnight, the ledgers of the stored rows to the bit", async () => {
    expect(live.ledgers).toMatchObject({ since_sec: MIDNIGHT, complete: true, fee_bp: 3 });
    expect(live.ledgers!.figures).toEqual(await stored(of_the_day));
    expect(live.ledgers!.figures[0]!.trades).toBeGreaterThan(50);
  });

  it("go on after a restart as if there had been none", async () => {
    const after = new LiveSignals(settings, () => {});
    for (const { prediction, quote } of ticks.slice(RESTART)) after.onPrediction(prediction, quote);
    const wanted = after.wanted!;
    expect(after.ledgers!.complete).toBe(false);
    expect(wanted).toMatchObject({ from_sec: MIDNIGHT, before_sec: FROM_SEC + RESTART });
    const past = { symbol: SYMBOL, from_us: startOf(wanted.from_sec), to_us: startOf(wanted.before_sec) };
    await after.restore(wanted, storedSignals(database.sql, past));
    expect(after.ledgers).toEqual(live.ledgers);
    expect(after.wanted).toBeUndefined();
  });

  it("are told by the command, for one strategy or all", async () => {
    const environment = { DATABASE_URL: database.url, SIGNAL_FEE_BP: "3" };
    const range = ["ledger", "--symbol", SYMBOL, "--from", "2024-11-21T23:55", "--to", "2024-11-22T12:00"];
    const all = await signalsCommand([...range, "--json"], environment);
    expect(all.map((line) => JSON.parse(line))).toEqual(await stored());
    const [head, , , line] = await signalsCommand([...range, "--strategy", "direction"], environment);
    expect(head).toContain("fee 3 bp a side");
    expect(line).toMatch(/^direction +\d+/);
  });
});

it("give none for a forecast that is not served, or whose interval is not known", () => {
  const given: SignalRow[] = [];
  const signals = new LiveSignals(settings, (row) => given.push(row));
  const { prediction, quote } = ticks[0]!;
  signals.onPrediction({ ...prediction, served: false }, quote);
  signals.onPrediction({ ...prediction, lower_log_return: null, upper_log_return: null }, quote);
  expect(given).toEqual([]);
  expect(signals.latest).toBeUndefined();
  expect(signals.ledgers).toBeUndefined();
});
