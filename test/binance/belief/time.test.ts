import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { micros } from "../../../src/base/units.ts";
import { aside, believing, orderly, quote, START_US, trade } from "./rows.ts";

const YEAR_MS = 365 * 86_400_000;
const MS_50_MIN = 50 * 60_000;
/** Received at the full second that ends `s` seconds of an orderly market, in exchange time without its shift. */
const at = (s: number) => START_US + s * 1e6;

describe("a belief about time", () => {
  it("sets aside one quote 50 minutes ahead", () => {
    const { take, out } = believing();
    take(...orderly(0, 10), quote(2_000, { at: 10_000 + MS_50_MIN, came: 10_005 }));
    expect(aside(out)).toEqual([]);
    take(quote(2_001, { at: 10_010 }));
    expect(out.slice(-2)).toEqual(["− quote 2000 time_ahead", "quote 2001"]);
  });

  it("sets aside a first quote one year ahead after a reconnect, whichever stream follows", () => {
    for (const next of [quote(2_001, { at: 20_010 }), trade(20, { at: 20_010 })]) {
      const { take, out, belief } = believing();
      take(...orderly(0, 10));
      belief.disconnected();
      take(quote(2_000, { at: 20_000 + YEAR_MS, came: 20_005 }), next, quote(2_002, { at: 20_020 }));
      expect(aside(out)).toEqual(["− quote 2000 time_ahead"]);
      expect(out.at(-1)).toBe("quote 2002");
    }
  });

  it("sets it aside too where nothing else comes for a second", () => {
    const { take, out, belief } = believing();
    take(...orderly(0, 10), quote(2_000, { at: 10_000 + YEAR_MS, came: 10_005 }));
    expect(belief.deadline_us).toBe(at(11) + 5_000);
    belief.onTime(at(11) + 5_001);
    expect(out.at(-1)).toBe("− quote 2000 time_ahead");
  });

  it("believes nothing of a start whose first quote is one year ahead until two agree", () => {
    const { take, out } = believing();
    take(quote(1, { at: YEAR_MS, came: 5 }));
    expect(out).toEqual([]);
    take(trade(1, { at: 10 }), quote(2, { at: 20 }), quote(3, { at: 30 }));
    expect(out).toEqual(["trade 1", "− quote 1 time_ahead", "quote 2", "quote 3"]);
  });

  it("begins with a recording of another year, played fast, when two streams agree, and loses nothing", () => {
    const { take, out, rows } = believing();
    const received = (ts_us: number) => micros(START_US + 9e13 + Math.round((ts_us - START_US) / 200));
    const recorded = orderly(0, 120).map((row) => ({ ...row, received_us: received(row.ts_us) }));
    take(...recorded);
    expect(aside(out)).toEqual([]);
    expect(rows.length).toBe(recorded.length);
  });

  it("asks the exchange where all streams leap 30 s ahead, and follows where its server says so too", () => {
    const { take, out, doubts, belief } = believing();
    take(...orderly(0, 20), ...orderly(20, 20.5, 30_000));
    expect(out.length).toBe(orderly(0, 20).length);
    expect(doubts()).toBe(1);
    belief.onServerTime(at(50.5), at(20.5));
    expect(aside(out)).toEqual([]);
    expect(out.length).toBe(orderly(0, 20.5).length);
    expect(belief.time.takeStep()).toBeCloseTo(30_000_000, -5);
    take(...orderly(20.5, 25, 30_000));
    expect(out.length).toBe(orderly(0, 25).length);
  });

  it("names a leap of 30 s in a process's first second too, where its clock showed the exchange's time", () => {
    const { take, out, doubts, belief } = believing();
    take(...orderly(0, 1), ...orderly(1, 1.5, 30_000));
    expect(out.length).toBe(orderly(0, 1).length);
    expect(doubts()).toBe(1);
    belief.onServerTime(at(31.5), at(1.5));
    expect(aside(out)).toEqual([]);
    expect(out.length).toBe(orderly(0, 1.5).length);
    expect(belief.time.takeStep()).toBeCloseTo(30_000_000, -5);
  });

  it("names a fall of 30 s in a process's first second too", () => {
    const { take, out, belief } = believing();
    take(...orderly(0, 1), ...orderly(1, 5, -30_000));
    expect(aside(out)).toEqual([]);
    expect(belief.time.takeStep()).toBeCloseTo(-30_000_000, -5);
  });

  it("takes a market of now played twenty times as fast for no step", () => {
    const { take, out, doubts, belief } = believing();
    take(
      ...orderly(0, 120).map((row) => ({ ...row, received_us: micros(at(0) + (row.ts_us - at(0)) / 20) })),
    );
    expect(aside(out)).toEqual([]);
    expect(out.length).toBe(orderly(0, 120).length);
    expect(doubts()).toBe(0);
    expect(belief.time.stepped).toBe(false);
  });

  it("believes none of streams 30 s ahead that the server's time contradicts, and all once they are back", () => {
    const { take, out, belief } = believing();
    take(...orderly(0, 20), ...orderly(20, 20.3, 30_000));
    belief.onServerTime(at(20.4), at(20.4));
    take(...orderly(20.3, 24, 30_000));
    const ahead = orderly(20, 24).length;
    expect(aside(out).length).toBe(ahead);
    expect(out.filter((text) => text.endsWith("time_ahead")).length).toBe(ahead);
    take(...orderly(24, 28));
    expect(out.length).toBe(orderly(0, 28).length);
    expect(aside(out).length).toBe(ahead);
    expect(belief.time.at(at(28))).toBeCloseTo(at(28) - 5_000, -5);
  });

  it("follows streams that keep to their time against the server's for a minute", () => {
    const { take, out, belief } = believing();
    take(...orderly(0, 20), ...orderly(20, 21, 30_000));
    belief.onServerTime(at(21), at(21));
    take(...orderly(21, 90, 30_000));
    expect(out.at(-1)).not.toContain("time_ahead");
    expect(aside(out).length).toBeLessThanOrEqual(orderly(20, 81).length);
    expect(belief.time.takeStep()).toBeCloseTo(30_000_000, -5);
  });

  it("falls back with the exchange's clock, within seconds", () => {
    const { take, belief, out } = believing();
    take(...orderly(0, 60), ...orderly(60, 64, -30_000));
    expect(aside(out)).toEqual([]);
    expect(belief.time.takeStep()).toBeCloseTo(-30_000_000, -5);
    expect(belief.time.at(at(64))).toBeCloseTo(at(34), -5);
  });

  it("takes late rows of a quiet market for no step of the exchange's clock, whichever stream they are of", () => {
    for (const [of_all, share] of [
      [false, 0.2],
      [false, 0.5],
      [true, 0.2],
    ] as const) {
      const { take, belief, out } = believing();
      const rng = seededRng(11);
      const late = (kind: string) => (of_all || kind === "quote") && rng.uniform() < share;
      // A row each second: two quotes, then a trade.
      const rows = Array.from({ length: 3_000 }, (_, s) => {
        const when = { at: s * 1_000, came: s * 1_000 + (late(s % 3 < 2 ? "quote" : "trade") ? 3_000 : 5) };
        return s % 3 < 2 ? quote(s, when) : trade((s - 2) / 3, when);
      });
      let steps = 0;
      for (const row of rows.sort((a, b) => a.received_us - b.received_us)) {
        take(row);
        if (belief.time.stepped) steps += 1;
      }
      expect(steps).toBe(0);
      expect(aside(out)).toEqual([]);
      expect(belief.time.at(at(3_000))).toBeCloseTo(at(3_000) - 5_000, -4);
    }
  });

  it("takes what comes at once after a stall for no step", () => {
    const { take, belief } = believing();
    take(...orderly(0, 60));
    take(...orderly(60, 70).map((row) => ({ ...row, received_us: micros(at(70) + 5_000) })));
    take(...orderly(70, 80));
    expect(belief.time.stepped).toBe(false);
    expect(belief.time.at(at(80))).toBeCloseTo(at(80) - 5_000, -4);
  });

  it("falls back with the exchange's clock in a quiet market too, once two streams agree", () => {
    const { take, belief } = believing();
    const quiet = (from: number, to: number, back_ms: number) =>
      Array.from({ length: to - from }, (_, i) => {
        const s = from + i;
        const when = { at: s * 1_000 - back_ms, came: s * 1_000 + 5 };
        return s % 2 === 0 ? quote(s, when) : trade((s - 1) / 2, when);
      });
    take(...quiet(0, 60, 0), ...quiet(60, 67, 30_000));
    expect(belief.time.stepped).toBe(false);
    take(...quiet(67, 68, 30_000));
    expect(belief.time.takeStep()).toBeCloseTo(-30_000_000, -5);
  });

  it("sets aside one stream that alone runs 30 s ahead, and believes the others meanwhile", () => {
    const { take, out } = believing();
    const shifted = orderly(20, 30).map((row) =>
      row.kind === "quote" ? { ...row, ts_us: micros(row.ts_us + 30_000_000) } : row,
    );
    take(...orderly(0, 20), ...shifted, ...orderly(30, 32));
    expect(new Set(aside(out).map((text) => text.split(" ")[1]))).toEqual(new Set(["quote"]));
    expect(aside(out).length).toBe(100);
    expect(out.filter((text) => text.startsWith("trade ")).length).toBe(64);
  });

  it("is moved by no one stream's rows: not by its time, and not by what it says of the clocks' distance", () => {
    const rng = seededRng(5);
    const { take, belief } = believing();
    take(...orderly(0, 10));
    for (let second = 10; second < 40; second++) {
      take(...orderly(second, second + 1));
      const when = { at: second * 1_000 + 999 + 10 ** rng.below(9), came: (second + 1) * 1_000 + 1 };
      take(quote(100 * second + 105, when));
    }
    expect(belief.time.at(at(40))).toBeCloseTo(at(40) - 5_000, -4);
  });
});
