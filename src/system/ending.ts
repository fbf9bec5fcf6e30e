/**
 * How the service ends: what is open at the time, phase by phase. Intake first, then everything decided is put on
 * disk, and only then what may hang: clients, jobs, the database.
 */

import type { Clock } from "../base/clock.ts";
import { type DrainPart, type DrainReport, drain } from "../base/drain.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";

/** In the order they end. */
const PHASES = ["intake", "symbols", "journal", "service", "writer", "lease", "database"] as const;
export type EndingPhase = (typeof PHASES)[number];

/** How long a part of each phase may take (ms). */
const BUDGET_MS: Readonly<Record<EndingPhase, number>> = {
  intake: 1_000,
  symbols: 500,
  journal: 1_000,
  service: 1_500,
  writer: 2_500,
  lease: 500,
  database: 5_000,
};

export class Ending {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #parts = new Map<EndingPhase, DrainPart[]>(PHASES.map((phase) => [phase, []]));
  #report: Promise<DrainReport> | undefined;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `run` ends the part `name`; within a phase the last one added is begun first. */
  add(phase: EndingPhase, name: string, run: () => unknown): void {
    const part = { name, budget_ms: BUDGET_MS[phase], run: async () => await run() };
    this.#parts.get(phase)!.unshift(part);
  }

  /** Never rejects. May be called twice. */
  run(): Promise<DrainReport> {
    const phases = PHASES.map((name) => ({ name, parts: this.#parts.get(name)! }));
    const options = { clock: this.#clock, log: this.#log, total_ms: LIMITS.drain_ms_max };
    this.#report ??= drain(phases, options);
    return this.#report;
  }
}
