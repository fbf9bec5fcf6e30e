/** `bun run models …` as a function of its words: reads them, opens the database, does one thing, tells. */

import { userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { type Config, readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger } from "../src/base/log.ts";
import { modelVersion } from "../src/base/units.ts";
import { FEATURE_SETS } from "../src/features/sets.ts";
import { bundleExists } from "../src/model/bundle_install.ts";
import { bundleStoreOf } from "../src/record/bundle_store.ts";
import type { Database } from "../src/record/database.ts";
import { type Moved, type PromoteInput, Registry, type Scope } from "../src/record/registry.ts";
import { ALIASES, type AliasPlace, RegistryRows } from "../src/record/registry_rows.ts";
import { detailLines, eventLines, modelLines } from "./models_lines.ts";
import { openStore } from "./open_store.ts";
import { type Flags, readFlags } from "./source_flags.ts";

export const USAGE = `usage: bun run models <what> [<version>] [flags]

  list                what is registered, newest first, and where the aliases point
  show <version>      one model: data, verdict, gates, history
  register <version>  a bundle of MODEL_DIR, or a folder; checked first, and kept in the S3 store if one is set
  promote <version>   points an alias at it; a running service serves a new champion from its next tick on
  rollback            takes back the last promotion; again goes back further
  history             the moves of an alias

  --symbol        whose alias, e.g. BTCUSDT (default *: every symbol without an alias of its own)
  --alias         ${ALIASES.join(" | ")} (default champion)
  --reason        why; recorded
  --force         promotes what would be refused; wants a reason
  --by            who; recorded (default the user's name)
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  alias: { type: "string" },
  reason: { type: "string" },
  force: { type: "boolean" },
  by: { type: "string" },
  "database-url": { type: "string" },
} as const;

/** What one verb works with. */
interface Parts {
  readonly registry: Registry;
  readonly rows: RegistryRows;
  readonly scope: Scope;
  readonly config: Config;
  readonly flags: Flags;
  /** The word after the verb. */
  readonly target: string | undefined;
}

type Verb = (parts: Parts) => Promise<string[]>;

const VERBS: Readonly<Record<string, Verb>> = { list, show, register, promote, rollback, history };
const WITH_TARGET = ["show", "register", "promote"];

/**
 * @param words e.g. ["promote", "ridge-v1/20261121-100000", "--reason", "better"].
 * @param environment e.g. `process.env`.
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID with the usage; whatever the registry throws.
 */
export async function modelsCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help) return [USAGE];
  const [name = "", target, ...more] = rest;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name]! : refuse(`what to do, was "${name}"`);
  if (WITH_TARGET.includes(name) && target === undefined) refuse(`a version after ${name}`);
  if (more.length > 0 || (target !== undefined && !WITH_TARGET.includes(name))) {
    refuse(`nothing after ${name}, was "${[target, ...more].join(" ")}"`);
  }
  const config = readConfig(environment);
  const log = createLogger({ level: "warn", format: config.log_format });
  const url = (flags["database-url"] as string | undefined) ?? config.database_url;
  const database = await openStore({ url, data_dir: config.data_dir, log });
  try {
    return await verb({ ...partsOf(database, config, flags), flags, config, target });
  } finally {
    await database.close();
  }
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run models expected ${expected}\n\n${USAGE}`);

function partsOf(
  { sql }: Database,
  config: Config,
  flags: Flags,
): Pick<Parts, "registry" | "rows" | "scope"> {
  const store = bundleStoreOf(config, systemClock);
  return {
    registry: new Registry({ sql, model_dir: config.model_dir, sets: FEATURE_SETS, store }),
    rows: new RegistryRows(sql),
    scope: { actor: typeof flags.by === "string" ? flags.by : userName() },
  };
}

// A container may run under an id that has no name.
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

const textFlag = <Name extends string>(flags: Flags, name: Name): { [Key in Name]?: string } =>
  (typeof flags[name] === "string" ? { [name]: flags[name] } : {}) as { [Key in Name]?: string };

function placeFlags(flags: Flags): AliasPlace {
  const { symbol = "*", alias = "champion" } = flags;
  const found = ALIASES.find((each) => each === alias);
  return { symbol: String(symbol), alias: found ?? refuse(`--alias ${ALIASES.join(", ")}, was ${alias}`) };
}

async function list({ rows }: Parts): Promise<string[]> {
  return modelLines(await rows.list());
}

async function show({ rows, target }: Parts): Promise<string[]> {
  return detailLines(await rows.show(modelVersion(target!)));
}

async function register({ registry, scope, config, flags, target }: Parts): Promise<string[]> {
  const below = join(config.model_dir, target!);
  const dir = (await bundleExists(below)) ? below : target!;
  if (!(await bundleExists(dir))) {
    fail(
      "MODEL_UNKNOWN",
      `expected a bundle at ${below} or ${dir}, there is none: "bun run train" makes one`,
    );
  }
  const { version, is_new } = await registry.register(scope, { dir, ...textFlag(flags, "reason") });
  if (!is_new) return [`${version} is registered already, the same`];
  return [`${version} is registered`, `to serve it: bun run models promote ${version}`];
}

async function promote({ registry, scope, flags, target }: Parts): Promise<string[]> {
  const input: PromoteInput = {
    ...placeFlags(flags),
    version: target!,
    force: flags.force === true,
    ...textFlag(flags, "reason"),
  };
  return movedLines(await registry.promote(scope, input));
}

async function rollback({ registry, scope, flags }: Parts): Promise<string[]> {
  const input = { ...placeFlags(flags), ...textFlag(flags, "reason") };
  return movedLines(await registry.rollback(scope, input));
}

async function history({ rows, flags }: Parts): Promise<string[]> {
  return eventLines(await rows.history(placeFlags(flags)));
}

function movedLines({ place, version, version_before, moved }: Moved): string[] {
  const whose = place.symbol === "*" ? place.alias : `${place.alias} of ${place.symbol}`;
  if (!moved) return [`${whose} is ${version} already`];
  return [`${whose} is now ${version}${version_before === null ? "" : ` (was ${version_before})`}`];
}
