/**
 * One day of one table into the lake: rows from a cursor into a Parquet file, then the file, then its manifest. A
 * day counts as archived once its manifest is there; a manifest whose state is the database's is left as it is.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isoOf } from "../../base/units.ts";
import { notYet, stateOf } from "./day_state.ts";
import { folderOf, type LakeDay, manifestKey } from "./lake_day.ts";
import type { LakeStore } from "./lake_store.ts";
import type { LakeTable } from "./tables.ts";
import { type WriteTools, writeTable } from "./write_table.ts";

const LAKE_FORMAT = "foretick-lake/1";

const manifestSchema = z.object({
  format: z.literal(LAKE_FORMAT),
  table: z.string(),
  symbol: z.string(),
  date: z.string(),
  rows: z.int(),
  /** None where the day has no row. */
  files: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  about: z.record(z.string(), z.string()),
  /** What the rows were made of; see day_state.ts. */
  state: z.string(),
  written_at: z.string(),
});

export type LakeManifest = z.output<typeof manifestSchema>;

export interface ArchiveTools extends WriteTools {
  readonly store: LakeStore;
  /** Brings bars up to date first. */
  readonly bars: { through(span: { readonly from_us: number; readonly to_us: number }): Promise<void> };
  /** For files that are not whole yet. */
  readonly draft_dir: string;
}

export interface ArchivedDay {
  readonly table: LakeTable;
  readonly day: LakeDay;
  readonly result: "written" | "there" | "not_yet";
  /** Why, where it is not yet. */
  readonly reason?: string | undefined;
  readonly rows: number;
  readonly bytes: number;
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY, LAKE_STORE; what `signal` is aborted with. */
export async function archiveDay(table: LakeTable, day: LakeDay, tools: ArchiveTools): Promise<ArchivedDay> {
  const { sql, store, clock, signal } = tools;
  const nothing = { table, day, rows: 0, bytes: 0 };
  const reason = await notYet(sql, table.source, day, clock.now());
  if (reason !== undefined) return { ...nothing, result: "not_yet", reason };
  const state = `${table.about.set_hash?.slice(0, 12) ?? ""}/${await stateOf(sql, table.source, day)}`;
  const folder = folderOf(table, day);
  const known = manifestOf(await store.readText(manifestKey(folder)));
  if (known?.state === state) {
    const bytes = known.files.reduce((sum, file) => sum + file.bytes, 0);
    return { ...nothing, result: "there", rows: known.rows, bytes };
  }
  const draft = join(tools.draft_dir, `${process.pid}-${crypto.randomUUID()}.parquet`);
  try {
    await mkdir(tools.draft_dir, { recursive: true });
    const { rows, bytes } = await writeTable(draft, table, day, tools);
    signal?.throwIfAborted();
    const files = rows > 0 ? [{ name: "part.parquet", bytes, sha256: await sha256Of(draft) }] : [];
    for (const { name } of files) await store.putFile(`${folder}/${name}`, draft);
    const { symbol, date } = day;
    const manifest: LakeManifest = {
      ...{ format: LAKE_FORMAT, table: `${table.layer}/${table.name}`, symbol, date, rows, files },
      columns: table.columns.map(({ name, type }) => ({ name, type })),
      ...{ about: { ...table.about }, state, written_at: isoOf(clock.now()) },
    };
    await store.putText(manifestKey(folder), `${JSON.stringify(manifest, null, 1)}\n`);
    return { ...nothing, result: "written", rows, bytes: rows > 0 ? bytes : 0 };
  } finally {
    await rm(draft, { force: true });
  }
}

/** Undefined for what is none: the day is written again. */
export function manifestOf(text: string | undefined): LakeManifest | undefined {
  if (text === undefined) return undefined;
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest("hex");
}
