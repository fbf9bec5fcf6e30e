/** The settings of `scripts/train.ts`, from its flags. */

import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { LABELS, type Label } from "../../src/features/label.ts";
import { segment } from "../../src/model/bundle/manifest.ts";
import {
  GATES_PATH,
  HORIZON_S,
  type SearchSettings,
  TRAIN_SHARE,
  type TrainingOrder,
  versionAt,
} from "../../src/train/course/order.ts";
import { EMBARGO_S_MIN } from "../../src/train/data/split.ts";
import { isNetwork, MODEL_KINDS, type ModelKind } from "../../src/train/fit/trainable.ts";
import type { BackendName } from "../../src/train/network/backend.ts";
import { withExample } from "./example.ts";
import { FILTER_OPTIONS, FILTER_USAGE, filterFlags } from "./filter.ts";
import { RANGE_OPTIONS, type RangeSettings, rangeFlags, setFlag, wholeRange } from "./range.ts";
import { type Flags, numberFlag, readFlags } from "./source.ts";

const HORIZON_S_MAX = 3_600;
/** Scored beside every model in any case; by themselves there is nothing to write. */
const BASELINES = ["zero", "mean", "last-return", "order-flow"];
const MODEL_DEFAULT = "all";
const MODELS = [...MODEL_KINDS, "all", ...BASELINES];
const BACKENDS: readonly BackendName[] = ["native", "wasm", "cpu"];
const USAGE = `usage: bun run train                             all that the database has of the symbol
       bun run train --tape <file> [--tape <file> …]
       bun run train --model ridge,mlp --from 2026-10-01 --to 2026-11-01

  --model        ${MODELS.join(" | ")} (default all; ridge,mlp on more than a week); several with commas.
                 zero, mean, last return, order flow and ridge are always compared with it
                 all: every kind, and of those the data cannot tell apart the simplest is proposed
  --tape         a tape made by \`bun run tape\`; several in order of time
  --from --to    instead of tapes: UTC days or times of the database's history; --to is not included (default all of it)
  --since        instead of them: from that UTC day or time to now
  --symbol       of that history (default the first of SYMBOLS)
  --database-url where it is (default DATABASE_URL, else the embedded database of DATA_DIR)
  --known-before leaves out what was received later than this UTC time (default nothing)
  --set          feature set (default v1 where quotes cover the range, else trades)
  --label        what is forecast: ${LABELS.join(" | ")} (default mid where quotes cover the range, else last)
  --horizon-s    how far ahead (default ${HORIZON_S})
  --out          folder of model bundles (default models); the models asked for are written, and the proposed one
  --gates        what a model has to show to be served (default models/gates.json)
  --scratch      folder for the rows of a long range, some 6 GB a year (default <out>/.scratch)
  --name         name of the bundle (default <model>-<set>, e.g. ridge-v1; ridge-trades-last)
  --version      version of the bundle (default the time now, e.g. 20261121-100000)
  --folds        first trains and scores on so many later parts, one after the other (walk-forward)
  --walk-forward month: first each calendar month by a model trained on all before it; the table is in the report
  --half-life    days in which a training row's weight falls by half (default: all rows weigh the same)
  --train-share  share of the time before the cut (default 0.7)
  --purge-s      seconds purged before the cut (default horizon + longest look-back)
  --embargo-s    seconds left out after the cut (default 60)
  --seed         seed of beginnings, shuffles, dropout and the bootstrap (default 1)
  --search       first searches the network's shape and settings, by its loss on the validation rows alone
  --population   of the search: trials a generation (default 8)
  --generations  of the search (default 4)
  --search-state file by which a search that was stopped goes on (default <out>/.search-<model>.json)
  --backend      ${BACKENDS.join(" | ")}: what computes the networks (default the first that works here)
  --record       keeps the run and registers the bundles in the database of the service (DATABASE_URL, or the
                 embedded one of DATA_DIR); with a DATABASE_URL it is done anyway. See docs/models.md

${FILTER_USAGE}

Ctrl-C ends the fit under way and keeps the best so far; a second one ends at once.`;

export interface Settings extends TrainingOrder {
  /** Empty where there is a range. */
  readonly tapes: readonly string[];
  readonly range: RangeSettings | undefined;
  readonly record: boolean;
}

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  model: { type: "string" },
  tape: { type: "string", multiple: true },
  ...RANGE_OPTIONS,
  ...FILTER_OPTIONS,
  folds: { type: "string" },
  "walk-forward": { type: "string" },
  "half-life": { type: "string" },
  set: { type: "string" },
  label: { type: "string" },
  "horizon-s": { type: "string" },
  out: { type: "string" },
  gates: { type: "string" },
  scratch: { type: "string" },
  name: { type: "string" },
  version: { type: "string" },
  "train-share": { type: "string" },
  "purge-s": { type: "string" },
  "embargo-s": { type: "string" },
  seed: { type: "string" },
  search: { type: "boolean" },
  population: { type: "string" },
  generations: { type: "string" },
  "search-state": { type: "string" },
  backend: { type: "string" },
  record: { type: "boolean" },
} as const;

/** What `--help` says. */
export const trainHelp = (): string =>
  withExample(USAGE, OPTIONS, "train", { model: "ridge,mlp", from: "2026-10-01", to: "2026-11-01" });

