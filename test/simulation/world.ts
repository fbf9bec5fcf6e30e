/**
 * The whole service, as `serve` runs it, in a world of this process's memory: paper exchange, network, store, disk
 * and model on one simulated clock, everything from one seed.
 */

import { createHash } from "node:crypto";
import pino from "pino";
import { Truth } from "../../bench/reliability/truth.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { describeError } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { purposeRng } from "../../src/base/rng.ts";
import { US_PER_MS, US_PER_SEC } from "../../src/base/units.ts";
import type { Outcome, Prediction } from "../../src/predict/prediction.ts";
import { PaperExchange } from "../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import type { Outside } from "../../src/system/outside.ts";
import { type Pipeline, startPipeline } from "../../src/system/pipeline.ts";
import { SimulatedClock } from "./clock.ts";
import { SimulatedDisk } from "./disk.ts";
import { type Modelled, type ModelState, SimulatedModels } from "./model.ts";
import { SimulatedNetwork } from "./network.ts";
import { SimulatedProcess } from "./process.ts";
import { historyOf } from "./store/history.ts";
import { SimulatedStore } from "./store/store.ts";

export const SYMBOL = "BTCUSDT";
/** v1 looks back over two blocks of five minutes. */
const HISTORY_S = 620;
const EPOCH_US = 1_800_000_000 * US_PER_SEC;

/** A forecast as a client got it. */
export interface Shown {
  readonly prediction: Prediction;
  /** True time (µs). */
  readonly at_us: number;
  /** Which start of the service showed it. */
  readonly run: number;
}

export interface Running {
  readonly process: SimulatedProcess;
  readonly models: SimulatedModels;
  readonly run: number;
  readonly since_s: number;
  pipeline: Pipeline | undefined;
}

export interface ProcessEnd {
  readonly run: number;
  readonly at_us: number;
  readonly killed: boolean;
}

export interface WorldOptions {
  /** Default: 4. */
  readonly quotes_per_s?: number;
  readonly config?: Partial<Config>;
  /** Models beside the champion. */
  readonly beside?: readonly Modelled[];
}

export class World {
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly store: SimulatedStore;
  readonly exchange: PaperExchange;
  readonly truth = new Truth();
  readonly model: ModelState = { fault: undefined };
  readonly shown: Shown[] = [];
  readonly outcomes: Outcome[] = [];
  /** What should not be: each found once. */
  readonly problems: string[] = [];
  /** The log's warnings and errors. */
  readonly log_lines: string[] = [];
  /** The service's wall clock minus the true time (µs). */
  wall_set_by_us = 0;
  running: Running | undefined;
  runs = 0;
  /** How the processes before this one ended. */
  readonly ends: ProcessEnd[] = [];
  /** Called when a process has just died, however. */
  onEnd: () => void = () => {};
  #stopping: Running | undefined;
  #start_when_stopped = false;
  readonly #data_dir: string;
  readonly #options: WorldOptions;
  readonly #hash = createHash("sha256");

  /** @param data_dir a folder of its own, for rows the store refuses. */
  constructor(seed: number, data_dir: string, options: WorldOptions = {}) {
    this.seed = seed;
    this.#data_dir = data_dir;
    this.#options = options;
    const offset_us = purposeRng(seed, "start").below(600) * US_PER_SEC;
    const start_us = EPOCH_US + offset_us;
    const market = { seed, start_us, levels: 20, trades_per_s: 2.5, quotes_per_s: options.quotes_per_s ?? 4 };
    const source = this.truth.observe(simulatedSource(market));
    // The exchange's clock is the true one.
    this.clock = new SimulatedClock(source.start_us + HISTORY_S * US_PER_SEC - 1);
    this.network = new SimulatedNetwork(this.clock, purposeRng(seed, "network"));
    this.disk = new SimulatedDisk(this.clock, purposeRng(seed, "disk"));
    this.store = new SimulatedStore(this.clock, purposeRng(seed, "store"));
    this.exchange = new PaperExchange({
      ...{ source, speed: 1, history_s: HISTORY_S },
      ...{ clock: this.clock, listen: this.network.listen, require_key: false },
    });
  }

  /** Seconds since the beginning. */
  get at_s(): number {
    return this.clock.monotonicUs() / US_PER_SEC;
  }

  /** A digest of all that happened. */
  get digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  note(what: string): void {
    this.#hash.update(`${this.clock.monotonicUs()} ${what}\n`);
  }

  problem(what: string): void {
    this.note(`PROBLEM ${what}`);
    this.problems.push(`${this.at_s.toFixed(3)} s: ${what}`);
  }

  async open(): Promise<void> {
    await this.exchange.start();
    this.start();
  }

