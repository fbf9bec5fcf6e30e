/** A real Prometheus on a free port, with the rules as shipped, gone with the test. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free_port.ts";
import { met } from "../met.ts";
import { ROOT, text } from "./files.ts";

const PROGRAMS = ["prometheus", "promtool"].map((name) => Bun.which(name));

/** Both programs are here. Said once where they are not, since then nothing of this is proven. */
export function havePrometheus(): boolean {
  const there = PROGRAMS.every((path) => path !== null);
  if (!there) console.warn("NOT TRIED: no prometheus here; `apt-get install prometheus` brings it");
  return there;
}

export function promtool(...words: readonly string[]): {
  readonly status: number | null;
  readonly said: string;
} {
  const { status, stdout, stderr } = spawnSync(PROGRAMS[1]!, words, { cwd: ROOT, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

/** Between two looks at it: it scrapes four times a second. */
export const LOOK_MS = 100;

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly query: string;
  readonly state: string;
}

export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export class PrometheusServer {
  readonly #url: string;
  readonly #folder: string;
  readonly #child: Bun.Subprocess;

  private constructor(url: string, folder: string, child: Bun.Subprocess) {
    this.#url = url;
    this.#folder = folder;
    this.#child = child;
  }

  /**
   * The shipped configuration with other targets, twenty times as often (four times a second); the shipped rules without their waiting.
   * @param targets host:port by the value of the label `process`.
   */
  static async start(targets: Readonly<Record<string, string>>): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), "foretick-prometheus-"));
    let config = text("ops/prometheus.yml").replace(/(_interval|_timeout): \ds/g, "$1: 250ms");
    for (const [process, target] of Object.entries(targets)) {
      config = config.replace(new RegExp(`\\[${process}:8080\\]`), `["${target}"]`);
    }
    writeFileSync(join(folder, "prometheus.yml"), config);
    writeFileSync(
      join(folder, "prometheus_rules.yml"),
      text("ops/prometheus_rules.yml").replace(/^ +for: .*\n/gm, ""),
    );
    const port = await freePort();
    const log = join(folder, "log");
    const child = Bun.spawn(
      [
        PROGRAMS[0]!,
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdout: Bun.file(log), stderr: Bun.file(log) },
    );
    const server = new PrometheusServer(`http://127.0.0.1:${port}`, folder, child);
    const ready = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(readFileSync(log, "utf8").slice(-2_000));
      return fetch(`${server.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await met("Prometheus", ready, LOOK_MS);
    return server;
  }

  /** @throws where Prometheus does not accept the expression. */
  async query(expression: string): Promise<readonly Found[]> {
    const { result } = await this.#ask<{ result: Found[] }>(`query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  /** Every rule as it was evaluated last. */
  async rules(): Promise<readonly Rule[]> {
    return (await this.#ask<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap(({ rules }) => rules);
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.#url}/api/v1/${path}`)).json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: T;
    };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}
