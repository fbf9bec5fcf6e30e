/** What commands on the database have in common: it is opened, and closed again; somebody asks. */

import type { Config } from "../../src/base/config.ts";
import { createLogger, type Logger } from "../../src/base/log.ts";
import type { Database } from "../../src/record/database.ts";
import type { Flags } from "../flags/source.ts";
import { openStore, type StoreOptions } from "./open_store.ts";
import { userName } from "./user_name.ts";

export interface WithStoreOptions extends Pick<StoreOptions, "url" | "use" | "schema"> {
  readonly config: Pick<Config, "data_dir" | "log_format">;
}

/** `--by`, else the user's name. */
export const actorOf = ({ by }: Flags): string => (typeof by === "string" ? by : userName());

/**
 * Runs `run` on the database, whether or not a service runs there, and closes it. The log has warnings alone.
 * @throws as `openStore` and `run`.
 */
export async function withStore<T>(
  { config, ...options }: WithStoreOptions,
  run: (database: Database, log: Logger) => Promise<T>,
): Promise<T> {
  const log = createLogger({ level: "warn", format: config.log_format });
  const database = await openStore({ ...options, data_dir: config.data_dir, log });
  try {
    return await run(database, log);
  } finally {
    await database.close();
  }
}