  /** Starts the service; it comes up while time goes on. */
  start(): void {
    const process = new SimulatedProcess(this.clock, this.wall_set_by_us);
    const models = new SimulatedModels(this.model, process, this.#options.beside);
    const run = ++this.runs;
    const running: Running = { process, models, run, since_s: this.at_s, pipeline: undefined };
    this.running = running;
    this.#start_when_stopped = false;
    this.note(`start ${running.run}`);
    const started = startPipeline({
      ...{ config: this.#config(), clock: process.clock, log: this.#log(process) },
      rng: purposeRng(this.seed, `service ${running.run}`),
      outside: this.#outside(process, models),
    });
    started.then(
      (pipeline) => {
        if (!process.alive) return;
        running.pipeline = pipeline;
        pipeline.ports.subscribe((event) => {
          if (!process.alive) return;
          if (event.kind === "prediction") this.#onPrediction(event.prediction, running.run);
          else if (event.kind === "outcome") this.outcomes.push(event.outcome);
        });
        void pipeline.ended.then((error) => {
          if (process.alive) this.problem(`the service ends by itself: ${describeError(error)}`);
        });
      },
      (error: unknown) => {
        if (process.alive) this.problem(`the service does not start: ${describeError(error)}`);
      },
    );
  }

  /** kill -9. */
  kill(): void {
    this.note("kill");
    this.#gone(true);
  }

  /** The machine loses its power: what was not synced is gone. */
  powerCut(): void {
    this.note("power cut");
    this.#gone(true, true);
  }

  /** Another process takes the place of one that is gone, or is going. */
  startAgain(): void {
    if (!this.running) this.start();
    else if (this.#stopping === this.running) this.#start_when_stopped = true;
  }

  /** SIGTERM; the process is gone once it has drained. */
  stop(): void {
    this.note("stop");
    const running = this.running;
    if (!running?.pipeline) {
      this.kill();
      return;
    }
    const { process, pipeline } = running;
    if (this.#stopping === running) return;
    this.#stopping = running;
    const begun_us = this.clock.monotonicUs();
    void pipeline.close().then(({ failures }) => {
      if (!process.alive) return;
      const took_ms = (this.clock.monotonicUs() - begun_us) / US_PER_MS;
      this.note(`stopped after ${took_ms} ms`);
      if (took_ms > LIMITS.drain_ms_max + 1_000) this.problem(`drained for ${took_ms} ms`);
      for (const failure of failures) this.note(`failed to end: ${describeError(failure)}`);
      this.#gone(false);
      if (this.#start_when_stopped) this.start();
    });
  }

  /** The service's wall clock is set. */
  setClock(by_us: number): void {
    this.wall_set_by_us = by_us;
    if (this.running) this.running.process.clock.set_by_us = by_us;
  }

  /** Lets time go on to `at_s`. */
  async runTo(at_s: number): Promise<void> {
    const until_us = this.clock.now() + Math.round((at_s - this.at_s) * US_PER_SEC);
    while (this.clock.step(until_us)) await this.#settle();
    await this.#settle();
  }

  async close(): Promise<void> {
    this.running?.process.die();
    await this.exchange.close();
  }

  #gone(killed: boolean, power = false): void {
    const gone = this.running;
    if (power && !gone) this.disk.powerCut();
    if (!gone) return;
    gone.process.die();
    if (power) this.disk.powerCut();
    this.running = undefined;
    this.#stopping = undefined;
    this.ends.push({ run: gone.run, at_us: this.clock.now(), killed });
    this.onEnd();
  }

  /** Everything that waits for no time has happened. */
  async #settle(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.network.reading > 0);
  }

  #onPrediction(prediction: Prediction, run: number): void {
    this.note(JSON.stringify(prediction));
    this.shown.push({ prediction, at_us: this.clock.now(), run });
  }

  #config(): Config {
    return {
      ...readConfig({ HOST: "127.0.0.1", PORT: "0", SYMBOLS: SYMBOL }),
      ...{ data_dir: this.#data_dir, database_url: "postgres://simulated/foretick" },
      ...{ binance_sbe_url: "ws://exchange", binance_rest_url: "http://exchange", binance_api_key: "paper" },
      ...this.#options.config,
    };
  }

  #log(process: SimulatedProcess): pino.Logger {
    const write = (line: string): void => {
      if (!process.alive) return;
      this.note(line);
      this.log_lines.push(`${this.at_s.toFixed(3)} ${line.trim()}`);
      if (line.includes('"level":60')) this.problem(`a fatal line in the log: ${line.trim()}`);
    };
    return pino({ level: "warn", base: null, timestamp: false }, { write });
  }

  #outside(process: SimulatedProcess, models: SimulatedModels): Outside {
    return {
      network: this.network.of(process),
      disk: this.disk.of(process),
      link: () => this.store.link(process, this.#data_dir),
      holder: () => ({ id: "simulated", told: "the simulated service" }),
      history: () => historyOf(this.store, process),
      storedParts: () => undefined,
      models: async () => models,
      patience: () => ({ read: async () => new Map(), keep: () => {}, close: async () => {} }),
      alerts: () => undefined,
      listen: async () => ({ url: "http://simulated", port: 1, close: async () => {} }),
    };
  }
}
