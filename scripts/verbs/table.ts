/** What `bun run foretick <verb>` knows: the one list of the project's commands, in the order in which they are needed. */

export interface Verb {
  readonly verb: string;
  /** One line, for `foretick help` and completion. */
  readonly what: string;
}

/** Each verb is the script of its name in scripts/. */
export const VERBS: readonly Verb[] = [
  { verb: "demo", what: "the whole product on a simulated market: no key, no server" },
  { verb: "doctor", what: "looks at everything a service needs, and says what to do" },
  { verb: "serve", what: "the service, or the part of it that this machine is" },
  { verb: "watch", what: "the live forecast of a running service, in this terminal" },
  {
    verb: "exchange",
    what: "the paper exchange: Binance's streams and REST from a simulated or recorded market",
  },
  { verb: "backfill", what: "brings history into the database" },
  { verb: "train", what: "fits models, holds them to the gates, writes bundles" },
  { verb: "worker", what: "trains what the queue asks for" },
  { verb: "jobs", what: "the queue of trainings: list, show, add, cancel" },
  { verb: "models", what: "the registry: list, promote, roll back, import" },
  { verb: "deploy", what: "makes a version the champion step by step" },
  { verb: "experiments", what: "a challenger on trial against the champion" },
  { verb: "drift", what: "whether the market has left what a model was trained on" },
  { verb: "signals", what: "what acting on forecasts would have earned on paper" },
  { verb: "alerts", what: "what is wrong and was, silences, a test of the channels" },
  { verb: "parity", what: "compares stored vectors with SQL, bit by bit" },
  { verb: "replay", what: "a captured run again: every vector and forecast, bit by bit" },
  { verb: "journal", what: "rows that wait for the database, and those it refused" },
  { verb: "migrate", what: "creates the tables, or brings them up to date" },
  { verb: "backup", what: "the database and the models as one folder, while a service runs" },
  { verb: "restore", what: "a backup into an empty place, or only read through" },
  { verb: "archive", what: "days of the database into the lake, as Parquet" },
  { verb: "export", what: "training rows, or a table, as one Parquet file" },
  { verb: "tape", what: "a tape of recordings or of the simulator" },
  { verb: "keys", what: "keys of callers: create, list, revoke" },
  { verb: "audit", what: "the record of changes, and whether it is whole" },
  { verb: "load", what: "a load on a running service, and whether it carries it" },
  { verb: "test", what: "the whole proof of a checkout" },
  { verb: "fuzz", what: "mutated inputs at every door where something from outside comes in" },
  { verb: "simulate", what: "the whole service with faults from a seed, on a simulated clock" },
  { verb: "docs", what: "writes the pages of docs/ that come from code" },
  { verb: "openapi", what: "writes docs/openapi.json from the routes" },
  { verb: "feature_sql", what: "writes the SQL of the feature sets for reading" },
];

/** Those of `foretick` itself. */
export const OWN_VERBS: readonly Verb[] = [
  { verb: "help", what: "this list; help <verb> is that verb's own, help --all everyone's" },
  { verb: "completion", what: "for bash or zsh: the command foretick, with completion" },
];
