/**
 * A backup put back into a place that holds nothing: the backup is read through first, the database laid out as the backup's
 * version had it, all rows loaded in one transaction, and only then brought up to this version. What is broken off
 * leaves an empty database, into which it can be restored again.
 */

import { createReadStream, existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Client } from "pg";
import type { Clock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import { connectDatabase, type Database } from "../database.ts";
import type { DatabaseLink } from "../link.ts";
import { installFunctions, migrateDatabase } from "../migrate.ts";
import { connectPg } from "../server/client.ts";
import { requireSchema } from "../sql/install/schema_version.ts";
import { storeError } from "../sql/store_errors.ts";
import { type BackupProgress, requireRoom } from "./backup.ts";
import { checkBackup } from "./check.ts";
import { keepFile } from "./files.ts";
import { fillTables, lockTables, requireFree } from "./load.ts";
import type { Manifest } from "./manifest.ts";
import { refreshAll } from "./refresh_all.ts";

export interface RestoreOptions {
  /** Of the place: no service runs on it. */
  readonly link: DatabaseLink;
  /** Where bundles go; those of the same content that are there stay. */
  readonly model_dir: string;
  readonly folder: string;
  /** What the place holds is deleted; default: a place that holds anything is refused. */
  readonly overwrite?: boolean;
  readonly onNeed?: (need_bytes: number, free_bytes: number) => void;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** A table and its indexes on disk, of its packed bytes: about that many times as much. */
const UNPACKED = 8;

/**
 * @throws ForetickError BACKUP_INVALID where the backup is torn or altered, STORE_REFUSED where the place is not empty or is
 *   in use, STORE_VERSION where the backup is of a newer version, BUNDLE_EXISTS.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Manifest> {
  const { link, folder, model_dir, onNeed } = options;
  const { clock } = link;
  const manifest = await checkBackup({
    ...{ folder, clock },
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  });
  const packed = manifest.tables.reduce((sum, { file }) => sum + file.bytes, 0);
  if (link.embedded) {
    const { bavail, bsize } = await statfs(link.data_dir);
    onNeed?.(packed * UNPACKED, bavail * bsize);
    requireRoom(link.data_dir, packed * UNPACKED, bavail * bsize);
  }
  await requireSamePlaces(manifest, folder, model_dir);
  await connected(link, async ({ url, schema }) => {
    // Before anything is changed there.
    if (schema.found > 0) await withClient(url, clock, (client) => requireFree(client, options.overwrite));
  });
  await migrateDatabase(link, manifest.schema);
  await connected(link, async (database) => {
    await requireVersion(database, manifest);
    await load(options, manifest, database.url);
  });
  await migrateDatabase(link);
  await installFunctions(link);
  await keepBundles(options, manifest);
  await connected(link, async (database) => {
    requireSchema(database.schema);
    await refreshAll(database, { clock, log: link.log });
  });
  return manifest;
}

async function connected(link: DatabaseLink, run: (database: Database) => Promise<void>): Promise<void> {
  const database = await connectDatabase(link);
  try {
    await run(database);
  } finally {
    await database.close();
  }
}

/** What is not committed is rolled back with its session. */
async function withClient(url: string, clock: Clock, run: (client: Client) => Promise<void>): Promise<void> {
  const client = await connectPg(url, { application_name: "foretick restore", clock });
  try {
    await run(client);
  } catch (error) {
    throw storeError(error, "STORE_QUERY");
  } finally {
    await client.end().catch(() => {});
  }
}

/** Laid out as far as the backup was, and no further: a newer place has other columns. */
async function requireVersion({ schema }: Database, manifest: Manifest): Promise<void> {
  if (schema.found === manifest.schema) return;
  const found = `the backup expected a database of schema ${manifest.schema}, found ${schema.found}`;
  return manifest.schema > schema.own
    ? fail(
        "STORE_VERSION",
        `${found}, the newest this version knows. Restore with the version the backup is of, or a newer one`,
      )
    : fail("STORE_VERSION", `${found}. Restore into a database without tables of foretick`);
}

function load(
  { link, folder, overwrite, onProgress }: RestoreOptions,
  manifest: Manifest,
  url: string,
): Promise<void> {
  return withClient(url, link.clock, async (client) => {
    await client.query("begin");
    await client.query("set local statement_timeout = 0");
    await lockTables(client);
    await requireFree(client, overwrite);
    await fillTables({ client, manifest, folder, clock: link.clock, onProgress });
    await client.query("commit");
    await client.query("analyze");
  });
}

/** @throws ForetickError BUNDLE_EXISTS where a file is there already and another. */
async function requireSamePlaces(manifest: Manifest, folder: string, model_dir: string): Promise<void> {
  for (const { path } of manifest.models) {
    const there = join(resolve(model_dir), path.slice("models/".length));
    if (!existsSync(there)) continue;
    const [one, other] = [Bun.file(there), Bun.file(join(resolve(folder), path))];
    if (Buffer.from(await one.arrayBuffer()).equals(Buffer.from(await other.arrayBuffer()))) continue;
    fail("BUNDLE_EXISTS", `${there} expected not to be there, or as in the backup, is another. Move it away`);
  }
}

async function keepBundles(
  { link, folder, model_dir }: Pick<RestoreOptions, "link" | "folder" | "model_dir">,
  { models }: Manifest,
): Promise<void> {
  const root = resolve(model_dir);
  await mkdir(root, { recursive: true });
  for (const { path } of models) {
    const name = path.slice("models/".length);
    if (existsSync(join(root, name))) continue;
    await keepFile({ clock: link.clock, folder: root, path: name }, [
      createReadStream(join(resolve(folder), path)),
    ]);
  }
}
