/**
 * Does the service hold for hours? It runs as a process of its own at many times real speed against the shared recording,
 * looped (without the recording: a simulated market), and at the end says how its memory grew by the hour of market, how
 * long forecasts took from the second's close to a client, which ticks had none and why, whether live and SQL differed
 * without a cause, and whether a trade was lost or stored twice.
 *
 *   bun bench/soak.ts [--speed 20] [--minutes 60] [--warm-up-minutes 20] [--url postgres://…]
 *
 * `--url`: a server; a database of its own is made there and dropped. Without it the service's embedded one is used. The
 * warm-up is left out of the memory's slope only: the longest memory the service has of a market is then full. The bounds are the
 * peer: one that is broken is named, and the exit code is 1.
 */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { administer, dropDatabase, urlOf } from "../test/record/server/prepared.ts";
import { grouped, machine, printAim, printTable, quantile } from "./peers/measure.ts";
import { firstForecast, type RunningExchange, startExchange, startService } from "./peers/processes.ts";
import { benchTape, hasRecording } from "./peers/stage.ts";
import { slopePerS } from "./soak/slope.ts";
import { type StoredTrades, storedTrades } from "./soak/stored.ts";
import { countersOf, SoakWatch } from "./soak/watch.ts";

const SLOPE_MAX_MB_PER_MARKET_H = 1;
const SERVED_P99_MAX_MS = 10;
/** Market that REST serves at the start, so that every feature set is warm soon (s). */
const HISTORY_S = 900;
const PROGRESS_EVERY_MS = 60_000;

/** Ticks the deadline rule lets be missed. */
const BY_THE_RULE = ["ticks_skipped_late_total", "ticks_skipped_deadline_total"];
const BY_FAULT = ["ticks_skipped_null_total", "ticks_skipped_sequence_total", "ticks_failed_total"];

interface Soak {
  readonly watch: SoakWatch;
  /** What the service's counters grew by. */
  readonly grown: (name: string) => number;
  readonly trades: StoredTrades;
}

async function soak(speed: number, minutes: number, server_url: string | undefined): Promise<Soak> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const database = `foretick_soak_${randomUUID().slice(0, 8)}`;
    if (server_url) {
      await administer(server_url, `create database ${database}`);
      closers.push(() => dropDatabase(server_url, database));
    }
    const exchange = await startMarket(speed);
    closers.push(exchange.close);
    const own_url = server_url && urlOf(server_url, database);
    const service = await startService(exchange, own_url ? { DATABASE_URL: own_url } : {});
    closers.push(service.close);
    await firstForecast(service);
    const watch = new SoakWatch();
    const before = await countersOf(service);
    await watch.start(service);
    closers.push(async () => watch.close());
    const end_ms = performance.now() + minutes * 60_000;
    for (let left_ms = minutes * 60_000; left_ms > 0; left_ms = end_ms - performance.now()) {
      await Bun.sleep(Math.min(left_ms, PROGRESS_EVERY_MS));
      watch.check();
      const mb = watch.memory.at(-1)?.mb.toFixed(0);
      process.stderr.write(
        `${(minutes - (end_ms - performance.now()) / 60_000).toFixed(0)} min: ${mb} MB, ${watch.seconds.size} forecasts\n`,
      );
    }
    // The ticks of what follows, which reads the whole database, are in no counter that is compared.
    watch.end();
    const after = await countersOf(service);
    const url = own_url ?? readFileSync(join(service.data_dir, "postgres.url"), "utf8").trim();
    const trades = await storedTrades(url, exchange);
    return { watch, trades, grown: (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0) };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function startMarket(speed: number): Promise<RunningExchange> {
  const market = hasRecording() ? ["--tape", await benchTape("recorded"), "--loop"] : ["--simulate"];
  return startExchange([...market, "--speed", String(speed), "--history", String(HISTORY_S)]);
}

