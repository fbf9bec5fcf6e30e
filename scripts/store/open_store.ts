/** The database a command works on, whether or not a service runs on it. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { ForetickError, fail } from "../../src/base/errors.ts";
import type { Logger } from "../../src/base/log.ts";
import { connectDatabase, type Database, withLink } from "../../src/record/database.ts";
import { DatabaseLink } from "../../src/record/link.ts";
import { installFunctions, migrateDatabase } from "../../src/record/migrate.ts";
import { requireSchema } from "../../src/record/sql/install/schema_version.ts";

export interface StoreOptions {
  /** Undefined: the embedded database of `data_dir`. */
  readonly url: string | undefined;
  readonly data_dir: string;
  readonly log: Logger;
  /**
   * `read` (default): runs no DDL and needs no right to write. `write`: adds rows, so it needs the schema of
   * this version; an embedded database that no service holds is its own, and is made and migrated where need
   * be.
   */
  readonly use?: "read" | "write";
  /** Number of the newest migration whose tables are touched; default all. */
  readonly schema?: number;
  /** Taken by the command where the database is not its own, so that two of its kind do not run; default none. */
  readonly lock_dir?: string;
}

/** Takes nothing a service holds. The embedded database of a running service is reached through it. */
export async function openStore(options: StoreOptions): Promise<Database> {
  const { url, data_dir, log, use = "read" } = options;
  if (url !== undefined) return openBeside(url, options);
  if (use === "read" && !existsSync(join(data_dir, "postgres"))) {
    return fail(
      "STORE_SERVER",
      `an embedded database expected below ${data_dir}, is none. Start the service once, or set DATABASE_URL or DATA_DIR`,
    );
  }
  let link: DatabaseLink;
  try {
    link = new DatabaseLink({ data_dir, log, clock: systemClock });
  } catch (error) {
    if (!(error instanceof ForetickError && error.code === "STORE_DATA_DIR")) throw error;
    const url = urlOfService(data_dir);
    if (!url) throw error;
    return openBeside(url, options);
  }
  return connected(link, options, async () => {
    if (use !== "write") return;
    await migrateDatabase(link);
    await installFunctions(link);
  });
}

/** With a data directory of its own, which nothing is written to. */
async function openBeside(url: string, options: StoreOptions): Promise<Database> {
  const { log, lock_dir } = options;
  const data_dir = lock_dir ?? mkdtempSync(join(tmpdir(), "foretick-"));
  const remove = (): void => {
    if (lock_dir === undefined) rmSync(data_dir, { recursive: true, force: true });
  };
  try {
    const database = await connected(new DatabaseLink({ url, data_dir, log, clock: systemClock }), options);
    const close = async (): Promise<void> => {
      await database.close();
      remove();
    };
    return { ...database, close };
  } catch (error) {
    remove();
    throw error;
  }
}

async function connected(
  link: DatabaseLink,
  { schema }: StoreOptions,
  prepare: () => Promise<void> = async () => {},
): Promise<Database> {
  let closeAll = (): Promise<void> => link.close();
  try {
    await prepare();
    const database = withLink(await connectDatabase(link), link);
    closeAll = database.close;
    requireSchema(database.schema, schema);
    return database;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Where the service that has this data directory writes its database's address. */
function urlOfService(data_dir: string): string | undefined {
  try {
    return readFileSync(join(data_dir, "postgres.url"), "utf8").trim();
  } catch {
    return undefined;
  }
}
