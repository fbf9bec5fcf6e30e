/**
 * How long after a second is over can its forecast be read, with everything on?
 *
 * The service runs as it does live: a paper exchange in another process at speed 1, embedded database, ONNX
 * model, a client on /stream, a poller on /latest. The bench is outside. It has a connection to the exchange
 * of its own and judges by the product's rule when each second is over: at the arrival of the event that
 * closed it or, on quiet streams, at the deadline of the grace, whichever came first. From there it counts
 * until the forecast has come on /stream, and until /latest, asked at that moment, has answered with it.
 *
 * The peer is the machine: at the arrival of the same event a message goes to a bare WebSocket server in
 * another process and comes back. What that takes, any service takes.
 *
 *   bun bench/service/latency.ts [--seconds 120] [--quiet]
 *
 * --quiet plays a market with a trade every few seconds, where most seconds are over by the deadline.
 */

import { parseArgs } from "node:util";
import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { US_PER_MS, US_PER_SEC } from "../../src/base/units.ts";
import type { PredictionJson } from "../../src/serve/messages/predictions.ts";
import type { PredictionMessage } from "../../src/serve/messages/stream.ts";
import { PaperExchange } from "../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { machine, printAim, printTable, quantile } from "../peers/measure.ts";
import {
  firstForecast,
  type RunningExchange,
  type RunningService,
  startExchange,
  startExchangeBy,
  startPart,
  startService,
} from "../peers/processes.ts";
import { Echo, opened, serveEcho } from "./latency/echo.ts";
import { Referee, SYMBOL } from "./latency/referee.ts";

const AIM_P99_MS = 3;
const AIM_OWN_P99_MS = 1;
/** Ticks left out at the beginning: caches and compilers are cold. */
const WARM_UP_TICKS = 20;
const POLL_EVERY_MS = 50;
const QUIET_HISTORY_S = 900;

/** One second's tick, all times on the bench's clock (µs). */
interface Tick {
  over_us: number;
  /** Closed by the grace's deadline, not by an event. */
  by_deadline: boolean;
  streamed_us: number;
  readable_us: number;
  /** By the service's clock. */
  emitted_us: number;
  /** What the service says of itself. */
  own_ms: number;
  echo_ms: number;
}

/** A market in which hardly anything happens. */
async function serveQuietExchange(): Promise<void> {
  const exchange = new PaperExchange({
    source: simulatedSource({
      seed: 7,
      start_us: systemClock.now() - QUIET_HISTORY_S * US_PER_SEC,
      trades_per_s: 0.3,
      quotes_per_s: 2,
    }),
    speed: 1,
    history_s: QUIET_HISTORY_S,
    shift_to_now: true,
  });
  const { ws_origin, rest_origin } = await exchange.start();
  console.log(`BINANCE_SBE_URL=${ws_origin}\nBINANCE_REST_URL=${rest_origin}`);
}

async function readLatest({ url }: RunningService): Promise<PredictionJson> {
  const response = await fetch(`${url}/latest?symbol=${SYMBOL}`);
  return response.ok
    ? ((await response.json()) as PredictionJson)
    : fail("INVARIANT", `/latest expected 200, was ${response.status}`);
}

