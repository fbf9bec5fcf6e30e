/** The suites a run consists of, by what was asked for. */

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { bin } from "./checks.ts";
import { ROOT, type Step } from "./step.ts";

/**
 * Each file runs alone in its process, with globals of its own. Two for each core, since those that run a whole service
 * wait half the time. With more, markets played fast fall behind on a slow machine, and do the work of catching up too.
 */
const PROCESSES = Math.min(8, 2 * availableParallelism());
/** Threads of one process, busy all the time. */
const THREADS = Math.min(4, Math.max(2, availableParallelism()));

/** How long each file took once: the longest begin first, so that none is waited for alone at the end. */
const TIMINGS = `--timings=${join("scripts", "suite", "timings.json")}`;

/** Set where every file runs, and tests too that take a minute of a core (test/full.ts). */
const DEAR = "FORETICK_TEST_FULL";

const COUNTS_BUN = /^ *(\d+) pass$/m;
const COUNTS_VITEST = /Tests .*?(\d+) passed/;

function underBun(name: string, words: readonly string[], environment: Step["environment"] = {}): Step {
  const command = [process.execPath, "test", `--parallel=${PROCESSES}`, TIMINGS, ...words];
  return { name, command, counts: COUNTS_BUN, environment };
}

/**
 * Stories of the whole service that take a core for half a minute or more, where smaller tests fail for the same fault.
 * They run with every file (`npm run test:full`), and where they are asked for by name.
 */
export const STORIES: readonly string[] = [
  "test/docs/run.test.ts",
  "test/system/alerts.test.ts",
  "test/system/feed/times.test.ts",
  "test/system/models/imported.test.ts",
  "test/system/models/imported_served.test.ts",
  "test/system/models/minute_model.test.ts",
  "test/system/models/recorded_training.test.ts",
  "test/system/models/roles.test.ts",
  "test/system/models/steering.test.ts",
  "test/system/models/trained_sets.test.ts",
  "test/system/models/whole_life.test.ts",
  "test/system/record/parity.test.ts",
  "test/system/record/restored.test.ts",
  "test/system/record/scenarios.test.ts",
  "test/system/start/first_model.test.ts",
  "test/system/start/two_services.test.ts",
];

function testFiles(): string[] {
  return readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test", name))
    .sort();
}

export interface Asked {
  /** Parts of paths; all files where there are none. */
  readonly filters: readonly string[];
  /** Under the second runner too, not only those of test/second_runner.ts; and what one time shows is repeated. */
  readonly every_file: boolean;
  /** Writes down how long each file took, for the order of the runs to come. */
  readonly timings: boolean;
}

export function suites({ filters, every_file, timings }: Asked): Step[] {
  const command = [process.execPath, "--bun", bin("vitest"), "run", "--pool=threads", ...filters];
  const environment = { [DEAR]: every_file ? "1" : "" };
  const whole = every_file || filters.length > 0;
  const files = whole ? filters : testFiles().filter((path) => !STORIES.includes(path));
  return [
    underBun("suite under bun test", [...(timings ? ["--update-timings"] : []), ...files], environment),
    {
      name: every_file ? "suite under vitest" : "what depends on the runtime under vitest",
      command: [...command, `--maxWorkers=${THREADS}`, "--passWithNoTests"],
      counts: COUNTS_VITEST,
      // Of files that were asked for by name, none may be the second runner's.
      may_be_empty: filters.length > 0,
      environment,
    },
  ];
}

/** Every test that has a side on TimescaleDB, on that side only. */
export function timescaleSuite(): Step {
  const files = testFiles().filter((path) =>
    readFileSync(join(ROOT, path), "utf8").includes("onEveryServer("),
  );
  const words = ["--test-name-pattern=on TimescaleDB", ...files];
  return underBun("suite on TimescaleDB", words, { [DEAR]: "1" });
}
