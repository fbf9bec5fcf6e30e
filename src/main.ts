/** The service: configuration → what its role starts → wait → drain. */

import { systemClock } from "./base/clock.ts";
import { readConfig } from "./base/config.ts";
import { describeError, ForetickError, fail } from "./base/errors.ts";
import { keepLoopbackFromProxy } from "./base/http.ts";
import { LIMITS } from "./base/limits.ts";
import { createLogger, type Logger } from "./base/log.ts";
import { seededRng } from "./base/rng.ts";
import { requireLake } from "./record/lake/lake_of_config.ts";
import { startApi } from "./system/api/start.ts";
import { type Pipeline, startPipeline } from "./system/pipeline.ts";
import { WorkerProcess } from "./system/worker_process.ts";

/** SIGHUP: the terminal it was started from has gone. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** What a blocked event loop may take beyond the drain's own limit (ms). */
const HICCUP_MS = 300;

async function main(): Promise<void> {
  keepLoopbackFromProxy();
  const config = readConfig(process.env);
  requireLake(config);
  const log = createLogger({ level: config.log_level, format: config.log_format });
  const stop = new AbortController();
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of SIGNALS) process.on(signal, resolve);
  });
  void signalled.then(() => {
    stop.abort();
    // A start that hangs has nothing to write.
    setTimeout(() => process.exit(process.exitCode ?? 0), LIMITS.drain_ms_max + HICCUP_MS);
  });
  if (config.role === "worker") {
    fail("CONFIG_INVALID", "ROLE=worker expected to be started by bun run serve or bun run worker, was not");
  }
  if (config.role === "api") {
    const api = await startApi({ config, clock: systemClock, log });
    log.info({ signal: await signalled }, "stopping: closing what is open");
    const { took_ms, left_behind } = await api.close();
    return log.info({ took_ms: Math.round(took_ms), left_behind }, "stopped");
  }
  const trains = config.role === "all" && config.worker === "on";
  const pipeline = await startPipeline({
    config,
    clock: systemClock,
    rng: seededRng(crypto.getRandomValues(new Int32Array(1))[0]!),
    log,
    stop: stop.signal,
    worker: trains ? new WorkerProcess({ clock: systemClock, log }) : undefined,
  });
  const reason = await Promise.race([signalled, pipeline.ended]);
  if (reason instanceof Error) {
    log.fatal(
      { error: describeError(reason) },
      "ending by itself, so that the platform starts the service again",
    );
    process.exitCode = 1;
  } else log.info({ signal: reason }, "stopping: writing what is decided, closing what is open");
  await end(pipeline, log);
}

/** Drains, and says what became of the rows: only what is in the database or on disk counts as kept. */
async function end(pipeline: Pipeline, log: Logger): Promise<void> {
  const { took_ms, left_behind } = await pipeline.close();
  const { queue_rows, queue_rows_unsafe, journal_bytes } = pipeline.writer.stats;
  const facts = { took_ms: Math.round(took_ms), left_behind };
  if (queue_rows_unsafe > 0) {
    process.exitCode = 1;
    log.fatal(
      { ...facts, rows: queue_rows_unsafe },
      "stopped: rows are lost, neither database nor disk took them",
    );
  } else if (queue_rows > 0 || journal_bytes > 0) {
    log.warn(
      { ...facts, journal_bytes },
      "stopped: what the database did not take is in the journal, for the next run",
    );
  } else log.info(facts, "stopped: everything is in the database");
}

/** What the operating system does not let this user do, as a sentence; undefined for other errors. */
function refusedByTheSystem(error: unknown): string | undefined {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (!["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR"].includes(code ?? "") || !path) return undefined;
  return `${path} expected to be usable, was refused (${code} at ${syscall}). Give this user the right, or room, there, or set DATA_DIR or MODEL_DIR to another folder`;
}

try {
  await main();
  process.exit();
} catch (error) {
  // A signal that came before there was anything to stop.
  if (error instanceof ForetickError && error.code === "CANCELLED") process.exit(0);
  // A refusal is a sentence for a person; anything else is a defect and keeps its stack.
  console.error(error instanceof ForetickError ? error.message : (refusedByTheSystem(error) ?? error));
  process.exit(1);
}
