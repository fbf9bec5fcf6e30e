/** The options of a paper exchange: its market, its speed, and how strict it is. */

import type { Server, WebSocketHandler } from "bun";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { MarketSource } from "../../binance/capture/market_source.ts";
import type { ArchiveStyle } from "./archive.ts";
import type { Speed } from "./player.ts";
import type { WeightLimits } from "./rest/weights.ts";
import type { Connection } from "./streams/connection.ts";

/** What is used of a server that listens. */
export type ExchangeServer = Pick<Server<Connection>, "hostname" | "port" | "requestIP" | "upgrade" | "stop">;

/** How requests are answered, as Bun.serve takes it. */
export interface ExchangeHandler {
  readonly fetch: (request: Request, server: ExchangeServer) => Response | Promise<Response> | undefined;
  readonly websocket: WebSocketHandler<Connection>;
}

export interface PaperExchangeOptions {
  readonly source: MarketSource;
  /** Market seconds per second, or "max": as fast as the subscribed clients take it. */
  readonly speed: Speed;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  /** Listens in place of Bun.serve: a network in memory. */
  readonly listen?: (handler: ExchangeHandler) => ExchangeServer;
  /** Market seconds taken in before the start, so that REST has a past. Default 0. */
  readonly history_s?: number;
  /** Move the source's times so that what is sent first is sent now. Default false. */
  readonly shift_to_now?: boolean;
  /**
   * When the market starts to move: at once, at the first subscription, or when `play` is called. Default:
   * at once, and at "max" at the first subscription (where it also waits while there is no subscriber).
   */
  readonly start_on?: "listen" | "first_subscriber" | "play";
  /** Refuse streams without the key header. Default true. Any key will do. */
  readonly require_key?: boolean;
  /** A connection is closed after this long. Default 24 h. */
  readonly cut_after_s?: number;
  /** Default 20. */
  readonly ping_every_s?: number;
  /** A client that leaves a ping unanswered this long is closed. Default 60. */
  readonly pong_within_s?: number;
  readonly limits?: WeightLimits;
  /** How the archive's files are written, and whether days that are not over are published. */
  readonly archive?: ArchiveStyle;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** The source has ended, or could not be read on (then with the error). The exchange stays up. */
  readonly on_end?: (error?: unknown) => void;
}
