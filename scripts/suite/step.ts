/** One command of the proof: run, shown, and counted from what it printed. */

import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Reads how many tests ran from what the step printed; a step without it counts as one check. */
  readonly counts?: RegExp;
  /** A suite of which none may have been asked for. */
  readonly may_be_empty?: boolean;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What failed, for the end of a long output. */
  readonly why: string;
}

const FAILED = [/^ *(\d+) fail$/m, /Tests .*?(\d+) failed/];
/** How the runners name a test that failed. */
const NAMED = /^(?:\(fail\)| FAIL ) .*$/gm;
/** Of a step that names none, this many last lines say why. */
const LAST_LINES = 15;

/** Runs a step, printing what it says while keeping it to count from. */
export async function runStep(step: Step, signal: AbortSignal): Promise<Outcome> {
  const started = performance.now();
  const print = (piece: string): void => void process.stdout.write(piece);
  print(`\n── ${step.name}: ${step.command.map((part) => part.replace(`${ROOT}/`, "")).join(" ")}\n`);
  const child = Bun.spawn([...step.command], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...step.environment, NO_COLOR: "1", FORCE_COLOR: "0" },
    signal,
  });
  let text = "";
  const copy = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const piece = decoder.decode(chunk, { stream: true });
      text += piece;
      print(piece);
    }
  };
  await Promise.all([copy(child.stdout), copy(child.stderr)]);
  const code = await child.exited;
  const passed = step.counts ? Number(step.counts.exec(text)?.[1] ?? 0) : Number(code === 0);
  const counted = step.counts ? Math.max(0, ...FAILED.map((line) => Number(line.exec(text)?.[1] ?? 0))) : 0;
  // An exit code that says failure counts even where no failed test was named; so does a suite that ran none.
  const failed = code !== 0 || (passed === 0 && !step.may_be_empty) ? Math.max(1, counted) : counted;
  const took_s = ((performance.now() - started) / 1_000).toFixed(1);
  print(`── ${step.name}: ${failed === 0 ? "ok" : "FAILED"} in ${took_s} s\n`);
  return { passed, failed, why: failed === 0 ? "" : `\n── failed in ${step.name}:\n${whyOf(text)}\n` };
}

const whyOf = (text: string): string =>
  [...new Set(text.match(NAMED) ?? text.trimEnd().split("\n").slice(-LAST_LINES))].join("\n");
