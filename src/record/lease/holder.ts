/**
 * Who holds a lease: a service is known by its host and a mark in its data directory, which one process holds at a
 * time. A service that was killed and started again is the same one and need not wait for its own lease.
 */

import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

export interface Holder {
  readonly id: string;
  /** For people, e.g. "worker-1, process 4711". */
  readonly told: string;
}

/** @param data_dir held by this process (data_dir_lock.ts). */
export function holderOf(data_dir: string): Holder {
  const host = hostname();
  return { id: `${host}/${markOf(join(data_dir, "service.id"))}`, told: `${host}, process ${process.pid}` };
}

function markOf(path: string): string {
  try {
    const mark = readFileSync(path, "utf8").trim();
    if (mark !== "") return mark;
  } catch {
    // The first start.
  }
  const mark = randomUUID();
  writeFileSync(path, `${mark}\n`);
  return mark;
}
