/** What `scripts/train.ts` is told by its flags. */

import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { type Micros, US_PER_MS } from "../src/base/units.ts";
import type { FeatureSet } from "../src/features/set.ts";
import { GATES_FILE } from "../src/model/gates.ts";
import { segment } from "../src/model/manifest.ts";
import type { FilterSettings } from "../src/train/filters.ts";
import type { BackendName } from "../src/train/network/backend.ts";
import type { SearchOptions } from "../src/train/search/search.ts";
import { EMBARGO_S_MIN } from "../src/train/split.ts";
import { isNetwork, MODEL_KINDS, type ModelKind } from "../src/train/trainable.ts";
import { FILTER_OPTIONS, FILTER_USAGE, filterFlags } from "./filter_flags.ts";
import { RANGE_OPTIONS, type RangeSettings, rangeFlags, setFlag } from "./range_flags.ts";
import { type Flags, numberFlag, readFlags } from "./source_flags.ts";

export const HORIZON_S = 10;
const GATES_PATH = join(import.meta.dir, "..", "models", GATES_FILE);
/** Scored beside every model in any case; by themselves there is nothing to write. */
const BASELINES = ["zero", "mean", "last-return", "order-flow"];
const MODEL_DEFAULT = "all";
const MODELS = [...MODEL_KINDS, "all", ...BASELINES];
const BACKENDS: readonly BackendName[] = ["native", "wasm", "cpu"];
export const USAGE = `Usage: bun scripts/train.ts --tape <file> [--tape <file> …]
       bun scripts/train.ts --model ridge,mlp --from 2026-10-01 --to 2026-11-01

  --model        ${MODELS.join(" | ")} (default all); several with commas.
                 zero, mean, last return, order flow and ridge stand beside any of them
                 all: every kind, and of those the data cannot tell apart the simplest is proposed
  --tape         a tape made by \`bun run tape\`; several in order of time
  --from --to    instead of tapes: UTC days or times of the database's history; --to is not included
  --symbol       of that history (default the first of SYMBOLS)
  --database-url where it is (default DATABASE_URL, else the embedded database of DATA_DIR)
  --known-before leaves out what was received later than this UTC time (default nothing)
  --set          feature set (default v1)
  --out          folder of model bundles (default models); the models asked for are written, and the proposed one
  --gates        what a model has to show to be served (default models/gates.json)
  --name         name of the bundle (default <model>-v1)
  --version      version of the bundle (default the time now, e.g. 20261121-100000)
  --folds        first trains and scores on so many later parts, one after the other (walk-forward)
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

export interface Settings {
  readonly kinds: readonly ModelKind[];
  /** Empty where there is a range. */
  readonly tapes: readonly string[];
  readonly range: RangeSettings | undefined;
  readonly set: FeatureSet;
  readonly filters: FilterSettings;
  /** 0: no walk-forward. */
  readonly folds: number;
  readonly out: string;
  readonly gates: string;
  /** Of the one model asked for; undefined: after its kind. */
  readonly name: string | undefined;
  readonly version: string;
  readonly created_at_us: Micros;
  readonly train_share: number;
  readonly purge_s: number | undefined;
  readonly embargo_s: number | undefined;
  readonly seed: number;
  /** Undefined: the kind's own shape and the usual settings. */
  readonly search: SearchSettings | undefined;
  /** Undefined: the first that works. */
  readonly backend: BackendName | undefined;
  readonly record: boolean;
}

export type SearchSettings = Required<Pick<SearchOptions, "population" | "generations" | "state_path">>;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  model: { type: "string" },
  tape: { type: "string", multiple: true },
  ...RANGE_OPTIONS,
  ...FILTER_OPTIONS,
  folds: { type: "string" },
  set: { type: "string" },
  out: { type: "string" },
  gates: { type: "string" },
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

export function readSettings(): Settings | "help" {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) return "help";
  const kinds = kindsFlag(flags);
  // A shell expands `--tape *.tape` to one flag and several bare words: they are tapes too.
  const tapes = [...((flags.tape as readonly string[] | undefined) ?? []), ...rest];
  const range = rangeFlags(flags);
  if ((tapes.length === 0) === (range === undefined)) {
    const was = range ? "both were given" : "neither was given";
    fail(
      "CONFIG_INVALID",
      `expected tapes ("bun run tape" makes one) or --from and --to, ${was}\n\n${USAGE}`,
    );
  }
  const now_us = systemClock.now();
  const secondsFlag = (name: string, min: number): number | undefined =>
    flags[name] === undefined ? undefined : numberFlag(flags, name, min, min, 86_400);
  return {
    kinds,
    tapes,
    range,
    set: setFlag(flags),
    filters: filterFlags(flags),
    folds: wholeFlag(flags, "folds", 0, 0, 50),
    out: String(flags.out ?? "models"),
    gates: String(flags.gates ?? GATES_PATH),
    name: bundleName(flags, kinds),
    version: nameFlag(flags, "version", stamp(now_us)),
    created_at_us: now_us,
    train_share: numberFlag(flags, "train-share", 0.7, 0.05, 0.95),
    purge_s: secondsFlag("purge-s", HORIZON_S),
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

function wholeFlag(flags: Flags, name: string, otherwise: number, min: number, max: number): number {
  const value = numberFlag(flags, name, otherwise, min, max);
  if (Number.isInteger(value)) return value;
  return fail("CONFIG_INVALID", `--${name} expected a whole number, was ${value}`);
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

/** 20261121-100000 */
const stamp = (time_us: Micros): string =>
  new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
