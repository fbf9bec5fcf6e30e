/**
 * One process per data directory: it holds the embedded database and the journal, and two writers would
 * damage either. The lock is a file naming the process that holds it; one whose process is gone is taken
 * over. A process is known by its id and its start time, since ids are used again (in a container, at every
 * start).
 */

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../../base/errors.ts";

export interface DataDirLock {
  /** Releases the directory. May be called twice. */
  release(): void;
}

/** When process `pid` started, in whatever unit the system has; undefined where there is no such process. */
function startOfProcess(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
  }
  try {
    // Fields after the command's closing bracket: the state is the first, the start the 20th (proc(5): 3, 22).
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; its parent has not collected it yet.
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    if (process.platform === "linux") return undefined;
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

function readOwner(path: string): { text: string; pid: number; start: string } | undefined {
  try {
    const text = readFileSync(path, "utf8");
    const [pid, start] = text.trim().split("\n");
    return { text, pid: Number(pid), start: start ?? "" };
  } catch {
    return undefined;
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes `data_dir`, making it where it does not exist.
 * @throws ForetickError STORE_DATA_DIR naming the process that holds it.
 */
export function lockDataDir(data_dir: string): DataDirLock {
  mkdirSync(data_dir, { recursive: true });
  const path = join(data_dir, "foretick.lock");
  const mine = `${path}.${randomUUID()}`;
  const text = `${process.pid}\n${startOfProcess(process.pid)}\n`;
  writeFileSync(mine, text);
  try {
    // A link is made whole or not at all, so half a lock is never read.
    for (let attempt = 0; attempt < 5; attempt++) {
      if (linked(mine, path)) return { release: once(() => removeIfSame(path, text)) };
      const owner = readOwner(path);
      if (!owner) continue;
      if (startOfProcess(owner.pid) === owner.start) return refuse(data_dir, owner.pid);
      setAside(path, owner.text, `${mine}.stale`);
    }
    return refuse(data_dir, readOwner(path)?.pid ?? 0);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Removes a stale lock, unless another process has put its own there in the meantime. */
function setAside(path: string, stale: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readOwner(aside)?.text !== stale) linked(aside, path);
  rmSync(aside, { force: true });
}

function refuse(data_dir: string, pid: number): never {
  const who = pid === process.pid ? "this process" : `process ${pid}`;
  return fail(
    "STORE_DATA_DIR",
    `data directory ${data_dir} expected to be free, is in use by ${who}. Stop it, or set DATA_DIR to another folder`,
    { details: { pid } },
  );
}

function removeIfSame(path: string, text: string): void {
  if (readOwner(path)?.text === text) rmSync(path, { force: true });
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
