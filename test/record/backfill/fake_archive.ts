/** An archive whose files hold whatever a test puts in them, over HTTP, with checksums and klines of the true trades. */

import { createHash } from "node:crypto";
import { zipSync } from "fflate";
import { DAY_US, formatE8, type Int64 } from "../../../src/base/units.ts";
import { type ArchiveFile, archiveFiles, daysOf } from "../../../src/binance/archive/layout.ts";

export const SYMBOL = "BTCUSDT";

export interface FakeTrade {
  readonly id: number;
  readonly us: number;
  readonly price_e8: number;
  readonly qty_e8: Int64;
  readonly sold: boolean;
}

/** `count` trades a day, seconds apart, on the days from `from_us`, with consecutive ids. */
export function fakeTrades(from_us: number, days: number, count: number): FakeTrade[] {
  return Array.from({ length: days * count }, (_, index) => {
    const day = Math.floor(index / count);
    const us = from_us + day * DAY_US + 3_600_000_000 + (index % count) * 1_700_000 + 123_456;
    const price_e8 = 6_000_000_000_000 + ((index * 7_919) % 100) * 1_000_000;
    return {
      id: 1_000 + index,
      us,
      price_e8,
      qty_e8: 1_000 + ((index * 31) % 977) * 1_000,
      sold: index % 3 === 0,
    };
  });
}

export const lineOf = ({ id, us, price_e8, qty_e8, sold }: FakeTrade, time: string | number = us): string =>
  `${id},${formatE8(price_e8)},${formatE8(qty_e8)},0.00,${time},${sold ? "True" : "False"},True`;

export class FakeArchive {
  readonly #server: ReturnType<typeof Bun.serve>;
  /** By path; lines of a CSV. */
  readonly #files = new Map<string, readonly string[]>();
  requests = 0;

  constructor() {
    this.#server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Publishes lines as the file that holds whole months or days from `from_us` to `to_us`. */
  publish(from_us: number, to_us: number, lines: readonly string[]): void {
    const [file] = archiveFiles("trades", SYMBOL, from_us, to_us);
    this.#files.set(file!.path, lines);
  }

  /** Every day's trades in a file of its own, and the klines of all of them. */
  publishDays(trades: readonly FakeTrade[], from_us: number, to_us: number): void {
    for (let day_us = from_us; day_us < to_us; day_us += DAY_US) {
      const within = trades.filter(({ us }) => us >= day_us && us < day_us + DAY_US);
      this.publish(
        day_us,
        day_us + DAY_US,
        within.map((trade) => lineOf(trade)),
      );
    }
    this.publishKlines(trades, from_us, to_us);
  }

  publishKlines(trades: readonly FakeTrade[], from_us: number, to_us: number): void {
    for (const file of archiveFiles("klines", SYMBOL, from_us, to_us).flatMap(daysOf)) {
      this.#files.set(file.path, klineLines(file, trades));
    }
  }

  withdraw(from_us: number, to_us: number): void {
    const [file] = archiveFiles("trades", SYMBOL, from_us, to_us);
    this.#files.delete(file!.path);
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }

  #answer(request: Request): Response {
    this.requests++;
    const { pathname } = new URL(request.url);
    const asks_checksum = pathname.endsWith(".CHECKSUM");
    const path = asks_checksum ? pathname.slice(0, -".CHECKSUM".length) : pathname;
    const lines = this.#files.get(path);
    if (!lines) return new Response("no such key", { status: 404 });
    const csv = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    const zip = Uint8Array.from(zipSync({ "rows.csv": csv }, { level: 1, mtime: "2020-01-01" }));
    if (!asks_checksum) return new Response(zip);
    return new Response(`${createHash("sha256").update(zip).digest("hex")}  file.zip\n`);
  }
}

/** A line for every minute of the file's time, those without a trade included, as the exchange writes them. */
function klineLines({ from_us, to_us }: ArchiveFile, trades: readonly FakeTrade[]): string[] {
  const minutes = new Map<number, FakeTrade[]>();
  for (const trade of trades) {
    const minute_us = trade.us - (trade.us % 60_000_000);
    minutes.set(minute_us, [...(minutes.get(minute_us) ?? []), trade]);
  }
  const lines: string[] = [];
  for (let at_us = from_us; at_us < to_us; at_us += 60_000_000) {
    const within = minutes.get(at_us) ?? [];
    const sum = (rows: readonly FakeTrade[]): string =>
      formatE8(rows.reduce((total, { qty_e8 }) => total + BigInt(qty_e8), 0n));
    const bought = sum(within.filter(({ sold }) => !sold));
    lines.push(
      `${at_us},60000,60000,60000,60000,${sum(within)},${at_us + 59_999_999},0,${within.length},${bought},0,0`,
    );
  }
  return lines;
}
