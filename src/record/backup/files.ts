/** Files of a backup on their way: counted, hashed, and given up where nothing moves. */

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../../base/clock.ts";
import { whileProgressing } from "../../base/deadline.ts";
import { sync } from "../../base/durable.ts";
import { type BackupFile, refuse } from "./manifest.ts";

type Stages = readonly (NodeJS.ReadableStream | NodeJS.ReadWriteStream | NodeJS.WritableStream)[];

/** Passes bytes on, and knows their number and sha256. */
export class Tally extends Transform {
  readonly #hash = createHash("sha256");
  readonly #seen: ((bytes: number) => void) | undefined;
  bytes = 0;

  constructor(seen?: (bytes: number) => void) {
    super();
    this.#seen = seen;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    this.#seen?.(chunk.length);
    done(null, chunk);
  }

  /** Once, at the end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}

/**
 * Runs the stages to their end.
 * @throws ForetickError DEADLINE where `tally` has stood still for LIMITS.backup_stall_ms; what a stage throws.
 */
export async function flow(clock: Clock, what: string, tally: Tally, stages: Stages): Promise<void> {
  const stop = new AbortController();
  await whileProgressing(pipeline(stages as never, { signal: stop.signal }), () => tally.bytes, {
    ...{ clock, limit: "backup_stall_ms", what },
    onGivenUp: () => stop.abort(),
  });
}

/** A file of the backup from what the stages before it give; on the disk when this resolves. */
export async function keepFile(
  { clock, folder, path }: { readonly clock: Clock; readonly folder: string; readonly path: string },
  stages: Stages,
): Promise<BackupFile> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const tally = new Tally();
  await flow(clock, path, tally, [...stages, tally, createWriteStream(to, { mode: 0o600, flags: "wx" })]);
  await sync(to);
  return { path, bytes: tally.bytes, sha256: tally.sha256() };
}

/** @throws ForetickError BACKUP_INVALID naming the file where it is not as it was written. */
export async function checkFile(
  clock: Clock,
  folder: string,
  { path, bytes, sha256 }: BackupFile,
  seen: (bytes: number) => void,
): Promise<void> {
  const from = join(folder, path);
  const length = await stat(from).then(
    ({ size }) => size,
    (cause: unknown) => refuse(`${from} expected to be there, cannot be read`, cause),
  );
  if (length !== bytes) refuse(`${from} expected ${bytes} bytes, has ${length}: it is torn`);
  const tally = new Tally(seen);
  tally.resume();
  await flow(clock, path, tally, [createReadStream(from), tally]);
  if (tally.sha256() !== sha256) refuse(`${from} expected as it was written, was altered`);
}

/** Every file below `dir` that is a bundle's, with forward slashes; none where there is no folder. */
export async function bundleFiles(dir: string): Promise<{ path: string; bytes: number }[]> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(dir.length + 1)
        .split(sep)
        .join("/"),
    )
    // Drafts of bundles that are being made, and what a search keeps, begin with a dot; a bundle is a folder.
    .filter((path) => path.includes("/") && path.split("/").every((part) => !part.startsWith(".")))
    .sort();
  return Promise.all(files.map(async (path) => ({ path, bytes: (await stat(join(dir, path))).size })));
}
