/**
 * Logging through pino: JSON lines where a machine reads, one coloured line where a person does. Written
 * synchronously, so that the last line before an exit is never lost.
 */

import pino, { type Logger } from "pino";

export type { Logger };

export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

const MARK: Record<number, string> = { 20: "·", 30: " ", 40: "!", 50: "✗", 60: "✗" };
const COLOUR: Record<number, string> = { 20: "\x1b[2m", 40: "\x1b[33m", 50: "\x1b[31m", 60: "\x1b[31m" };

function prettyLine(json: string, coloured: boolean): string {
  const { level, time, msg, stage, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const fields = Object.entries(rest)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  const head = `${MARK[Number(level)] ?? " "} ${clock} ${stage ? `${stage}: ` : ""}${msg ?? ""}`;
  const colour = coloured ? (COLOUR[Number(level)] ?? "") : "";
  const tail = fields && (coloured ? ` \x1b[2m${fields}\x1b[0m` : ` ${fields}`);
  return `${colour}${head}${colour && "\x1b[0m"}${tail}\n`;
}

/** `format` "auto" is pretty on a terminal and JSON elsewhere. */
export function createLogger(
  options: { level?: LogLevel; format?: "auto" | "json" | "pretty" } = {},
): Logger {
  const format = options.format ?? "auto";
  const pretty = format === "pretty" || (format === "auto" && process.stderr.isTTY === true);
  const settings: pino.LoggerOptions = { level: options.level ?? "info", base: null };
  if (!pretty) return pino(settings, pino.destination({ fd: 2, sync: true }));
  return pino(settings, {
    write: (line: string) => void process.stderr.write(prettyLine(line, process.stderr.isTTY === true)),
  });
}

export const silentLogger: Logger = pino({ level: "silent" });
