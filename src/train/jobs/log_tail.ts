/**
 * The last lines of what a training's process writes. It logs in JSON, a line each; what is no such line (a crash of the
 * runtime, a library) is kept as it stands. However much is written, it stays within its bounds.
 */

import { LIMITS } from "../../base/limits.ts";
import type { JobLog, LogLine } from "../../record/training/job_log.ts";

/** Levels of the logger (pino's numbers). */
const [WARN, ERROR] = [40, 50];
/** Fields of a line that its reader knows already, or reads elsewhere. */
const KNOWN = new Set(["level", "time", "msg", "stage", "job_id"]);

export class LogTail {
  readonly #lines: LogLine[] = [];
  #left_out = 0;
  /** The beginning of a line whose end has not come. */
  #open = "";

  get log(): JobLog {
    return { lines: [...this.#lines], left_out: this.#left_out };
  }

  /** @returns whether a line was ended by it. */
  take(text: string): boolean {
    const parts = `${this.#open}${text}`.split("\n");
    // What has no end for so long is no line of ours; the rest of it is cut off.
    this.#open = parts.pop()!.slice(0, LIMITS.training_log_open_chars_max);
    for (const line of parts) this.#add(line);
    return parts.length > 0;
  }

  /** Nothing more comes: what is open is a line. @returns whether it was one. */
  end(): boolean {
    return this.#open !== "" && this.take("\n");
  }

  #add(line: string): void {
    if (line.trim() === "") return;
    this.#lines.push(lineOf(line));
    if (this.#lines.length <= LIMITS.training_log_lines_max) return;
    this.#lines.shift();
    this.#left_out++;
  }
}

function lineOf(text: string): LogLine {
  const logged = fieldsOf(text);
  if (!logged) return { at: null, level: "info", text: shown(text) };
  const { level, time, msg } = logged;
  const rest = Object.entries(logged).filter(([name]) => !KNOWN.has(name));
  const fields = rest.map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return {
    at: typeof time === "number" && Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : null,
    level: Number(level) >= ERROR ? "error" : Number(level) >= WARN ? "warn" : "info",
    text: shown([String(msg ?? ""), ...fields].filter(Boolean).join(" ")),
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Looks like one and is none: it is shown as it stands.
    return undefined;
  }
}

/** Without what moves a terminal's cursor, and no longer than a line is kept. */
const shown = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replaceAll(/\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g, "")
    .slice(0, LIMITS.training_log_chars_max);
