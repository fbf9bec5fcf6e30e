/** `bun run experiments …` as a function of its arguments: it opens the database and does one thing. */

import { readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { experiment, experimentBlocks, experiments } from "../../../src/steer/experiments/rows.ts";
import {
  type ExperimentParts,
  finishExperiment,
  type StartInput,
  startExperiment,
} from "../../../src/steer/experiments/start.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, numberFlag, readFlags, textFlags } from "../../flags/source.ts";
import { experimentLines, experimentsLines } from "../../lines/steer/experiments.ts";
import { actorOf, withStore } from "../with_store.ts";

const USAGE = `usage: bun run experiments <what> [<version or id>] [flags]

  start <version>  tries it against the champion: it becomes the challenger, scored at every tick
  list             those that run, then the newest ended
  show <id>        one: where it stands, how long a decision takes at the present rate, its newest blocks
  stop <id>        ends it without a verdict
  conclude <id>    ends it with what can be said now

  --symbol            default the first of SYMBOLS
  --against           the model it is tried against (default the champion)
  --name              for people
  --traffic-split     share of clients that are served it, 0 to 1 (default 0); it has no part in the judging
  --duration-h        longest, hours (default 336)
  --min-duration-h    shortest, hours (default AB_TEST_MIN_DURATION_HOURS, which is 24)
  --confidence-level  default AB_TEST_CONFIDENCE_LEVEL, which is 0.95
  --reason            why; recorded
  --force             concludes before the shortest time is over
  --by                who; recorded (default the user's name)
  --database-url      default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  symbol: { type: "string" },
  against: { type: "string" },
  name: { type: "string" },
  "traffic-split": { type: "string" },
  "duration-h": { type: "string" },
  "min-duration-h": { type: "string" },
  "confidence-level": { type: "string" },
  reason: { type: "string" },
  force: { type: "boolean" },
  by: { type: "string" },
  "database-url": { type: "string" },
} as const;

const VERBS = ["start", "list", "show", "stop", "conclude"] as const;
/** The migration that made the table: all a reading verb needs. */
const EXPERIMENTS_SCHEMA = 23;

/**
 * @param words e.g. ["start", "ridge-v1/20261121-100000", "--traffic-split", "0.1"].
 * @param environment e.g. `process.env`.
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID with the usage; whatever `startExperiment` and `finishExperiment` throw.
 */
export async function experimentsCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help) return [withExample(USAGE, OPTIONS, "experiments list")];
  const [name = "", target, ...more] = rest;
  const verb = VERBS.find((each) => each === name) ?? refuse(`what to do, was "${name}"`);
  if ((verb === "list") !== (target === undefined)) {
    refuse(verb === "list" ? `nothing after list, was "${target}"` : `a version or id after ${verb}`);
  }
  if (more.length > 0) refuse(`one word after ${verb}, was "${more.join(" ")}" too`);
  const config = readConfig(environment);
  const use = verb === "list" || verb === "show" ? "read" : "write";
  const store = {
    ...({ config, url: databaseUrl(flags, config), use } as const),
    ...(use === "read" ? { schema: EXPERIMENTS_SCHEMA } : {}),
  };
  const scope = { actor: actorOf(flags) };
  return withStore(store, async ({ sql }) => {
    switch (verb) {
      case "list":
        return experimentsLines(await experiments(sql, textFlags(flags, ["symbol"])));
      case "show":
        return experimentLines(
          await experiment(sql, target!),
          await experimentBlocks(sql, target!, LIMITS.experiment_blocks_shown),
        );
      case "start": {
        const { model_dir } = config;
        const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
        return await start({ sql, registry }, scope, inputOf(flags, config, target!));
      }
      default: {
        const how = { experiment_id: target!, how: verb, force: flags.force === true };
        const ended = await finishExperiment(sql, scope, { ...how, ...textFlags(flags, ["reason"]) });
        const one = await experiment(sql, target!);
        return ended ? experimentLines(one, []) : [`${one.name} had ended: ${one.ended_because}`];
      }
    }
  });
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run experiments expected ${expected}\n\n${USAGE}`);

async function start(
  parts: ExperimentParts,
  scope: { readonly actor: string },
  input: StartInput,
): Promise<string[]> {
  const begun = await startExperiment(parts, scope, input);
  return [...experimentLines(begun, []), `to look at it: bun run experiments show ${begun.experiment_id}`];
}

function inputOf(flags: Flags, config: ReturnType<typeof readConfig>, b: string): StartInput {
  const { ab_test_min_duration_hours, ab_test_confidence_level, symbols } = config;
  const hours = (name: string, otherwise: number): number =>
    numberFlag(flags, name, otherwise, 0, LIMITS.experiment_h_max);
  return {
    ...{ b, symbol: String(flags.symbol ?? symbols[0]) },
    ...(typeof flags.against === "string" ? { a: flags.against } : {}),
    ...textFlags(flags, ["name", "reason"]),
    traffic_split: numberFlag(flags, "traffic-split", 0, 0, 1),
    duration_h: hours("duration-h", 336),
    min_duration_h: hours("min-duration-h", ab_test_min_duration_hours),
    confidence_level: numberFlag(flags, "confidence-level", ab_test_confidence_level, 0.5, 0.9999),
  };
}
