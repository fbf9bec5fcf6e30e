/**
 * `bun run load --url <url>`: the load of ops/load/k6.js on a running service, held to ops/load/thresholds.json.
 *
 * Exit code 0: every threshold holds. 1: one does not.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { withExample } from "./flags/example.ts";
import { numberFlag, readFlags, runScript } from "./flags/source.ts";
import { load } from "./load/run.ts";
import { verdictsOf } from "./load/thresholds.ts";

const USAGE = `usage: bun run load [--url http://127.0.0.1:8080] [--rate 5] [--listeners 50] [--seconds 60]

  clients that poll /latest and clients that listen to /stream, and whether they wait no longer than they may. Callers
  are bounded by address: keep --rate below the limit of one, or bring the key of one with a higher limit in KEY

  --url        where the service is (default http://127.0.0.1:8080, or PORT)
  --symbol     default BTCUSDT
  --rate       requests a second (default 5)
  --listeners  sockets (default 50)
  --seconds    how long (default 60)`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  url: { type: "string" },
  symbol: { type: "string" },
  rate: { type: "string" },
  listeners: { type: "string" },
  seconds: { type: "string" },
} as const;

const THRESHOLDS = join(import.meta.dirname, "../ops/load/thresholds.json");

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    const example = { url: "http://127.0.0.1:8080", rate: "5", listeners: "50", seconds: "60" };
    return void process.stdout.write(`${withExample(USAGE, OPTIONS, "load", example)}\n`);
  }
  const text = String(flags.url ?? `http://127.0.0.1:${process.env.PORT || "8080"}`);
  if (!URL.canParse(text)) fail("CONFIG_INVALID", `--url expected like http://127.0.0.1:8080, was ${text}`);
  const measured = await load({
    url: new URL(text).origin,
    symbol: String(flags.symbol ?? "BTCUSDT"),
    rate_per_s: numberFlag(flags, "rate", 5, 0.1, 10_000),
    listeners: Math.round(numberFlag(flags, "listeners", 50, 0, 10_000)),
    seconds: numberFlag(flags, "seconds", 60, 1, 86_400),
    key: process.env.KEY || undefined,
    clock: systemClock,
  });
  const { rates, trends } = measured;
  const heard = trends.forecast_behind_ms!.length;
  process.stdout.write(`${rates.http_req_failed![1]} requests, ${heard} forecasts heard\n`);
  const verdicts = verdictsOf(JSON.parse(readFileSync(THRESHOLDS, "utf8")), measured);
  for (const { metric, expected, was, holds } of verdicts) {
    const shown = Number.isNaN(was) ? "nothing measured" : String(Math.round(was * 1_000) / 1_000);
    process.stdout.write(`${holds ? "ok  " : "FAIL"} ${metric} ${expected}: ${shown}\n`);
  }
  if (verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
});
