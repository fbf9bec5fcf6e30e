/** What a process has resident, by the kernel's account. */

import { readFileSync } from "node:fs";

/** Bytes of a process by the kernel's own sum over its mappings, in MB of 10^6; 0 where it has gone. */
export function memoryMb(pid: number, field: "Rss" | "Pss"): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) * 1_024) / 1e6;
  } catch {
    return 0;
  }
}
