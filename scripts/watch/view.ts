/** What `bun run watch` shows, as it is known now: from the stream's messages and the answers of /quality and /health. */

import type { QualityJson } from "../../src/serve/messages/quality.ts";
import type { MarketMessage, StreamMessage } from "../../src/serve/messages/stream.ts";
import { History } from "../../src/serve/page/live/history.ts";

/** A part of `/health`. */
export interface Part {
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly symbol?: string | undefined;
}

export interface Health {
  readonly status: string;
  readonly version: string;
  readonly dependencies: readonly Part[];
}

/** `why` it is not live, for a person. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "away"; readonly why: string };

export class View {
  readonly url: string;
  readonly history = new History();
  link: Link = { state: "connecting" };
  market: MarketMessage | undefined;
  /** When the newest forecast was received (ms). */
  forecast_ms: number | undefined;
  quality: QualityJson | undefined;
  health: Health | undefined;
  #symbol: string | undefined;

  /** @param symbol undefined: the first the service names. */
  constructor(url: string, symbol: string | undefined) {
    this.url = url;
    this.#symbol = symbol;
  }

  get symbol(): string | undefined {
    return this.#symbol;
  }

  take(message: StreamMessage, now_ms: number): void {
    if (message.type === "hello") {
      this.link = { state: "live" };
      this.#symbol ??= message.symbols[0];
      return;
    }
    if (message.symbol !== this.#symbol) return;
    if (message.type === "market") this.market = message;
    else if (message.type === "outcome") this.history.settle(message);
    else {
      this.history.add(message);
      this.forecast_ms = now_ms;
    }
  }
}
