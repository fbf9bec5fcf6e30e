/**
 * `bun run simulate`: the whole service on a simulated clock, network, store, disk and model, with faults drawn from a
 * seed, and everything that has to hold looked at. A seed's run is the same each time.
 *
 * Exit code 0: everything held. 1: something did not; its seed makes it again.
 */

import { availableParallelism } from "node:os";
import { fail } from "../src/base/errors.ts";
import type { Fault } from "../test/simulation/faults.ts";
import type { RunReport } from "../test/simulation/run.ts";
import { withExample } from "./flags/example.ts";
import { numberFlag, readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run simulate [--seed N | --seeds A..B] [--seconds S] [--shrink]

  --seed     one run, told in full; default 1
  --seeds    many runs, one line for each that fails
  --seconds  how long a run goes on after its last fault; default 35
  --shrink   of a run that fails: fewest and shortest faults that still do
  --jobs     processes side by side for --seeds; default: the machine's cores`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  seed: { type: "string" },
  seeds: { type: "string" },
  seconds: { type: "string" },
  shrink: { type: "boolean" },
  jobs: { type: "string" },
} as const;

const SEED_MAX = 2 ** 31 - 1;

type Simulation = typeof import("../test/simulation/run.ts") & typeof import("../test/simulation/shrink.ts");

async function simulation(): Promise<Simulation> {
  return {
    ...(await import("../test/simulation/run.ts")),
    ...(await import("../test/simulation/shrink.ts")),
  };
}

function tell({ seed, problems, digest, shown, simulated_s }: RunReport, told: string): void {
  const held = problems.length === 0 ? "everything held" : `${problems.length} problems`;
  console.log(`seed ${seed}: ${held}; ${simulated_s} s, ${shown} forecasts, digest ${digest}; ${told}`);
  for (const problem of problems.slice(0, 10)) console.log(`  ${problem}`);
}

async function shrink(report: RunReport, well_after_s: number): Promise<readonly Fault[]> {
  const { runSeed, shrunk, kindOf } = await simulation();
  const kind = kindOf(report.problems[0]!);
  return await shrunk(report.schedule, async (schedule) => {
    const { problems } = await runSeed({ seed: report.seed, schedule, well_after_s });
    return problems.some((problem) => kindOf(problem) === kind);
  });
}

/** Every `jobs`-th seed from `first` on. Returns how many failed. */
async function runSeeds(first: number, last: number, every: number, well_after_s: number): Promise<number> {
  const { runSeed, toldOf } = await simulation();
  let failed = 0;
  for (let seed = first; seed <= last; seed += every) {
    const report = await runSeed({ seed, well_after_s });
    if (report.problems.length === 0) continue;
    failed++;
    tell(report, toldOf(report.schedule));
  }
  return failed;
}

/** The same over several processes: one world is one thread. */
async function sideBySide(first: number, last: number, jobs: number, well_after_s: number): Promise<boolean> {
  const children = Array.from({ length: jobs }, (_, job) =>
    Bun.spawn(
      [
        process.execPath,
        import.meta.path,
        "--seeds",
        `${first + job}..${last}`,
        "--seconds",
        String(well_after_s),
      ],
      {
        env: { ...process.env, SIMULATE_EVERY: String(jobs) },
        stdio: ["ignore", "inherit", "inherit"],
      },
    ),
  );
  const codes = await Promise.all(children.map(({ exited }) => exited));
  return codes.every((code) => code === 0);
}

function rangeOf(text: string): [first: number, last: number] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (first <= last && last <= SEED_MAX) return [first, last];
  return fail("CONFIG_INVALID", `--seeds expected like 1..300, was ${text}`);
}

await runScript(async () => {
  const { flags } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    return void process.stdout.write(`${withExample(USAGE, OPTIONS, "simulate", { seeds: "1..20" })}\n`);
  }
  const well_after_s = numberFlag(flags, "seconds", 35, 0, 3_600);
  if (flags.seeds !== undefined) {
    const [first, last] = rangeOf(String(flags.seeds));
    const every = Number(process.env.SIMULATE_EVERY ?? 0);
    if (every > 0) {
      if ((await runSeeds(first, last, every, well_after_s)) > 0) process.exitCode = 1;
      return;
    }
    const begun_ms = performance.now();
    const cores = Math.min(availableParallelism(), last - first + 1);
    const jobs = numberFlag(flags, "jobs", cores, 1, 256);
    const held = await sideBySide(first, last, jobs, well_after_s);
    const took_s = ((performance.now() - begun_ms) / 1_000).toFixed(1);
    console.log(
      `${last - first + 1} seeds in ${took_s} s: ${held ? "everything held" : "not everything held"}`,
    );
    if (!held) process.exitCode = 1;
    return;
  }
  const { runSeed, toldOf } = await simulation();
  const report = await runSeed({ seed: numberFlag(flags, "seed", 1, 0, SEED_MAX), well_after_s });
  tell(report, toldOf(report.schedule));
  if (report.problems.length === 0) return;
  process.exitCode = 1;
  for (const line of report.log_lines.slice(0, 200)) console.log(`  ${line}`);
  if (flags.shrink) console.log(`shrunk: ${toldOf(await shrink(report, well_after_s))}`);
});
