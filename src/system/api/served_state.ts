/**
 * What the service that leads a symbol says of it through Redis, beside its forecasts: the market view, what is wrong,
 * on which clients a version is tried. JSON, written about once a second.
 */

import { z } from "zod";
import type { Micros } from "../../base/units.ts";
import type { AlertsView, MarketView, SignalView, Unavailable } from "../../serve/ports.ts";
import type { Split } from "../../steer/deploy/traffic.ts";

export interface ServedState {
  /** Wall clock of the service that says it. */
  readonly at_us: Micros;
  /** Between two predictions (ms). */
  readonly interval_ms: number;
  readonly market: MarketView;
  readonly alerts: AlertsView;
  /** The signal of the forecast that is current, or why there is none. */
  readonly signals: SignalView | Unavailable;
  readonly split: Split | null;
}

/** Alerts that are over which go along. */
const RECENT_ALERTS = 10;

export function servedState(
  of: Omit<ServedState, "split"> & { readonly split: Split | undefined },
): ServedState {
  const { open, recent, silences } = of.alerts;
  return {
    ...of,
    split: of.split ?? null,
    alerts: { open, recent: recent.slice(0, RECENT_ALERTS), silences },
  };
}

const object = z.looseObject({});
const schema = z.object({
  at_us: z.int(),
  interval_ms: z.number().positive(),
  market: z.looseObject({ symbol: z.string(), as_of_us: z.int(), streams: z.array(object) }),
  alerts: z.object({ open: z.array(object), recent: z.array(object), silences: z.array(object) }),
  signals: object,
  split: z.object({ version: z.string(), share: z.number(), salt: z.string() }).nullable(),
});

/** Undefined where it is none. Its inner parts are those of the service's own version. */
export function servedStateOf(text: string): ServedState | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as unknown as ServedState) : undefined;
  } catch {
    return undefined;
  }
}
