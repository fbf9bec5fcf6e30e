/** A service reduced to what alerts see of it, on a clock moved by hand: parts and metrics are set by the test. */

import { rmSync } from "node:fs";
import type { Sql } from "postgres";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { Sample } from "../../../src/base/metrics.ts";
import { Alerts } from "../../../src/steer/alerts/alerts.ts";
import type { Channel } from "../../../src/steer/alerts/channels/channel.ts";
import type { AlertMessage } from "../../../src/steer/alerts/message.ts";
import type { ReadPart } from "../../../src/steer/alerts/rules/readings.ts";
import { parseRules, type Rules } from "../../../src/steer/alerts/rules/rules.ts";
import { tempDir } from "../../record/server/temp_dir.ts";

const START_US = 1_800_000_000_000_000;

/** A rule of a part of health; what is given is otherwise. */
export const healthRule = (name: string, given: object = {}): object => ({
  ...{ name, title: `${name} is wrong`, severity: "warning", group: "one", for_s: 5, clear_for_s: 20 },
  ...{ watch: { health: name, state: "degraded" }, remedy: `Look at ${name}.` },
  ...given,
});

export const rulesOf = (rules: readonly object[], given: object = {}): Rules =>
  parseRules("rules", JSON.stringify({ group_wait_s: 2, group_young_s: 60, start_s: 0, rules, ...given }));

/** A channel in memory. */
export class Recorded implements Channel {
  readonly name = "webhook";
  readonly address = "memory";
  readonly setting = "nothing";
  readonly sent: AlertMessage[] = [];

  async send(message: AlertMessage): Promise<void> {
    this.sent.push(message);
  }

  close(): void {}
}

export class World {
  readonly clock: ManualClock;
  readonly data_dir = tempDir();
  symbols: readonly string[] = ["BTCUSDT"];
  sql: Sql | undefined;
  readonly metrics = new Map<string, readonly Sample[]>();
  readonly #parts = new Map<string, ReadPart>();

  constructor(start_us = START_US) {
    this.clock = new ManualClock(start_us);
  }

  set(name: string, state: ReadPart["state"], symbol?: string): void {
    const reason = state === "ok" ? null : `${name} does not work`;
    const part = { name: symbol ? `${name} ${symbol}` : name, state, reason, ...(symbol ? { symbol } : {}) };
    this.#parts.set(part.name, part);
  }

  alerts(rules: Rules, channels: readonly Channel[]): Alerts {
    return new Alerts({
      ...{
        rules,
        channels,
        data_dir: this.data_dir,
        service: "test-host",
        clock: this.clock,
        log: silentLogger,
      },
      sql: () => this.sql,
      readings: {
        symbols: () => this.symbols,
        parts: () => [...this.#parts.values()],
        samples: (metric) => this.metrics.get(metric) ?? [],
      },
    });
  }

  /** Looks once a second, as the service does. */
  async pass(alerts: Alerts, s: number): Promise<void> {
    for (let i = 0; i < s; i++) {
      this.clock.advance(1_000);
      alerts.look();
      // What is sent in memory is sent by then.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  remove(): void {
    rmSync(this.data_dir, { recursive: true, force: true });
  }
}
