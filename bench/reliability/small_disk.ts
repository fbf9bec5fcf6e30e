/** A file system of its own for the service's files, small enough to be filled: an ext4 in a sparse file, mounted. */

import { existsSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Above the free space below which the service warns (bytes). Takes no real space but what is written. */
const BYTES = 4 * 2 ** 30;

export class SmallDisk {
  readonly path: string;
  readonly #dir: string;
  readonly #ballast: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.path = join(dir, "disk");
    this.#ballast = join(this.path, "ballast");
  }

  /** Undefined where this user may not mount one. */
  static mount(): SmallDisk | undefined {
    const disk = new SmallDisk(mkdtempSync(join(tmpdir(), "foretick-disk-")));
    const image = join(disk.#dir, "image");
    writeFileSync(image, "");
    truncateSync(image, BYTES);
    const made =
      ran("mkfs.ext4", "-q", "-F", "-m", "0", image) &&
      ran("mkdir", disk.path) &&
      ran("mount", "-o", "loop", image, disk.path);
    if (made) return disk;
    rmSync(disk.#dir, { recursive: true, force: true });
    return undefined;
  }

  /** Until nothing more fits. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.path);
    ran("fallocate", "-l", String(Math.max(1, bavail - 16_384) * bsize), this.#ballast);
    // What is left, in pieces: the last one fails.
    ran("dd", "if=/dev/zero", `of=${this.#ballast}.rest`, "bs=64k", "status=none");
  }

  empty(): void {
    for (const path of [this.#ballast, `${this.#ballast}.rest`]) rmSync(path, { force: true });
  }

  /** May be called twice. */
  close(): void {
    if (!existsSync(this.#dir)) return;
    if (ran("umount", this.path)) rmSync(this.#dir, { recursive: true, force: true });
  }
}

function ran(...command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    // Not installed here.
    return false;
  }
}
