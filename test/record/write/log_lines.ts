/** A logger that keeps its lines, for tests that count what an operator would read. */

import pino from "pino";
import type { Logger } from "../../../src/base/log.ts";

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export function logLines(): { log: Logger; lines: LogLine[]; errors: () => string[] } {
  const lines: LogLine[] = [];
  const log = pino(
    { level: "info", base: null },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  return { log, lines, errors: () => lines.filter(({ level }) => level >= 50).map(({ msg }) => msg) };
}
