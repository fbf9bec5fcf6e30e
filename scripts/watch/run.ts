/** Watching: the stream, questions for quality and health beside it, and a drawing of what is known. */

import { type Clock, systemClock, type Timer } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import type { QualityJson } from "../../src/serve/messages/quality.ts";
import { forecastLine, screenLines } from "./render.ts";
import { askJson, WatchStream } from "./stream.ts";
import { type Health, View } from "./view.ts";

/** What of a terminal is used; a pipe has no size. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface WatchOptions {
  readonly url: string;
  readonly symbol: string | undefined;
  readonly output: Output;
  readonly clock?: Clock;
}

/** Another screen without a cursor, and back to the one before it. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

/** Watches until `close`, which leaves the terminal as it was. */
export function watch({ url, symbol, output, clock = systemClock }: WatchOptions): { close(): void } {
  const view = new View(url, symbol);
  const is_screen = output.isTTY === true;
  const ended = new AbortController();
  const timers: { draw?: Timer; ask?: Timer } = {};
  const nowMs = (): number => clock.now() / US_PER_MS;

  const draw = (): void => {
    const size = { columns: output.columns ?? 80, rows: output.rows ?? 24, coloured: true };
    const lines = screenLines(view, nowMs(), size);
    output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
    timers.draw = clock.after(LIMITS.watch_draw_ms, draw);
  };
  const ask = async (): Promise<void> => {
    const of = view.symbol === undefined ? "" : `&symbol=${encodeURIComponent(view.symbol)}`;
    const [quality, health] = await Promise.allSettled([
      askJson(url, `/quality?window=1h${of}`, ended.signal),
      askJson(url, "/health", ended.signal),
    ]);
    if (ended.signal.aborted) return;
    view.quality =
      quality.status === "fulfilled" && quality.value.status === 200
        ? (quality.value.body as QualityJson)
        : undefined;
    const known = health.status === "fulfilled" ? (health.value.body as Partial<Health>) : {};
    view.health = Array.isArray(known.dependencies) ? (known as Health) : undefined;
    timers.ask = clock.after(LIMITS.watch_ask_ms, () => void ask());
  };

  const stream = new WatchStream({
    ...{ url, symbol, clock },
    onMessage: (message) => {
      view.take(message, nowMs());
      if (is_screen) return;
      if (message.type === "hello") output.write(`connected to ${url}: ${message.symbols.join(", ")}\n`);
      if (message.type === "prediction" && message.symbol === view.symbol)
        output.write(`${forecastLine(message)}\n`);
    },
    onAway: (why) => {
      view.link = { state: "away", why };
      if (!is_screen) output.write(`${url}: ${why}; trying again\n`);
    },
  });
  if (is_screen) {
    output.write(ENTER);
    draw();
    void ask();
  }
  return {
    close: () => {
      if (ended.signal.aborted) return;
      ended.abort();
      stream.close();
      timers.draw?.cancel();
      timers.ask?.cancel();
      if (is_screen) output.write(LEAVE);
    },
  };
}
