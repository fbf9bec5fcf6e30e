/**
 * Days of a market as files of the archive, written day by day into a folder that an ArchiveServer, or any server of
 * files, can serve: trades and minute klines with their checksums, no quotes, as the exchange has it.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DAY_US } from "../../base/units.ts";
import { type ArchiveKind, archiveFiles } from "../../binance/archive/layout.ts";
import type { MarketSource } from "../../binance/capture/market_source.ts";
import type { TradesMessage } from "../../binance/sbe/messages.ts";
import { archiveChecksum, archiveZip } from "./archive_file.ts";
import { klineRows, tradeRow } from "./archive_rows.ts";
import { BarHistory } from "./bars.ts";
import { paperTrades } from "./rest/trades.ts";

export interface ArchiveWriterOptions {
  /** Begins at the first day's start or later. */
  readonly source: MarketSource;
  /** Starts of UTC days (µs); `to_us` is not included. */
  readonly from_us: number;
  readonly to_us: number;
  readonly folder: string;
  readonly onDay?: (done: {
    readonly day_us: number;
    readonly trades: number;
    readonly bytes: number;
  }) => void;
}

const LINES_A_CHUNK = 10_000;

/** Resolves once all days are written. Trades of the source before and after them are left out. */
export async function writeArchive(options: ArchiveWriterOptions): Promise<void> {
  const { source, from_us, to_us, onDay } = options;
  let day = new Day(from_us);
  const messages = source.messages();
  for (let next = messages.next(); ; next = messages.next()) {
    const at_us = next.done ? Number.POSITIVE_INFINITY : next.value.at_us;
    // What is sent after midnight may have happened before it.
    while (day.from_us < to_us && at_us >= day.from_us + DAY_US + SLACK_US) {
      const bytes = await day.write(source.symbol, options.folder);
      onDay?.({ day_us: day.from_us, trades: day.trades, bytes });
      day = day.next();
    }
    if (next.done || day.from_us >= to_us) break;
    if (next.value.message.kind === "trades") day.add(next.value.message);
  }
  messages.return?.();
}

const SLACK_US = 1_000_000;

/** The rows of a day, and those of the next that have come before it was written. */
class Day {
  readonly from_us: number;
  readonly #bars = new BarHistory();
  #chunks: Uint8Array[] = [];
  #lines: string[] = [];
  #early: TradesMessage[] = [];
  trades = 0;

  constructor(from_us: number) {
    this.from_us = from_us;
  }

  add(message: TradesMessage): void {
    const ts_us = Number(message.transact_time_us);
    if (ts_us >= this.from_us + DAY_US) this.#early.push(message);
    if (ts_us < this.from_us || ts_us >= this.from_us + DAY_US) return;
    for (const trade of paperTrades(message)) {
      this.#bars.add(trade);
      this.#lines.push(tradeRow(trade, ts_us));
      this.trades++;
    }
    if (this.#lines.length >= LINES_A_CHUNK) this.#encode();
  }

  next(): Day {
    const day = new Day(this.from_us + DAY_US);
    for (const message of this.#early) day.add(message);
    return day;
  }

  /** @returns bytes of its trades' zip. */
  async write(symbol: string, folder: string): Promise<number> {
    this.#encode();
    const to_us = this.from_us + DAY_US;
    const klines = klineRows({ bars: this.#bars }, this.from_us, to_us, to_us, (time_us) => time_us);
    const csv = new TextEncoder().encode(klines.map((line) => `${line}\n`).join(""));
    await writeFiles(symbol, "klines", this.from_us, folder, csv);
    return writeFiles(symbol, "trades", this.from_us, folder, Buffer.concat(this.#chunks));
  }

  #encode(): void {
    if (this.#lines.length === 0) return;
    this.#chunks.push(new TextEncoder().encode(`${this.#lines.join("\n")}\n`));
    this.#lines = [];
  }
}

async function writeFiles(
  symbol: string,
  kind: ArchiveKind,
  day_us: number,
  folder: string,
  csv: Uint8Array,
): Promise<number> {
  const file = archiveFiles(kind, symbol, day_us, day_us + DAY_US)[0]!;
  const path = join(folder, file.path);
  const zip = archiveZip(file, csv);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, zip);
  // The checksum last: without it the file is not published.
  await writeFile(`${path}.CHECKSUM`, archiveChecksum(file, zip));
  return zip.length;
}
