/** A StreamClient's options with their defaults in one table, and its status. */

import type { Clock } from "../../base/clock.ts";
import { type ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import type { Micros } from "../../base/units.ts";
import type { Backoff } from "../backoff.ts";
import type { MarketEvent, StreamName } from "../events.ts";
import type { Network } from "../network.ts";
import type { SocketCounters, SocketTiming } from "./connection/socket.ts";
import type { ContinuityCounters } from "./continuity.ts";
import type { FrameFaultStatus } from "./frame_faults.ts";
import type { LearntPatience, PatienceBounds } from "./patience.ts";
import type { NewestTrade } from "./silence_watch.ts";
import type { StreamLiveness } from "./stream_mark.ts";

export interface StreamTiming extends SocketTiming {
  /** Age at which a connection is replaced (up to 5 % earlier, by chance); the exchange cuts at 24 h. */
  readonly rotate_after_ms: number;
  /** Longest time two connections run side by side. */
  readonly overlap_max_ms: number;
  /**
   * A connection that has lived this long with data on it counts as a success: backoff starts again from the
   * first wait.
   */
  readonly settled_after_ms: number;
  /** Bounds of how long a stream may be silent; within them it is learnt from its usual pauses. */
  readonly patience: Readonly<Record<StreamName, PatienceBounds>>;
  /** A connection on which nothing at all has come for this long is cut, not replaced. */
  readonly deaf_after_ms: number;
  /** A connection that replaces one with silent streams takes over after this, though others are quiet on it. */
  readonly replace_after_ms: number;
  readonly backoff: Backoff;
  /** Between replacements for a stream that stays silent while others deliver. */
  readonly stale_backoff: Backoff;
}

export const STREAM_TIMING: StreamTiming = {
  connect_timeout_ms: 10_000,
  ack_timeout_ms: 5_000,
  close_timeout_ms: 2_000,
  rotate_after_ms: 23 * 3_600_000,
  overlap_max_ms: 15_000,
  settled_after_ms: 10_000,
  patience: {
    trade: { floor_ms: 3_000, ceiling_ms: 60_000 },
    bestBidAsk: { floor_ms: 1_000, ceiling_ms: 10_000 },
    depth: { floor_ms: 1_500, ceiling_ms: 10_000 },
    depth20: { floor_ms: 1_500, ceiling_ms: 10_000 },
  },
  deaf_after_ms: 5_000,
  replace_after_ms: 500,
  backoff: { first_ms: 500, cap_ms: 30_000 },
  stale_backoff: { first_ms: 1_000, cap_ms: 300_000 },
};

export interface StreamOptions {
  /** Origin without path, e.g. `wss://stream-sbe.binance.com:9443`. */
  readonly url: string;
  /** An Ed25519 API key; the exchange refuses a connection without, the paper exchange too. */
  readonly api_key?: string | undefined;
  /** Upper case. */
  readonly symbols: readonly string[];
  readonly streams: readonly StreamName[];
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** Every event once and in order, but for trades, which a `TradeLedger` must judge. */
  readonly onEvent: (event: MarketEvent) => void;
  /**
   * Sees each frame that brings something new before its events do, and the unreadable ones; not what an
   * overlapping connection repeats (but for trades, as above).
   */
  readonly onFrame?: ((frame: Uint8Array, received_us: Micros) => void) | undefined;
  readonly timing?: Partial<StreamTiming>;
  /** Default: the machine's. */
  readonly network?: Network | undefined;
  /** How patient an earlier run was with each stream. */
  readonly learnt?: LearntPatience;
  /** Settles whether a trade stream is silent or its market quiet; without it a long silence is a stall. */
  readonly newestTrade?: NewestTrade;
  /** A stream of the symbol has been silent for longer than it may. */
  readonly onSilent?: (symbol: string) => void;
}

/** Why a second connection is opened beside a living one. */
export type OverlapReason = "rotation" | "server_shutdown" | "stale";

/** Why a connection is opened: "connect" where none is alive. */
export type ConnectReason = OverlapReason | "connect";

export type StreamState =
  | { readonly state: "idle" }
  | { readonly state: "connecting"; readonly failures: number }
  | { readonly state: "live"; readonly since_us: Micros; readonly overlap: OverlapReason | undefined }
  | {
      readonly state: "backing_off";
      readonly until_us: Micros;
      readonly failures: number;
      readonly error: ForetickError;
    }
  | { readonly state: "closed" };

export type StreamStatus = StreamState & {
  readonly streams: readonly StreamLiveness[];
  /** Frames that came and were of no use. */
  readonly frame_faults: FrameFaultStatus;
};

export interface StreamCounters extends SocketCounters, Readonly<ContinuityCounters> {
  connects: number;
  frames: number;
  /** Connections that ended without being asked to, or never opened. */
  failures: number;
  /** Connections replaced by an overlapping one. */
  overlaps: number;
  /** Of these, the ones where the old connection had not come up to the new. */
  overlaps_with_hole: number;
  /** Times a stream fell silent. */
  stale: number;
}

export type ConnectionCounters = Omit<StreamCounters, keyof ContinuityCounters>;

export function zeroCounters(): ConnectionCounters {
  return {
    connects: 0,
    frames: 0,
    failures: 0,
    overlaps: 0,
    overlaps_with_hole: 0,
    stale: 0,
    pings: 0,
    text_frames: 0,
    text_unknown: 0,
    shutdown_notices: 0,
  };
}

/** @throws ForetickError CONFIG_INVALID where the exchange could not serve what is asked. */
export function checkStreamOptions(options: StreamOptions): void {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    const was = JSON.stringify(options.url);
    fail(
      "CONFIG_INVALID",
      `BINANCE_SBE_URL expected an origin such as wss://stream-sbe.binance.com:9443, was ${was}`,
    );
  }
  const wanted = options.symbols.length * options.streams.length;
  if (wanted < 1 || wanted > LIMITS.ws_streams_max) {
    fail("CONFIG_INVALID", `expected 1 to ${LIMITS.ws_streams_max} streams, was ${wanted}`);
  }
}
