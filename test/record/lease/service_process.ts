/** The service of service.ts as a process: what it tells, and signals to it. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tempDir } from "../server/temp_dir.ts";

const SERVICE = fileURLToPath(new URL("./service.ts", import.meta.url));

/** A service process, and what it has told. */
export class Service {
  readonly told: Record<string, unknown>[] = [];
  readonly data_dir = tempDir();
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(url: string, quantity: number, first_id: number, second = "wait", data_dir?: string) {
    if (data_dir) this.data_dir = data_dir;
    const words = [SERVICE, url, this.data_dir, String(quantity), String(first_id), second];
    this.#child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.#child.once("exit", (code) => resolve(code)));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.told.push(JSON.parse(line));
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async says(what: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.told.find(what);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  readonly leads = (): Promise<Record<string, unknown>> => this.says(({ state }) => state === "held");
}
