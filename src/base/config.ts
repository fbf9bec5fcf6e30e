/**
 * Configuration from the environment, checked once at the start. A malformed or misspelt value stops the
 * process with a sentence that names the variable, what it was, and what to do.
 */

import { z } from "zod";
import {
  addresses,
  choice,
  decimal,
  integer,
  isAddress,
  isAlone,
  isNetwork,
  isSite,
  list,
  origin,
  sealKeys,
  separated,
  thresholds,
  webhook,
} from "./config/forms.ts";
import { inSchema, SCHEMA_NAME } from "./config/in_schema.ts";
import { factorOf, oneOf } from "./config/thresholds.ts";
import { fail } from "./errors.ts";
import { nearestOf } from "./input/nearest.ts";
import { LIMITS } from "./limits.ts";

const schema = z.object({
  ROLE: choice(["all", "ingest", "api", "worker"]).default("all"),
  PORT: integer("port numbers", 0, 65_535).default(8080),
  HOST: z
    .string()
    .min(1, "expected an address to listen on, such as 127.0.0.1 or 0.0.0.0")
    .default("0.0.0.0"),
  STREAM_CLIENTS_MAX: integer("clients", 1, 1_000_000).default(LIMITS.stream_clients_max),
  PUBLIC_READ: choice(["true", "false"]).default("true"),
  CORS_ORIGINS: separated
    .refine((origins) => isAlone(origins) || origins.every(isSite), {
      error: "expected sites such as https://app.example.com,https://other.example, or * or none alone",
    })
    .default(["*"]),
  METRICS_PORT: integer("port numbers", 0, 65_535).optional(),
  METRICS_HOST: z.string().min(1, "expected an address to listen on, such as 127.0.0.1").optional(),
  RATE_LIMIT_PER_S: integer("requests a second, 0 for no limit,", 0, 1_000_000).default(200),
  KEY_RATE_LIMIT_PER_S: integer("requests a second, 0 for no limit,", 0, 1_000_000).default(1_000),
  JWT_ISSUER: z.string().min(1, "expected the issuer as its tokens name it").optional(),
  JWT_AUDIENCE: z.string().min(1, "expected the name that tokens give this service").optional(),
  JWT_JWKS: z
    .string()
    .regex(/^(https:\/\/\S+|http:\/\/(localhost|127\.0\.0\.1)[:/]\S+|(?!https?:).+)$/, {
      error: "expected a file, or an https address, of the issuer's keys (JWKS)",
    })
    .optional(),
  JWT_ROLE_CLAIM: z.string().min(1, "expected the claim that holds the role").default("role"),
  TRUSTED_PROXIES: separated
    .refine((proxies) => proxies.every(isNetwork), {
      error: "expected addresses or networks such as 10.0.0.7,10.1.0.0/16,fd00::/8",
    })
    .default([]),
  SYMBOLS: separated
    .refine((symbols) => symbols.every((symbol) => /^[A-Z0-9]{3,20}$/.test(symbol)), {
      error:
        "expected upper-case symbols separated by commas, such as BTCUSDT,ETHUSDT; a symbol with other letters than A to Z is not served",
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
  DATABASE_SCHEMA: z
    .string()
    .regex(SCHEMA_NAME, "expected a schema's name of a-z, 0-9 and _, such as foretick")
    .optional(),
  MIGRATE: choice(["on", "off"]).default("on"),
  SECOND_SERVICE: choice(["wait", "refuse"]).default("wait"),
  MODEL_DIR: z.string().min(1, "expected a folder").default("models"),
  DATA_DIR: z.string().min(1, "expected a folder").default(".data"),
  PREDICT_INTERVAL_MS: integer("milliseconds", 1_000, 60_000)
    .refine((value) => value % 1_000 === 0, { error: "expected whole seconds: a multiple of 1000" })
    .default(1_000),
  FALLBACK: choice(["on", "off"]).default("on"),
  DEADLINE_MS: integer("milliseconds", 1, 10_000).default(100),
  CLOSE_GRACE_MS: integer("milliseconds", 0, 5_000).default(250),
  RAW_RETENTION_DAYS: integer("days", 0, 36_500).default(7),
  COMPRESS_AFTER_DAYS: integer("days", 1, 36_500).default(2),
  PARITY_EVERY_S: integer("seconds", 0, 86_400).default(60),
  PARITY_LAG_S: integer("seconds", 1, 3_600).default(30),
  MODEL_POLL_S: integer("seconds", 1, 3_600).default(30),
  AUTO_ROLLBACK: choice(["on", "off"]).default("on"),
  MONITORING_WINDOW_HOURS: integer("hours", 1, 24).default(24),
  DRIFT_THRESHOLD: decimal("PSI", 0.001, 100).default(0.1),
  AB_TEST_MIN_DURATION_HOURS: decimal("hours", 0, 8_760).default(24),
  AB_TEST_CONFIDENCE_LEVEL: decimal("parts of one", 0.5, 0.9999).default(0.95),
  DEFAULT_DEPLOYMENT_STRATEGY: choice(["blue_green", "canary", "rolling"]).default("canary"),
  CANARY_TRAFFIC_PERCENTAGE: integer("per cent", 1, 99).default(10),
  DEPLOYMENT_HOLD_S: integer("seconds", 10, 604_800).default(600),
  WORKER: choice(["on", "off"]).default("on"),
  TRAINING_SCHEDULE: z
    .string()
    .regex(/^(off|\S+( \S+){4})$/, "expected five cron fields in UTC such as 0 2 * * *, or off")
    .default("0 2 * * *"),
  TRAINING_MODELS: list("models such as ridge,mlp").optional(),
  TRAINING_DATA_DAYS: integer("days", 1, 3_650).default(30),
  MAX_CONCURRENT_TRAINING_JOBS: integer("trainings", 1, 100).default(3),
  TRAINING_JOB_TIMEOUT_HOURS: integer("hours", 1, 23).default(6),
  MIN_TRAINING_DATA_POINTS: integer("rows", 1, 1_000_000_000).default(1_000),
  RETRAIN_NEW_ROWS: integer("rows", 0, 1_000_000_000).default(604_800),
  RETRAIN_ERROR_PERCENT: integer("per cent", 0, 10_000).default(15),
  AUTO_DEPLOY: choice(["true", "false"]).default("false"),
  S3_ENDPOINT: origin(["https:", "http:"]).optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected the name of a bucket")
    .optional(),
  S3_ACCESS_KEY_ID: z.string().min(1, "expected the store's key, or leave it unset").optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1, "expected the store's secret, or leave it unset").optional(),
  BUNDLE_KEY: sealKeys.optional(),
  S3_REGION: z.string().min(1, "expected a region such as eu-central-1").default("us-east-1"),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, "expected redis://user:password@host:port/database, or rediss:// for TLS")
    .optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,64}$/, "expected up to 64 letters, digits, _ . : or - such as foretick:")
    .default(""),
  REDIS_STREAM_MAXLEN: integer("entries", 100, 10_000_000).default(10_000),
  REDIS_CA: z.string().min(1, "expected a file of certificates, or leave it unset").optional(),
  LAKE: choice(["off", "folder", "s3"]).default("off"),
  LAKE_DIR: z.string().min(1, "expected a folder").optional(),
  LAKE_LAYERS: list("layers such as bronze,silver,gold").default(["bronze", "silver", "gold"]),
  LAKE_SETS: list("feature sets such as v1,trades").default(["v1", "trades"]),
  LAKE_DAYS: integer("days", 1, 3_650).default(7),
  CAPTURE: choice(["0", "1"]).default("0"),
  CAPTURE_DIR: z.string().min(1, "expected a folder").optional(),
  CAPTURE_DAYS: integer("days", 1, 3_650).default(3),
  CAPTURE_MAX_MB: integer("megabytes", 1, 100_000_000).default(8_192),
  MLFLOW_TRACKING_URI: z
    .url({ protocol: /^https?$/, error: "expected the address of an MLflow server such as http://host:5000" })
    .optional(),
  MLFLOW_TRACKING_TOKEN: z.string().min(1, "expected a token, or leave it unset").optional(),
  MLFLOW_EXPERIMENT_NAME: z.string().min(1, "expected a name").default("foretick"),
  ALERT_RULES: z.string().min(1, "expected a file, or leave it unset for the shipped rules").optional(),
  SLACK_WEBHOOK_URL: webhook.optional(),
  ALERT_WEBHOOK_URL: webhook.optional(),
  ALERT_EMAIL: addresses.optional(),
  ALERT_EMAIL_FROM: z.string().refine(isAddress, "expected a mail address, or leave it unset").optional(),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: "expected smtp://user:password@host:587 or smtps://…:465" })
    .optional(),
  SIGNAL_COST_BP: decimal("basis points", 0, 1_000).default(1),
  SIGNAL_FEE_BP: decimal("basis points", 0, 1_000).default(10),
  SIGNAL_RECOMMENDATIONS: thresholds("80:STRONG,70:PLAIN,60:WEAK", oneOf("STRONG", "PLAIN", "WEAK")).default([
    { from: 80, value: "STRONG" },
    { from: 70, value: "PLAIN" },
    { from: 60, value: "WEAK" },
  ]),
  SIGNAL_MULTIPLIERS: thresholds("85:2,75:1.5,65:1,0:0.5", factorOf).default([
    { from: 85, value: 2 },
    { from: 75, value: 1.5 },
    { from: 65, value: 1 },
    { from: 0, value: 0.5 },
  ]),
  SIGNAL_RISK_LEVELS: thresholds("80:LOW,70:MEDIUM,0:HIGH", oneOf("LOW", "MEDIUM", "HIGH")).default([
    { from: 80, value: "LOW" },
    { from: 70, value: "MEDIUM" },
    { from: 0, value: "HIGH" },
  ]),
  LOG_LEVEL: choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  LOG_FORMAT: choice(["auto", "json", "pretty"]).default("auto"),
});

