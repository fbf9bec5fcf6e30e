/** DATA_DIR: that it can be written, how much room is there, and what the journal holds. */

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import type { Config } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { limitedDisk, realDisk } from "../../src/record/write/disk.ts";
import { DiskSpace } from "../../src/record/write/journal/disk_space.ts";
import { RejectedRows } from "../../src/record/write/journal/rejected_rows.ts";
import { waitingRows } from "../../src/record/write/journal/waiting_rows.ts";
import { bad, type Check, type Finding, ok, warn } from "./check.ts";

type Of = Pick<Config, "data_dir">;

const settings = ["DATA_DIR"];

export function diskChecks({ data_dir }: Of, clock: Clock): Check[] {
  const directory = join(data_dir, "journal");
  const remedy = "give this user the right to write there, or set DATA_DIR to another folder";
  return [
    { name: "data folder", settings, remedy, run: () => writable(data_dir) },
    {
      name: "disk",
      settings,
      remedy: "check the disk, or set DATA_DIR to another one",
      run: () => room(data_dir, clock),
    },
    {
      name: "journal",
      settings,
      remedy: "check the rights of DATA_DIR/journal",
      run: async () => journalOf(directory),
    },
  ];
}

/** The folder itself, or the nearest above it that exists. */
export function existingAbove(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Leaves nothing behind: where the folder is not there yet, it is made for a moment. */
async function writable(data_dir: string): Promise<Finding> {
  const folder = resolve(data_dir);
  const made = existsSync(folder) ? undefined : await mkdir(folder, { recursive: true });
  const probe = join(folder, `.doctor.${randomUUID()}`);
  try {
    await writeFile(probe, "foretick", { flush: true });
    return ok(`${folder} ${made === undefined ? "can be written" : "can be made and written"}`);
  } finally {
    await rm(probe, { force: true });
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}

async function room(data_dir: string, clock: Clock): Promise<Finding> {
  const folder = existingAbove(data_dir);
  const disk = limitedDisk(realDisk, { clock, timeout_ms: LIMITS.journal_timeout_ms });
  const space = new DiskSpace(folder, disk, clock, {
    free_low_bytes: LIMITS.disk_free_low_bytes,
    free_min_bytes: LIMITS.disk_free_min_bytes,
    journal_bytes_max: LIMITS.journal_bytes_max,
  });
  await space.look();
  const { files, ffree } = await statfs(folder);
  const inodes = files === 0 ? "" : `, ${ffree.toLocaleString("en")} inodes`;
  const found = `${gib(space.free_bytes!)} free${inodes} where ${folder} is`;
  const few = (limit: number): boolean => files > 0 && ffree < limit;
  const remedy = `free space there (a service wants ${gib(LIMITS.disk_free_low_bytes)}), lower RAW_RETENTION_DAYS, or set DATA_DIR to another disk`;
  const state = space.state(0);
  if (state === "full" || few(LIMITS.doctor_inodes_min)) return bad(found, remedy);
  return state === "low" || few(LIMITS.doctor_inodes_low) ? warn(found, remedy) : ok(found);
}

function journalOf(directory: string): Finding {
  const waiting = [...waitingRows(directory).values()].reduce((sum, { lines }) => sum + lines, 0);
  const refused = new RejectedRows(directory, LIMITS.rejected_bytes_max).read().length;
  const found = `${waiting} rows wait for the database, ${refused} were refused by it`;
  if (refused > 0)
    return warn(found, "bun run journal show says why; bun run journal replay writes them again");
  return waiting > 0 ? warn(found, "start the service: it writes them once the database answers") : ok(found);
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
