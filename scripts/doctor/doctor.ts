/** All checks of `bun run doctor`, for the role this machine is to have, and what becomes of them. */

import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { withDeadline } from "../../src/base/deadline.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { bad, begin, type Check, type Finding, failed, type Named, ok } from "./check.ts";
import { DoctorDatabase, databaseCheck } from "./database.ts";
import { diskChecks } from "./disk.ts";
import { exchangeChecks } from "./exchange.ts";
import { machineChecks } from "./machine.ts";
import { modelCheck } from "./model.ts";
import { redisCheck } from "./redis.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Begins every check at once, and gives what each found, in an order that is always the same.
 * @param environment e.g. `process.env`. Settings that are wrong are one finding; what relies on them is not looked at.
 */
export async function* doctor(environment: Environment, clock: Clock = systemClock): AsyncGenerator<Named> {
  const { config, wrong, finding } = settingsOf(environment);
  yield { check: "configuration", ...finding };
  const database = new DoctorDatabase(config);
  try {
    for (const found of begin(checksFor(config, database, clock), wrong, clock)) yield* await found;
  } finally {
    const options = {
      clock,
      limit: "doctor_close_ms" as const,
      what: "the end of the database's connections",
    };
    await withDeadline(database.close(), options).catch(() => {});
  }
}

/** An API machine shows what is in Redis, and needs neither exchange nor database; a worker needs no exchange and no port. */
function checksFor(config: Config, database: DoctorDatabase, clock: Clock): Check[] {
  const { role } = config;
  const [port, ...machine] = machineChecks(config);
  const [folder, disk, journal] = diskChecks(config, clock);
  const leads = role === "all" || role === "ingest";
  return [
    ...(leads ? exchangeChecks(config, clock) : []),
    ...(role === "api" ? [] : [databaseCheck(config, database)]),
    ...(role === "worker" ? [] : [redisCheck(config, clock)]),
    ...(role === "api" ? [] : [modelCheck(config, database, clock)]),
    ...[folder!, disk!],
    ...(leads ? [journal!] : []),
    ...(role === "worker" ? [] : [port!]),
    ...machine,
  ];
}

interface Settings {
  /** Wrong ones are as if they were not set. */
  readonly config: Config;
  readonly wrong: readonly string[];
  readonly finding: Finding;
}

function settingsOf(environment: Environment): Settings {
  try {
    const config = readConfig(environment);
    return {
      config,
      wrong: [],
      finding: ok(`every setting is as expected; this machine is role ${config.role}`),
    };
  } catch (error) {
    const wrong = error instanceof ForetickError ? (error.details.names as readonly string[]) : undefined;
    if (!wrong) throw error;
    const without = Object.fromEntries(Object.entries(environment).filter(([name]) => !wrong.includes(name)));
    const { found } = failed(error, "");
    const remedy = "correct them in the environment; README.md has the table";
    return { config: readConfig(without), wrong, finding: bad(found, remedy) };
  }
}
