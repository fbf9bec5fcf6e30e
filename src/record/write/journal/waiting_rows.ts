/** What a journal directory holds for the database, counted without taking it from its service. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SEGMENT = /^(?:([a-z_0-9]+)\.)?\d{12}\.ndjson$/;
const NEWLINE = 10;

export interface WaitingRows {
  readonly lines: number;
  readonly bytes: number;
}

/** By table; what an older version kept for all of them together is under "all tables". */
export function waitingRows(directory: string): Map<string, WaitingRows> {
  const waiting = new Map<string, WaitingRows>();
  for (const name of existsSync(directory) ? readdirSync(directory).sort() : []) {
    const found = SEGMENT.exec(name);
    if (!found) continue;
    const table = found[1] ?? "all tables";
    const content = readFileSync(join(directory, name));
    const before = waiting.get(table) ?? { lines: 0, bytes: 0 };
    const lines = content.reduce((sum, byte) => (byte === NEWLINE ? sum + 1 : sum), before.lines);
    waiting.set(table, { lines, bytes: before.bytes + content.length });
  }
  return waiting;
}
