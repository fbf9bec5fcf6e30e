/** The worker a service starts beside itself: started again where it ends by itself, and ended with the service. */

import { afterEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { WorkerProcess } from "../../../src/system/worker_process.ts";
import { met } from "../running.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const code = (text: string): string[] => [process.execPath, "-e", text];

it("is started again, a while after it has ended by itself", async () => {
  const clock = new ManualClock(0);
  let ends = 0;
  const log = { ...silentLogger, warn: () => void ends++ } as unknown as typeof silentLogger;
  const worker = new WorkerProcess({ clock, log, command: code("process.exit(3)") });
  closers.push(() => worker.close());
  worker.start();
  await met("its end", () => ends === 1);
  clock.advance(LIMITS.worker_restart_ms - 1);
  expect(worker.starts).toBe(1);
  clock.advance(1);
  expect(worker.starts).toBe(2);
  await met("its second end", () => ends === 2);
});

it("ends in order with the service, and is not started again", async () => {
  const worker = new WorkerProcess({
    ...{ clock: systemClock, log: silentLogger },
    command: code("process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)"),
  });
  worker.start();
  worker.start();
  expect(worker.starts).toBe(1);
  await worker.close();
  worker.start();
  expect(worker.starts).toBe(1);
});
