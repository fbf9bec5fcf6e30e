/**
 * The embedded server's files: `<data_dir>/postgres`, made once. The cluster is made beside its place and
 * renamed into it, so that an interrupted first start leaves nothing half-made to be taken for a database.
 */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../../base/errors.ts";
import type { ServerUser } from "../user.ts";
import { withName } from "./nameless_user.ts";

export const CLUSTER_USER = "foretick";
const MAJOR = "18";

export interface Cluster {
  readonly directory: string;
  readonly password: string;
  /** It was made just now. */
  readonly fresh: boolean;
}

/** @param data_dir an absolute path. */
export function openCluster(data_dir: string, initdb: string, user: ServerUser): Cluster {
  const directory = join(data_dir, "postgres");
  const secret = join(data_dir, "postgres.password");
  const version_file = join(directory, "PG_VERSION");
  if (existsSync(version_file)) {
    const version = readFileSync(version_file, "utf8").trim();
    if (version !== MAJOR) {
      return fail(
        "STORE_VERSION",
        `${directory} expected PostgreSQL ${MAJOR}, was made by ${version}. ` +
          "Dump it with that version and restore, or set DATA_DIR to another folder",
      );
    }
    if (!existsSync(secret)) {
      return fail(
        "STORE_SERVER",
        `${secret} expected with the password of ${directory}, is missing. Restore it`,
      );
    }
    return { directory, password: readFileSync(secret, "utf8").trim(), fresh: false };
  }
  const password = randomBytes(18).toString("base64url");
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  user.give(secret);
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  user.give(draft);
  makeCluster(draft, secret, initdb, user);
  renameSync(draft, directory);
  return { directory, password, fresh: true };
}

function makeCluster(directory: string, secret: string, initdb: string, user: ServerUser): void {
  const { file, args, options } = user.launch(initdb, [
    `--pgdata=${directory}`,
    `--username=${CLUSTER_USER}`,
    `--pwfile=${secret}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // PostgreSQL's own rules, so that no order or comparison depends on the machine's locales.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
  ]);
  const ids = { uid: process.getuid?.(), gid: process.getgid?.() };
  const made = withName(ids, (name) =>
    spawnSync(file, args, { ...options, env: { ...serverEnvironment(), ...name }, encoding: "utf8" }),
  );
  if (made.status === 0) return;
  const said = `${made.error?.message ?? ""} ${made.stderr ?? ""}`.trim().slice(-1_000);
  fail("STORE_SERVER", `initdb expected to make ${directory}, failed: ${said}`);
}

/** What the server's programs see of our environment: no PG… variable may change what they do. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C" };
}
