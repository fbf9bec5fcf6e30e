/**
 * The files below `sql/migrations/`: `NNNN_name.sql` for every server, then its tails `NNNN_name.<tail>.sql` for what
 * the server can do. A file is known by the sha256 of its text, whatever line ends its checkout has.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../../../base/errors.ts";
import type { Capability } from "../../server/capability.ts";

/** Which servers a tail is for. */
const TAILS: Readonly<Record<string, readonly Capability[]>> = {
  hypertables: ["timescale", "timescale-apache"],
  plain: ["postgres"],
  caggs: ["timescale"],
  no_caggs: ["timescale-apache", "postgres"],
};

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)(?:\.([a-z_]+))?\.sql$/;

export const MIGRATIONS_DIR = fileURLToPath(new URL("../../../../sql/migrations/", import.meta.url));

export interface Migration {
  readonly file: string;
  readonly text: string;
  /** Of the text with line feeds only. */
  readonly sha256: string;
  /** What earlier versions recorded of the same text: they hashed the bytes of their checkout. */
  readonly sha256_crlf: string;
}

/** The number a file's name begins with, e.g. 7. */
export const numberOf = (file: string): number => Number(FILE_NAME.exec(file)?.[1] ?? Number.NaN);

/**
 * The files for a server of `capability`, in the order they run.
 * @throws ForetickError STORE_MIGRATION for a name that would never run.
 */
export function migrationsFor(capability: Capability, directory = MIGRATIONS_DIR): Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".sql"));
  const chosen = files.filter((file) => {
    const part = FILE_NAME.exec(file);
    const tail = part?.[3];
    if (!part || (tail && !TAILS[tail])) {
      const tails = Object.keys(TAILS).join(", ");
      return fail(
        "STORE_MIGRATION",
        `${file} expected NNNN_name.sql or NNNN_name.<tail>.sql, tail one of ${tails}. Rename it`,
      );
    }
    return !tail || TAILS[tail]!.includes(capability);
  });
  // "0001_raw.sql" before "0001_raw.caggs.sql": a base before its tails.
  const key = (file: string): string => file.replace(/\.sql$/, "");
  chosen.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return chosen.map((file) => {
    const text = included(textOf(join(directory, file)), directory);
    return { file, text, sha256: sha256(text), sha256_crlf: sha256(text.replaceAll("\n", "\r\n")) };
  });
}

/** psql's `\ir path` on a line of its own includes that file, so that one text can serve two migrations. */
function included(text: string, directory: string): string {
  return text.replace(/^\\ir (\S+)$/gm, (_, path: string) => textOf(join(directory, path)).trimEnd());
}

const textOf = (path: string): string => readFileSync(path, "utf8").replaceAll("\r\n", "\n");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Names of the tables that any of the files makes, whatever the server; some may be gone, or views elsewhere. */
export function tablesOf(directory: string): string[] {
  const texts = readdirSync(directory).map((file) => textOf(join(directory, file)));
  const made = texts.flatMap((text) => [...text.matchAll(/^create table (?:if not exists )?([a-z_0-9]+)/gm)]);
  return [...new Set(made.map(([, name]) => name!))].sort();
}
