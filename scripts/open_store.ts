/** The database a command works on, whether or not a service runs on it. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { ForetickError } from "../src/base/errors.ts";
import type { Logger } from "../src/base/log.ts";
import { type Database, openDatabase } from "../src/record/database.ts";

export interface StoreOptions {
  /** Undefined: the embedded database of `data_dir`. */
  readonly url: string | undefined;
  readonly data_dir: string;
  readonly log: Logger;
}

/** For reading: takes nothing a service holds. The embedded database of a running service is reached through it. */
export async function openStore({ url, data_dir, log }: StoreOptions): Promise<Database> {
  if (url !== undefined) return openBeside(url, log);
  try {
    return await openDatabase({ data_dir, log, clock: systemClock });
  } catch (error) {
    if (!(error instanceof ForetickError && error.code === "STORE_DATA_DIR")) throw error;
    const told = urlOfService(data_dir);
    if (!told) throw error;
    return openBeside(told, log);
  }
}

/** With a data directory of its own, which nothing is written to. */
async function openBeside(url: string, log: Logger): Promise<Database> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-"));
  const remove = (): void => rmSync(data_dir, { recursive: true, force: true });
  try {
    const database = await openDatabase({ url, data_dir, log, clock: systemClock });
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

/** Where the service that has this data directory tells its database's address. */
function urlOfService(data_dir: string): string | undefined {
  try {
    return readFileSync(join(data_dir, "postgres.url"), "utf8").trim();
  } catch {
    return undefined;
  }
}
