/**
 * The exchange's archive of history, as files on disk that can be trusted: each zip is compared with its
 * published checksum. One that differs is fetched once more, since files are published again now and then,
 * and then set aside under its name: a bad file must neither be loaded nor stop the others.
 *
 * Below the cache's folder: `<name>.zip` verified, `<name>.zip.part` on its way, `quarantine/` set aside.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveHttp, type ArchiveHttpOptions, type Body } from "./http.ts";
import type { ArchiveFile } from "./layout.ts";

export interface ArchiveOptions extends ArchiveHttpOptions {
  /** Where verified files are kept; made where it does not exist. */
  readonly cache_dir: string;
}

export type ArchiveCopy =
  | { readonly kind: "ready"; readonly path: string; readonly sha256: string }
  /** Not published: too new, or never. */
  | { readonly kind: "absent" }
  /** Set aside; `reason` is a sentence. */
  | { readonly kind: "quarantined"; readonly reason: string };

const DOWNLOADS_MAX = 2;
const CHECKSUM_CHARS_MAX = 1_024;

export class ArchiveClient {
  readonly counters = { downloads: 0, mismatches: 0, quarantined: 0 };
  readonly #http: ArchiveHttp;
  readonly #options: ArchiveOptions;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#http = new ArchiveHttp(options);
  }

  /** Requests, retries and bytes received. */
  get traffic(): Readonly<ArchiveHttp["counters"]> {
    return this.#http.counters;
  }

  /**
   * `file` on disk, from the cache where that is still what is published.
   *
   * @param onBytes called as it comes: bytes so far, bytes in all where known.
   * @throws ForetickError ARCHIVE_UNREACHABLE.
   */
  async fetch(
    file: ArchiveFile,
    onBytes: (received: number, total: number | undefined) => void = () => {},
  ): Promise<ArchiveCopy> {
    const path = join(this.#options.cache_dir, file.name);
    await mkdir(this.#options.cache_dir, { recursive: true });
    let reason = "";
    for (let downloads = 0; downloads < DOWNLOADS_MAX; downloads++) {
      // Asked for again each time: the file may have been published again meanwhile.
      const published = await this.#checksum(file);
      if (published === undefined) return { kind: "absent" };
      const cached = await sha256Of(path);
      if (cached === published) return { kind: "ready", path, sha256: cached };
      const part = `${path}.part`;
      const received = await this.#http.get(file.path, (body) => download(body, part, onBytes));
      if (received === undefined) return { kind: "absent" };
      this.counters.downloads++;
      if (received === published) {
        await rename(part, path);
        return { kind: "ready", path, sha256: received };
      }
      this.counters.mismatches++;
      reason = `sha256 expected ${published.slice(0, 12)}… by its CHECKSUM, was ${received.slice(0, 12)}…`;
      this.#options.log.warn({ file: file.name, reason }, "an archive's checksum does not match");
    }
    return this.#setAside(file, `${path}.part`, reason);
  }

  /** Sets a file aside whose checksum is right and whose content is not. */
  async quarantine(file: ArchiveFile, reason: string): Promise<ArchiveCopy> {
    return this.#setAside(file, join(this.#options.cache_dir, file.name), reason);
  }

  /**
   * Keeps rows of a file that are not loaded, as they are, in `quarantine/<name>.rows`; the `first` of them take the
   * place of those of an earlier load.
   */
  async keepRows(file: ArchiveFile, lines: readonly string[], first: boolean): Promise<void> {
    const folder = join(this.#options.cache_dir, "quarantine");
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${file.name}.rows`);
    await writeFile(path, lines.map((line) => `${line}\n`).join(""), { flag: first ? "w" : "a" });
  }

  /** The sha256 (hex) that is published for `file` now; undefined where it is not published. */
  async published(file: ArchiveFile): Promise<string | undefined> {
    return this.#checksum(file);
  }

  /** What `file` has as it is published, without fetching it; undefined where it is not. */
  async size(file: ArchiveFile): Promise<{ readonly bytes: number | undefined } | undefined> {
    return this.#http.get(file.path, async ({ bytes }) => ({ bytes }), "HEAD");
  }

  /** Deletes the copy of a file that has been loaded. */
  async discard(file: ArchiveFile): Promise<void> {
    await rm(join(this.#options.cache_dir, file.name), { force: true });
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#http.close();
  }

  /** undefined where there is none. A CHECKSUM that is none is returned as it is, and matches nothing. */
  #checksum(file: ArchiveFile): Promise<string | undefined> {
    return this.#http.get(`${file.path}.CHECKSUM`, async (body) => {
      let text = "";
      for await (const chunk of body.chunks) {
        if (text.length < CHECKSUM_CHARS_MAX) text += new TextDecoder("latin1").decode(chunk);
      }
      const digest = text.trim().split(/\s+/)[0] ?? "";
      return digest.toLowerCase() || "nothing";
    });
  }

  async #setAside(file: ArchiveFile, from: string, reason: string): Promise<ArchiveCopy> {
    const folder = join(this.#options.cache_dir, "quarantine");
    await mkdir(folder, { recursive: true });
    await rename(from, join(folder, file.name));
    await writeFile(join(folder, `${file.name}.reason`), `${reason}\n`);
    this.counters.quarantined++;
    return { kind: "quarantined", reason };
  }
}

/** @returns sha256 (hex) of what was written to `path`. */
async function download(
  body: Body,
  path: string,
  onBytes: (received: number, total: number | undefined) => void,
): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "w");
  let received = 0;
  try {
    for await (const chunk of body.chunks) {
      hash.update(chunk);
      await file.writeFile(chunk);
      received += chunk.byteLength;
      onBytes(received, body.bytes);
    }
    // The final name must never belong to a file that a power cut has halved.
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** undefined where there is no such file. */
async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
}
