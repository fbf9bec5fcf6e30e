/**
 * One WebSocket to the exchange, from opening to its end: upgrade with the key, SUBSCRIBE, acknowledgements,
 * then frames. It never reconnects; its owner decides what comes after.
 *
 * Streams are asked for by SUBSCRIBE on `/ws`, not in the URL: the exchange acknowledges a SUBSCRIBE or says
 * why not, while a stream in the URL that it does not take is only silence; and the list may be any length.
 */

import type { Clock, Timer } from "../../../base/clock.ts";
import { ForetickError } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import type { Micros } from "../../../base/units.ts";
import { MACHINE_NETWORK, type Network, type WireSocket } from "../../network.ts";
import { readControl, subscribeText } from "./control.ts";
import { explainRefusal } from "./handshake.ts";
import { RateWindow } from "./rate_window.ts";

export interface SocketCounters {
  /** Pings answered (by the runtime, payload copied). */
  pings: number;
  text_frames: number;
  /** Text frames of unknown shape. */
  text_unknown: number;
  shutdown_notices: number;
}

export interface SocketTiming {
  /** From the first packet to an open WebSocket. */
  readonly connect_timeout_ms: number;
  /** From SUBSCRIBE to its acknowledgement. */
  readonly ack_timeout_ms: number;
  /** From our close to the server's; then the socket is cut. */
  readonly close_timeout_ms: number;
}

export interface SocketOptions {
  /** Without path. */
  readonly origin: string;
  readonly api_key: string | undefined;
  /** Names on the wire, e.g. "btcusdt@trade". */
  readonly streams: readonly string[];
  readonly timing: SocketTiming;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: SocketCounters;
  /** The network; default the machine's. */
  readonly network?: Network | undefined;
  /** Every stream is acknowledged. */
  readonly onSubscribed: () => void;
  readonly onFrame: (frame: Uint8Array, received_us: Micros) => void;
  /** The server announced that it goes away. */
  readonly onShutdownNotice: () => void;
  /** It is over and was not asked for; once, and never after `close`. */
  readonly onEnd: (error: ForetickError, retry_after_ms: number) => void;
}

/** Streams in one SUBSCRIBE: a message of some 5 kB. */
const STREAMS_PER_MESSAGE = 200;

