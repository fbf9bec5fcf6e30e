/** `bun run models …` as a function of its arguments: it opens the database and does one thing. */

import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { type Config, readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { bundleExists } from "../../../src/model/bundle/install.ts";
import type { Database } from "../../../src/record/database.ts";
import { ALIAS_WORDS, type AliasPlace, isAlias } from "../../../src/record/registry/alias.ts";
import type { PromoteInput, Scope } from "../../../src/record/registry/inputs.ts";
import type { Moved, Registry } from "../../../src/record/registry/registry.ts";
import { registryOf } from "../../../src/record/registry/registry_of.ts";
import { RegistryRows } from "../../../src/record/registry/rows.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, readFlags, textFlags } from "../../flags/source.ts";
import { detailLines, eventLines, modelLines } from "../../lines/models.ts";
import { actorOf, withStore } from "../with_store.ts";
import { openCommand, sealCommand } from "./seal.ts";

const USAGE = `usage: bun run models <what> [<version>] [flags]

  list                what is registered, newest first, and where the aliases point
  show <version>      one model: data, verdict, gates, history
  register <version>  a bundle of MODEL_DIR, or a folder; checked first, and kept in the S3 store if one is set
  import <file.onnx> --set v1 --label mid|last
                      makes a bundle of a model trained elsewhere: one input of the set's columns, one output. It is
                      tried on stored rows as a trained one is, held to the same gates, and registered (docs/python.md)
  ensemble <version> <member>=<weight> …
                      registers the weighted mean of registered models as one more
  promote <version>   points an alias at it; a running service serves a new champion from its next tick on
  role <version> challenger | shadow | none
                      scores it beside the champion at every tick, or no longer (up to six shadows a symbol)
  rollback            takes back the last promotion; again goes back further
  history             the moves of an alias
  seal                seals every bundle of MODEL_DIR, and the same versions in the S3 store, by BUNDLE_KEY: what was plain,
                      or is sealed by an older key named after the current one
  open <version> <folder>   writes a sealed bundle's files plain, to read its report

  --symbol        whose alias, e.g. BTCUSDT (default *: every symbol without an alias of its own); for import, whose rows
                  (default the first of SYMBOLS)
  --set --label   for import: the feature set it was trained on, and what it forecasts
  --from --to     for import: the rows it is tried on, or --since (default all stored); the newest 30 % of their time are the test
  --name --version --gates   for import: of the bundle; what it has to show (default models/gates.json)
  --alias         ${ALIAS_WORDS} (default champion)
  --reason        why; recorded
  --force         promotes although a check refuses; needs --reason
  --by            who; recorded (default the user's name)
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  alias: { type: "string" },
  reason: { type: "string" },
  force: { type: "boolean" },
  by: { type: "string" },
  set: { type: "string" },
  label: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  since: { type: "string" },
  name: { type: "string" },
  version: { type: "string" },
  gates: { type: "string" },
  "database-url": { type: "string" },
} as const;

/** What one verb works with. */
interface Parts {
  readonly registry: Registry;
  readonly rows: RegistryRows;
  readonly scope: Scope;
  readonly config: Config;
  readonly flags: Flags;
  /** The word after the verb, and those after that. */
  readonly target: string | undefined;
  readonly more: readonly string[];
}

type Verb = (parts: Parts) => Promise<string[]>;

const VERBS: Readonly<Record<string, Verb>> = {
  list,
  show,
  register,
  ensemble,
  promote,
  role,
  rollback,
  history,
};
const WITH_TARGET = ["show", "register", "ensemble", "promote", "role"];
/** Flags of `import` and of nothing else. */
const IMPORTING = ["set", "label", "from", "to", "since", "name", "version", "gates"] as const;
const ROLES_GIVEN = ["challenger", "shadow", "none"] as const;
const READING = ["list", "show", "history"];
/** The migration that made the registry's tables: all a reading verb needs. */
const REGISTRY_SCHEMA = 7;

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
  if (flags.help)
    return [
      withExample(USAGE, OPTIONS, "models promote ridge-v1/20261121-100000", {
        reason: "better on the last day",
      }),
    ];
  const [name = "", target, ...more] = rest;
  const config = readConfig(environment);
  if (name === "import") {
    const path = target !== undefined && more.length === 0 ? target : refuse("one file after import");
    // Not loaded for the other verbs, which need none of training.
    const { importCommand } = await import("./import.ts");
    return importCommand(path, flags, config, environment);
  }
  if (name === "seal" && target === undefined) return sealCommand(config);
  if (name === "open" && target !== undefined && more.length === 1)
    return openCommand(config, target, more[0]!);
  const foreign = IMPORTING.find((flag) => flags[flag] !== undefined);
  if (foreign) refuse(`--${foreign} with import alone`);
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name]! : refuse(`what to do, was "${name}"`);
  if (WITH_TARGET.includes(name) && target === undefined) refuse(`a version after ${name}`);
  const surplus = name === "ensemble" ? 0 : more.length - (name === "role" ? 1 : 0);
  if (surplus > 0 || (target !== undefined && !WITH_TARGET.includes(name))) {
    refuse(`nothing after ${name}, was "${[target, ...more].join(" ")}"`);
  }
  const use = READING.includes(name) ? "read" : "write";
  const store = {
    ...({ config, url: databaseUrl(flags, config), use } as const),
    ...(use === "read" ? { schema: REGISTRY_SCHEMA } : {}),
  };
  return withStore(store, (database) =>
    verb({ ...partsOf(database, config, flags), flags, config, target, more }),
  );
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run models expected ${expected}\n\n${USAGE}`);

