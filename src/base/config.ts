/**
 * Configuration from the environment, checked once at the start. A malformed or misspelt value stops the
 * process with a sentence that names the variable, what it was, and what to do.
 */

import { z } from "zod";
import { fail } from "./errors.ts";

const origin = (schemes: readonly string[]) =>
  z.string().superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const plain = url && schemes.includes(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
    if (!plain) {
      context.addIssue({
        code: "custom",
        message: `expected an origin without a path such as ${schemes[0]}//host:port`,
      });
    }
  });

const integer = (unit: string, min: number, max: number) =>
  z.string().transform((text, context) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    context.addIssue({ code: "custom", message: `expected a whole number of ${unit} from ${min} to ${max}` });
    return z.NEVER;
  });

const choice = <const T extends readonly [string, ...string[]]>(options: T) =>
  z.enum(options, { error: `expected one of ${options.join(", ")}` });

const schema = z.object({
  PORT: integer("port numbers", 0, 65_535).default(8080),
  HOST: z
    .string()
    .min(1, "expected an address to listen on, such as 127.0.0.1 or 0.0.0.0")
    .default("0.0.0.0"),
  SYMBOLS: z
    .string()
    .transform((text) => text.split(",").map((symbol) => symbol.trim()))
    .refine((symbols) => symbols.every((symbol) => /^[A-Z0-9]{3,20}$/.test(symbol)), {
      error: "expected upper-case symbols separated by commas, such as BTCUSDT,ETHUSDT",
    })
    .refine((symbols) => new Set(symbols).size === symbols.length, { error: "names a symbol twice" })
    .default(["BTCUSDT"]),
  BINANCE_SBE_URL: origin(["wss:", "ws:"]).default("wss://stream-sbe.binance.com:9443"),
  BINANCE_REST_URL: origin(["https:", "http:"]).default("https://api.binance.com"),
  ARCHIVE_URL: origin(["https:", "http:"]).default("https://data.binance.vision"),
  BINANCE_API_KEY: z.string().min(1, "expected the API key's text, or leave it unset").optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "expected postgres://user:password@host:port/database")
    .optional(),
  MODEL_DIR: z.string().min(1, "expected a folder").default("models"),
  DATA_DIR: z.string().min(1, "expected a folder").default(".data"),
  PREDICT_INTERVAL_MS: integer("milliseconds", 1_000, 60_000)
    .refine((value) => value % 1_000 === 0, { error: "expected whole seconds: a multiple of 1000" })
    .default(1_000),
  DEADLINE_MS: integer("milliseconds", 1, 10_000).default(100),
  CLOSE_GRACE_MS: integer("milliseconds", 0, 5_000).default(250),
  RAW_RETENTION_DAYS: integer("days", 0, 36_500).default(7),
  COMPRESS_AFTER_DAYS: integer("days", 1, 36_500).default(2),
  PARITY_EVERY_S: integer("seconds", 0, 86_400).default(60),
  PARITY_LAG_S: integer("seconds", 1, 3_600).default(30),
  MODEL_POLL_S: integer("seconds", 1, 3_600).default(30),
  S3_ENDPOINT: origin(["https:", "http:"]).optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected the name of a bucket")
    .optional(),
  S3_ACCESS_KEY_ID: z.string().min(1, "expected the store's key, or leave it unset").optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1, "expected the store's secret, or leave it unset").optional(),
  S3_REGION: z.string().min(1, "expected a region such as eu-central-1").default("us-east-1"),
  MLFLOW_TRACKING_URI: z
    .url({ protocol: /^https?$/, error: "expected the address of an MLflow server such as http://host:5000" })
    .optional(),
  MLFLOW_TRACKING_TOKEN: z.string().min(1, "expected a token, or leave it unset").optional(),
  MLFLOW_EXPERIMENT_NAME: z.string().min(1, "expected a name").default("foretick"),
  LOG_LEVEL: choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  LOG_FORMAT: choice(["auto", "json", "pretty"]).default("auto"),
});

type Parsed = z.output<typeof schema>;

export type Config = {
  readonly [Name in keyof Parsed as Lowercase<Name>]: Parsed[Name];
};

/** Prefixes that only this product uses: a name that starts so and is not in the table is a slip. */
const OWN_PREFIXES = [
  "BINANCE_",
  "PREDICT_",
  "DEADLINE_",
  "CLOSE_GRACE",
  "RAW_RETENTION",
  "COMPRESS_AFTER",
  "PARITY_",
  "MODEL_",
];

/** Settings that mean something only together. */
const TOGETHER = ["S3_ENDPOINT", "S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"];

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

function closest(name: string): string {
  const names = Object.keys(schema.shape);
  return names.reduce((best, other) => (editDistance(name, other) < editDistance(name, best) ? other : best));
}

/**
 * @param environment e.g. `process.env`. An empty string counts as unset.
 * @throws ForetickError CONFIG_INVALID listing every variable that is wrong.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === "") continue;
    if (name in schema.shape) given[name] = value;
    else if (OWN_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      problems.push(
        `${name} is not a setting of foretick; did you mean ${closest(name)}? Rename or unset it`,
      );
    }
  }
  const missing = TOGETHER.filter((name) => !(name in given));
  if (missing.length > 0 && missing.length < TOGETHER.length) {
    const there = TOGETHER.find((name) => name in given);
    problems.push(`${missing.join(", ")}: expected beside ${there}, was not set`);
  }
  const result = schema.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0]);
      const shown = /KEY|TOKEN|_URI$|DATABASE_URL/.test(name) ? "(hidden)" : JSON.stringify(given[name]);
      problems.push(`${name}: ${issue.message}, was ${shown}`);
    }
  }
  if (problems.length > 0 || !result.success) {
    return fail("CONFIG_INVALID", `${problems.join("; ")}. Correct the environment and start again.`);
  }
  return Object.fromEntries(
    Object.entries(result.data).map(([name, value]) => [name.toLowerCase(), value]),
  ) as Config;
}
