/**
 * What a backup is: a folder with `manifest.json`, `tables/<table>.copy.zst` (COPY's binary rows, compressed) and
 * `models/<bundle>/…`. The manifest names every file with its length and sha256, and seals itself, so that what is torn or
 * altered is refused by its name.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "../../base/errors.ts";

export const MANIFEST = "manifest.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Below the backup's folder, and nowhere else. */
const path = z.string().regex(/^(?:[\w][\w.@+-]*\/)*[\w][\w.@+-]*$/);
const file = z.strictObject({ path, bytes: z.int().nonnegative(), sha256 });
const name = z.string().regex(/^[a-z][a-z0-9_]*$/);

const manifest = z.strictObject({
  format: z.literal(1),
  /** The instant whose state the rows are, by the database's clock. */
  taken_at: z.iso.datetime(),
  /** e.g. "embedded PostgreSQL 18.4, plain tables, schema 30". */
  database: z.string(),
  /** Number of the newest migration. */
  schema: z.int().positive(),
  tables: z.array(z.strictObject({ name, columns: z.array(name).min(1), rows: z.int().nonnegative(), file })),
  models: z.array(file),
  /** Of all that stands above it. */
  sha256,
});

export type Manifest = z.output<typeof manifest>;
export type BackupFile = z.output<typeof file>;
export type BackupTable = Manifest["tables"][number];

const sealOf = (content: Omit<Manifest, "sha256">): string =>
  createHash("sha256").update(JSON.stringify(content)).digest("hex");

export const sealed = (content: Omit<Manifest, "sha256">): Manifest => ({
  ...content,
  sha256: sealOf(content),
});

/** @throws ForetickError BACKUP_INVALID where there is none, or it is not as it was written. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST);
  const found = manifest.safeParse(parsed(path));
  if (!found.success) {
    return refuse(`${path} expected a backup's manifest of format 1, is something else`);
  }
  const { sha256, ...content } = found.data;
  if (sealOf(content) !== sha256) refuse(`${path} expected as it was written, was altered`);
  return found.data;
}

/** A backup that cannot be trusted. @throws ForetickError BACKUP_INVALID. */
export const refuse = (found: string, cause?: unknown): never =>
  fail("BACKUP_INVALID", `${found}. Take another backup; nothing was restored`, { cause });

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    return refuse(`${path} expected to be readable JSON, is not: the backup was not finished`, cause);
  }
}
