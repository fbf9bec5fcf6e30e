/**
 * `npm run demo`: the whole product on a simulated market, with no key, no server and no container.
 *
 *   1. simulates half a day of BTCUSDT with a small predictable part, and fits ridge on the earlier hours;
 *   2. opens a paper exchange on this machine: the same binary streams and REST as the real one;
 *   3. runs the service against it: embedded database, live features, a prediction every second, the page.
 *
 * Ctrl-C ends it in order. What it keeps is under DATA_DIR/demo. The next start reuses the model; the
 * database begins empty, since each start is a new market.
 */

import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { readConfig } from "../src/base/config.ts";
import { fail } from "../src/base/errors.ts";
import { createLogger, silentLogger } from "../src/base/log.ts";
import { seededRng } from "../src/base/rng.ts";
import { US_PER_SEC } from "../src/base/units.ts";
import { v1 } from "../src/features/sets/v1.ts";
import { newestBundle } from "../src/model/bundle/newest.ts";
import { openDatabase } from "../src/record/database.ts";
import { PaperExchange } from "../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../src/sim/market/simulator.ts";
import { type Pipeline, startPipeline } from "../src/system/pipeline.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";

/** The planted, predictable share of the ten-second variance. Far more than a real market offers: half a day has to pass the gates. */
const R2 = 0.08;
const TRAIN_HOURS = 12;
const HISTORY_S = 900;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const USAGE = `usage: bun run demo

  a simulated market, a model trained on it, a paper exchange and the service, with its page at PORT (8080); what it
  keeps is under DATA_DIR/demo. Ctrl-C ends it`;
const OPTIONS = { help: { type: "boolean", short: "h" } } as const;

await runScript(async () => {
  if (readFlags(OPTIONS, USAGE).flags.help) return say(withExample(USAGE, OPTIONS, "demo"));
  const asked = readConfig(process.env);
  const data_dir = join(asked.data_dir, "demo");
  const model_dir = join(data_dir, "models");
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });

  say("foretick demo: a simulated market; nothing here says anything about the real one.\n");
  await trainOnce(data_dir, model_dir);

  if (existsSync(join(data_dir, "postgres"))) await beginEmpty(data_dir);
  const exchange = new PaperExchange({
    source: simulatedSource({ seed: 8, r2: R2, start_us: systemClock.now() - HISTORY_S * US_PER_SEC }),
    speed: 1,
    history_s: HISTORY_S,
    shift_to_now: true,
  });
  const { ws_origin, rest_origin } = await exchange.start();
  say(`paper exchange   ${ws_origin}`);

  let pipeline: Pipeline | undefined;
  try {
    pipeline = await startPipeline({
      config: {
        ...asked,
        data_dir,
        model_dir,
        // Never a database of the user's: this one is emptied.
        database_url: undefined,
        symbols: ["BTCUSDT"],
        binance_sbe_url: ws_origin,
        binance_rest_url: rest_origin,
        binance_api_key: "paper",
      },
      clock: systemClock,
      rng: seededRng(1),
      log: createLogger({
        level: asked.log_level,
        format: asked.log_format === "auto" ? "pretty" : asked.log_format,
      }),
    });
    say(`\n  page           ${pipeline.url}/`);
    say(`  forecast       ${pipeline.url}/latest?symbol=BTCUSDT`);
    say(`  database       psql "$(cat ${join(data_dir, "postgres.url")})"`);
    say("\nCtrl-C ends it.\n");
    await signalled;
    say("stopping …");
  } finally {
    await pipeline?.close();
    await exchange.close();
  }
  say("stopped; nothing is left running.");
});

/** The last demo's market has nothing to do with this one's. */
async function beginEmpty(data_dir: string): Promise<void> {
  const database = await openDatabase({ data_dir, clock: systemClock, log: silentLogger });
  try {
    await database.sql.unsafe("drop schema public cascade; create schema public").simple();
    await rm(join(data_dir, "journal"), { recursive: true, force: true });
  } finally {
    await database.close();
  }
}

/** Simulated hours and a ridge fitted on them, unless an earlier start left a model that fits. */
async function trainOnce(data_dir: string, model_dir: string): Promise<void> {
  if ((await newestBundle(model_dir, [v1])).dir !== undefined) return;
  await mkdir(data_dir, { recursive: true });
  const tape = join(data_dir, "training.tape");
  const seconds = String(TRAIN_HOURS * 3_600);
  if (!existsSync(tape)) {
    say(`Simulating ${TRAIN_HOURS} hours of market to learn from …`);
    const start = new Date(systemClock.now() / 1_000 - (TRAIN_HOURS + 1) * 3_600_000).toISOString();
    const market = ["--simulate", "--seed", "7", "--r2", String(R2), "--no-depth", "--start", start];
    await step("tape", [...market, "--seconds", seconds, "--to", tape]);
  }
  say("Training ridge on the earlier part, scoring it on the later …");
  await step("train", ["--model", "ridge", "--tape", tape, "--out", model_dir, "--name", "demo-ridge"]);
}

async function step(script: string, flags: readonly string[]): Promise<void> {
  const command = [process.execPath, join(import.meta.dir, `${script}.ts`), ...flags];
  const child = Bun.spawn(command, { stdout: "inherit", stderr: "inherit", stdin: "ignore" });
  const code = await child.exited;
  if (code !== 0) fail("TRAIN_DATA", `${script} ended with code ${code}; the lines above say why`);
}
