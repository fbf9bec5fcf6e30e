/**
 * PostgreSQL refuses to run as root, in a container too. Started by root, the embedded server runs as an
 * ordinary user of the system; where that user could not enter the project's folder (a clone below /root),
 * it is given the one capability to pass directories (`setpriv`, util-linux) and nothing else of root's.
 */

import { spawnSync } from "node:child_process";
import { chownSync, readFileSync } from "node:fs";
import { fail } from "../../base/errors.ts";

/** A command as `spawn` takes it. The working directory is "/", which every user can enter. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: "/"; readonly uid?: number; readonly gid?: number };
}

export interface ServerUser {
  /** How to run `file` as the server's user. */
  launch(file: string, args: readonly string[]): Launch;
  /** Gives a file or directory to the server's user. */
  give(path: string): void;
}

const CANDIDATES = ["postgres", "_postgres", "nobody"];

const sameUser: ServerUser = {
  launch: (file, args) => ({ file, args, options: { cwd: "/" } }),
  give: () => {},
};

/**
 * @param program one of the server's programs, which the user must be able to run.
 * @param directory an existing directory, which the user must be able to enter.
 * @throws ForetickError STORE_SERVER where no user of the system can.
 */
export function chooseServerUser(program: string, directory: string): ServerUser {
  if (process.getuid?.() !== 0) return sameUser;
  const account = findAccount();
  if (!account) {
    return fail(
      "STORE_SERVER",
      `PostgreSQL does not run as root, and the system has none of the users ${CANDIDATES.join(", ")}. ` +
        "Start as an ordinary user, or set DATABASE_URL",
    );
  }
  const { uid, gid } = account;
  const give = (path: string): void => chownSync(path, uid, gid);
  const plain: ServerUser = {
    launch: (file, args) => ({ file, args, options: { cwd: "/", uid, gid } }),
    give,
  };
  const capable: ServerUser = {
    launch: (file, args) => ({
      file: "setpriv",
      args: [
        `--reuid=${uid}`,
        `--regid=${gid}`,
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        // access(2), by which PostgreSQL looks for its own programs, then honours the capability too.
        "--securebits=+no_setuid_fixup",
        file,
        ...args,
      ],
      options: { cwd: "/" },
    }),
    give,
  };
  for (const user of [plain, capable]) if (reaches(user, program, directory)) return user;
  return fail(
    "STORE_SERVER",
    `PostgreSQL does not run as root, and user ${account.name} cannot enter ${directory} or run ${program}. ` +
      "Make both reachable (chmod o+x on the folders above), start as an ordinary user, or set DATABASE_URL",
  );
}

function findAccount(): { name: string; uid: number; gid: number } | undefined {
  const accounts = new Map<string, { name: string; uid: number; gid: number }>();
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name && Number(uid) > 0) accounts.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  for (const name of CANDIDATES) if (accounts.has(name)) return accounts.get(name);
  return undefined;
}

function reaches(user: ServerUser, program: string, directory: string): boolean {
  const { file, args, options } = user.launch("/bin/sh", [
    "-c",
    'test -x "$0" && cd "$1"',
    program,
    directory,
  ]);
  return spawnSync(file, args, { ...options, stdio: "ignore" }).status === 0;
}
