/**
 * One fault's world: a paper exchange whose every word is noted, a database behind a wire that can be cut or made
 * silent, and the service as a process of its own, watched from outside as a user would: `/health`, `/latest`
 * and `/stream`.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import { type ControlServer, startControl } from "../../src/sim/exchange/control/server.ts";
import { PaperExchange } from "../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { FlakyWire } from "../../test/record/write/flaky_wire.ts";
import { LISTENS, SERVICE, type Spawned, serviceEnvironment, spawnHeard } from "../peers/processes.ts";
import type { SmallDisk } from "./small_disk.ts";
import { Truth } from "./truth.ts";
import { Watcher } from "./watcher.ts";

/** History that REST serves at the start: v1 is warm at once (s). */
const HISTORY_S = 700;
/** How long anything is waited for before the scenario counts as failed (ms). */
const PATIENCE_MS = 90_000;

export interface WorldOptions {
  /** An empty database of its own. */
  readonly database_url: string;
  readonly model_dir: string;
  readonly seed: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Holds the service's files; a folder of the world's where it is left out. */
  readonly disk?: SmallDisk | undefined;
}

export class World {
  readonly truth = new Truth();
  readonly exchange: PaperExchange;
  readonly wire: FlakyWire;
  readonly data_dir: string;
  readonly #temp_dir = mkdtempSync(join(tmpdir(), "foretick-reliability-"));
  readonly #options: WorldOptions;
  #environment: Record<string, string> = {};
  #child: Spawned | undefined;
  #said = "";
  #second: Spawned | undefined;
  #second_url = "";
  #former: Spawned | undefined;
  #control: ControlServer | undefined;
  #watcher: Watcher | undefined;
  /** What all processes of this world have shown: a restart does not forget it. */
  readonly shown: Watcher["shown"] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.data_dir = join(options.disk?.path ?? this.#temp_dir, "first");
    this.wire = new FlakyWire(options.database_url);
    const start_us = (Math.floor(systemClock.now() / US_PER_SEC) - HISTORY_S) * US_PER_SEC;
    const source = this.truth.observe(simulatedSource({ seed: options.seed, start_us, levels: 50 }));
    this.exchange = new PaperExchange({ source, speed: 1, history_s: HISTORY_S });
  }

  /** How far the market's clock is behind this machine's (µs); fixed at the start. */
  lag_us = 0;

  /** The service as it is watched now. */
  get watcher(): Watcher {
    return this.#watcher ?? fail("INVARIANT", "expected the service to have been started");
  }

  /** The service's disk, where it has one of its own. */
  get disk(): SmallDisk | undefined {
    return this.#options.disk;
  }

  get url(): string {
    return this.watcher.url;
  }

  get pid(): number {
    return this.#child!.pid;
  }

  /** What the service has printed so far. */
  get said(): string {
    return this.#said;
  }

  async open(): Promise<void> {
    const origins = await this.exchange.start();
    this.#control = startControl({ exchange: this.exchange, port: 0, hostname: "127.0.0.1" });
    this.lag_us = systemClock.now() - this.exchange.market_us;
    await this.wire.mend();
    this.#environment = {
      ...serviceEnvironment(origins, this.data_dir, this.#options.model_dir),
      DATABASE_URL: this.wire.url,
      PARITY_EVERY_S: "10",
      PARITY_LAG_S: "5",
      ...this.#options.environment,
    };
  }

  /** Starts the service; resolves when it listens. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const { child, url } = this.#spawn(environment);
    this.#child = child;
    this.#watch(await url);
  }

  /** Starts a second service on the same database; resolves when it stands by. */
  async startSecond(): Promise<void> {
    const { child, url } = this.#spawn({ DATA_DIR: join(this.#temp_dir, "second") });
    this.#second = child;
    this.#second_url = await url;
  }

  /** Watches the second service from now on, and the first no more, which has ended. Resolves when it leads. */
  async follow(): Promise<void> {
    this.#former = this.#child;
    this.#child = this.#second;
    this.#second = undefined;
    await this.until("the second service to lead", async () => {
      const answer = await fetch(`${this.#second_url}/health`).catch(() => undefined);
      return answer !== undefined && !(await answer.text()).includes("standing by");
    });
    this.#watch(this.#second_url);
  }

  /** Lets the service that led before go on; resolves with its exit code. */
  async wakeFormer(): Promise<number> {
    this.#former?.kill("SIGCONT");
    return (await this.#former?.exited) ?? 0;
  }

  /** Asks the exchange for a fault, over its control port. */
  async fault(command: object): Promise<void> {
    const answer = await fetch(this.#control!.url, { method: "POST", body: JSON.stringify(command) });
    if (!answer.ok) fail("INVARIANT", `the exchange refused the fault: ${await answer.text()}`);
  }

  #spawn(environment: Readonly<Record<string, string>>) {
    let said = "";
    const child = spawnHeard([SERVICE], { ...this.#environment, ...environment }, (text) => {
      said += text;
      this.#said += text;
    });
    const url = this.until("the service to listen", () => {
      if (child.exitCode !== null) fail("INVARIANT", `the service ended at its start: ${said.slice(-2_000)}`);
      return LISTENS.exec(said)?.[1];
    });
    return { child, url };
  }

  #watch(url: string): void {
    this.#watcher?.close();
    this.#watcher = new Watcher(url, this.shown);
  }

  /** Waits for a warm forecast, made after this call. */
  async forecast(patience_ms = PATIENCE_MS): Promise<void> {
    const from_us = systemClock.now();
    const { watcher } = this;
    await this.until(
      "a warm forecast",
      () => watcher.shown.some(({ warm, emitted_at_us }) => warm && emitted_at_us >= from_us),
      patience_ms,
    );
  }

  /** Waits until nothing is wrong; a world without a trained model has that to say all the time. */
  async well(): Promise<void> {
    const { watcher } = this;
    await this.until(
      "no complaint",
      () =>
        watcher.newest?.latest === 200 && watcher.newest.complaints.every((one) => one.startsWith("model")),
    );
  }

  get exited(): boolean {
    return this.#child?.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.kill(signal);
  }

  /** Resolves with the exit code when the process has ended. */
  async ended(): Promise<number> {
    return this.#child!.exited;
  }

  /** Polls until `look` gives something. */
  async until<T>(
    what: string,
    look: () => T | Promise<T>,
    patience_ms = PATIENCE_MS,
  ): Promise<NonNullable<T> & (T extends false ? never : T)> {
    const deadline_ms = performance.now() + patience_ms;
    for (;;) {
      const found = await look();
      if (found) return found as NonNullable<T> & (T extends false ? never : T);
      if (performance.now() > deadline_ms) {
        fail(
          "INVARIANT",
          `expected ${what} within ${patience_ms / 1_000} s, was ${JSON.stringify(this.#watcher?.newest ?? null)}. The service's log ends: ${this.#said.slice(-600)}`,
        );
      }
      await Bun.sleep(25);
    }
  }

  /** Ends the service as its platform would, and gives up what this world held. */
  async close(): Promise<void> {
    this.#watcher?.close();
    if (this.#child && this.#child.exitCode === null) {
      this.signal("SIGCONT");
      this.signal("SIGTERM");
      const overdue = setTimeout(() => this.signal("SIGKILL"), 25_000);
      await this.#child.exited;
      clearTimeout(overdue);
    }
    this.#second?.kill("SIGKILL");
    this.#former?.kill("SIGKILL");
    await this.#control?.close();
    await this.exchange.close();
    await this.wire.cut();
    rmSync(this.#temp_dir, { recursive: true, force: true });
  }
}