/** @returns the bounds that were broken, as sentences. */
function report({ watch, grown, trades }: Soak, speed: number, warm_up_s: number): string[] {
  const { served_ms, seconds, memory } = watch;
  const settled = memory.filter(({ at_s }) => at_s >= warm_up_s);
  const slope = (slopePerS(settled) * 3_600) / speed;
  const [first, last] = [Math.min(...seconds), Math.max(...seconds)];
  const missed = last - first + 1 - seconds.size;
  const by_rule = BY_THE_RULE.reduce((sum, name) => sum + grown(name), 0);
  const compared = grown("parity_rows_compared_total");
  const unexplained = grown("parity_unexplained_total");
  const p99 = quantile(served_ms, 0.99);
  const mb = (samples: typeof memory): string =>
    samples.length === 0 ? "none" : `${samples[0]!.mb.toFixed(0)} → ${samples.at(-1)!.mb.toFixed(0)} MB`;
  printTable(
    ["", "measured"],
    [
      ["seconds of market", grouped(last - first + 1)],
      ["memory, all of it", `${mb(memory)}, at most ${Math.max(...memory.map((one) => one.mb)).toFixed(0)}`],
      ["memory, after the warm-up", `${mb(settled)}, ${slope.toFixed(2)} MB an hour of market`],
      [
        "close to served, p50 / p99 / max",
        [0.5, 0.99, 1].map((q) => quantile(served_ms, q).toFixed(2)).join(" / "),
      ],
      ["ticks without a forecast", grouped(missed)],
      ["  seconds not closed", grouped(last - first + 1 - grown("seconds_closed_total"))],
      ["  forecasts not received", grouped(grown("predictions_total") - seconds.size)],
      ...[...BY_THE_RULE, ...BY_FAULT].map((name) => [`  ${name}`, grouped(grown(name))]),
      ["parity, rows compared", grouped(compared)],
      ["  missing", grouped(grown("parity_rows_missing_total"))],
      ["  extra", grouped(grown("parity_rows_extra_total"))],
      ["  unexplained", grouped(unexplained)],
      ["breaks in the data", grouped(grown("disconnects_total"))],
      ["bars healed by force", grouped(grown("bars_healed_total"))],
      ["trades stored", grouped(trades.stored)],
      ["  lost / doubled", `${trades.lost} / ${trades.doubled}`],
    ],
  );
  const bounds: [string, boolean][] = [
    [
      `memory < ${SLOPE_MAX_MB_PER_MARKET_H} MB an hour of market after the warm-up`,
      slope < SLOPE_MAX_MB_PER_MARKET_H,
    ],
    [`close to served, p99 < ${SERVED_P99_MAX_MS} ms`, p99 < SERVED_P99_MAX_MS],
    [
      "no tick missed but by the deadline rule",
      missed <= by_rule && BY_FAULT.every((name) => grown(name) === 0),
    ],
    ["some parity rows, none of them unexplained", compared > 0 && unexplained === 0],
    ["no trade lost, none doubled", trades.lost === 0 && trades.doubled === 0],
  ];
  for (const [aim, met] of bounds) printAim(aim, met);
  return bounds.filter(([, met]) => !met).map(([aim]) => aim);
}

const { values } = parseArgs({
  options: {
    speed: { type: "string", default: "20" },
    minutes: { type: "string", default: "60" },
    "warm-up-minutes": { type: "string" },
    url: { type: "string" },
  },
});
const [speed, minutes] = [Number(values.speed), Number(values.minutes)];
const warm_up_s = Number(values["warm-up-minutes"] ?? minutes / 3) * 60;
console.log(
  `${minutes} minutes at ${speed} × ${hasRecording() ? "the recording, looped" : "a simulated market"}, ${values.url ? "a database of its own at --url" : "embedded database"}\n${machine()}\n`,
);
const broken = report(await soak(speed, minutes, values.url), speed, warm_up_s);
process.exit(broken.length > 0 ? 1 : 0);
