/** `bun run jobs …` as a function of its arguments: it opens the database and does one thing. */

import type { Sql } from "postgres";
import { type Config, readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { cancelTraining, trainingJob, trainingJobs } from "../../../src/record/training/jobs.ts";
import { type JobSettings, requestTraining } from "../../../src/record/training/request.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, numberFlag, readFlags, textFlags } from "../../flags/source.ts";
import { jobDetailLines, jobLines } from "../../lines/jobs.ts";
import { actorOf, withStore } from "../with_store.ts";

const USAGE = `usage: bun run jobs <what> [<job>] [flags]

  list          trainings that run and wait, then those that ended, newest first
  show <job>    one: why, how far, what came of it
  add           asks for one; a worker (\`bun run worker\`, or the service's own) trains it
  cancel <job>  takes it back, also while it runs

  --symbol        default the first of SYMBOLS; of list: all
  --days          of add: how much of the newest history (default TRAINING_DATA_DAYS)
  --model         of add: several with commas (default what fits the number of rows)
  --set, --label  of add: default by what is stored
  --by            who; recorded (default the user's name)
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  days: { type: "string" },
  model: { type: "string" },
  set: { type: "string" },
  label: { type: "string" },
  by: { type: "string" },
  "database-url": { type: "string" },
} as const;

interface Parts {
  readonly sql: Sql;
  readonly config: Config;
  readonly flags: Flags;
  readonly actor: string;
  /** The job named after the verb. */
  readonly target: string;
}

const VERBS: Readonly<Record<string, (parts: Parts) => Promise<string[]>>> = { list, show, add, cancel };
const WITH_TARGET = ["show", "cancel"];

/**
 * @param words e.g. ["add", "--symbol", "BTCUSDT"].
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID with the usage; NOT_FOUND; REQUEST_INVALID; STORE_UNREACHABLE.
 */
export async function jobsCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help) return [withExample(USAGE, OPTIONS, "jobs list")];
  const [name = "", target = "", ...more] = rest;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name]! : refuse(`what to do, was "${name}"`);
  if (WITH_TARGET.includes(name) !== (target !== "") || more.length > 0) {
    refuse(
      `${WITH_TARGET.includes(name) ? "one job" : "nothing"} after ${name}, was "${rest.slice(1).join(" ")}"`,
    );
  }
  const config = readConfig(environment);
  const use = name === "add" || name === "cancel" ? "write" : "read";
  return withStore({ config, url: databaseUrl(flags, config), use }, ({ sql }) =>
    verb({ ...{ sql, config, flags, target }, actor: actorOf(flags) }),
  );
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run jobs expected ${expected}\n\n${USAGE}`);

async function list({ sql, flags }: Parts): Promise<string[]> {
  return jobLines(await trainingJobs(sql, textFlags(flags, ["symbol"])));
}

async function show({ sql, target }: Parts): Promise<string[]> {
  return jobDetailLines(await trainingJob(sql, target));
}

async function add({ sql, config, flags, actor }: Parts): Promise<string[]> {
  const settings = {
    ...(flags.days === undefined ? {} : { days: numberFlag(flags, "days", 1, 0.01, 36_500) }),
    ...(flags.model === undefined ? {} : { models: String(flags.model).split(",") }),
    ...textFlags(flags, ["set", "label"]),
  } as JobSettings;
  const { symbol = config.symbols[0]! } = textFlags(flags, ["symbol"]);
  const { job_id, sentence } = await requestTraining(sql, { symbol, reason: "person", actor, settings });
  return [`${sentence}: ${job_id}`];
}

async function cancel({ sql, actor, target }: Parts): Promise<string[]> {
  const done = await cancelTraining(sql, target, actor);
  return [done ? `${target} is cancelled` : `${target} had ended already`];
}
