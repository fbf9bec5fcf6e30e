/** What `bun run doctor` found, as lines for a person. */

import type { Named, State } from "../doctor/check.ts";

const WIDTH = "database schema".length;
const COLOUR: Readonly<Record<State, string>> = { ok: "\x1b[32m", warn: "\x1b[33m", FAIL: "\x1b[31m" };

/** One line, whatever was found. */
export function doctorLine({ check, state, found, remedy }: Named, coloured: boolean): string {
  const mark = state.padEnd(4);
  const head = coloured ? `${COLOUR[state]}${mark}\x1b[0m` : mark;
  const tail = remedy === null ? "" : ` → ${remedy}`;
  return `${head}  ${check.padEnd(WIDTH)}  ${`${found}${tail}`.replaceAll(/\s*\n\s*/g, " ")}`;
}

export function doctorSummary(found: readonly Named[]): string {
  const count = (state: State): number => found.filter((one) => one.state === state).length;
  const [failures, warnings] = [count("FAIL"), count("warn")];
  if (failures > 0) return `${failures} of ${found.length} FAIL: a service would not run as it should`;
  return warnings > 0 ? `a service can run; ${warnings} to look at` : "all well: bun run serve";
}
