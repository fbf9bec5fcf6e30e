/**
 * The clients of the streams. A message is serialised once and published to topics (`prediction BTCUSDT served * *`);
 * the socket layer fans it out, and cuts a client that falls too far behind, so that one slow reader costs
 * the others nothing. Market views are sampled on a timer, and only while there is a client for them.
 */

import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import type { Clock, Timer } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { nextTurn } from "../../base/turns.ts";
import { CHAMPION } from "../../predict/series.ts";
import type { Access } from "../access/access.ts";
import type { MarketMessage } from "../messages/stream.ts";
import type { ServeEvent, ServePorts } from "../ports.ts";
import { CredentialWatch } from "./credential_watch.ts";
import { EventClients } from "./events.ts";
import { StreamMemory } from "./memory.ts";
import { type Held, helloOf, type Subscription } from "./subscription.ts";
import { topicOf, topicsOf } from "./topics.ts";
import { TickWaiters } from "./waiters.ts";

/** How often market views are sampled: often enough for a price to look alive, seldom enough to be free. */
const MARKET_EVERY_MS = 500;
/** WebSocket close code "going away": the client should reconnect. */
const GOING_AWAY = 1001;
/** "Try again later": the client was too slow, or who it is cannot be looked up. */
const TRY_LATER = 1013;

/** "Policy violation": its credential is no longer valid. */
const NOT_ALLOWED = 1008;

/** A client of `/stream`. */
export interface StreamClient extends Subscription {
  /** Of the next message it has missed; undefined once it has them all and is sent what comes. */
  position: number | undefined;
  readonly held: Held | undefined;
  /** Its credential is watched no more. */
  unwatch: (() => void) | undefined;
}

const nobody: Access["identify"] = async () => ({ code: "UNAUTHENTICATED" });

export class StreamHub {
  readonly #ports: ServePorts;
  readonly #clock: Clock;
  /** The most clients of `/stream`, and of `/events`. */
  readonly clients_max: number;
  readonly waiters: TickWaiters;
  readonly events: EventClients;
  readonly #memory: StreamMemory;
  readonly #credentials: CredentialWatch;
  readonly #clients = new Set<ServerWebSocket<StreamClient>>();
  readonly #unsubscribe: () => void;
  #server: Server<StreamClient> | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #published = 0;
  #refused = 0;
  #cut = 0;
  #not_allowed = 0;

