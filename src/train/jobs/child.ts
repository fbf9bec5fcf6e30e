/** A training as a process of its own, at a lower priority, which ends with the worker that started it. */

import { LIMITS } from "../../base/limits.ts";

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | number | null;
}

export interface ChildOptions {
  /** e.g. ["bun", "scripts/train_job.ts", "…"]. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Added to the priority of every thread of it: 0 to 19, where the system has `nice`. */
  readonly nice: number;
  /** What it logs, as it comes; it goes to this process's stderr besides. */
  readonly onLog?: (text: string) => void;
}

export class TrainingChild {
  readonly exited: Promise<ChildEnd>;
  readonly #child: Bun.Subprocess<"pipe", "inherit", "pipe">;

  constructor({ command, env, nice, onLog }: ChildOptions) {
    const prefix = nice > 0 && Bun.which("nice") ? ["nice", "-n", String(nice)] : [];
    this.#child = Bun.spawn([...prefix, ...command], {
      ...{ env, stdout: "inherit", stderr: "pipe" },
      // Never written to. It ends when this process does, however that ends, and the child with it.
      stdin: "pipe",
    });
    const heard = this.#hear(onLog);
    this.exited = this.#child.exited.then(async (): Promise<ChildEnd> => {
      // What it wrote last is still in the pipe; a process of its own may hold that open.
      await Promise.race([heard, Bun.sleep(LIMITS.training_end_ms)]);
      return { code: this.#child.exitCode, signal: this.#child.signalCode };
    });
  }

  /** Never rejects. */
  async #hear(onLog: ChildOptions["onLog"]): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.#child.stderr) {
        process.stderr.write(chunk);
        onLog?.(decoder.decode(chunk, { stream: true }));
      }
    } catch {
      // The pipe broke with the process, whose end says why.
    }
  }

  /** Ends it at any moment: what it leaves behind is what a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await Promise.race([this.exited, Bun.sleep(LIMITS.training_end_ms)]);
  }
}

/** In the child: calls `onOrphaned` once the process that started it has ended. */
export function whenOrphaned(onOrphaned: () => void): void {
  process.stdin.on("end", onOrphaned);
  process.stdin.on("close", onOrphaned);
  process.stdin.on("error", onOrphaned);
  process.stdin.resume();
}
