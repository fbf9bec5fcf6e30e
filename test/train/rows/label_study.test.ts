/** The figures docs/training.md chooses the label by, made again by its command. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { recording_is_here, simulatedSeconds, temporaryFile } from "../../sim/markets.ts";

const BENCH = join(import.meta.dirname, "../../../bench/training/labels.ts");
const tape = temporaryFile("labels.tape");
afterAll(() => rmSync(tape, { force: true }));

/** The table, by the price's name: correlation, difference, own size, autocorrelation. */
async function study(...files: string[]): Promise<Map<string, number[]>> {
  const child = Bun.spawn([process.execPath, BENCH, ...files], { stdout: "pipe", stderr: "pipe" });
  const [said, wrong] = await Promise.all(
    [child.stdout, child.stderr].map((out) => new Response(out).text()),
  );
  expect([await child.exited, wrong]).toEqual([0, ""]);
  const rows = [...said!.matchAll(/^(\S.*?) {2,}([-\d.]+) +([-\d.]+) +([-\d.]+) +([-\d.]+)$/gm)];
  return new Map(rows.map(([, name, ...figures]) => [name!, figures.map(Number)]));
}

it.skipIf(!recording_is_here)(
  "the last price is the mid's stand-in on the recording, and no VWAP is",
  async () => {
    const figures = await study();
    expect(figures.get("last price")!.slice(0, 2)).toEqual([0.9994, 0.14]);
    expect(figures.get("midpoint of taker prices")!.slice(0, 2)).toEqual([0.9935, 0.45]);
    for (const name of ["VWAP of the second before", "VWAP of the second after"]) {
      const [correlation, , , autocorrelation] = figures.get(name)!;
      expect(correlation).toBeLessThan(0.98);
      expect(autocorrelation).toBeGreaterThan(0.25);
    }
  },
);

it("any tape gives the table", async () => {
  await writeTape(tape, simulatedSeconds(300), { seconds: 300 });
  const figures = await study(tape);
  expect(figures.size).toBe(5);
  expect(figures.get("mid")!.slice(0, 2)).toEqual([1, 0]);
  expect(figures.get("last price")![0]).toBeGreaterThan(0.9);
});
