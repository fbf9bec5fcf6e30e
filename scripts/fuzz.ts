/**
 * `bun run fuzz`: mutated inputs at every door where something from outside comes in. A door may refuse, with the codes it
 * promises; anything else that is thrown, an input that takes too long, or memory that grows is a finding.
 *
 * Exit code 0: nothing found. 1: something was found; its seed and run make it again.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeError, fail } from "../src/base/errors.ts";
import type { Finding } from "../test/fuzz/fuzz.ts";
import type { Door } from "../test/fuzz/target.ts";
import { withExample } from "./flags/example.ts";
import { numberFlag, readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run fuzz [--target name] [--runs N] [--seed S] [--from N]

  --target  one door only; default: every one
  --runs    inputs for each; default: ten million frames, a million of each other
  --seed    default 1
  --from    the first run: with --runs 1 one input again
  --keep    a folder for the inputs that were findings`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  target: { type: "string" },
  runs: { type: "string" },
  seed: { type: "string" },
  from: { type: "string" },
  keep: { type: "string" },
} as const;

/** One input may take so long; more is a hang, and ends the process. */
const INPUT_MS_MAX = 20_000;
/** What a door may have grown by at the end, after its warm-up and with garbage collected. */
const GROWN_MIB_MAX = 64;
const WARM_UP_RUNS = 20_000;

/** Resident memory, with garbage collected (MiB). */
function residentMib(): number {
  Bun.gc(true);
  return process.memoryUsage.rss() / 2 ** 20;
}

/** Counts beats in another thread, which a loop without end in this one does not stop. */
function watchdog(): { beat(name: string, seed: number, run: number): void; end(): void } {
  const beats = new Float64Array(new SharedArrayBuffer(16));
  const worker = new Worker(new URL("../test/fuzz/watchdog.ts", import.meta.url).href);
  let named = "";
  return {
    beat: (name, seed, run) => {
      if (name !== named) worker.postMessage({ beats, name, seed, ms: INPUT_MS_MAX });
      named = name;
      beats[1] = run;
      beats[0]! += 1;
    },
    end: () => worker.terminate(),
  };
}

interface Asked {
  readonly seed: number;
  readonly runs: number | undefined;
  readonly from: number;
  readonly keep: string | undefined;
}

async function fuzzDoor(door: Door, asked: Asked, dog: ReturnType<typeof watchdog>): Promise<boolean> {
  const { fuzz } = await import("../test/fuzz/fuzz.ts");
  const { seed, from, keep, runs = door.runs } = asked;
  const target = await door.open();
  const begun_ms = performance.now();
  const warm_run = from + Math.min(WARM_UP_RUNS, Math.floor(runs / 10));
  let warm_mib = Number.NaN;
  const onRun = (run: number): void => {
    dog.beat(door.name, seed, run);
    if (run === warm_run) warm_mib = residentMib();
  };
  const {
    runs: done,
    taken,
    refused,
    findings,
  } = await fuzz(target, { name: door.name, seed, runs, from, onRun });
  target.close?.();
  const grown_mib = residentMib() - warm_mib;
  const seconds = (performance.now() - begun_ms) / 1_000;
  const codes = [...refused].map(([code, count]) => `${code} ${count}`).join(", ");
  console.log(
    `${door.name}: ${done} inputs in ${seconds.toFixed(1)} s, ${taken} taken, refused: ${codes || "none"}; memory ${grown_mib >= 0 ? "+" : ""}${grown_mib.toFixed(1)} MiB`,
  );
  for (const finding of findings) await report(door.name, seed, finding, keep);
  const flat = !(grown_mib > GROWN_MIB_MAX);
  if (!flat) console.log(`  memory grew by more than ${GROWN_MIB_MAX} MiB`);
  return findings.length === 0 && flat;
}

async function report(name: string, seed: number, found: Finding, keep: string | undefined): Promise<void> {
  const { run, error, input } = found;
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 5).join("\n") : "";
  console.log(`  finding at run ${run}, ${input.length} bytes: ${describeError(error)}\n${stack}`);
  console.log(`  again: bun run fuzz --target ${name} --seed ${seed} --from ${run} --runs 1`);
  if (keep === undefined) return;
  await mkdir(keep, { recursive: true });
  await writeFile(join(keep, `${name}-${seed}-${run}`), input);
}

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    return void process.stdout.write(
      `${withExample(USAGE, OPTIONS, "fuzz", { target: "sbe", runs: "100000" })}\n`,
    );
  }
  const { DOORS } = await import("../test/fuzz/doors.ts");
  const names = DOORS.map(({ name }) => name);
  const doors = DOORS.filter(({ name }) => flags.target === undefined || flags.target === name);
  if (doors.length === 0)
    fail("CONFIG_INVALID", `--target expected ${names.join(", ")}, was ${String(flags.target)}`);
  const asked: Asked = {
    seed: numberFlag(flags, "seed", 1, -(2 ** 31), 2 ** 31 - 1),
    runs: flags.runs === undefined ? undefined : numberFlag(flags, "runs", 1, 1, 1e12),
    from: numberFlag(flags, "from", 0, 0, 1e12),
    keep: flags.keep === undefined ? undefined : String(flags.keep),
  };
  const dog = watchdog();
  let clean = true;
  for (const door of doors) clean = (await fuzzDoor(door, asked, dog)) && clean;
  dog.end();
  if (!clean) process.exitCode = 1;
});