/** @throws ForetickError CONFIG_INVALID with a sentence that names the flag and the remedy. */
export function readSettings(args: readonly string[] = process.argv.slice(2)): Settings | "help" {
  const { flags, rest } = readFlags(OPTIONS, USAGE, args);
  if (flags.help) return "help";
  const kinds = kindsFlag(flags);
  // A shell expands `--tape *.tape` to one flag and several bare words: they are tapes too.
  const tapes = [...((flags.tape as readonly string[] | undefined) ?? []), ...rest];
  const asked_range = rangeFlags(flags);
  if (tapes.length > 0 && asked_range) {
    fail(
      "CONFIG_INVALID",
      `expected tapes or a range of the database's history, both were given\n\n${USAGE}`,
    );
  }
  const range = tapes.length > 0 ? undefined : (asked_range ?? wholeRange(flags));
  const now_us = systemClock.now();
  const horizon_s = wholeFlag(flags, "horizon-s", HORIZON_S, 1, HORIZON_S_MAX);
  const secondsFlag = (name: string, min: number): number | undefined =>
    flags[name] === undefined ? undefined : numberFlag(flags, name, min, min, 86_400);
  return {
    kinds,
    kinds_asked: flags.model !== undefined,
    tapes,
    range,
    set: setFlag(flags),
    label: labelFlag(flags),
    horizon_s,
    filters: filterFlags(flags),
    folds: foldsFlags(flags),
    half_life_s:
      flags["half-life"] === undefined ? undefined : 86_400 * numberFlag(flags, "half-life", 1, 0.01, 36_500),
    out: String(flags.out ?? "models"),
    gates: String(flags.gates ?? GATES_PATH),
    scratch: String(flags.scratch ?? join(String(flags.out ?? "models"), ".scratch")),
    name: bundleName(flags, kinds),
    version: nameFlag(flags, "version", versionAt(now_us)),
    created_at_us: now_us,
    train_share: numberFlag(flags, "train-share", TRAIN_SHARE, 0.05, 0.95),
    purge_s: secondsFlag("purge-s", horizon_s),
    embargo_s: secondsFlag("embargo-s", EMBARGO_S_MIN),
    seed: numberFlag(flags, "seed", 1, 0, 2 ** 31 - 1),
    search: searchFlags(flags, kinds),
    backend: backendFlag(flags),
    record: flags.record === true,
  };
}

function searchFlags(flags: Flags, kinds: readonly ModelKind[]): SearchSettings | undefined {
  if (!flags.search) return undefined;
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0 || !isNetwork(kind)) {
    fail(
      "CONFIG_INVALID",
      `--search expected one network, was --model ${String(flags.model ?? MODEL_DEFAULT)}`,
    );
  }
  return {
    population: wholeFlag(flags, "population", 8, 2, 200),
    generations: wholeFlag(flags, "generations", 4, 1, 100),
    state_path: String(flags["search-state"] ?? join(String(flags.out ?? "models"), `.search-${kind}.json`)),
  };
}

function foldsFlags(flags: Flags): Settings["folds"] {
  const by = flags["walk-forward"];
  if (by === undefined) return wholeFlag(flags, "folds", 0, 0, 50);
  if (by === "month" && flags.folds === undefined) return "month";
  const was = by === "month" ? "with --folds" : String(by);
  return fail("CONFIG_INVALID", `--walk-forward expected month, and not --folds beside it, was ${was}`);
}

function wholeFlag(flags: Flags, name: string, otherwise: number, min: number, max: number): number {
  const value = numberFlag(flags, name, otherwise, min, max);
  if (Number.isInteger(value)) return value;
  return fail("CONFIG_INVALID", `--${name} expected a whole number, was ${value}`);
}

function labelFlag({ label }: Flags): Label | undefined {
  if (label === undefined) return undefined;
  const known = LABELS.find((name) => name === label);
  return known ?? fail("CONFIG_INVALID", `--label expected ${LABELS.join(" or ")}, was ${String(label)}`);
}

function backendFlag({ backend }: Flags): BackendName | undefined {
  if (backend === undefined) return undefined;
  const known = BACKENDS.find((name) => name === backend);
  return known ?? fail("CONFIG_INVALID", `--backend expected ${BACKENDS.join(", ")}, was ${String(backend)}`);
}

function kindsFlag(flags: Flags): ModelKind[] {
  const asked = String(flags.model ?? MODEL_DEFAULT).split(",");
  const unknown = asked.find((model) => !MODELS.includes(model));
  if (unknown !== undefined) {
    fail("CONFIG_INVALID", `--model expected ${MODELS.join(", ")}, was ${unknown}`);
  }
  return MODEL_KINDS.filter((kind) => asked.includes(kind) || asked.includes("all"));
}

function bundleName(flags: Flags, kinds: readonly ModelKind[]): string | undefined {
  if (flags.name === undefined) return undefined;
  const name = nameFlag(flags, "name", "");
  if (kinds.length !== 1) fail("CONFIG_INVALID", `--name expected one model, there are ${kinds.length}`);
  return name;
}

function nameFlag(flags: Flags, name: string, otherwise: string): string {
  const text = String(flags[name] ?? otherwise);
  if (segment.safeParse(text).success) return text;
  return fail("CONFIG_INVALID", `--${name} expected lower-case letters, digits, . _ -, was ${text}`);
}
