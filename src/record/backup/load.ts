/** The rows of a backup on their way into the tables of a place that is laid out and held by nobody else. */

import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { createZstdDecompress } from "node:zlib";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Clock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import type { BackupProgress } from "./backup.ts";
import { flow, Tally } from "./files.ts";
import type { BackupTable, Manifest } from "./manifest.ts";
import { isDerived, type OwnTable, ownTables, quoted } from "./own_tables.ts";

export interface LoadOptions {
  /** In a transaction. */
  readonly client: Client;
  readonly manifest: Manifest;
  readonly folder: string;
  readonly clock: Clock;
  readonly onProgress: ((progress: BackupProgress) => void) | undefined;
}

/** Redis knows the fences of the service as it was last: the restored one's are above any of those. */
const FENCES_ABOVE = 1_000_000;

/** Nobody else reads or writes them until the transaction ends. */
export async function lockTables(client: Client): Promise<void> {
  await client.query(`lock table ${namesOf(await ownTables(client))} in access exclusive mode`);
}

const namesOf = (tables: readonly OwnTable[]): string => tables.map(({ name }) => quoted(name)).join(", ");

/** In the transaction under way: what the tables hold goes, the backup's rows come. */
export async function fillTables(options: LoadOptions): Promise<void> {
  const { client, manifest, onProgress } = options;
  const tables = await ownTables(client);
  const of = new Map(manifest.tables.map((table) => [table.name, table]));
  // Bars as they were, where both sides keep them as rows; otherwise the triggers note what is to be computed again.
  const derived = tables.every(({ name }) => !isDerived(name) || of.has(name));
  const switched = await triggers(client, derived);
  for (const [table, trigger] of switched) {
    await client.query(`alter table ${quoted(table)} disable trigger ${quoted(trigger)}`);
  }
  await client.query(`truncate ${namesOf(tables)}`);
  const loaded = tables.flatMap(({ name }) => {
    const table = of.get(name);
    return table && (derived || !isDerived(name)) ? [table] : [];
  });
  const all_bytes = loaded.reduce((sum, { file }) => sum + file.bytes, 0);
  let done_bytes = 0;
  for (const table of loaded) {
    await fillTable(options, table, (bytes) => {
      done_bytes += bytes;
      onProgress?.({ title: "restore", at: table.name, done_bytes, all_bytes });
    });
  }
  for (const [table, trigger] of switched) {
    await client.query(`alter table ${quoted(table)} enable trigger ${quoted(trigger)}`);
  }
  await continueNumbers(client);
  await client.query("update leases set fence = fence + $1, expires_at = now()", [FENCES_ABOVE]);
}

async function fillTable(
  { client, clock, folder }: LoadOptions,
  { name, columns, rows, file }: BackupTable,
  seen: (bytes: number) => void,
): Promise<void> {
  const tally = new Tally(seen);
  const listed = columns.map(quoted).join(", ");
  const into = client.query(copyFrom(`copy ${quoted(name)} (${listed}) from stdin (format binary)`));
  const from = createReadStream(join(resolve(folder), file.path));
  await flow(clock, name, tally, [from, tally, createZstdDecompress(), into]);
  if (into.rowCount !== rows) {
    fail("BACKUP_INVALID", `${file.path} expected ${rows} rows, had ${into.rowCount}. Nothing was restored`);
  }
}

/** Rows that a migration makes by itself are none of anybody's. */
const SEEDED = ["audit_head", "leases"];

/** @throws ForetickError STORE_REFUSED naming who works on the place, or what it holds. */
export async function requireFree(client: Client, overwrite = false): Promise<void> {
  const held = await client.query<{ told: string }>(
    "select told from leases where expires_at > now() limit 1",
  );
  if (held.rows[0]) {
    fail(
      "STORE_REFUSED",
      `the place to restore into expected no service, ${held.rows[0].told} runs there. Stop it first`,
    );
  }
  if (overwrite) return;
  for (const { name } of await ownTables(client)) {
    if (SEEDED.includes(name)) continue;
    const { rows } = await client.query<{ some: boolean }>(
      `select exists (select from ${quoted(name)}) as some`,
    );
    if (!rows[0]!.some) continue;
    fail(
      "STORE_REFUSED",
      `the place to restore into expected to be empty, has rows in ${name}. Restore into another database or DATA_DIR, or say --overwrite to delete what is there`,
    );
  }
}

/** Ours, by table: what a row sets off when it comes for the first time is not to be set off again. */
async function triggers(client: Client, derived: boolean): Promise<[table: string, trigger: string][]> {
  const { rows } = await client.query<{ table: string; trigger: string; calls: string }>(
    `select c.relname::text as table, tgname::text as trigger, proname::text as calls
    from pg_trigger
    join pg_class as c on c.oid = tgrelid
    join pg_proc as p on p.oid = tgfoid
    where not tgisinternal
      and c.relnamespace = current_schema()::regnamespace
      and p.pronamespace = current_schema()::regnamespace`,
  );
  return rows
    .filter(({ calls }) => derived || !calls.startsWith("note_dirty"))
    .map(({ table, trigger }) => [table, trigger]);
}

/** Rows to come are numbered from where those that were loaded end. */
async function continueNumbers(client: Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select c.relname::text as table, attname::text as column
    from pg_attribute
    join pg_class as c on c.oid = attrelid
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and attidentity <> ''`,
  );
  for (const { table, column } of rows) {
    await client.query(
      `select setval(
        pg_get_serial_sequence($1, $2),
        (select coalesce(max(${quoted(column)}), 0) + 1 from ${quoted(table)}),
        false
      )`,
      [quoted(table), column],
    );
  }
}
