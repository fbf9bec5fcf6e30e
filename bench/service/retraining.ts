/**
 * What does a training cost the forecasts that go on beside it?
 *
 * The whole service at a paper exchange at speed 1, and a worker on its database, each a process of its own. In one run the
 * champion makes its forecasts with the worker idle and while its child trains networks on hours of stored history, by
 * turns. A figure is from a second's close to the champion's forecast, as the service says it of each (`latency_ms`). The peer is
 * the same service with nothing being trained.
 *
 *   bun bench/service/retraining.ts [--seconds 120] [--turns 4] [--hours 12]
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "../../src/base/errors.ts";
import { commandBeside, ForecastWatch, LATENCY_HEAD, latencyCells, p99Ratio } from "../peers/forecasts.ts";
import { loadSimulated } from "../peers/load.ts";
import { machine, printAim, printTable } from "../peers/measure.ts";
import { firstForecast, spawnHeard, startExchange, startService } from "../peers/processes.ts";
import { benchModels } from "../peers/stage.ts";

const AIM_RATIO = 1.2;
/** What is trained on is of a symbol the service does not follow. */
const SYMBOL = "ETHUSDT";
/** The slow ones, so that one training lasts as long as a turn. */
const MODELS = "lstm,transformer,mlp-large";
const START_US = Date.UTC(2026, 0, 1) * 1_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    turns: { type: "string", default: "4" },
    hours: { type: "string", default: "12" },
  },
});
const [seconds, turns, hours] = [values.seconds, values.turns, values.hours].map(Number);

console.log(machine());
const model_dir = await benchModels();
const exchange = await startExchange(["--simulate"]);
const service = await startService(exchange);
const jobs = (...words: readonly string[]): string => commandBeside(service, model_dir, "jobs", ...words);
const taken = { idle: [] as number[], training: [] as number[] };
await firstForecast(service);
const url = readFileSync(join(service.data_dir, "postgres.url"), "utf8").trim();
await loadSimulated({ url, symbol: SYMBOL, start_us: START_US, seconds: hours! * 3_600, seed: 5 });
const worker = spawnHeard(
  ["scripts/worker.ts"],
  { DATA_DIR: service.data_dir, MODEL_DIR: join(service.data_dir, "trained"), TRAINING_SCHEDULE: "off" },
  () => {},
);
const watch = new ForecastWatch(service, "champion");
try {
  for (let turn = 0; turn < turns!; turn++) {
    const trains = turn % 2 === 1;
    const job = trains ? begun() : undefined;
    if (job !== undefined) await fitting(job);
    watch.clear();
    await Bun.sleep(1_000 * seconds!);
    taken[trains ? "training" : "idle"].push(...watch.taken_ms);
    if (job === undefined) continue;
    if (!stateOf(job).startsWith("running"))
      fail("INVARIANT", `the training ended within a turn (${stateOf(job)}): --hours above ${hours}`);
    jobs("cancel", job);
  }
} finally {
  watch.close();
  worker.kill("SIGTERM");
  await worker.exited;
  await service.close();
  await exchange.close();
}
printTable(LATENCY_HEAD, [
  latencyCells("nothing is trained", taken.idle),
  latencyCells("while a training runs", taken.training),
]);
const ratio = p99Ratio(taken.training, taken.idle);
printAim(`p99 while a training runs within ${AIM_RATIO} × idle, was ${ratio.toFixed(2)}`, ratio <= AIM_RATIO);

/** @returns the job that was asked for. */
function begun(): string {
  const said = jobs("add", "--symbol", SYMBOL, "--model", MODELS);
  return /: (\S+)\s*$/.exec(said)?.[1] ?? fail("INVARIANT", `expected a job, was: ${said}`);
}

function stateOf(job: string): string {
  return /^state\s+(.*)$/m.exec(jobs("show", job))?.[1] ?? "";
}

/** Resolves when its models are being fitted: its rows have been read. */
async function fitting(job: string): Promise<void> {
  for (;;) {
    const state = stateOf(job);
    if (state.startsWith("running: fit")) return;
    if (!/^(waiting|running)/.test(state))
      fail("INVARIANT", `a training expected, was: ${jobs("show", job)}`);
    await Bun.sleep(1_000);
  }
}
