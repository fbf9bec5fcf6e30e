/** How one fault went: when the service said so, when it was well again, and the silences the account must know. */

import { systemClock } from "../../src/base/clock.ts";
import { US_PER_SEC } from "../../src/base/units.ts";
import type { Silence } from "./account.ts";
import type { View } from "./watcher.ts";
import type { World } from "./world.ts";

export interface Course {
  /** From the fault to the first word of it; null where the fault ends before a user can notice (ms). */
  readonly detected_ms: number | null;
  /** From the fault's end to the first warm forecast (ms); for a drain: from the signal to the exit. */
  readonly recovered_ms: number;
  readonly silences: readonly Silence[];
  /** When the process was killed (local clock, µs); undefined where it was not. */
  readonly killed_us?: number;
  /** The first complaint of `/health`, or what else an operator sees. */
  readonly sees: string;
}

/** What a fault may do to the product at most. */
export interface Bounds {
  readonly detected_ms: number | null;
  readonly recovered_ms: number;
}

export interface Fault extends Bounds {
  readonly name: string;
  readonly injected: string;
  /** Settings of the service beside the usual ones. */
  readonly environment?: Readonly<Record<string, string>>;
  /** true where it needs a disk that can be filled (`world.disk`). */
  readonly own_disk?: boolean;
  run(world: World): Promise<Course>;
}

/** A busy symbol's quotes: silent for this long, they are known to be (µs). */
const NOTICED_AFTER_US = 2 * US_PER_SEC;
/** A complaint that outlasts the recovery by this is named with its time (ms). */
const LONGER_MS = 2_000;
const unwell = (view: View): boolean => view.complaints.length > 0 || !view.warm;

/**
 * The usual course: forecasts are warm, the fault begins, lasts until the service has said so (or `lasts_ms`), ends,
 * and forecasts are warm again.
 */
export async function course(
  world: World,
  fault: {
    begin(): unknown;
    end?(): unknown;
    /** How long it lasts, noticed or not (ms). */
    readonly lasts_ms?: number;
    /** true where the stream says nothing true meanwhile. */
    readonly silent?: boolean;
    /** Where the exchange's clock is wrong meanwhile: by so much at most (µs). */
    readonly times_wrong_us?: number;
    /** How long a warm forecast is waited for after the fault's end (ms). */
    readonly patience_ms?: number;
    /** How long it is watched after the fault's end, before it may count as well (ms). */
    readonly watched_ms?: number;
    /** How long the service has run before (ms): a stream's usual pauses are learnt from a few seconds of it. */
    readonly after_ms?: number;
    /** true where forecasts go on and a health sentence is all there is to see. */
    readonly quiet?: boolean;
  },
): Promise<Course> {
  await world.forecast();
  if (fault.after_ms !== undefined) await Bun.sleep(fault.after_ms);
  const { watcher } = world;
  const looks = watcher.views.length;
  const from_us = world.exchange.market_us;
  const begun_ms = performance.now();
  await fault.begin();
  if (fault.lasts_ms !== undefined) await Bun.sleep(fault.lasts_ms);
  await fault.end?.();
  const ended_ms = performance.now();
  const to_us = world.exchange.market_us;
  if (fault.watched_ms !== undefined) await Bun.sleep(fault.watched_ms);
  await world.forecast(fault.patience_ms);
  await world.until("no complaint", () => watcher.newest !== undefined && !unwell(watcher.newest));
  const views = watcher.views.slice(looks);
  const noticed = views.find(unwell);
  const afterMs = (last: View | undefined): number => (last ? Math.max(0, last.at_ms - ended_ms) : 0);
  const recovered_ms = afterMs(views.findLast(({ warm }) => !warm));
  const said_ms = afterMs(views.findLast(unwell));
  const wrong_us = fault.times_wrong_us;
  const untold =
    wrong_us === undefined
      ? []
      : [
          {
            from_us: from_us - wrong_us,
            to_us: to_us + wrong_us,
            known_after_us: Infinity,
            times_wrong: true,
          },
        ];
  const sees = noticed?.complaints[0] ?? wordsOf(noticed);
  return {
    detected_ms: noticed ? Math.max(0, noticed.at_ms - begun_ms) : null,
    recovered_ms,
    silences: fault.silent ? [{ from_us, to_us, known_after_us: NOTICED_AFTER_US }] : untold,
    sees: said_ms > recovered_ms + LONGER_MS ? `${sees} (said for ${(said_ms / 1_000).toFixed(0)} s)` : sees,
  };
}

function wordsOf(noticed: View | undefined): string {
  if (!noticed) return "nothing: forecasts go on";
  return noticed.latest === 0 ? "nothing answers" : `/latest ${noticed.latest}`;
}

/** The process ends by `kill`, is started again, and forecasts. */
export async function restarted(world: World, kill: () => unknown): Promise<Course> {
  await world.forecast();
  await kill();
  const killed_us = systemClock.now();
  await world.ended();
  const begun_ms = performance.now();
  await world.start();
  await world.forecast();
  return {
    detected_ms: null,
    recovered_ms: performance.now() - begun_ms,
    silences: [],
    killed_us,
    sees: "the platform restarts it; forecasts are warm from the stored look-back",
  };
}

/** SIGTERM, to the exit. */
export async function drained(world: World): Promise<Course> {
  await world.forecast();
  const begun_ms = performance.now();
  world.signal("SIGTERM");
  const code = await world.ended();
  const recovered_ms = performance.now() - begun_ms;
  return { detected_ms: null, recovered_ms, silences: [], sees: `exit ${code}: ${lastLine(world.said)}` };
}

function lastLine(said: string): string {
  const line = said.trimEnd().split("\n").at(-1) ?? "";
  try {
    return String((JSON.parse(line) as { readonly msg?: unknown }).msg ?? line);
  } catch {
    return line.slice(0, 120);
  }
}
