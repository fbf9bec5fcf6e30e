/** The service as a process of its own, what it logged, and what a client of its stream was shown. */

import { join } from "node:path";
import type { PredictionMessage } from "../../../src/serve/messages/stream.ts";
import { met } from "../running.ts";

const root = join(import.meta.dirname, "../../..");

export interface StartedAs {
  /** Files that are run before it: hooks of a test. */
  readonly preload?: readonly string[];
  /** Default the project's own folder. */
  readonly cwd?: string;
  /** What Bun is given instead of scripts/serve.ts. */
  readonly command?: readonly string[];
}

export class ServiceProcess {
  readonly shown: PredictionMessage[] = [];
  /** So many of them were in the database or on disk when it was killed, by its own word. */
  #durable = 0;
  readonly #child: ReturnType<typeof Bun.spawn>;
  #said = "";

  /** @param environment beside what the machine's has for any program; the log is in JSON lines unless it says else. */
  constructor(environment: Record<string, string>, { preload = [], cwd = root, command }: StartedAs = {}) {
    const hooks = preload.flatMap((file) => ["--preload", file]);
    this.#child = Bun.spawn([process.execPath, ...hooks, ...(command ?? ["scripts/serve.ts"])], {
      cwd,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: process.env.HOME ?? "",
        WORKER: "off",
        LOG_FORMAT: "json",
        ...environment,
      },
      stdout: "ignore",
      stderr: "pipe",
    });
    void this.#listen(this.#child.stderr as ReadableStream<Uint8Array>);
  }

  /** Its log, JSON lines. */
  get said(): string {
    return this.#said;
  }

  get url(): string {
    return /"url":"(http:[^"]+)"/.exec(this.#said)![1]!;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit code. */
  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async listening(): Promise<this> {
    await met("the server", () => this.#said.includes('"listening"') || this.#child.exitCode !== null);
    if (!this.#said.includes('"listening"')) throw new Error(`the service has ended: ${this.#said}`);
    return this;
  }

  async started(): Promise<this> {
    await this.listening();
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/stream`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as PredictionMessage | { type: "hello" };
      if (message.type === "prediction") this.shown.push(message);
    };
    return this;
  }

  /** Instants of the predictions that were shown after it had last said that all of them were durable. */
  get on_their_way(): Set<number> {
    return new Set(this.shown.slice(this.#durable).map(({ ts_sec }) => ts_sec));
  }

  tell(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code. */
  async end(signal: NodeJS.Signals): Promise<number> {
    this.#child.kill(signal);
    return await this.#child.exited;
  }

  /** kill -9, as soon as it says that nothing it has given out is in memory only: what comes after is on its way. */
  async kill(): Promise<void> {
    await met("all that was shown to be durable", async () => {
      this.#durable = this.shown.length;
      const metrics = await (await fetch(`${this.url}/metrics`)).text();
      return Number(/^foretick_shown_rows_unsafe (\d+)$/m.exec(metrics)![1]) === 0;
    });
    await this.end("SIGKILL");
  }

  /** For the end of a test, whatever state it is in. */
  async discard(): Promise<void> {
    await this.end("SIGKILL");
  }

  async #listen(stderr: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stderr) this.#said += decoder.decode(chunk);
  }
}
