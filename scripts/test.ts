/**
 * The whole proof of a checkout: format and lint, types, and the suite under both runners. Ends with the one
 * line a machine reads: "N passed, N failed".
 */

import { join } from "node:path";

const root = join(import.meta.dir, "..");
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads how many tests ran from what the step printed; a step without it counts as one check. */
  readonly counts?: RegExp;
}

const filters = process.argv.slice(2);
const steps: readonly Step[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "--colors=off", "--error-on-warnings", "."] },
  { name: "types", command: [bin("tsc")] },
  { name: "types of the page", command: [bin("tsc"), "-p", "src/serve/page"] },
  {
    name: "suite under bun test",
    command: [process.execPath, "test", "--timeout=60000", ...filters],
    counts: /^ *(\d+) pass$/m,
  },
  {
    name: "suite under vitest",
    command: [process.execPath, "--bun", bin("vitest"), "run", "--pool=threads", ...filters],
    counts: /Tests .*?(\d+) passed/,
  },
];
const FAILED = [/^ *(\d+) fail$/m, /Tests .*?(\d+) failed/];
/** How the runners name a test that failed. */
const NAMED = /^(?:\(fail\)| FAIL ) .*$/gm;
/** Of a step that names none, this many last lines say why. */
const LAST_LINES = 15;

/** Where a step's output goes: straight through, or kept until it is its turn. */
type Print = (piece: string) => void;
const straight: Print = (piece) => void process.stdout.write(piece);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What failed, for the end of a long output. */
  readonly why: string;
}

/** Runs a step, printing what it says while keeping it to count from. */
async function runStep(step: Step, print: Print): Promise<Outcome> {
  const started = performance.now();
  print(`\n── ${step.name}: ${step.command.map((part) => part.replace(`${root}/`, "")).join(" ")}\n`);
  const child = Bun.spawn([...step.command], {
    cwd: root,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
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
  const failed = code !== 0 || passed === 0 ? Math.max(1, counted) : counted;
  const took_s = ((performance.now() - started) / 1_000).toFixed(1);
  print(`── ${step.name}: ${failed === 0 ? "ok" : "FAILED"} in ${took_s} s\n`);
  return { passed, failed, why: failed === 0 ? "" : `\n── failed in ${step.name}:\n${whyOf(text)}\n` };
}

const whyOf = (text: string): string =>
  [...new Set(text.match(NAMED) ?? text.trimEnd().split("\n").slice(-LAST_LINES))].join("\n");

// Each runner takes one core for most of its time: they run side by side, and the second speaks after the first.
const [first, second] = [steps.filter(({ counts }) => !counts), steps.filter(({ counts }) => counts)];
const results = [];
for (const step of first) results.push(await runStep(step, straight));
const kept: string[][] = second.map(() => []);
const running = second.map((step, at) =>
  runStep(step, at === 0 ? straight : (piece) => void kept[at]!.push(piece)),
);
for (const [at, run] of running.entries()) {
  results.push(await run);
  straight(kept[at]!.join(""));
}
for (const { why } of results) straight(why);
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