export type SettingName = keyof typeof schema.shape;

/** What the environment may set. */
export const SETTING_NAMES: readonly string[] = Object.keys(schema.shape);

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
  "BUNDLE_",
  "LAKE_",
  "REDIS_",
  "CAPTURE_",
  "AB_TEST_",
  "TRAINING_",
  "RETRAIN_",
  "DEPLOYMENT_",
  "ALERT_",
  "JWT_",
  "CORS_ORIGIN",
  "METRICS_PORT",
  "METRICS_HOST",
  "SIGNAL_",
];

/** Settings that mean something only together. */
const TOGETHER = [
  ["S3_ENDPOINT", "S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"],
  ["ALERT_EMAIL", "SMTP_URL"],
  ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS"],
];

/**
 * @param environment e.g. `process.env`. An empty string counts as unset.
 * @throws ForetickError CONFIG_INVALID listing every variable that is wrong; by name in `details.names`.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given: Record<string, string> = {};
  const problems: string[] = [];
  const names = new Set<string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === "") continue;
    if (name in schema.shape) given[name] = value;
    else if (OWN_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      names.add(name);
      problems.push(
        `${name} is not a setting of foretick; did you mean ${nearestOf(name, Object.keys(schema.shape))}? Rename or unset it`,
      );
    }
  }
  for (const together of TOGETHER) {
    const missing = together.filter((name) => !(name in given));
    if (missing.length === 0 || missing.length === together.length) continue;
    const there = together.find((name) => name in given);
    for (const name of together) names.add(name);
    problems.push(`${missing.join(", ")}: expected beside ${there}, was not set`);
  }
  if (given.ROLE === "api" && given.REDIS_URL === undefined) {
    for (const name of ["ROLE", "REDIS_URL"]) names.add(name);
    problems.push("REDIS_URL: expected beside ROLE=api, which shows what is in Redis, was not set");
  }
  const result = schema.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0]);
      names.add(name);
      const shown = /KEY|TOKEN|_URI$|DATABASE_URL|REDIS_URL|WEBHOOK_URL|SMTP_URL/.test(name)
        ? "(hidden)"
        : JSON.stringify(given[name]);
      problems.push(`${name}: ${issue.message}, was ${shown}`);
    }
  }
  if (problems.length > 0 || !result.success) {
    const details = { names: [...names] };
    return fail("CONFIG_INVALID", `${problems.join("; ")}. Correct the environment and start again.`, {
      details,
    });
  }
  const config = Object.fromEntries(
    Object.entries(result.data).map(([name, value]) => [name.toLowerCase(), value]),
  ) as Config;
  const { database_url: url, database_schema } = config;
  return url === undefined ? config : { ...config, database_url: inSchema(url, database_schema) };
}
