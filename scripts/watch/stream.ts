/** `/stream` of a running service, for as long as one looks: lost, silent or refused, it is connected again. */

import { type Clock, systemClock, type Timer } from "../../src/base/clock.ts";
import { describeError } from "../../src/base/errors.ts";
import { readText } from "../../src/base/http.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { seededRng } from "../../src/base/rng.ts";
import { backoffMs } from "../../src/binance/backoff.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";

export interface WatchStreamOptions {
  /** Origin of the service, e.g. "http://127.0.0.1:8080". */
  readonly url: string;
  /** Undefined: every symbol. */
  readonly symbol: string | undefined;
  readonly onMessage: (message: StreamMessage) => void;
  /** It is away, and why; once each time. */
  readonly onAway: (why: string) => void;
  readonly clock?: Clock;
}

const BACKOFF = { first_ms: LIMITS.watch_retry_ms_first, cap_ms: LIMITS.watch_retry_ms_max };

export class WatchStream {
  readonly #options: WatchStreamOptions;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #rng = seededRng(1);
  readonly #ended = new AbortController();
  #socket: WebSocket | undefined;
  #silence: Timer | undefined;
  #retry: Timer | undefined;
  #failures = 0;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const symbol = options.symbol === undefined ? "" : `&symbol=${encodeURIComponent(options.symbol)}`;
    this.#path = `/stream?kinds=prediction,outcome,market${symbol}`;
    this.#open();
  }

  /** Nothing is reported from here on. May be called twice. */
  close(): void {
    this.#ended.abort();
    this.#silence?.cancel();
    this.#retry?.cancel();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): void {
    const socket = new WebSocket(`${this.#options.url.replace(/^http/, "ws")}${this.#path}`);
    this.#socket = socket;
    this.#heard(socket);
    let greeted = false;
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heard(socket);
      greeted = true;
      this.#failures = 0;
      this.#options.onMessage(JSON.parse(String(data)) as StreamMessage);
    };
    socket.onclose = ({ code }) => {
      if (code === 1001) this.#lost(socket, "the service is stopping");
      else if (greeted) this.#lost(socket, "the connection is lost");
      else void this.#explain().then((why) => this.#lost(socket, why));
    };
  }

  #heard(socket: WebSocket): void {
    this.#silence?.cancel();
    this.#silence = this.#clock.after(LIMITS.watch_silence_ms, () => {
      socket.close();
      // A dead connection may take minutes to report that it is closed.
      this.#lost(socket, `nothing came for ${LIMITS.watch_silence_ms / 1_000} s`);
    });
  }

  #lost(socket: WebSocket, why: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#silence?.cancel();
    this.#failures++;
    this.#options.onAway(why);
    this.#retry = this.#clock.after(backoffMs(BACKOFF, this.#failures, this.#rng), () => this.#open());
  }

  /** A refusal of the upgrade says nothing of why: the same path asked by HTTP does. */
  async #explain(): Promise<string> {
    try {
      const { status, body } = await askJson(this.#options.url, this.#path, this.#ended.signal);
      const detail = (body as { detail?: unknown } | undefined)?.detail;
      return status !== 426 && typeof detail === "string" ? detail : `it answered ${status}`;
    } catch (error) {
      return `no answer (${describeError(error).split(". ")[0]})`;
    }
  }
}

/** @throws what fetch throws; REST_BODY where it is too long. */
export async function askJson(
  url: string,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${url}${path}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMITS.watch_answer_ms)]),
    redirect: "manual",
  });
  const text = await readText(response, "terminal_body_bytes_max", "REST_BODY");
  return { status: response.status, body: JSON.parse(text) };
}
