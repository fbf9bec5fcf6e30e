/** What each setting means, for people: docs/reference/settings.md is written from it. A setting without a line does not compile. */

import type { SettingName } from "../config.ts";

/** In Markdown, links as from the repository's root; in the order of the schema. */
export const SETTING_MEANINGS: Readonly<Record<SettingName, string>> = {
  ROLE: "what this machine is: `all`, `ingest` (no worker beside it), `api` (shows what is in Redis), `worker` (trains); `bun run serve --role` goes before it. See [docs/roles.md](docs/roles.md)",
  PORT: "where it listens; 0: any free port",
  HOST: "the address it listens on",
  STREAM_CLIENTS_MAX: "clients of `/stream`, and as many of `/events`; one more is refused with 503",
  PUBLIC_READ:
    "`false`: whoever reads forecasts, the page or metrics needs a key too; `/health/live` and `/health/ready` stay open",
  CORS_ORIGINS:
    "whose pages may ask from a browser: `*`, any may read what is public; sites such as `https://app.example.com`, these may ask everything with their key and no other anything; `none`",
  METRICS_PORT: "`/metrics` on a port of its own, without a key, and no longer on `PORT`",
  METRICS_HOST: "the address of that port; unset: `HOST`",
  RATE_LIMIT_PER_S:
    "requests a second of one address without a key, twice as many at once; 0: no limit. This machine's own are not counted",
  KEY_RATE_LIMIT_PER_S: "the same of one key",
  JWT_ISSUER: "tokens are taken beside keys: whose they are. With it `JWT_AUDIENCE` and `JWT_JWKS`",
  JWT_AUDIENCE: "the name that tokens give this service",
  JWT_JWKS: "the file or https address of the issuer's keys",
  JWT_ROLE_CLAIM: "the claim of a token that holds the role",
  TRUSTED_PROXIES: "addresses and networks, such as `10.0.0.0/8`, whose `X-Forwarded-For` says who asks",
  SYMBOLS: "upper case A to Z and digits, separated by commas; prices up to 90 million",
  BINANCE_SBE_URL: "origin of the streams",
  BINANCE_REST_URL: "origin of REST",
  ARCHIVE_URL: "origin of the archive, for [backfill](docs/backfill.md)",
  BINANCE_API_KEY: "an Ed25519 key",
  DATABASE_URL: "a PostgreSQL or TimescaleDB server; without it, one of its own under `DATA_DIR`",
  DATABASE_SCHEMA:
    "schema of that database for foretick's tables, where others use it too; without it, where its role is led to (`public`)",
  MIGRATE: "`off`: another role migrates by `bun run migrate`; see [docs/database.md](docs/database.md)",
  SECOND_SERVICE:
    "what a second service for the same symbols on one database does: `wait` to take over, or `refuse` to start",
  MODEL_DIR: "model bundles, `<name>/<version>/`; which one serves: [docs/models.md](docs/models.md)",
  DATA_DIR: "embedded database, journal, tapes",
  PREDICT_INTERVAL_MS: "whole seconds between predictions",
  FALLBACK:
    "on: where a feature is not known or no model answers, something stands in, labelled in `source`: last known values, another model, the REST ticker, a trend, no move; off: only the evaluator and the last good model do, see [docs/fallbacks.md](docs/fallbacks.md)",
  DEADLINE_MS: "a forecast that comes later than this after its instant and the grace is skipped and counted",
  CLOSE_GRACE_MS: "how long a quiet stream can hold a second open",
  RAW_RETENTION_DAYS: "trades and quotes older than this are deleted, their bars are kept; 0: never",
  COMPRESS_AFTER_DAYS: "chunks older than this become columns, where TimescaleDB can",
  PARITY_EVERY_S: "how often live vectors are compared with SQL (docs/parity.md); 0: never",
  PARITY_LAG_S: "how long a second settles before it is compared",
  MODEL_POLL_S: "how often a service looks for a new champion by itself; it is also notified",
  AUTO_ROLLBACK:
    "a champion that what came true shows to be broken or dead is taken back; `off`: it is only told. See [docs/deployments.md](docs/deployments.md)",
  MONITORING_WINDOW_HOURS:
    "the longest span that is looked at for drift: an hour, six, or a day (1 to 24). See [docs/drift.md](docs/drift.md)",
  DRIFT_THRESHOLD:
    "PSI above which a column is marked `psi_over_fixed`; the verdict goes by what training itself does",
  AB_TEST_MIN_DURATION_HOURS:
    "an experiment that is decided earlier ends no sooner than this; [docs/experiments.md](docs/experiments.md)",
  AB_TEST_CONFIDENCE_LEVEL:
    "1 less the chance that an experiment names a winner where neither model is better",
  DEFAULT_DEPLOYMENT_STRATEGY:
    "how `bun run deploy` brings a version to clients: `canary`, `blue_green` or `rolling`, see [docs/deployments.md](docs/deployments.md)",
  CANARY_TRAFFIC_PERCENTAGE: "share of the clients in a canary's first step",
  DEPLOYMENT_HOLD_S:
    "how long each step of a deployment lasts, seconds of market, where `--hold` does not say",
  WORKER:
    "`serve` starts a worker beside itself, at a lower priority, which trains what is asked for; `off` where `bun run worker` does on another machine. See [docs/training.md](docs/training.md)",
  TRAINING_SCHEDULE: "when every symbol is trained again: five cron fields in UTC, or `off`",
  TRAINING_MODELS:
    "what a training fits that names no models, such as `ridge,mlp`; unset: by the number of rows",
  TRAINING_DATA_DAYS: "how much of the newest history a worker trains on (days)",
  MAX_CONCURRENT_TRAINING_JOBS: "trainings at once, over all workers; of one symbol there is one",
  TRAINING_JOB_TIMEOUT_HOURS: "a training that takes longer is ended and has failed",
  MIN_TRAINING_DATA_POINTS: "a worker does not train on fewer rows",
  RETRAIN_NEW_ROWS: "a training is asked for after so many seconds with trades since the last; 0 for never",
  RETRAIN_ERROR_PERCENT:
    "a training is asked for where the champion's squared error of a day is larger than that of forecasting zero by more than this; 0 for never",
  AUTO_DEPLOY:
    "`true`: what a worker trained and what passed its gates is deployed by itself, as `DEFAULT_DEPLOYMENT_STRATEGY` says",
  S3_ENDPOINT:
    "an S3-compatible store for bundles and the lake. With it `S3_BUCKET`, `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY`",
  S3_BUCKET: "the bucket of that store",
  S3_ACCESS_KEY_ID: "its key",
  S3_SECRET_ACCESS_KEY: "its secret",
  BUNDLE_KEY:
    "bundles are sealed at rest, here and in the store (AES-256-GCM): 32 bytes in hex or base64, or a file that holds them; `new,old` while a key is changed ([models.md](docs/models.md#bundles-sealed-at-rest))",
  S3_REGION: "its region",
  REDIS_URL:
    "`redis://user:password@host:port/database`, or `rediss://` for TLS: what happens is given on there, and API machines read it: [docs/roles.md](docs/roles.md)",
  REDIS_PREFIX: "goes before every key, such as `foretick:`",
  REDIS_STREAM_MAXLEN: "about so many entries of each stream are kept",
  REDIS_CA: "the file of the authority that signed the certificate of a `rediss://`; unset: the system's",
  LAKE: "`folder` or `s3`: days that are over are written as Parquet while the service runs, see [docs/lake.md](docs/lake.md)",
  LAKE_DIR: "the lake's folder; unset: `lake` in `DATA_DIR`",
  LAKE_LAYERS: "what of the lake is written",
  LAKE_SETS: "of which feature sets it is written",
  LAKE_DAYS:
    "how many days back a round looks for what is missing or has changed; below `RAW_RETENTION_DAYS` for bronze",
  CAPTURE:
    "1: every input of every symbol's lane is written to disk, so that the run can be replayed, see [docs/capture.md](docs/capture.md)",
  CAPTURE_DIR: "the captures' folder; unset: `capture` in `DATA_DIR`",
  CAPTURE_DAYS: "captures older than this (days) are removed, the oldest first",
  CAPTURE_MAX_MB: "so are those beyond these megabytes in all",
  MLFLOW_TRACKING_URI: "an MLflow server that trainings are sent to",
  MLFLOW_TRACKING_TOKEN: "its token",
  MLFLOW_EXPERIMENT_NAME: "the experiment they are filed under",
  ALERT_RULES: "the file of rules; unset: ops/alerts.json",
  SLACK_WEBHOOK_URL:
    "a webhook that is told what is wrong and when it is over, in Slack's form: [docs/alerts.md](docs/alerts.md)",
  ALERT_WEBHOOK_URL: "the same, as JSON",
  ALERT_EMAIL: "mail addresses that are told, with `SMTP_URL`",
  ALERT_EMAIL_FROM: "the sender of that mail",
  SMTP_URL: "the server that takes the mail: `smtp://user:password@host:587` or `smtps://…`",
  SIGNAL_COST_BP:
    "a move counts as BUY or SELL only beyond this (basis points). Set it to what a trade costs you there and back, 20 at 10 a side: then the answer at ten seconds is HOLD. [docs/signals.md](docs/signals.md)",
  SIGNAL_FEE_BP: "what paper trading pays of what changes hands, at either end (basis points)",
  SIGNAL_RECOMMENDATIONS:
    "from which confidence in its direction (%) a signal is recommended, and how; below the last it is AVOID",
  SIGNAL_MULTIPLIERS: "how many usual stakes a BUY or SELL is worth, by its confidence (%); HOLD is 0",
  SIGNAL_RISK_LEVELS: "its risk level, by its confidence (%); HOLD is LOW",
  LOG_LEVEL: "the least level that is logged",
  LOG_FORMAT: "`json`, `pretty`, or `auto`: by whether it is a terminal",
};