export class ExchangeSocket {
  readonly #options: SocketOptions;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #ws: WireSocket;
  readonly #messages: RateWindow;
  readonly #explaining = new AbortController();
  #state: "connecting" | "subscribing" | "subscribed" | "over" = "connecting";
  /** SUBSCRIBE messages to send, then those waiting for their acknowledgement by id. */
  #unsent: string[][] = [];
  readonly #unacknowledged = new Set<number>();
  #next_id = 1;
  #deadline: Timer | undefined;
  #sending: Timer | undefined;
  #said = "the connection closed";
  #gone: Promise<void> | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#url = new URL("/ws", options.origin).href;
    this.#headers = options.api_key ? { "X-MBX-APIKEY": options.api_key } : {};
    this.#messages = new RateWindow(options.clock, LIMITS.ws_messages_per_sec_max, 1_000);
    for (let index = 0; index < options.streams.length; index += STREAMS_PER_MESSAGE) {
      this.#unsent.push(options.streams.slice(index, index + STREAMS_PER_MESSAGE));
    }
    this.#ws = (options.network ?? MACHINE_NETWORK).openSocket(this.#url, this.#headers);
    this.#ws.binaryType = "nodebuffer";
    this.#listen();
    this.#expect(options.timing.connect_timeout_ms, "WS_HANDSHAKE", `an open WebSocket at ${this.#url}`);
  }

  /**
   * Closes with a close frame, and after a deadline without one. May be called twice; nothing is reported
   * afterwards.
   */
  close(): Promise<void> {
    this.#finish();
    this.#gone ??= this.#goodbye();
    return this.#gone;
  }

  #listen(): void {
    const ws = this.#ws;
    ws.addEventListener("open", () => this.#onOpen());
    // Bun has answered the ping already; the exchange counts the pong among our messages, and so do we.
    ws.addEventListener("ping", () => {
      this.#options.counters.pings += 1;
      this.#messages.note();
    });
    ws.addEventListener("message", (event: MessageEvent<string | Buffer>) => {
      if (this.#state === "over") return;
      if (typeof event.data === "string") this.#onText(event.data);
      else this.#onBinary(event.data);
    });
    ws.addEventListener("error", (event) => {
      this.#said = (event as ErrorEvent).message || this.#said;
    });
    ws.addEventListener("close", (event) => this.#onClose(event.code, event.reason));
  }

  #onOpen(): void {
    if (this.#state !== "connecting") return;
    this.#state = "subscribing";
    this.#sendNext();
  }

  #sendNext(): void {
    this.#sending = undefined;
    const delay_ms = this.#messages.delayMs();
    if (delay_ms > 0) {
      this.#deadline?.cancel();
      this.#sending = this.#options.clock.after(delay_ms, () => this.#sendNext());
      return;
    }
    const streams = this.#unsent.shift();
    if (!streams) return;
    const id = this.#next_id;
    this.#next_id += 1;
    this.#unacknowledged.add(id);
    this.#messages.note();
    this.#ws.send(subscribeText(streams, id));
    const wanted = `the acknowledgement of SUBSCRIBE ${id} (${streams.length} streams)`;
    this.#expect(this.#options.timing.ack_timeout_ms, "WS_CONTROL", wanted);
    if (this.#unsent.length > 0) this.#sendNext();
  }

  #onBinary(frame: Uint8Array): void {
    if (frame.byteLength > LIMITS.frame_bytes_max) {
      const message = `expected a frame of at most ${LIMITS.frame_bytes_max} bytes, was ${frame.byteLength}`;
      this.#end(new ForetickError("WS_FRAME_SIZE", message));
      return;
    }
    this.#options.onFrame(frame, this.#options.clock.now());
  }

  #onText(text: string): void {
    const { counters, log } = this.#options;
    counters.text_frames += 1;
    const frame = readControl(text.length > LIMITS.frame_bytes_max ? "" : text);
    switch (frame.kind) {
      case "server_shutdown":
        counters.shutdown_notices += 1;
        log.warn({ at_ms: frame.at_ms }, "the exchange announced a shutdown of this connection");
        this.#options.onShutdownNotice();
        return;
      case "done":
        this.#onAcknowledged(frame.id);
        return;
      case "refused":
        this.#onRefused(frame.id, frame.code, frame.message);
        return;
      case "unknown":
        counters.text_unknown += 1;
        log.warn({ text: frame.text }, "ignored a text frame of unknown shape");
    }
  }

  #onAcknowledged(id: number): void {
    if (!this.#unacknowledged.delete(id) || this.#unacknowledged.size > 0 || this.#unsent.length > 0) return;
    this.#deadline?.cancel();
    this.#state = "subscribed";
    this.#options.onSubscribed();
  }

  /** A refusal without id can only mean something still open. */
  #onRefused(id: number | undefined, code: number, message: string): void {
    const concerns_us = id === undefined ? this.#unacknowledged.size > 0 : this.#unacknowledged.has(id);
    if (!concerns_us) {
      this.#options.log.warn({ id, code, refusal: message }, "the exchange refused something not asked for");
      return;
    }
    const text = `expected SUBSCRIBE to be acknowledged, was refused: code ${code} (${message})`;
    this.#end(new ForetickError("WS_CONTROL", text, { details: { code, message } }));
  }

  #onClose(code: number, reason: string): void {
    if (this.#state === "over") return;
    if (this.#state !== "connecting") {
      const text = `the exchange closed the connection (code ${code}${reason ? `: ${reason}` : ""})`;
      this.#end(new ForetickError("WS_CLOSED", text, { details: { code, reason } }));
      return;
    }
    this.#deadline?.cancel();
    const { clock, network = MACHINE_NETWORK } = this.#options;
    void explainRefusal({
      fetch: network.fetch,
      url: this.#url,
      headers: this.#headers,
      said: this.#said,
      clock,
      signal: this.#explaining.signal,
    }).then(({ error, retry_after_ms }) => this.#end(error, retry_after_ms));
  }

  #expect(timeout_ms: number, code: "WS_HANDSHAKE" | "WS_CONTROL", wanted: string): void {
    this.#deadline?.cancel();
    this.#deadline = this.#options.clock.after(timeout_ms, () => {
      this.#end(new ForetickError(code, `expected ${wanted} within ${timeout_ms} ms, was none`));
    });
  }

  #end(error: ForetickError, retry_after_ms = 0): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#ws.terminate();
    this.#options.onEnd(error, retry_after_ms);
  }

  #finish(): void {
    this.#state = "over";
    this.#deadline?.cancel();
    this.#sending?.cancel();
    this.#explaining.abort();
  }

  #goodbye(): Promise<void> {
    const ws = this.#ws;
    if (ws.readyState === WebSocket.CONNECTING) ws.terminate(); // Not open yet: no close frame.
    if (ws.readyState !== WebSocket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const deadline = this.#options.clock.after(this.#options.timing.close_timeout_ms, () => {
        ws.terminate();
        resolve();
      });
      ws.addEventListener("close", () => {
        deadline.cancel();
        resolve();
      });
      ws.close(1000);
    });
  }
}