function partsOf(
  { sql }: Database,
  config: Config,
  flags: Flags,
): Pick<Parts, "registry" | "rows" | "scope"> {
  return {
    registry: registryOf(sql, config, systemClock),
    rows: new RegistryRows(sql),
    scope: { actor: actorOf(flags) },
  };
}

function placeFlags(flags: Flags): AliasPlace {
  const { symbol = "*", alias = "champion" } = flags;
  const name = String(alias);
  return {
    symbol: String(symbol),
    alias: isAlias(name) ? name : refuse(`--alias ${ALIAS_WORDS}, was ${name}`),
  };
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
  const { version, is_new } = await registry.register(scope, { dir, ...textFlags(flags, ["reason"]) });
  if (!is_new) return [`${version} is registered already, the same`];
  return [`${version} is registered`, `to serve it: bun run models promote ${version}`];
}

async function ensemble({ registry, scope, flags, target, more }: Parts): Promise<string[]> {
  const members = more.map((text) => {
    const [version = "", weight = "", ...rest] = text.split("=");
    if (rest.length > 0 || !(Number(weight) > 0)) {
      refuse(`members as <version>=<weight>, the weight above 0, was "${text}"`);
    }
    return { version, weight: Number(weight) };
  });
  const is_new = await registry.ensemble(scope, {
    version: target!,
    members,
    ...textFlags(flags, ["reason"]),
  });
  return [is_new ? `${target} is registered` : `${target} is registered already, the same`];
}

async function promote({ registry, scope, flags, target }: Parts): Promise<string[]> {
  const input: PromoteInput = {
    ...placeFlags(flags),
    version: target!,
    force: flags.force === true,
    ...textFlags(flags, ["reason"]),
  };
  return movedLines(await registry.promote(scope, input));
}

async function role({ registry, scope, flags, target, more: [second] }: Parts): Promise<string[]> {
  const given = ROLES_GIVEN.find((each) => each === second);
  const moved = await registry.role(scope, {
    ...{
      version: target!,
      role: given ?? refuse(`${ROLES_GIVEN.join(" | ")} after the version, was ${second}`),
    },
    ...{ force: flags.force === true, ...textFlags(flags, ["symbol", "reason"]) },
  });
  return moved ? movedLines(moved) : [`${target} has no role beside the champion`];
}

async function rollback({ registry, scope, flags }: Parts): Promise<string[]> {
  const input = { ...placeFlags(flags), ...textFlags(flags, ["reason"]) };
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
