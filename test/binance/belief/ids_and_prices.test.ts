import { describe, expect, it } from "vitest";
import type { Row } from "../../../src/binance/belief/stream_checks.ts";
import { aside, believing, diff, orderly, quote, START_US, trade } from "./rows.ts";

describe("a belief about ids", () => {
  it("passes an orderly market as it comes, every row at once and in order", () => {
    const { take, rows, belief } = believing();
    const all = orderly(0, 30);
    for (const row of all) {
      take(row);
      expect(rows.at(-1)).toBe(row);
    }
    expect(rows).toEqual(all);
    expect(belief.set_aside.size).toBe(0);
  });

  it("sets aside one quote with an update id 10^7 too high, all else true, and believes what follows", () => {
    const { take, out } = believing();
    take(...orderly(0, 5));
    take(quote(10_000_000 + 600, { at: 5_010 }), quote(610, { at: 5_020 }), quote(620, { at: 5_030 }));
    expect(out.slice(-3)).toEqual(["− quote 10000600 id_ahead", "quote 610", "quote 620"]);
  });

  it("lets a quote with an id a little too high win over nothing that follows", () => {
    const { take, out } = believing();
    const poison = quote(600 + 3_000, { at: 5_010 });
    take(...orderly(0, 5), poison, quote(610, { at: 5_020 }), quote(620, { at: 5_030 }));
    expect(out.slice(-3)).toEqual(["quote 3600", "quote 610@1", "quote 620@1"]);
  });

  it("takes an exchange that numbers from the start again for a new epoch, in every stream, and loses no row", () => {
    const { take, out, belief, ledger } = believing();
    take(...orderly(100, 105));
    const before = out.length;
    const renumbered: Row[] = [];
    for (let step = 0; step < 20; step++) {
      const when = { at: 105_000 + 100 * step };
      renumbered.push(quote(1 + step, when), diff(3 * step + 1, 3 * step + 3, when), trade(step + 1, when));
    }
    take(...renumbered);
    expect(aside(out)).toEqual([]);
    expect(out.length).toBe(before + 60);
    expect(out.slice(before).every((text) => text.endsWith("@1"))).toBe(true);
    expect(belief.numbering.trade).toMatchObject({ epoch: 1, id: 20 });
    expect(belief.numbering.quote).toMatchObject({ epoch: 1, id: 20 });
    expect(ledger.missing()).toEqual([]);
  });

  it("goes on, after a restart, from the numbering that is stored, and sees that the exchange's is another", () => {
    const { take, out, belief } = believing();
    belief.resume({
      trade: { epoch: 3, id: 2 ** 53 - 1, ts_us: START_US },
      quote: { epoch: 4, id: 77_000_000_000, ts_us: START_US },
    });
    take(trade(5, { at: 100 }), quote(7, { at: 110 }), trade(6, { at: 120 }), quote(8, { at: 130 }));
    expect(out).toEqual(["trade 5@4", "trade 6@4", "quote 7@5", "quote 8@5"]);
  });

  it("keeps the epoch after a restart where the exchange goes on counting", () => {
    const { take, out, belief } = believing();
    belief.resume({
      trade: { epoch: 3, id: 50, ts_us: START_US },
      quote: { epoch: 4, id: 60, ts_us: START_US },
    });
    take(trade(55, { at: 100 }), quote(70, { at: 110 }), trade(56, { at: 120 }));
    expect(out).toEqual(["quote 70@4", "trade 55@3", "trade 56@3"]);
  });

  it("sets aside a trade id of 2^53 − 1, and no trade counts as missing", () => {
    const { take, out, ledger } = believing();
    take(trade(1, { at: 0 }), trade(2, { at: 10 }), trade(2 ** 53 - 1, { at: 20 }), trade(3, { at: 30 }));
    expect(out).toEqual(["trade 1", "trade 2", "− trade 9007199254740991 id_ahead", "trade 3"]);
    expect(ledger.missing()).toEqual([]);
  });

  it("does not let the trades of one message, all with ids far too high, bear each other out", () => {
    const { take, out, ledger, belief } = believing();
    take(trade(1, { at: 0 }), trade(2, { at: 10 }));
    take(...[3, 4, 5].map((id) => trade(9_000_000_000_000 + id, { at: 20 })));
    expect(out).toEqual(["trade 1", "trade 2"]);
    take(trade(6, { at: 30 }), trade(7, { at: 30 }));
    expect(aside(out)).toEqual([3, 4, 5].map((id) => `− trade ${9_000_000_000_000 + id} id_ahead`));
    expect(out.slice(-2)).toEqual(["trade 6", "trade 7"]);
    expect(belief.numbering.trade).toMatchObject({ epoch: 0, id: 7 });
    expect(ledger.missing()).toEqual([{ from: 3, to: 5 }] as never);
  });

  it("believes a new numbering whose first message holds several trades once the next goes on from it", () => {
    const { take, out } = believing();
    take(trade(100, { at: 0 }), trade(101, { at: 10 }), trade(1, { at: 20 }), trade(2, { at: 20 }));
    expect(out).toEqual(["trade 100", "trade 101"]);
    take(trade(3, { at: 30 }));
    expect(out.slice(2)).toEqual(["trade 1@1", "trade 2@1", "trade 3@1"]);
  });

  it("believes a jump that the next trade confirms: these trades are missing", () => {
    const { take, out, ledger } = believing();
    take(trade(1, { at: 0 }), trade(5, { at: 20 }));
    expect(out).toEqual(["trade 1"]);
    take(trade(6, { at: 30 }));
    expect(out).toEqual(["trade 1", "trade 5", "trade 6"]);
    expect(ledger.missing()).toEqual([{ from: 2, to: 4 }] as never);
  });

  it("does not let a trade that comes again confirm a jump", () => {
    const { take, out } = believing();
    take(trade(1, { at: 0 }), trade(2, { at: 10 }), trade(9, { at: 20 }));
    take(trade(1, { at: 0, came: 25 }), trade(10, { at: 30 }));
    expect(out).toEqual(["trade 1", "trade 2", "trade 1", "trade 9", "trade 10"]);
  });

  it("sets aside a diff whose ids leap and come back, and believes a gap", () => {
    const { take, out } = believing();
    take(diff(1, 10, { at: 0 }), diff(10_000_011, 10_000_020, { at: 20 }), diff(11, 20, { at: 40 }));
    take(diff(31, 40, { at: 60 }), diff(41, 50, { at: 80 }));
    const believed = [10, 20, 40, 50].map((id) => `depth_diff ${id}`);
    expect(out).toEqual(believed.toSpliced(1, 0, "− depth_diff 10000020 id_ahead"));
  });

  it("decides what waits when its second closes: a small jump is believed, a leap is not", () => {
    const { take, out, belief } = believing();
    take(trade(1, { at: 0 }), quote(1, { at: 0 }), trade(5, { at: 500 }), quote(20_000_000, { at: 600 }));
    expect(out).toEqual(["trade 1", "quote 1"]);
    belief.beforeClose(START_US / 1e6);
    expect(out).toEqual(["trade 1", "quote 1", "trade 5", "− quote 20000000 id_ahead"]);
  });
});

