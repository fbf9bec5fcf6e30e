/** From nothing to a served model, by the commands a person types: half a day of an archive that has trades and no quotes. */

import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const HALF_A_DAY = ["--days", "0.5", "--trades-per-s", "6", "--r2", "0.12"];

it("backfills bars, trains on the last price without being told, and serves what has passed the gates", async () => {
  const command = [
    process.execPath,
    "bench/first_model.ts",
    ...HALF_A_DAY,
    "--model",
    "ridge",
    "--bars-only",
  ];
  const child = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [said, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited, `${said}\n${errors}`).toBe(0);
  expect(said).toMatch(/loaded {3}0 rows new of ([\d,]+) read, \1 as bars alone/);
  expect(said).toContain("set trades, label last, the price of the last trade: quotes cover 0 of");
  expect(said).toMatch(/served: ridge-trades-last\/\S+, set trades, label last/);
});
