import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tradeId } from "../../src/base/units.ts";
import { TradeLedger } from "../../src/binance/trade_ledger.ts";

/** The naive ledger: every id in a set. */
function naiveMissing(seen: ReadonlySet<number>): number[] {
  const ids = [...seen];
  const missing: number[] = [];
  for (let id = Math.min(...ids); id <= Math.max(...ids); id += 1) if (!seen.has(id)) missing.push(id);
  return missing;
}

function expand(ledger: TradeLedger): number[] {
  return ledger
    .missing()
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

describe("TradeLedger", () => {
  it("lets each id through once and keeps every hole, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 120 }), (ids) => {
        const ledger = new TradeLedger();
        const seen = new Set<number>();
        for (const id of ids) {
          expect(ledger.accept(tradeId(id))).toBe(seen.has(id) ? "duplicate" : "new");
          seen.add(id);
          expect(expand(ledger)).toEqual(naiveMissing(seen));
        }
        expect(ledger.highest).toBe(tradeId(Math.max(...ids)));
        expect(ledger.counters.accepted).toBe(seen.size);
        expect(ledger.counters.duplicates).toBe(ids.length - seen.size);
      }),
    );
  });

  it("has no hole where ids are left out, and takes the others still", () => {
    const ids = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        ids,
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 20 }),
        (seen, from, length) => {
          const ledger = new TradeLedger();
          for (const id of seen) ledger.accept(tradeId(id));
          ledger.leaveOut({ from: tradeId(from), to: tradeId(from + length) });
          const missing = naiveMissing(new Set(seen)).filter((id) => id < from || id > from + length);
          expect(expand(ledger)).toEqual(missing);
          for (const id of missing) expect(ledger.accept(tradeId(id))).toBe("new");
          expect(expand(ledger)).toEqual([]);
        },
      ),
    );
  });

  it("never calls an unseen id a duplicate when it may keep few holes, and counts what it forgot", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 150 }), (ids) => {
        const ledger = new TradeLedger({ gaps_max: 3 });
        const seen = new Set<number>();
        for (const id of ids) {
          if (!seen.has(id)) expect(ledger.accept(tradeId(id))).toBe("new");
          else ledger.accept(tradeId(id));
          seen.add(id);
          expect(ledger.missing().length).toBeLessThanOrEqual(3);
          expect(expand(ledger)).toEqual(expect.arrayContaining(naiveMissing(seen)));
        }
        if (ledger.counters.forgotten === 0) expect(expand(ledger)).toEqual(naiveMissing(seen));
      }),
    );
  });

  it("makes one range of the two oldest when there are too many", () => {
    const ledger = new TradeLedger({ gaps_max: 2 });
    for (const id of [10, 12, 15, 20]) ledger.accept(tradeId(id));
    expect(ledger.missing()).toEqual([
      { from: 11, to: 14 },
      { from: 16, to: 19 },
    ]);
    expect(ledger.counters.forgotten).toBe(1); // id 12
  });

  it("takes history from behind: ids below the first are new, in constant time when they come in order", () => {
    const ledger = new TradeLedger();
    ledger.accept(tradeId(1_000_000));
    // Were it a search each, this would not end.
    for (let id = 0; id < 1_000_000; id += 1) ledger.accept(tradeId(id));
    expect(ledger.missing()).toEqual([]);
    expect(ledger.counters.duplicates).toBe(0);
    expect(ledger.accept(tradeId(500_000))).toBe("duplicate");
  });
});
