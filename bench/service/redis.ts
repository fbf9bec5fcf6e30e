/**
 * What does giving everything on through Redis cost a tick?
 *
 * The whole service at a paper exchange at speed 1, each a process, with REDIS_URL and without, by turns: every market event,
 * vector, forecast and outcome goes to a Redis of the bench's own. A figure is from a second's close to the champion's
 * forecast, as the service says it of each. The peer is a bare `Bun.serve` asked fifty times a second through the same turns:
 * what the machine itself does to a process that does nothing.
 *
 *   bun bench/service/redis.ts [--seconds 60] [--turns 4]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { fail } from "../../src/base/errors.ts";
import { ForecastWatch, LATENCY_HEAD, latencyCells, p99Ratio } from "../peers/forecasts.ts";
import { machine, printAim, printTable } from "../peers/measure.ts";
import {
  firstForecast,
  type RunningExchange,
  startExchange,
  startPart,
  startService,
} from "../peers/processes.ts";

const AIM_RATIO = 1.2;
/** Ticks left out at the beginning of each turn: the service has just started. */
const SETTLING_TICKS = 5;
const ASK_EVERY_MS = 20;
const NAMES = ["without Redis", "with Redis"] as const;
type Name = (typeof NAMES)[number];

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** A Redis that keeps nothing on disk. */
async function startRedis(): Promise<{ url: string; client: Redis; close(): Promise<void> }> {
  const binary =
    Bun.which("redis-server") ?? fail("INVARIANT", "expected redis-server to be installed, was not");
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "foretick-redis-"));
  const command = [binary, "--bind", "127.0.0.1", "--port", String(port), "--save", "", "--dir", dir];
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url);
  client.on("error", () => {});
  const close = async (): Promise<void> => {
    client.disconnect();
    child.kill();
    await child.exited;
    rmSync(dir, { recursive: true, force: true });
  };
  return { url, client, close };
}

/** Times of a bare server's answers (ms) until `stop` is called. */
function askBare(url: string): { taken_ms: number[]; stop(): Promise<void> } {
  const taken_ms: number[] = [];
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      const begun_ms = performance.now();
      await (await fetch(url)).arrayBuffer();
      taken_ms.push(performance.now() - begun_ms);
      await Bun.sleep(ASK_EVERY_MS);
    }
  })();
  return {
    taken_ms,
    stop: async () => {
      stopped = true;
      await asking;
    },
  };
}

async function turn(exchange: RunningExchange, environment: Record<string, string>, seconds: number) {
  const service = await startService(exchange, environment);
  try {
    await firstForecast(service);
    const watch = new ForecastWatch(service, "champion");
    await Bun.sleep(1_000 * SETTLING_TICKS);
    watch.clear();
    await Bun.sleep(1_000 * seconds);
    watch.close();
    return watch.taken_ms;
  } finally {
    await service.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "60" }, turns: { type: "string", default: "4" } },
  });
  console.log(machine());
  const taken = new Map<Name, number[]>(NAMES.map((name) => [name, []]));
  const closers: (() => unknown)[] = [];
  try {
    const exchange = await startExchange(["--simulate"]);
    closers.push(exchange.close);
    const redis = await startRedis();
    closers.push(redis.close);
    const bare = startPart("bench/service/serve.ts", ["--bare", "{}"]);
    closers.push(bare.close);
    const asked = askBare((await bare.hears(/http:\S+/))[0]);
    for (let at = 0; at < Number(values.turns); at++) {
      const name = NAMES[at % NAMES.length]!;
      const environment = name === "with Redis" ? { REDIS_URL: redis.url } : {};
      taken.get(name)!.push(...(await turn(exchange, environment, Number(values.seconds))));
    }
    await asked.stop();
    const entries = await redis.client.xlen("predictions-1s");
    if (entries === 0) fail("INVARIANT", "expected forecasts in Redis, were none");
    printTable(LATENCY_HEAD, [
      ...NAMES.map((name) => latencyCells(name, taken.get(name)!)),
      latencyCells("a bare Bun.serve's answer", asked.taken_ms),
    ]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
  const ratio = p99Ratio(taken.get("with Redis")!, taken.get("without Redis")!);
  printAim(`p99 with Redis within ${AIM_RATIO} × without, was ${ratio.toFixed(2)}`, ratio <= AIM_RATIO);
}

await main();
