/**
 * What the benches share: variants measured by turns, each in a process of its own; the middle of the rounds;
 * one table; and the machine by name, without which a figure says nothing.
 */

import { cpus, loadavg } from "node:os";
import { fail } from "../../src/base/errors.ts";

/** Processor, cores, Bun, the day, and what else the machine was doing when the bench began. */
export function machine(): string {
  const processors = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const load = loadavg()[0]!.toFixed(1);
  return `${processors[0]?.model ?? "unknown processor"}, ${processors.length} cores, Bun ${Bun.version}, ${day}, load at the start ${load}`;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The smallest value that at least a share of `q` of them does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const rank = Math.max(0, Math.ceil(q * values.length) - 1);
  return values.toSorted((a, b) => a - b)[rank] ?? fail("INVARIANT", "a quantile needs a value");
}

/** Runs every variant once a round, in an order that turns round by round, so that none is always first. */
export function byTurns<Variant extends string, Result>(
  variants: readonly Variant[],
  rounds: number,
  run: (variant: Variant) => Result,
): ReadonlyMap<Variant, readonly Result[]> {
  const results = new Map<Variant, Result[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? variants : variants.toReversed();
    for (const variant of order) results.get(variant)!.push(run(variant));
  }
  return results;
}

/** The same of what is waited for: one at a time. */
export async function byTurnsAsync<Variant extends string, Result>(
  variants: readonly Variant[],
  rounds: number,
  run: (variant: Variant) => Promise<Result>,
): Promise<ReadonlyMap<Variant, readonly Result[]>> {
  const results = new Map<Variant, Result[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? variants : variants.toReversed();
    for (const variant of order) results.get(variant)!.push(await run(variant));
  }
  return results;
}

/** true where a process can be kept on one core. */
export const canPin = Bun.which("taskset") !== null;

/**
 * Runs the bench's own file again with `args` and reads the JSON it prints.
 * @param options.one_core keeps all its threads on one core, where the system can (`canPin`).
 */
export function inFreshProcess<Result>(
  file: string,
  args: readonly string[],
  options: { readonly one_core?: boolean } = {},
): Result {
  const pin = options.one_core && canPin ? ["taskset", "--cpu-list", String(cpus().length - 1)] : [];
  const command = [...pin, process.execPath, file, ...args];
  const { stdout, exitCode } = Bun.spawnSync(command, { stderr: "inherit" });
  if (exitCode !== 0) fail("INVARIANT", `${command.join(" ")} ended with code ${exitCode}`);
  return JSON.parse(stdout.toString()) as Result;
}

/** Rows under a head, the first column to the left, numbers to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  for (const row of [head, ...rows]) console.log(line(row).trimEnd());
}

/** The last line of a bench: what was aimed at, and whether it was met. */
export function printAim(aim: string, met: boolean): void {
  console.log(`\naim: ${aim}: ${met ? "met" : "not met"}`);
}

/** 12345.6 → "12,346". */
export const grouped = (value: number): string => Math.round(value).toLocaleString("en-US");
