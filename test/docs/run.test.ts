/**
 * The commands of the pages that look, or that make something small, run as they stand there against one service that runs:
 * each ends with code 0. What needs the outside, or takes long, is held to its own table of options by pages.test.ts.
 */

import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { metricsPage } from "../../scripts/docs/metrics.ts";
import { systemClock } from "../../src/base/clock.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { tempDir } from "../record/server/temp_dir.ts";
import { met, type Running, startRunning } from "../system/running.ts";
import { commandsOf, pages, ROOT } from "./pages.ts";

/** Beginnings of what is run, in this order: a backup before it is checked. */
const RUN = [
  "bun run foretick help",
  "bun run models list",
  "bun run models history",
  "bun run experiments list",
  "bun run deploy status",
  "bun run jobs list",
  "bun run alerts list",
  "bun run alerts silence",
  "bun run keys create",
  "bun run keys list",
  "bun run audit list",
  "bun run audit verify",
  "bun run signals ledger",
  "bun run backup --to",
  "bun run restore --from backups/2026-11-28 --check",
];

/** Without what sets an environment of its own, or leaves something for a person to put in. */
const COMMANDS = RUN.map((start) => ({
  start,
  lines: [
    ...new Set(
      pages()
        .flatMap(commandsOf)
        .filter(({ words }) => words.join(" ").startsWith(start))
        .map(({ line }) => line.replace(/^(?:[A-Z_]+=\S+ +)+/, ""))
        .filter((line) => !/[<>…|]/.test(line)),
    ),
  ],
}));

let running: Running;
let folder = "";

beforeAll(async () => {
  const source = simulatedSource({ seed: 3, r2: 0.05, start_us: systemClock.now() - 400e6 });
  running = await startRunning({ source, speed: 1, history_s: 400, shift_to_now: true });
  await met("a forecast", () => running.pipeline.workers.size > 0);
  folder = tempDir();
  // What a command writes is written here.
  for (const name of ["package.json", "scripts", "src", "sql", "ops", "node_modules"]) {
    symlinkSync(join(ROOT, name), join(folder, name));
  }
  mkdirSync(join(folder, "models"));
});
afterAll(() => running?.close());

it("finds one at least for every beginning", () => {
  expect(COMMANDS.filter(({ lines }) => lines.length === 0).map(({ start }) => start)).toEqual([]);
});

it("has a page of metrics that names what the service tells (else: bun run docs --url)", async () => {
  const text = await (await fetch(`${running.pipeline.url}/metrics`)).text();
  expect(readFileSync(join(ROOT, "docs/reference/metrics.md"), "utf8")).toBe(metricsPage(text));
});

it.each(COMMANDS.flatMap(({ lines }) => lines))("%s", async (line) => {
  // The script itself: what some names stand for would first install the lockfile's packages.
  const command = line.replace(/\bbun run (?:--silent )?(\w+)/g, "bun scripts/$1.ts");
  const child = Bun.spawn(["sh", "-c", command], {
    cwd: folder,
    env: {
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
      HOME: folder,
      ...running.environment,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  expect([await child.exited, err.split("\n").filter((text) => /^[A-Z_]+: /.test(text))]).toEqual([0, []]);
  expect(out).not.toBe("");
  if (line.includes("backup --to"))
    expect(existsSync(join(folder, "backups/2026-11-28/manifest.json"))).toBe(true);
});
