import { describe, expect, it } from "vitest";
import { PaperMarket } from "../../../src/sim/exchange/market.ts";
import { loopedSource } from "../../../src/sim/recording/looped.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { allOf, firstSeconds, RECORDING, recording_is_here, simulatedSeconds } from "../markets.ts";

const SECONDS = 5;
const PASSES = 3;

/** Three passes of a market of five seconds, and the one it is made of. */
function looped() {
  const once = simulatedSeconds(SECONDS);
  const all = allOf(firstSeconds(loopedSource(once), PASSES * SECONDS));
  return { once, all };
}

describe("a looped market", () => {
  it("goes on in time and in ids, with no id left out or given twice", () => {
    const { once, all } = looped();
    let last_at_us = 0;
    let trade_id: number | undefined;
    let update_id: number | undefined;
    let quote_id = 0;
    for (const { at_us, message } of all) {
      expect(at_us).toBeGreaterThanOrEqual(last_at_us);
      last_at_us = at_us;
      if (message.kind === "trades") {
        for (const { id } of message.trades) {
          expect(id).toBe((trade_id ?? Number(id) - 1) + 1);
          trade_id = Number(id);
        }
      } else if (message.kind === "depth_diff") {
        const first = Number(message.first_book_update_id);
        expect(first).toBe((update_id ?? first - 1) + 1);
        update_id = Number(message.last_book_update_id);
        expect(update_id).toBeGreaterThanOrEqual(first);
      } else {
        expect(Number(message.book_update_id)).toBeGreaterThan(quote_id);
        quote_id = Number(message.book_update_id);
      }
    }
    const tradesOf = (entries: typeof all) =>
      entries.reduce((sum, { message: m }) => sum + (m.kind === "trades" ? m.trades.length : 0), 0);
    expect(tradesOf(all)).toBe(PASSES * tradesOf(allOf(once)));
  });

  it("keeps every event's place within its second", () => {
    const { once, all } = looped();
    const placesOf = (entries: typeof all): number[] =>
      entries.flatMap(({ message }) =>
        message.kind === "trades" ? [Number(message.transact_time_us) % 1e6] : [],
      );
    const places = placesOf(allOf(once));
    expect(placesOf(all)).toEqual([...places, ...places, ...places]);
  });

  it("brings the book across the seam: each pass ends with the same book", () => {
    const { once, all } = looped();
    const ends = (entries: typeof all) => {
      const market = new PaperMarket(once.symbol, once.snapshot);
      for (const { at_us, message } of entries) market.apply(message, at_us);
      return market.depth(10_000);
    };
    const { bids, asks, last_update_id } = ends(all);
    const first = ends(allOf(once));
    expect({ bids, asks }).toEqual({ bids: first.bids, asks: first.asks });
    expect(last_update_id).toBeGreaterThan(first.last_update_id);
  });

  it("of a source without messages is empty", () => {
    expect(allOf(loopedSource(firstSeconds(simulatedSeconds(1), 0)))).toEqual([]);
  });

  it.skipIf(!recording_is_here)(
    "of the recording never has a crossed book or a broken chain of diffs",
    async () => {
      const source = loopedSource(await recordingSource(RECORDING));
      const market = new PaperMarket(source.symbol, source.snapshot);
      const messages = source.messages();
      const seam_us = source.start_us + 651e6;
      let crossed = 0;
      for (
        let step = messages.next();
        !step.done && step.value.at_us < seam_us + 3e6;
        step = messages.next()
      ) {
        const { at_us, message } = step.value;
        if (message.kind !== "depth_diff") continue;
        if (Number(message.last_book_update_id) > market.last_update_id) {
          expect(Number(message.first_book_update_id)).toBeLessThanOrEqual(market.last_update_id + 1);
          market.apply(message, at_us);
        }
        if (at_us < seam_us) continue;
        const { bids, asks } = market.depth(1);
        if (bids[0]! >= asks[0]!) crossed++;
      }
      messages.return?.();
      expect(crossed).toBe(0);
    },
  );
});
