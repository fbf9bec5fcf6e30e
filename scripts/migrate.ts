/**
 * `bun run migrate`: creates the tables, or brings them up to date, and installs the SQL functions, as the
 * role that owns them. For databases on which the service runs with MIGRATE=off. See docs/database.md.
 */

import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { describeError } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import { connectDatabase } from "../src/record/database.ts";
import { DatabaseLink } from "../src/record/link.ts";
import { installFunctions, migrateDatabase } from "../src/record/migrate.ts";
import { installQueue } from "../src/record/training/queue.ts";
import { withExample } from "./flags/example.ts";
import { databaseUrl, readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run migrate [--database-url postgres://owner:…@host:port/database]

  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, while no service runs on it`;

const OPTIONS = { help: { type: "boolean", short: "h" }, "database-url": { type: "string" } } as const;

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) return void process.stdout.write(`${withExample(USAGE, OPTIONS, "migrate")}\n`);
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const url = databaseUrl(flags, config);
  const link = new DatabaseLink({
    ...{ url, log, clock: systemClock },
    data_dir: url === undefined ? config.data_dir : `${config.data_dir}/migrate`,
  });
  try {
    await migrateDatabase(link);
    const made = await installFunctions(link);
    const database = await connectDatabase(link);
    // Forecasts need no queue: a role that may not make its schema has migrated all the same.
    await installQueue({ url: database.url, sql: database.sql, clock: systemClock, log })
      .catch((error: unknown) => void process.stderr.write(`warning: ${describeError(error)}\n`))
      .finally(() => database.close());
    process.stdout.write(`${database.description}\n${made.length} SQL functions made or replaced\n`);
  } finally {
    await link.close();
  }
});
