/**
 * What does it cost to have rows on disk before the database has them? Trades in groups, as the write-ahead takes them: of a
 * busy market's fifth of a second, and of a burst. Each group is encoded, appended and synced; a group's time is the window in
 * which a power cut would take its rows.
 *
 * The peers write the same rows to the same disk: the bytes alone, already encoded, appended and synced by fdatasync (what any
 * journal has to pay), and SQLite with a write-ahead log and synchronous = FULL, one transaction a group.
 *
 *   bun bench/store/durable_write.ts [--groups 300]
 */

import { Database } from "bun:sqlite";
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { silentLogger } from "../../src/base/log.ts";
import { realDisk } from "../../src/record/write/disk.ts";
import { Journal } from "../../src/record/write/journal/journal.ts";
import { encodeLine } from "../../src/record/write/journal/line.ts";
import { WriteBatch } from "../../src/record/write/queue/batch.ts";
import { WRITE_TABLES } from "../../src/record/write/tables.ts";
import { tradeAt } from "../../test/record/market_events.ts";
import {
  byTurns,
  grouped,
  inFreshProcess,
  machine,
  median,
  printAim,
  printTable,
  quantile,
} from "../peers/measure.ts";
import { ROOT } from "../peers/stage.ts";

const ROUNDS = 3;
const GROUP_ROWS = [400, 5_000] as const;
const VARIANTS = ["write-ahead", "append + fdatasync", "SQLite WAL"] as const;
type Variant = (typeof VARIANTS)[number];
/** A busy market gives so many rows a second. */
const AIM_ROWS_PER_S = 20_000;
/** The write-ahead promises a row to be on disk within 200 ms, the sync being part of it. */
const AIM_P99_MS = 100;
const SEGMENT_BYTES = 64 << 20;

interface Figures {
  readonly rows_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** Makes a group durable. */
type Write = (batch: WriteBatch, lines: Uint8Array) => void | Promise<void>;

function batchOf(from: number, rows: number): WriteBatch {
  const batch = new WriteBatch(WRITE_TABLES.trades);
  for (let row = 0; row < rows; row++) {
    const event = tradeAt(from + row);
    const record: Record<string, unknown> = {
      ...event,
      ts: event.ts_us,
      received_at: event.received_us,
      late: false,
    };
    for (const [i, { name }] of batch.table.columns.entries())
      batch.columns[i]!.push((record[name] ?? null) as never);
  }
  batch.rows = rows;
  return batch;
}

function writeAhead(directory: string): Write {
  const options = { disk: realDisk, segment_bytes_max: SEGMENT_BYTES, rejected_bytes_max: 1 << 20 };
  const journal = new Journal({ directory, ...options, log: silentLogger }).tables.trades;
  return async (batch) => {
    await journal.append(encodeLine(batch, 0, batch.rows));
    await journal.sync();
  };
}

function append(directory: string): Write {
  const fd = openSync(join(directory, "rows"), "ax");
  process.once("exit", () => closeSync(fd));
  return (_, lines) => {
    for (let at = 0; at < lines.length; ) at += writeSync(fd, lines, at);
    fdatasyncSync(fd);
  };
}

function sqlite(directory: string): Write {
  const database = new Database(join(directory, "rows.sqlite"), { create: true });
  database.run("pragma journal_mode = wal");
  database.run("pragma synchronous = full");
  const names = WRITE_TABLES.trades.columns.map(({ name }) => `"${name}"`);
  database.run(`create table trades (${names.join(", ")}, primary key (symbol, trade_id))`);
  const insert = database.prepare(`insert into trades values (${names.map(() => "?").join(", ")})`);
  const store = database.transaction((batch: WriteBatch) => {
    for (let row = 0; row < batch.rows; row++)
      insert.run(...(batch.columns.map((cells) => cells[row]) as (string | number | boolean | null)[]));
  });
  return (batch) => store(batch);
}

async function measure(variant: Variant, rows: number, groups: number): Promise<Figures> {
  const parent = join(ROOT, ".data", "bench");
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, "durable-"));
  try {
    const write = { "write-ahead": writeAhead, "append + fdatasync": append, "SQLite WAL": sqlite }[variant](
      directory,
    );
    const took_ms: number[] = [];
    for (let group = 0; group < groups; group++) {
      const batch = batchOf(group * rows, rows);
      const lines = variant === "append + fdatasync" ? encodeLine(batch, 0, rows) : new Uint8Array();
      const begun_ms = performance.now();
      await write(batch, lines);
      took_ms.push(performance.now() - begun_ms);
    }
    const total_ms = took_ms.reduce((sum, ms) => sum + ms, 0);
    return {
      rows_per_s: (groups * rows * 1_000) / total_ms,
      p50_ms: median(took_ms),
      p99_ms: quantile(took_ms, 0.99),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function report(groups: number): void {
  console.log(
    `rows on disk before the database, ${groups} groups, median of ${ROUNDS} rounds\n${machine()}\n`,
  );
  let met = true;
  const table = GROUP_ROWS.flatMap((rows) => {
    const results = byTurns(VARIANTS, ROUNDS, (variant) =>
      inFreshProcess<Figures>(import.meta.path, [
        "--variant",
        variant,
        "--rows",
        String(rows),
        "--groups",
        String(groups),
      ]),
    );
    const of = (variant: Variant, field: keyof Figures): number =>
      median(results.get(variant)!.map((figures) => figures[field]));
    met &&= of("write-ahead", "rows_per_s") >= AIM_ROWS_PER_S && of("write-ahead", "p99_ms") < AIM_P99_MS;
    return VARIANTS.map((variant) => [
      `${variant}, ${grouped(rows)} rows a group`,
      grouped(of(variant, "rows_per_s")),
      of(variant, "p50_ms").toFixed(2),
      of(variant, "p99_ms").toFixed(2),
      (of("write-ahead", "rows_per_s") / of(variant, "rows_per_s")).toFixed(2),
    ]);
  });
  printTable(["", "rows/s", "a group on disk, p50 ms", "p99 ms", "write-ahead ÷ it, rows/s"], table);
  printAim(`≥ ${grouped(AIM_ROWS_PER_S)} rows/s, a group on disk within ${AIM_P99_MS} ms (p99)`, met);
}

const { values } = parseArgs({
  options: {
    groups: { type: "string", default: "300" },
    variant: { type: "string" },
    rows: { type: "string" },
  },
});
if (values.variant)
  console.log(
    JSON.stringify(await measure(values.variant as Variant, Number(values.rows), Number(values.groups))),
  );
else report(Number(values.groups));
