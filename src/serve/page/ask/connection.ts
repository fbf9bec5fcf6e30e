/**
 * The page's connection to `/stream`. It always reconnects, with growing, jittered waits, at once
 * when the browser is back online, and when the connection is open but silent. Where the service does not let this reader in it
 * waits for a key: a browser does not say why a WebSocket was refused, so that is asked first.
 */

import type { StreamMessage } from "../../messages/stream.ts";

const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 8_000;
/**
 * The service sends a market view twice a second; after this long without a message the connection is dead.
 */
const SILENCE_MAX_MS = 5_000;

export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** Nothing is tried until `open` is called. */
  | { readonly kind: "not allowed"; readonly why: string }
  | { readonly kind: "waiting"; readonly retry_at_ms: number };

export interface ConnectionOptions {
  readonly url: URL;
  /** Offered in the handshake: who asks. */
  readonly protocols: () => string[];
  /** Why this reader would be refused; undefined where they may, or nobody answers. */
  readonly refusal: () => Promise<string | undefined>;
  readonly onMessage: (message: StreamMessage) => void;
  readonly onState: (state: ConnectionState) => void;
}

export class Connection {
  readonly #url: URL;
  readonly #protocols: ConnectionOptions["protocols"];
  readonly #refusal: ConnectionOptions["refusal"];
  readonly #onMessage: ConnectionOptions["onMessage"];
  readonly #onState: ConnectionOptions["onState"];
  #opening = 0;
  #is_closed_to_us = false;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor({ url, protocols, refusal, onMessage, onState }: ConnectionOptions) {
    this.#url = url;
    this.#protocols = protocols;
    this.#refusal = refusal;
    this.#onMessage = onMessage;
    this.#onState = onState;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#retryNow();
    });
  }

  open(): void {
    this.#onState({ kind: "connecting" });
    this.#is_closed_to_us = false;
    const mine = ++this.#opening;
    void this.#refusal().then((why) => {
      if (mine !== this.#opening) return;
      if (why === undefined) return this.#connect();
      this.#is_closed_to_us = true;
      this.#onState({ kind: "not allowed", why });
    });
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, this.#protocols());
    this.#socket = socket;
    this.#heard();
    socket.onmessage = ({ data }) => {
      this.#heard();
      const message = JSON.parse(data) as StreamMessage;
      if (message.type === "hello") {
        this.#attempt = 0;
        this.#onState({ kind: "live" });
      }
      this.#onMessage(message);
    };
    socket.onclose = () => this.#lost(socket);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => {
      socket?.close();
      // A dead connection may take minutes to report that it is closed.
      if (socket) this.#lost(socket);
    }, SILENCE_MAX_MS);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    clearTimeout(this.#silence);
    const ceiling_ms = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** this.#attempt++);
    const wait_ms = ceiling_ms * (0.5 + Math.random() / 2);
    this.#onState({ kind: "waiting", retry_at_ms: Date.now() + wait_ms });
    this.#retry = setTimeout(() => this.open(), wait_ms);
  }

  #retryNow(): void {
    if (this.#socket || this.#is_closed_to_us) return;
    clearTimeout(this.#retry);
    this.open();
  }
}
