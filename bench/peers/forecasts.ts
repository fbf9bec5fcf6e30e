/** Forecasts as a client of the running service sees them come, and commands beside it. */

import { fail } from "../../src/base/errors.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import { median, quantile } from "./measure.ts";
import type { RunningService } from "./processes.ts";
import { ROOT } from "./stage.ts";

/** From each second's close to its forecast, as the service says it (ms), of the models that have a role. */
export class ForecastWatch {
  readonly taken_ms: number[] = [];
  readonly #socket: WebSocket;

  constructor({ url }: Pick<RunningService, "url">, role: "champion" | "shadow") {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/stream?role=${role}`);
    this.#socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as StreamMessage;
      if (message.type === "prediction") this.taken_ms.push(message.latency_ms);
    };
  }

  /** Begins anew. */
  clear(): void {
    this.taken_ms.length = 0;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A row of a table: ticks, median, 99th percentile, worst. */
export function latencyCells(name: string, taken_ms: readonly number[]): string[] {
  if (taken_ms.length === 0)
    fail(
      "INVARIANT",
      `forecasts expected (${name}), were none: too busy a machine for DEADLINE_MS, or too few seconds`,
    );
  const figures = [median(taken_ms), quantile(taken_ms, 0.99), Math.max(...taken_ms)];
  return [name, String(taken_ms.length), ...figures.map((ms) => ms.toFixed(3))];
}
export const LATENCY_HEAD = ["champion's close to forecast (ms)", "ticks", "p50", "p99", "worst"] as const;

/** 99th percentiles of `taken_ms` beside those of `alone_ms`. */
export const p99Ratio = (taken_ms: readonly number[], alone_ms: readonly number[]): number =>
  quantile(taken_ms, 0.99) / quantile(alone_ms, 0.99);

/** Runs a command beside a service, on its database. @returns what it printed. */
export function commandBeside(
  { data_dir }: Pick<RunningService, "data_dir">,
  model_dir: string,
  ...[script, ...words]: readonly string[]
): string {
  const env = { ...process.env, DATA_DIR: data_dir, MODEL_DIR: model_dir };
  const command = [process.execPath, `scripts/${script}.ts`, ...words];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT, env });
  if (exitCode !== 0) fail("INVARIANT", `${script} ${words.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}