describe("a belief about prices", () => {
  it("sets aside a quote with a bid of 0, and one whose bid is not below its ask", () => {
    const { take, out } = believing();
    take(...orderly(0, 3), quote(400, { at: 3_010 }, 0, 101), quote(401, { at: 3_020 }, 101, 101));
    take(quote(402, { at: 3_030 }));
    expect(out.slice(-3)).toEqual(["− quote 400 non_positive", "− quote 401 crossed", "quote 402"]);
  });

  it("sets aside a price far from book and trades that what follows does not confirm", () => {
    const { take, out } = believing();
    take(...orderly(0, 3), quote(400, { at: 3_010 }, 60, 101), quote(401, { at: 3_020 }));
    take(trade(6, { at: 3_030 }, 500), trade(7, { at: 3_040 }), trade(8, { at: 3_050 }));
    expect(aside(out)).toEqual(["− quote 400 price_band", "− trade 6 price_band"]);
    expect(out.slice(-2)).toEqual(["trade 7", "trade 8"]);
  });

  it("believes a crash: the next quote says it too, and the trades agree with it", () => {
    const { take, out } = believing();
    const crash = [quote(400, { at: 3_010 }, 80), quote(401, { at: 3_020 }, 79), trade(6, { at: 3_030 }, 80)];
    take(...orderly(0, 3), ...crash);
    expect(aside(out)).toEqual([]);
    expect(out.slice(-3)).toEqual(["quote 400", "quote 401", "trade 6"]);
  });

  it("lets prices of long ago say nothing", () => {
    const { take, out } = believing();
    take(...orderly(0, 3), quote(400, { at: 100_000 }, 300), trade(6, { at: 100_010 }, 300));
    expect(out.slice(-2)).toEqual(["quote 400", "trade 6"]);
  });
});
