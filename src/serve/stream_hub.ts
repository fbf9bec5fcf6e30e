/**
 * The clients of `/stream`. A message is serialised once and published to a topic (`prediction:BTCUSDT`);
 * the socket layer fans it out, and cuts a client that falls too far behind, so that one slow reader costs
 * the others nothing. Market views are sampled on a timer, and only while somebody listens.
 */

import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import type { Clock, Timer } from "../base/clock.ts";
import { LIMITS } from "../base/limits.ts";
import {
  type HelloMessage,
  type MarketMessage,
  outcomeMessage,
  type PredictionMessage,
  predictionJson,
  type StreamKind,
  type StreamMessage,
} from "./messages.ts";
import type { ServeEvent, ServePorts } from "./ports.ts";

/** How often market views are sampled: often enough for a price to look alive, seldom enough to be free. */
const MARKET_EVERY_MS = 500;
/** WebSocket close code "going away": the client should reconnect. */
const GOING_AWAY = 1001;

/** What one client asked for. */
export interface Subscription {
  readonly symbols: readonly string[];
  readonly kinds: readonly StreamKind[];
}

const topic = (kind: StreamKind, symbol: string): string => `${kind}:${symbol}`;

export class StreamHub {
  readonly #ports: ServePorts;
  readonly #clock: Clock;
  readonly #clients = new Set<ServerWebSocket<Subscription>>();
  readonly #unsubscribe: () => void;
  #server: Server<Subscription> | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #published = 0;
  #refused = 0;
  #cut = 0;

  constructor(ports: ServePorts, clock: Clock) {
    this.#ports = ports;
    this.#clock = clock;
    this.#unsubscribe = ports.subscribe((event) => this.#onEvent(event));
    const { metrics } = ports;
    metrics.observe("gauge", "stream_clients", "Clients of /stream.", () => this.#clients.size);
    metrics.observe(
      "counter",
      "stream_published_total",
      "Messages given out by /stream.",
      () => this.#published,
    );
    metrics.observe("counter", "stream_refused_total", "Clients refused at the limit.", () => this.#refused);
    metrics.observe(
      "counter",
      "stream_lost_total",
      "Clients lost without a closing handshake: too slow, or gone.",
      () => this.#cut,
    );
  }

  /** From here on clients can be accepted and messages go out. */
  listenOn(server: Server<Subscription>): void {
    this.#server = server;
    this.#armMarket();
  }

  /** Upgrades a request to a stream client; false when no more are taken. */
  accept(request: Request, subscription: Subscription, headers: Record<string, string>): boolean {
    const server = this.#server;
    if (!server || this.#closed || server.pendingWebSockets >= LIMITS.stream_clients_max) {
      this.#refused++;
      return false;
    }
    return server.upgrade(request, { data: subscription, headers });
  }

  /** What the socket layer calls. */
  get handler(): WebSocketHandler<Subscription> {
    return {
      backpressureLimit: LIMITS.stream_backlog_bytes_max,
      closeOnBackpressureLimit: true,
      idleTimeout: LIMITS.stream_idle_max_s,
      sendPings: true,
      maxPayloadLength: LIMITS.stream_request_bytes_max,
      perMessageDeflate: false,
      open: (socket) => this.#onOpen(socket),
      // The stream speaks, it does not listen: what a client sends is read and dropped.
      message: () => {},
      close: (socket, code) => {
        this.#clients.delete(socket);
        if (code === 1006) this.#cut++;
      },
    };
  }

  /** Says goodbye to every client and accepts no more. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#timer?.cancel();
    for (const socket of this.#clients) socket.close(GOING_AWAY, "the service is stopping");
  }

  #onOpen(socket: ServerWebSocket<Subscription>): void {
    this.#clients.add(socket);
    const { symbols, kinds } = socket.data;
    const hello: HelloMessage = {
      type: "hello",
      symbols: this.#ports.symbols,
      subscribed: { symbols, kinds },
      server_time_us: this.#clock.now(),
    };
    socket.send(JSON.stringify(hello));
    for (const symbol of symbols) {
      for (const kind of kinds) socket.subscribe(topic(kind, symbol));
      if (kinds.includes("market")) socket.send(JSON.stringify(this.#market(symbol)));
    }
  }

  #onEvent(event: ServeEvent): void {
    if (event.kind === "prediction") {
      const message: PredictionMessage = { type: "prediction", ...predictionJson(event.prediction) };
      this.#publish("prediction", event.prediction.symbol, () => message);
    } else {
      this.#publish("outcome", event.outcome.symbol, () => outcomeMessage(event.outcome));
    }
  }

  #market(symbol: string): MarketMessage {
    return { type: "market", ...this.#ports.market(symbol) };
  }

  #armMarket(): void {
    this.#timer = this.#clock.after(MARKET_EVERY_MS, () => {
      for (const symbol of this.#ports.symbols) this.#publish("market", symbol, () => this.#market(symbol));
      this.#armMarket();
    });
  }

  /** The message is built only when somebody listens. */
  #publish(kind: StreamKind, symbol: string, build: () => StreamMessage): void {
    const name = topic(kind, symbol);
    if (!this.#server || this.#server.subscriberCount(name) === 0) return;
    this.#server.publish(name, JSON.stringify(build()));
    this.#published++;
  }
}
