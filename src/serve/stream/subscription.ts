/** What a client of a stream asked for, and its first message. */

import type { SeriesChoice } from "../../predict/series.ts";
import type { Identity } from "../access/identity.ts";
import type { HelloMessage, StreamKind } from "../messages/stream.ts";

/** The last message that was seen: its tick, and its place in that; without a place all of the tick was. */
export interface Since {
  readonly tick: number;
  readonly place?: number | undefined;
}

export interface Subscription {
  readonly symbols: readonly string[];
  readonly kinds: readonly StreamKind[];
  /** Which predictions and outcomes. */
  readonly choice: SeriesChoice;
  /** The last message that it has seen; undefined: what comes from now on. */
  readonly since?: Since | undefined;
}

/** By whom a stream was opened, and with what. */
export interface Held {
  readonly credential: string;
  readonly identity: Identity;
}

/** @param complete whether all that came since is still kept. */
export function helloOf(
  { symbols, kinds, choice, since }: Subscription,
  complete: boolean,
  served: { readonly symbols: readonly string[]; readonly server_time_us: number },
): HelloMessage {
  const { role = null, model_version = null, horizon_s = null } = choice;
  return {
    type: "hello",
    symbols: served.symbols,
    subscribed: { symbols, kinds, role, model_version, horizon_s },
    server_time_us: served.server_time_us,
    ...(since ? { since: { tick: since.tick, complete } } : {}),
  };
}
