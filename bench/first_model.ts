/**
 * From nothing to a served model in three commands, on a machine that has an archive of trades and no quotes: how long
 * does each take, and what does it leave on the disk? The archive and the exchange are simulated, with a signal that
 * shows in the trades alone; the commands are the ones a person types, each in a process of its own.
 *
 * `bun bench/first_model.ts --days 30 [--bars-only] [--model ridge,mlp] [--trades-per-s 10] [--r2 0.02]`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Flags, numberFlag, readFlags, simulatorFlags } from "../scripts/flags/source.ts";
import { writeSimulatedDays } from "../scripts/store/simulated_days.ts";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { machine, printAim, printTable } from "./peers/measure.ts";
import { firstForecast, startExchange, startService } from "./peers/processes.ts";
import { ROOT } from "./peers/stage.ts";

const USAGE = `usage: bun bench/first_model.ts [--days 30] [--trades-per-s 10] [--r2 0.02] [--seed 7] [--bars-only]
                               [--model <as train takes it>] [--in <folder>] [--keep]
  --days 0.5 is a day that begins at noon; --in is where everything is made (default a folder that is removed)`;

const { flags } = readFlags(
  {
    days: { type: "string" },
    "trades-per-s": { type: "string" },
    r2: { type: "string" },
    seed: { type: "string" },
    model: { type: "string" },
    "bars-only": { type: "boolean" },
    in: { type: "string" },
    keep: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
  USAGE,
);

interface Step {
  readonly name: string;
  readonly minutes: number;
  /** Of what it made, after it. */
  readonly bytes: number;
}

const places = (value: number, digits: number): string => value.toFixed(digits);

async function measure(): Promise<void> {
  const days = numberFlag(flags, "days", 30, 0.1, 366);
  const given: Flags = { signal: "flow", "trades-per-s": "10", ...flags };
  const work = flags.in === undefined ? mkdtempSync(join(tmpdir(), "foretick-first-")) : String(flags.in);
  const folders = { archive: join(work, "archive"), data: join(work, "data"), models: join(work, "models") };
  const steps: Step[] = [];
  const step = async (name: string, folder: string, run: () => Promise<void>): Promise<void> => {
    console.log(`\n${name}`);
    const started_us = systemClock.monotonicUs();
    await run();
    const minutes = (systemClock.monotonicUs() - started_us) / 60e6;
    steps.push({ name, minutes, bytes: await bytesOf(folder) });
  };
  await mkdir(work, { recursive: true });
  console.log(machine());
  try {
    await step("(the archive is made)", folders.archive, () =>
      writeSimulatedDays(simulatorFlags(given), days, folders.archive, systemClock),
    );
    const market = ["signal", "r2", "seed", "trades-per-s"] as const;
    const asked = market.flatMap((name) =>
      given[name] === undefined ? [] : [`--${name}`, String(given[name])],
    );
    const exchange = await startExchange(["--simulate", ...asked, "--archive", folders.archive]);
    try {
      const environment = {
        DATA_DIR: folders.data,
        MODEL_DIR: folders.models,
        ARCHIVE_URL: exchange.rest_origin,
        BINANCE_REST_URL: exchange.rest_origin,
      };
      const bars = flags["bars-only"] ? ["--bars-only"] : [];
      const backfill = ["backfill", "--symbol", "BTCUSDT", "--days", String(Math.ceil(days)), ...bars];
      await step(`bun run ${backfill.join(" ")}`, folders.data, () => command(work, environment, backfill));
      const train = ["train", ...(flags.model === undefined ? [] : ["--model", String(flags.model)])];
      await step(`bun run ${train.join(" ")}`, folders.models, () => command(work, environment, train));
      let latest: Record<string, unknown> = {};
      await step("bun run serve, to its first forecast", folders.data, async () => {
        const service = await startService(exchange, environment);
        try {
          await firstForecast(service);
          latest = (await (await fetch(`${service.url}/latest`)).json()) as Record<string, unknown>;
        } finally {
          await service.close();
        }
      });
      report(steps, latest);
    } finally {
      await exchange.close();
    }
  } finally {
    if (flags.in === undefined && !flags.keep) rmSync(work, { recursive: true, force: true });
  }
}

/** A command as a person types it, in the folder where everything is made. */
async function command(
  work: string,
  environment: Readonly<Record<string, string>>,
  [script, ...args]: readonly string[],
): Promise<void> {
  const child = Bun.spawn([process.execPath, join(ROOT, "scripts", `${script}.ts`), ...args], {
    cwd: work,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const code = await child.exited;
  if (code !== 0) fail("INVARIANT", `${script} expected to end with code 0, was ${code}`);
}

function report(steps: readonly Step[], latest: Readonly<Record<string, unknown>>): void {
  const rows = steps.map(({ name, minutes, bytes }) => [name, places(minutes, 2), places(bytes / 1e6, 1)]);
  console.log("");
  printTable(["step", "minutes", "MB on the disk after it"], rows);
  const { model_version, feature_set, label } = latest;
  console.log(`\nserved: ${String(model_version)}, set ${String(feature_set)}, label ${String(label)}`);
  const is_met = feature_set === "trades" && label === "last" && !String(model_version).startsWith("zero");
  printAim("a model on set trades and label last that has passed the gates is served", is_met);
  if (!is_met) process.exitCode = 1;
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // Files come and go while a server runs.
    if (entry.isFile())
      bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

if (flags.help) console.log(USAGE);
else await measure();
