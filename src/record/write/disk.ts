/**
 * The few things the journal asks of a disk, as a port, so that tests can make it full, slow or broken. Nothing
 * here blocks the event loop while the service works, and nothing waits longer than its deadline.
 */

import {
  close,
  closeSync,
  fdatasync,
  fsync,
  fsyncSync,
  ftruncate,
  mkdirSync,
  open,
  openSync,
  read,
  readdirSync,
  statSync,
  write,
  writeSync,
} from "node:fs";
import { statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, ForetickError } from "../../base/errors.ts";

export interface DiskFile {
  /** Appends all of `data`. Where it fails, part of it may be in the file. */
  append(data: Uint8Array): Promise<void>;
  /** Resolves once everything appended would survive a power cut. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
}

export interface Disk {
  /**
   * The files of a directory by name, which is made where it does not exist. Blocks: for the start. Throws what the
   * file system throws.
   */
  list(directory: string): readonly FoundFile[];
  /**
   * Makes a file with this content, on disk when it returns. Blocks: for what comes after the writer has closed.
   * Throws what the file system throws.
   */
  writeNow(path: string, content: Uint8Array): void;
  /** Makes a file that is not there yet; its name survives a power cut. */
  create(path: string): Promise<DiskFile>;
  /** Bytes `from` to `from + length`, fewer where the file ends. */
  read(path: string, from: number, length: number): Promise<Buffer>;
  remove(path: string): Promise<void>;
  /** Bytes an unprivileged process may still write where `directory` is. */
  freeBytes(directory: string): Promise<number>;
}

// Plain descriptors: a FileHandle that is left behind after a deadline ends the process when it is collected.
const fs = {
  open: promisify(open),
  write: promisify(write),
  read: promisify(read),
  fdatasync: promisify(fdatasync),
  fsync: promisify(fsync),
  ftruncate: promisify(ftruncate),
  close: promisify(close),
};

export const realDisk: Disk = {
  list(directory) {
    mkdirSync(directory, { recursive: true });
    const names = readdirSync(directory).sort();
    return names.map((name) => ({ name, bytes: statSync(join(directory, name)).size }));
  },
  writeNow(path, content) {
    const fd = openSync(path, "ax");
    try {
      for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  async create(path) {
    const fd = await fs.open(path, "ax");
    try {
      await syncDirectory(dirname(path));
    } catch (error) {
      await fs.close(fd);
      throw error;
    }
    return {
      append: async (data) => {
        for (let at = 0; at < data.length; ) at += (await fs.write(fd, data, at)).bytesWritten;
      },
      sync: () => fs.fdatasync(fd),
      truncate: (bytes) => fs.ftruncate(fd, bytes),
      close: () => fs.close(fd),
    };
  },
  async read(path, from, length) {
    const fd = await fs.open(path, "r");
    try {
      const data = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await fs.read(fd, data, filled, length - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return data.subarray(0, filled);
    } finally {
      await fs.close(fd);
    }
  },
  remove: (path) => unlink(path),
  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

async function syncDirectory(path: string): Promise<void> {
  const fd = await fs.open(path, "r");
  await fs.fsync(fd).finally(() => fs.close(fd));
}

export interface DiskLimits {
  readonly clock: Clock;
  /** How long one call may take (ms). */
  readonly timeout_ms: number;
}

/** `disk`, with every call's error a STORE_JOURNAL and none longer than its deadline. */
export function limitedDisk(disk: Disk, { clock, timeout_ms }: DiskLimits): Disk {
  const limited = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      const options = { clock, ms: timeout_ms, what: `the disk's answer (${what})` };
      return await withDeadline(run(), { ...options, code: "STORE_JOURNAL" });
    } catch (error) {
      throw diskError(error);
    }
  };
  return {
    list: (directory) => disk.list(directory),
    writeNow: (path, content) => disk.writeNow(path, content),
    create: (path) =>
      limited("creating a journal file", async () => {
        const file = await disk.create(path);
        return {
          append: (data) => limited("writing to the journal", () => file.append(data)),
          sync: () => limited("syncing the journal", () => file.sync()),
          truncate: (bytes) => limited("truncating a journal file", () => file.truncate(bytes)),
          close: () => limited("closing a journal file", () => file.close()),
        };
      }),
    read: (path, from, length) => limited("reading the journal", () => disk.read(path, from, length)),
    remove: (path) => limited("removing a journal file", () => disk.remove(path)),
    freeBytes: (directory) => limited("the free space", () => disk.freeBytes(directory)),
  };
}

/** What a disk threw, as a STORE_JOURNAL. */
export function diskError(error: unknown): ForetickError {
  if (error instanceof ForetickError) return error;
  const full = ["ENOSPC", "EDQUOT"].includes(String((error as { code?: unknown } | null)?.code));
  const remedy = full ? "Free space on it" : "Check the disk and the rights of the data directory";
  return new ForetickError(
    "STORE_JOURNAL",
    `the disk expected to take or give the journal: ${describeError(error)}. ${remedy}`,
    {
      cause: error,
    },
  );
}
