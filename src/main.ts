/** The service: configuration → pipeline → wait → drain. */

import { systemClock } from "./base/clock.ts";
import { readConfig } from "./base/config.ts";
import { ForetickError } from "./base/errors.ts";
import { createLogger } from "./base/log.ts";
import { seededRng } from "./base/rng.ts";
import { startPipeline } from "./pipeline.ts";

/** A drain that takes longer than this is cut short: the platform would cut it anyway. */
const DRAIN_MAX_MS = 20_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, resolve);
  });
  const pipeline = await startPipeline({
    config,
    clock: systemClock,
    rng: seededRng(crypto.getRandomValues(new Int32Array(1))[0]!),
    log,
  });
  const signal = await signalled;
  log.info({ signal }, "stopping: writing what is decided, closing what is open");
  const overdue = setTimeout(() => {
    log.fatal(`not stopped within ${DRAIN_MAX_MS / 1000} s; what was not written is in the journal`);
    process.exit(1);
  }, DRAIN_MAX_MS);
  await pipeline.close();
  clearTimeout(overdue);
  log.info("stopped");
}

try {
  await main();
  process.exit(0);
} catch (error) {
  // A refusal is a sentence for a person; anything else is a defect and keeps its stack.
  console.error(error instanceof ForetickError ? error.message : error);
  process.exit(1);
}