/** Watches until `count` ticks are whole. */
async function watch(
  exchange: RunningExchange,
  service: RunningService,
  echo: Echo,
  count: number,
): Promise<Tick[]> {
  const ticks: Tick[] = [];
  const referee = new Referee(exchange, (sec) => echo.send(sec));
  const stream = await opened(`${service.url.replace("http", "ws")}/stream?symbol=${SYMBOL}`);
  const poller = setInterval(() => void readLatest(service), POLL_EVERY_MS);
  referee.start();
  await new Promise<void>((done, failed) => {
    const take = async (prediction: PredictionMessage, streamed_us: number): Promise<void> => {
      const latest = await readLatest(service);
      const readable_us = systemClock.now();
      if (latest.ts_sec < prediction.ts_sec) fail("INVARIANT", "/latest expected the forecast just streamed");
      const sec = prediction.ts_sec - 1;
      // The bench's own copy of the closing event may still be on its way.
      await Bun.sleep(200);
      ticks.push({
        ...referee.over(sec),
        streamed_us,
        readable_us,
        emitted_us: prediction.emitted_at_us,
        own_ms: prediction.latency_ms,
        echo_ms: echo.took_ms.get(sec) ?? Number.NaN,
      });
      if (ticks.length === count) done();
    };
    stream.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const streamed_us = systemClock.now();
      const message = JSON.parse(data) as { readonly type: string };
      if (message.type === "prediction") take(message as PredictionMessage, streamed_us).catch(failed);
    });
  });
  clearInterval(poller);
  stream.close();
  await referee.close();
  return ticks;
}

function report(ticks: readonly Tick[]): void {
  const rows = {
    "over → forecast made": ticks.map((tick) => (tick.emitted_us - tick.over_us) / US_PER_MS),
    "over → on /stream": ticks.map((tick) => (tick.streamed_us - tick.over_us) / US_PER_MS),
    "over → read at /latest": ticks.map((tick) => (tick.readable_us - tick.over_us) / US_PER_MS),
    "decided → forecast made, as the service says": ticks.map((tick) => tick.own_ms),
    "echo of a bare WebSocket server": ticks.map((tick) => tick.echo_ms).filter(Number.isFinite),
  };
  const q = (values: readonly number[], share: number): string => quantile(values, share).toFixed(2);
  printTable(
    [`ms, ${ticks.length} ticks`, "p50", "p90", "p99", "max"],
    Object.entries(rows).map(([name, values]) => [
      name,
      ...[0.5, 0.9, 0.99, 1].map((share) => q(values, share)),
    ]),
  );
  const [own, peer] = [rows["over → read at /latest"], rows["echo of a bare WebSocket server"]].map(
    (values) => quantile(values, 0.99),
  ) as [number, number];
  const late = ticks.filter(({ by_deadline }) => by_deadline).length;
  console.log(
    `\n${late} of ${ticks.length} seconds were over by the grace's deadline, the others by an event`,
  );
  console.log(`/latest ÷ echo, p99: ${(own / peer).toFixed(1)}`);
  printAim(`second over → read at /latest, p99 < ${AIM_P99_MS} ms`, own < AIM_P99_MS);
  const said = quantile(rows["decided → forecast made, as the service says"], 0.99);
  printAim(`decision → forecast, p99 ≤ ${AIM_OWN_P99_MS} ms`, said <= AIM_OWN_P99_MS);
}

async function run(seconds: number, quiet: boolean): Promise<void> {
  console.log(`second over → forecast readable, everything on, ${quiet ? "a quiet" : "a usual"} market`);
  console.log(`${machine()}\n`);
  const closers: (() => Promise<void>)[] = [];
  try {
    const exchange = await (quiet
      ? startExchangeBy([import.meta.path, "--quiet-exchange"])
      : startExchange(["--simulate"]));
    closers.push(exchange.close);
    const service = await startService(exchange);
    closers.push(service.close);
    const echo_server = startPart(import.meta.path, ["--echo"]);
    closers.push(echo_server.close);
    const echo = new Echo(await opened((await echo_server.hears(/ws:\S+/))[0]));
    await firstForecast(service);
    report((await watch(exchange, service, echo, seconds + WARM_UP_TICKS)).slice(WARM_UP_TICKS));
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    quiet: { type: "boolean" },
    echo: { type: "boolean" },
    "quiet-exchange": { type: "boolean" },
  },
});
if (values.echo) serveEcho();
else if (values["quiet-exchange"]) await serveQuietExchange();
else {
  await run(Number(values.seconds ?? 120), values.quiet ?? false);
  process.exit(0);
}
