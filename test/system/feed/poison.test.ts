/** Rows that are not true, sent over real sockets to the whole service: what is shown, stored and used stays true. */

import { afterEach, describe, expect, it } from "vitest";
import type { StreamName } from "../../../src/binance/events.ts";
import type {
  BestBidAskMessage,
  DepthDiffMessage,
  TradesMessage,
} from "../../../src/binance/sbe/messages.ts";
import type { Spoil } from "../../../src/sim/exchange/streams/faults.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met, type Running, startRunning } from "../running.ts";

const running: Running[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function started(): Promise<Running> {
  const source = simulatedSource({ seed: 23, start_us: START_US, ...QUIET });
  const one = await startRunning({ source, speed: 10, history_s: 700, start_on: "first_subscriber" });
  running.push(one);
  await met("warm predictions", () => predictions(one) > 5 && one.worker.state.vector!.warm);
  return one;
}

const predictions = (one: Running): number => one.worker.predictor.counters.predictions;

const goesOn = async (one: Running): Promise<void> => {
  const before = predictions(one);
  await met("predictions after it", () => predictions(one) > before + 12);
};

const set = (changed: Partial<BestBidAskMessage>): Spoil =>
  ((message) => ({ ...message, ...changed })) as Spoil;

/** What was set aside, as the database has it, by table and reason. */
async function stored(one: Running): Promise<Record<string, number>> {
  await one.pipeline.writer.flush();
  const rows = await one.pipeline.database.sql`
    select 'quote ' || set_aside as what, count(*)::int as n from quotes where set_aside is not null group by 1
    union all
    select 'trade ' || set_aside, count(*)::int from trades where set_aside is not null group by 1`;
  return Object.fromEntries(rows.map(({ what, n }) => [what as string, n as number]));
}

describe("a row that is not true", () => {
  it("with an id far too high, or a price that cannot be, is stored beside the truth and moves nothing", async () => {
    const one = await started();
    const { faults } = one.exchange;
    const { worker } = one;
    const raised = <Message extends object>(field: string) =>
      ((message: Message) => ({
        ...message,
        [field]: Number((message as Record<string, unknown>)[field]) + 10_000_000,
      })) as unknown as Spoil;
    const setAside = (): number => [...worker.lane.setAside.values()].reduce((sum, n) => sum + n, 0);
    // A frame sent while no client listens, as when a busy machine lets a connection be replaced, spoils nothing.
    const spoiled = async (stream: StreamName, spoil: Spoil): Promise<void> => {
      const before = setAside();
      for (let tries = 0; tries < 5 && setAside() === before; tries++) {
        faults.spoil(stream, spoil);
        await goesOn(one);
      }
      expect(setAside(), `rows of ${stream} set aside`).toBeGreaterThan(before);
    };
    await spoiled("bestBidAsk", raised("book_update_id"));
    await spoiled("bestBidAsk", set({ bid_price: 0 }));
    await spoiled("trade", ((message: TradesMessage) => ({
      ...message,
      trades: message.trades.map((trade) => ({ ...trade, id: Number.MAX_SAFE_INTEGER })),
    })) as unknown as Spoil);
    // Of one trade only: the others of its frame are kept, and REST has the true one.
    const first = (change: object) =>
      ((message: TradesMessage) => ({
        ...message,
        trades: message.trades.map((trade, at) => (at === 0 ? { ...trade, ...change } : trade)),
      })) as unknown as Spoil;
    await spoiled("trade", first({ price: 0 }));
    await spoiled("trade", first({ price: -5 }));
    await spoiled("trade", first({ qty: 0 }));
    await spoiled("depth", ((message: DepthDiffMessage) => ({
      ...message,
      first_book_update_id: Number(message.first_book_update_id) + 10_000_000,
      last_book_update_id: Number(message.last_book_update_id) + 10_000_000,
    })) as unknown as Spoil);
    expect(worker.lane.setAside.get("id_ahead")).toBeGreaterThanOrEqual(3);
    await met("the book in step", () => worker.book.sequencer.state.name === "synced");
    await met("no trade missing", () => worker.lane.ledger.missing().length === 0);

    const answer = await fetch(`${one.pipeline.url}/latest`);
    expect(answer.status).toBe(200);
    const metrics = await fetch(`${one.pipeline.url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toMatch(/foretick_rows_set_aside_total\{.*reason="id_ahead".*\} \d/);
    const rows = await stored(one);
    expect(rows["quote id_ahead"]).toBe(1);
    expect(rows["quote non_positive"]).toBe(1);
    expect(rows["trade id_ahead"]).toBeGreaterThanOrEqual(1);
    expect(one.pipeline.feed.status.frame_faults.by_code).toEqual({});
    const [row] = await one.pipeline.database.sql`
      select max(abs(yhat_log_return))::float8 as yhat, min(current_price)::float8 as low, max(current_price)::float8 as high
      from predictions`;
    expect(row!.yhat).toBeLessThan(0.01);
    expect(row!.high / row!.low).toBeLessThan(1.05);
    expect(worker.state.last_quote!.epoch).toBe(0);
  });

  it("is no row of an exchange that counts from the start again: its quotes are used at once, and after a restart", async () => {
    let one = await started();
    one.exchange.renumbering.begin();
    await met("the new numbering", () => one.worker.state.last_quote?.epoch === 1);
    await goesOn(one);
    await met("the book in step", () => one.worker.book.sequencer.state.name === "synced");
    expect(one.worker.state.last_trade!.epoch).toBe(1);
    expect((await fetch(`${one.pipeline.url}/latest`)).status).toBe(200);
    expect(Object.values(await stored(one)).reduce((sum, n) => sum + n, 0)).toBe(0);

    one = await one.restart();
    running.splice(0, 1, one);
    await met("predictions after the restart", () => predictions(one) > 5);
    expect(one.worker.state.last_quote!.epoch).toBe(1);
    expect(one.worker.state.last_trade!.epoch).toBe(1);
    const [row] = await one.pipeline.database.sql`
      select min(epoch) as first, max(epoch) as last, count(distinct epoch)::int as epochs
      from quotes where set_aside is null`;
    expect(row).toEqual({ first: 0, last: 1, epochs: 2 });
  });
});
