/** A writer at a database that its tests share, and what it has stored there. */

import { rmSync } from "node:fs";
import { afterEach, beforeAll, beforeEach } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import type { ConnectOptions, Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { Writer, type WriterOptions } from "../../../src/record/write/writer.ts";
import { tradeAt } from "../market_events.ts";
import type { ServerUnderTest } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";

export interface WriterWorld {
  readonly database: Database;
  readonly data_dir: string;
  writerTo(url: string, options?: Partial<WriterOptions>): Writer;
  /** What is stored of `trades`: how many, from which id to which, all of them in between. */
  storedTrades(): Promise<{ count: number; from: number; to: number }>;
}

export const tradesUpTo = (n: number) => ({
  count: n,
  from: tradeAt(0).trade_id,
  to: tradeAt(n - 1).trade_id,
});

/** One database for the file, emptied before each test; a data directory and writers for each test. */
export function writerWorld(server: ServerUnderTest): WriterWorld {
  let database: Database;
  let data_dir = "";
  const writers: Writer[] = [];

  beforeAll(async () => {
    database = await server.openDatabase();
  });
  beforeEach(async () => {
    data_dir = tempDir();
    await database.sql`truncate trades, quotes, disconnects, book_1s, features_live, predictions, outcomes`;
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    rmSync(data_dir, { recursive: true, force: true });
  });

  function writerTo(url: string, options: Partial<WriterOptions> = {}): Writer {
    const connect = (settings?: ConnectOptions) => connectTo(url, settings);
    const writer = new Writer({
      database: { connect, data_dir },
      clock,
      log,
      flush_interval_ms: 5,
      ...options,
    });
    writers.push(writer);
    return writer;
  }

  async function storedTrades(): Promise<{ count: number; from: number; to: number }> {
    const [row] = await database.sql`select count(*), min(trade_id), max(trade_id) from trades`;
    return { count: Number(row!.count), from: Number(row!.min), to: Number(row!.max) };
  }

  return {
    get database() {
      return database;
    },
    get data_dir() {
      return data_dir;
    },
    ...{ writerTo, storedTrades },
  };
}
