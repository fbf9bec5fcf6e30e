/** Where a start says that the data of the run before it ended. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { StartMark } from "../../../src/system/store/start_mark.ts";

const SEC = 1_000_000;

interface Ended {
  readonly trade?: number;
  readonly quote?: number;
  readonly vector?: number;
}

/** The marks a start writes after a run that ended so (s); `complete_from` as its look-back reaches. */
async function marked({ trade, quote, vector }: Ended, complete_from?: number) {
  const found: { event: DisconnectEvent; filled: boolean }[] = [];
  const at = <T>(sec: number | undefined): T | undefined =>
    sec === undefined ? undefined : ({ ts_us: micros(sec * SEC) } as T);
  const mark = new StartMark({
    ...{ symbol: "BTCUSDT", clock: new ManualClock(micros(200 * SEC)), log: silentLogger },
    history: () => ({
      lastTrade: async () => at<TradeEvent>(trade),
      lastQuote: async () => at<QuoteEvent>(quote),
      lastVectorAt: async () => (vector === undefined ? undefined : micros(vector * SEC)),
    }),
    writer: {
      disconnect: (event, filled_us) => void found.push({ event, filled: filled_us !== undefined }),
      flush: async () => {},
    },
  });
  if (complete_from !== undefined) mark.onLookBack(micros(complete_from * SEC));
  await mark.mark();
  await mark.mark();
  return found.map(({ event: { stream = "all", ts_us, noticed_us }, filled }) => {
    return { stream, from: ts_us / SEC, ...(noticed_us ? { noticed: noticed_us / SEC } : {}), filled };
  });
}

describe("the mark of a start", () => {
  it("dates each stream's break at its own last row, whatever vectors were made after it", async () => {
    expect(await marked({ trade: 95.5, quote: 99.5, vector: 100 })).toEqual([
      { stream: "trade", from: 95.5, noticed: 100, filled: false },
      { stream: "quote", from: 99.5, noticed: 100, filled: false },
    ]);
  });

  it("says that trades are known across it where the look-back reaches back that far, and quotes never are", async () => {
    const marks = await marked({ trade: 95.5, quote: 99.5, vector: 99 }, 90);
    expect(marks.map(({ stream, noticed, filled }) => ({ stream, noticed, filled }))).toEqual([
      { stream: "trade", noticed: 99, filled: true },
      { stream: "quote", noticed: 99.5, filled: false },
    ]);
  });

  it("is at the last vector where no row is left, and none where nothing is", async () => {
    expect(await marked({ vector: 100 })).toEqual([{ stream: "all", from: 100, filled: false }]);
    expect(await marked({})).toEqual([]);
  });
});
