/**
 * What an earlier run left in the cluster: `postmaster.pid`, and perhaps a server that is still stopping,
 * or, where the whole group was killed, one that is not. It is waited for or stopped before a new one starts.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, sleep } from "../../../base/clock.ts";
import { fail } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";

export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const POLL_MS = 20;
/** Signals for a server that does not go by itself: fast, then immediate shutdown. */
const STEPS = [
  { after_ms: 3_000, signal: "SIGINT" },
  { after_ms: 10_000, signal: "SIGQUIT" },
] as const;
const GIVE_UP_MS = 15_000;

/** PostgreSQL's own pid file: pid, directory, start, port, socket, address, shared memory, status. */
export function readPidFile(directory: string): PidFile | undefined {
  try {
    const lines = readFileSync(join(directory, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/** @throws ForetickError STORE_SERVER where the server does not stop. */
export async function clearLeftover(directory: string, clock: Clock, log: Logger): Promise<void> {
  const found = readPidFile(directory);
  if (!found) return;
  const started_us = clock.monotonicUs();
  let step = 0;
  while (isServerOf(directory, found.pid)) {
    const waited_ms = (clock.monotonicUs() - started_us) / 1_000;
    if (waited_ms >= GIVE_UP_MS) {
      return fail(
        "STORE_SERVER",
        `the earlier server, process ${found.pid}, expected to stop, did not. Stop it`,
      );
    }
    const next = STEPS[step];
    if (next && waited_ms >= next.after_ms) {
      log.warn(
        { pid: found.pid, signal: next.signal },
        "an earlier database server is still running: stopping it",
      );
      process.kill(found.pid, next.signal);
      step++;
    }
    await sleep(clock, POLL_MS);
  }
  // A server that was killed leaves its file; its pid may by now be another process's, which PostgreSQL would
  // take for its own.
  rmSync(join(directory, "postmaster.pid"), { force: true });
}

/** Whether `pid` is a server of this very cluster, by its command line. */
function isServerOf(directory: string, pid: number): boolean {
  try {
    return commandOf(pid).includes(`-D ${directory} `);
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  return execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
}
