/** What a training is asked for, by a command or by a job: which models, of what, judged how, written where. */

import { join } from "node:path";
import type { Seal } from "../../base/seal/seal.ts";
import { type Micros, US_PER_MS } from "../../base/units.ts";
import type { Label } from "../../features/label.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { GATES_FILE } from "../../model/gates.ts";
import { DEFAULT_FILTERS, type FilterSettings } from "../data/filters.ts";
import type { ModelKind } from "../fit/trainable.ts";
import type { BackendName } from "../network/backend.ts";
import type { SearchOptions } from "../search/search.ts";

export type SearchSettings = Required<Pick<SearchOptions, "population" | "generations" | "state_path">>;

export interface TrainingOrder {
  readonly kinds: readonly ModelKind[];
  /** false: nobody asked, the number of rows decides. */
  readonly kinds_asked: boolean;
  /** Undefined: chosen by what the data hold. */
  readonly set: FeatureSet | undefined;
  readonly label: Label | undefined;
  readonly horizon_s: number;
  readonly filters: FilterSettings;
  /** 0: no walk-forward. */
  readonly folds: number | "month";
  readonly half_life_s: number | undefined;
  /** Folder of model bundles. */
  readonly out: string;
  /** Seals the bundles that are written. */
  readonly seal?: Seal | undefined;
  /** File of what a model has to show to be served. */
  readonly gates: string;
  /** Folder for rows that memory should not hold. */
  readonly scratch: string;
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
}

/** Horizon where none is asked for (s). */
export const HORIZON_S = 10;
export const TRAIN_SHARE = 0.7;
export const GATES_PATH = join(import.meta.dir, "..", "..", "..", "models", GATES_FILE);

/** What nobody has asked otherwise. */
export const usualOrder = (now_us: Micros, out: string): TrainingOrder => ({
  ...{ kinds: [], kinds_asked: false, set: undefined, label: undefined, horizon_s: HORIZON_S },
  ...{ filters: DEFAULT_FILTERS, folds: 0, half_life_s: undefined },
  ...{ out, gates: GATES_PATH, scratch: join(out, ".scratch") },
  ...{ name: undefined, version: versionAt(now_us), created_at_us: now_us },
  ...{ train_share: TRAIN_SHARE, purge_s: undefined, embargo_s: undefined, seed: 1 },
  ...{ search: undefined, backend: undefined },
});

/** "20261121-100000" */
export const versionAt = (time_us: Micros): string =>
  new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
