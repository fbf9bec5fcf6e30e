/**
 * A backup of foretick's tables and of the bundles beside them, while a service goes on writing: one transaction that
 * sees one instant (repeatable read), COPY's binary rows of each table, in which every bit is kept. It reads on any server
 * and is restored on any: an embedded one, PostgreSQL, TimescaleDB.
 *
 * Beside the database there is nothing a service cannot do without: the journal's rows are written within a second, and
 * what `DATA_DIR` has else is made again.
 */

import { createReadStream } from "node:fs";
import { mkdir, rename, rm, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createZstdCompress } from "node:zlib";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import type { Clock } from "../../base/clock.ts";
import { sync, writeDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import { connectPg } from "../server/client.ts";
import { requireSchema } from "../sql/install/schema_version.ts";
import { storeError } from "../sql/store_errors.ts";
import { bundleFiles, keepFile } from "./files.ts";
import { type BackupFile, type BackupTable, MANIFEST, type Manifest, sealed } from "./manifest.ts";
import { type OwnTable, ownTables, quoted } from "./own_tables.ts";

/** How far it is, of what there is to read (bytes on the database's disk). */
export interface BackupProgress {
  readonly title: string;
  readonly at: string;
  readonly done_bytes: number;
  readonly all_bytes: number;
}

export interface BackupOptions {
  readonly database: Pick<Database, "url" | "description" | "schema">;
  readonly model_dir: string;
  /** The backup's folder, made by this. */
  readonly folder: string;
  readonly clock: Clock;
  /** Called before anything is written: bytes needed at most, and bytes that are free. */
  readonly onNeed?: (need_bytes: number, free_bytes: number) => void;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * The folder has its name once it is whole; a backup that was broken off leaves none.
 * @throws ForetickError CONFIG_INVALID where the folder is there; STORE_DATA_DIR where the disk has not the room;
 *   STORE_UNREACHABLE, STORE_QUERY, STORE_VERSION, DEADLINE.
 */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const { database, clock } = options;
  requireSchema(database.schema);
  const folder = resolve(options.folder);
  const draft = `${folder}.part`;
  await mkdir(dirname(folder), { recursive: true });
  // Another backup's draft, or this folder itself, is not written over.
  if (await Bun.file(join(folder, MANIFEST)).exists()) {
    fail("CONFIG_INVALID", `${folder} expected not to be there yet, is a backup. Name another folder`);
  }
  await mkdir(draft, { mode: 0o700 }).catch((cause: unknown) =>
    fail("CONFIG_INVALID", `${draft} expected to be made, could not be (${(cause as Error).message})`, {
      cause,
    }),
  );
  try {
    const client = await connectPg(database.url, { application_name: "foretick backup", clock });
    try {
      const manifest = await write({ ...options, folder: draft }, client);
      await writeDurably(join(draft, MANIFEST), `${JSON.stringify(manifest, undefined, 1)}\n`);
      await rename(draft, folder);
      await sync(dirname(folder));
      return manifest;
    } finally {
      await client.end().catch(() => {});
    }
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw storeError(error, "STORE_QUERY");
  }
}

async function write(options: BackupOptions, client: Client): Promise<Manifest> {
  const { folder, model_dir, clock, database } = options;
  await client.query("begin isolation level repeatable read read only");
  await client.query(`set local statement_timeout = 0; set local lock_timeout = ${LIMITS.migration_turn_ms}`);
  const tables = await ownTables(client);
  // From here on no migration moves them; what is inserted, updated and deleted meanwhile is not seen.
  await client.query(`lock table ${tables.map(({ name }) => quoted(name)).join(", ")} in access share mode`);
  const taken = await client.query<{ at: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  );
  const bundles = await bundleFiles(resolve(model_dir));
  const all_bytes = [...tables, ...bundles].reduce((sum, { bytes }) => sum + bytes, 0);
  await sayNeed(options, all_bytes);

  let done_bytes = 0;
  const at = (title: string, name: string): void =>
    options.onProgress?.({ title, at: name, done_bytes, all_bytes });
  const kept: BackupTable[] = [];
  for (const table of tables) {
    at("tables", table.name);
    kept.push(await keepTable(options, client, table));
    done_bytes += table.bytes;
  }
  await client.query("commit");
  const models: BackupFile[] = [];
  for (const { path, bytes } of bundles) {
    at("models", path);
    models.push(
      await keepFile({ clock, folder, path: `models/${path}` }, [
        createReadStream(join(resolve(model_dir), path)),
      ]),
    );
    done_bytes += bytes;
  }
  at("models", "done");
  const { description, schema } = database;
  const about = { taken_at: taken.rows[0]!.at, database: description, schema: schema.found };
  return sealed({ format: 1, ...about, tables: kept, models });
}

async function keepTable(
  { folder, clock }: BackupOptions,
  client: Client,
  { name, columns }: OwnTable,
): Promise<BackupTable> {
  const listed = columns.map(quoted).join(", ");
  // Of a query, since a hypertable's own rows are none: they are its chunks'.
  const rows = client.query(copyTo(`copy (select ${listed} from ${quoted(name)}) to stdout (format binary)`));
  const path = `tables/${name}.copy.zst`;
  const file = await keepFile({ clock, folder, path }, [rows, createZstdCompress()]);
  return { name, columns: [...columns], rows: rows.rowCount, file };
}

/** Rows need no more in a file than on the database's disk: they are packed. */
async function sayNeed({ folder, onNeed }: BackupOptions, need_bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  onNeed?.(need_bytes, bavail * bsize);
  requireRoom(folder, need_bytes, bavail * bsize);
}

/** @throws ForetickError STORE_DATA_DIR. */
export function requireRoom(folder: string, need_bytes: number, free_bytes: number): void {
  if (free_bytes >= need_bytes) return;
  const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MiB`;
  fail(
    "STORE_DATA_DIR",
    `the disk of ${folder} expected ${mib(need_bytes)} free, has ${mib(free_bytes)}. Free some, or name a folder on another disk`,
  );
}