  /** @param identify of a credential, as `Access.identify`. */
  constructor(
    ports: ServePorts,
    clock: Clock,
    clients_max: number = LIMITS.stream_clients_max,
    identify: Access["identify"] = nobody,
  ) {
    this.#credentials = new CredentialWatch(clock, identify);
    this.#ports = ports;
    this.#clock = clock;
    this.clients_max = clients_max;
    const { metrics, symbols } = ports;
    this.#memory = new StreamMemory(symbols.length);
    this.waiters = new TickWaiters(metrics, clock);
    this.events = new EventClients({
      ...{ memory: this.#memory, credentials: this.#credentials, metrics, clock, symbols, clients_max },
    });
    this.#unsubscribe = ports.subscribe((event) => this.#onEvent(event));
    metrics.observe("gauge", "foretick_stream_clients", "Clients of /stream.", () => this.#clients.size);
    metrics.observe(
      "counter",
      "foretick_stream_published_total",
      "Messages given out by /stream.",
      () => this.#published,
    );
    metrics.observe(
      "counter",
      "foretick_stream_refused_total",
      "Clients refused at the limit.",
      () => this.#refused,
    );
    metrics.observe(
      "counter",
      "foretick_stream_not_allowed_total",
      "Clients of /stream ended because their credential was revoked, had expired or could not be looked up.",
      () => this.#not_allowed,
    );
    metrics.observe(
      "counter",
      "foretick_stream_lost_total",
      "Clients lost without a closing handshake: too slow, or gone.",
      () => this.#cut,
    );
  }

  /** From here on clients can be accepted and messages go out. */
  listenOn(server: Server<StreamClient>): void {
    this.#server = server;
    this.events.listen();
    this.#armMarket();
  }

  /** Upgrades a request to a stream client; false when no more are taken. */
  accept(
    request: Request,
    subscription: Subscription,
    headers: Record<string, string>,
    held?: Held,
  ): boolean {
    const server = this.#server;
    if (!server || this.#closed || server.pendingWebSockets >= this.clients_max) {
      this.#refused++;
      return false;
    }
    return server.upgrade(request, {
      data: { ...subscription, position: undefined, held, unwatch: undefined },
      headers,
    });
  }

  /** What the socket layer calls. */
  get handler(): WebSocketHandler<StreamClient> {
    return {
      backpressureLimit: LIMITS.stream_backlog_bytes_max,
      closeOnBackpressureLimit: true,
      idleTimeout: LIMITS.stream_idle_max_s,
      sendPings: true,
      maxPayloadLength: LIMITS.stream_request_bytes_max,
      perMessageDeflate: false,
      open: (socket) => this.#onOpen(socket),
      // The stream only sends: what a client sends is read and dropped.
      message: () => {},
      drain: (socket) => this.#catchUp(socket),
      close: (socket, code) => {
        this.#clients.delete(socket);
        socket.data.unwatch?.();
        if (code === 1006 || code === TRY_LATER) this.#cut++;
      },
    };
  }

  /** Closes every client with 1001 and accepts no more. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#timer?.cancel();
    this.waiters.close();
    this.#credentials.close();
    this.events.close();
    for (const socket of this.#clients) socket.close(GOING_AWAY, "the service is stopping");
  }

  #onOpen(socket: ServerWebSocket<StreamClient>): void {
    this.#clients.add(socket);
    const { data } = socket;
    const { since, symbols, kinds, held } = data;
    if (held) {
      data.unwatch = this.#credentials.add(held.credential, held.identity, ({ code, reason }) => {
        this.#not_allowed++;
        socket.close(code === "UNAUTHENTICATED" ? NOT_ALLOWED : TRY_LATER, reason);
      });
    }
    const missed = since ? this.#memory.after(since) : { position: this.#memory.end, complete: true };
    const served = { symbols: this.#ports.symbols, server_time_us: this.#clock.now() };
    socket.send(JSON.stringify(helloOf(data, missed.complete, served)));
    if (kinds.includes("market")) {
      for (const symbol of symbols) socket.send(JSON.stringify(this.#market(symbol)));
    }
    data.position = missed.position;
    this.#catchUp(socket);
  }

  /** What a client has missed, as fast as it takes it and not all in one turn; then it is sent what comes. */
  #catchUp(socket: ServerWebSocket<StreamClient>): void {
    const { data } = socket;
    if (data.position === undefined || !this.#clients.has(socket)) return;
    for (let sent = 0; data.position < this.#memory.end; ) {
      const kept = this.#memory.at(data.position);
      if (!kept) {
        socket.close(TRY_LATER, "too slow: what was missed is no longer kept");
        return;
      }
      data.position++;
      if (!kept.isFor(data)) continue;
      // Its buffer is full: `drain` goes on.
      if (socket.send(kept.text) <= 0) return;
      if (++sent < LIMITS.readers_a_turn) continue;
      void nextTurn().then(() => this.#catchUp(socket));
      return;
    }
    data.position = undefined;
    for (const symbol of data.symbols) {
      for (const kind of data.kinds) socket.subscribe(topicOf(kind, symbol, data.choice));
    }
  }

  #onEvent(event: ServeEvent): void {
    const kept = this.#memory.add(event);
    if (event.kind === "prediction") {
      const { prediction } = event;
      this.#publish(topicsOf("prediction", prediction.symbol, prediction), () => kept.text);
      this.waiters.onPrediction(prediction.symbol);
    } else {
      this.#publish(topicsOf("outcome", event.outcome.symbol, event.outcome), () => kept.text);
    }
    this.events.onMessage();
  }

  #market(symbol: string): MarketMessage {
    return { type: "market", ...this.#ports.market(symbol) };
  }

  #armMarket(): void {
    this.#timer = this.#clock.after(MARKET_EVERY_MS, () => {
      for (const symbol of this.#ports.symbols) {
        let text: string | undefined;
        const view = (): string => (text ??= JSON.stringify(this.#market(symbol)));
        this.#publish([topicOf("market", symbol, CHAMPION)], view);
        if (this.events.wantsMarket(symbol)) this.events.onMarket(symbol, view());
      }
      this.#armMarket();
    });
  }

  /** The message is written, once, only when a client listens. */
  #publish(topics: readonly string[], textOf: () => string): void {
    for (const topic of topics) {
      if (!this.#server || this.#server.subscriberCount(topic) === 0) continue;
      this.#server.publish(topic, textOf());
      this.#published++;
    }
  }
}
