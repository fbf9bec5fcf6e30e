/** Files of the exchange's archive: the lines of a zip's one CSV, and what its rows mean. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { Rng } from "../../../src/base/rng.ts";
import { isHeader, klineOfLine, runOfLine, timeOfLine } from "../../../src/binance/archive/rows.ts";
import { linesOfZip } from "../../../src/binance/archive/zip.ts";
import { mutatedBytes } from "../mutate_bytes.ts";
import { bytesOfText, type Door, type Target } from "../target.ts";

const FILES = {
  "BTCUSDT-trades-2026-10-01.csv": [
    "5000001,91234.56000000,0.00120000,109.48147200,1764280000123456,True,True",
    "5000002,91234.57000000,1.00000000,91234.57000000,1764280000123,false,True",
  ],
  "BTCUSDT-aggTrades-2026-10-01.csv": [
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match",
    "9,91234.56,0.0012,7,8,1764280000123,true,true",
    "10,91234.56,0,-1,-1,1764280000123,true,true",
  ],
  "BTCUSDT-1m-2026-10-01.csv": [
    "1764280000000000,91234.5,91240,91230,91235,12.5,1764280059999999,1140432.1,31,6.25,570216.05,0",
  ],
};
const csvs = Object.entries(FILES).map(([name, lines]) => ({
  name,
  bytes: bytesOfText(`${lines.join("\r\n")}\n`),
}));
const zips = csvs.flatMap(({ name, bytes }) => [
  zipSync({ [name]: bytes }, { level: 0 }),
  zipSync({ [name]: bytes }, { level: 6 }),
]);

function input(rng: Rng): Uint8Array {
  if (rng.below(2) === 0) return mutatedBytes(rng, zips);
  const bytes = mutatedBytes(
    rng,
    csvs.map((csv) => csv.bytes),
  );
  return zipSync({ "x.csv": bytes }, { level: 0 });
}

/** Each row as each kind: a name says nothing about what is inside. */
function readRow(line: string): void {
  if (isHeader(line)) return;
  let refusal: unknown;
  for (const read of [
    () => runOfLine("trades", line),
    () => runOfLine("aggTrades", line),
    () => timeOfLine("trades", line),
    () => timeOfLine("aggTrades", line),
    () => klineOfLine(line),
  ]) {
    try {
      read();
    } catch (error) {
      if ((error as { code?: string }).code !== "ARCHIVE_CONTENT") throw error;
      refusal = error;
    }
  }
  if (refusal) throw refusal;
}

function open(): Target {
  const folder = mkdtempSync(join(tmpdir(), "foretick-fuzz-"));
  const path = join(folder, "x.zip");
  return {
    codes: ["ARCHIVE_CONTENT"],
    input,
    attempt: async (bytes) => {
      writeFileSync(path, bytes);
      const rows: string[] = [];
      for await (const lines of linesOfZip(path)) rows.push(...lines);
      for (const row of rows) readRow(row);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const archive: Door = {
  ...{ name: "archive", what: "zips of the archive and their rows", runs: 1_000_000, short_runs: 600 },
  open,
};
