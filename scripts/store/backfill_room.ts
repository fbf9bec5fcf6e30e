/** Whether the disk has room for a backfill: said before it begins. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/base/config.ts";
import { fail } from "../../src/base/errors.ts";
import type { Logger } from "../../src/base/log.ts";
import type { ArchiveClient } from "../../src/binance/archive/archive.ts";
import type { HistoryKind } from "../../src/binance/trade_run.ts";
import { KnownHistory, type Stretch } from "../../src/record/backfill/known_history.ts";
import { existingFolder, planBackfill } from "../../src/record/backfill/plan.ts";
import type { Database } from "../../src/record/database.ts";
import { realDisk } from "../../src/record/write/disk.ts";
import { type PlannedRoom, planLines } from "../lines/backfill_plan.ts";
import { openStore } from "./open_store.ts";

export interface RoomOptions {
  readonly archive: Pick<ArchiveClient, "size">;
  readonly config: Pick<Config, "data_dir">;
  readonly log: Logger;
  readonly wanted: { readonly stretch: Stretch; readonly kind: HistoryKind };
  /** undefined: the embedded database of `config.data_dir`, which is on the disk that is looked at. */
  readonly database_url: string | undefined;
  readonly bars_only: boolean;
  readonly keep_files: boolean;
}

/** What `--dry-run` prints. The database is only read, and not made where there is none. */
export async function dryRunLines(options: RoomOptions): Promise<string[]> {
  const { config, database_url, log } = options;
  if (!hasDatabase(options)) return planLines(await planned(options, undefined));
  const database = await openStore({ url: database_url, data_dir: config.data_dir, log });
  try {
    return planLines(await planned(options, database));
  } finally {
    await database.close();
  }
}

export const hasDatabase = ({ config, database_url }: RoomOptions): boolean =>
  database_url !== undefined || existsSync(join(config.data_dir, "postgres"));

/**
 * @param database undefined: there is none yet.
 * @throws ForetickError CONFIG_INVALID with what is needed, what there is, and what would do with less.
 */
export async function requireRoom(options: RoomOptions, database: Database | undefined): Promise<void> {
  const plan = await planned(options, database);
  if (plan.room.needed_bytes <= plan.room.free_bytes) return;
  const remedy = options.bars_only
    ? "Ask for fewer --days"
    : "Keep the bars alone with --bars-only, ask for fewer --days";
  fail(
    "CONFIG_INVALID",
    `${planLines(plan).join("\n")}\n${remedy}, or free space; --no-disk-check begins anyway`,
  );
}

async function planned(
  { archive, config, wanted, database_url, bars_only, keep_files }: RoomOptions,
  database: Database | undefined,
): Promise<PlannedRoom> {
  const known = database && new KnownHistory(database);
  const plan = await planBackfill({ archive, ...wanted, known, bars_only, keep_files });
  const folder = await existingFolder(config.data_dir);
  const database_elsewhere = database_url !== undefined;
  const needed_bytes = database_elsewhere ? plan.copies_bytes : plan.disk_bytes;
  const free_bytes = await realDisk.freeBytes(folder);
  return {
    stretch: wanted.stretch,
    plan,
    bars_only,
    room: { folder, free_bytes, needed_bytes, database_elsewhere },
  };
}
