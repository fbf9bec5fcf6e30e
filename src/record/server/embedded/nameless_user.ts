/**
 * `initdb` asks the system for the name of the user it runs as and gives up where there is none: in a container
 * under a user id of its own (`docker run --user 12345`). Debian's libnss-wrapper answers it from two files of ours.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIBRARIES = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (triplet) => `/usr/lib/${triplet}/libnss_wrapper.so`,
);

/** The library where this system has it. */
export const nameLibrary = (): string | undefined => LIBRARIES.find((path) => existsSync(path));

export interface UserIds {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/**
 * Calls `run` with what its environment needs beside the rest: nothing where the user has a name, is root, or where
 * the library is missing and the program will say so itself.
 */
export function withName<T>({ uid, gid }: UserIds, run: (environment: Record<string, string>) => T): T {
  const library = nameLibrary();
  if (!uid || library === undefined || hasName(uid)) return run({});
  const folder = mkdtempSync(join(tmpdir(), "foretick-name-"));
  try {
    const [users, groups] = [join(folder, "passwd"), join(folder, "group")];
    writeFileSync(users, `foretick:x:${uid}:${gid}::/:/bin/false\n`);
    writeFileSync(groups, `foretick:x:${gid}:\n`);
    return run({ LD_PRELOAD: library, NSS_WRAPPER_PASSWD: users, NSS_WRAPPER_GROUP: groups });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hasName(uid: number): boolean {
  const lines = existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8").split("\n") : [];
  return lines.some((line) => line.split(":")[2] === String(uid));
}
