/**
 * The WebSocket side of the paper exchange: `/ws`, `/ws/<stream>`, `/stream?streams=a/b`, with the key
 * header, control messages, pings, limits and the end of a connection as Binance has them
 * (sbe-market-data-streams.md, web-socket-streams.md). Market data leaves as bare SBE frames on every path.
 */

import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { Clock } from "../../../base/clock.ts";
import { LIMITS } from "../../../base/limits.ts";
import { CLOSE, Connection } from "./connection.ts";
import { answerControl } from "./control.ts";

export interface StreamServerOptions {
  readonly clock: Clock;
  readonly require_key: boolean;
  readonly ping_every_s: number;
  readonly pong_within_s: number;
  readonly cut_after_s: number;
  /** A connection subscribed to something, and had nothing before. */
  readonly on_subscriber: () => void;
  /** The last client that was too far behind has caught up or is gone. */
  readonly on_drained: () => void;
}

type Socket = ServerWebSocket<Connection>;

const CONNECT_WINDOW_US = 300_000_000;

export class StreamServer {
  readonly counters = { connections: 0, frames_sent: 0, bytes_sent: 0, cut_too_slow: 0 };
  readonly #options: StreamServerOptions;
  readonly #connections = new Set<Connection>();
  /** Those that are too far behind. */
  readonly #behind = new Set<Connection>();
  readonly #subscribers = new Map<string, Set<Connection>>();
  readonly #connect_times_us = new Map<string, number[]>();

  constructor(options: StreamServerOptions) {
    this.#options = options;
  }

  get clients(): number {
    return this.#connections.size;
  }

  get congested(): boolean {
    return this.#behind.size > 0;
  }

  get has_subscribers(): boolean {
    return this.#subscribers.size > 0;
  }

  hasSubscriber(stream: string): boolean {
    return this.#subscribers.has(stream);
  }

  /** The connection an upgrade request asks for, or the response that refuses it. */
  admit(request: Request, url: URL, ip: string): Connection | Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Upgrade Required", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (this.#options.require_key && !request.headers.get("x-mbx-apikey")) {
      return new Response("No X-MBX-APIKEY header", { status: 400 });
    }
    if (!this.#mayConnect(ip)) return new Response("Too many connection attempts", { status: 429 });
    const streams = new Set(streamsOf(url));
    if (streams.size > LIMITS.exchange_streams_max) return new Response("Too many streams", { status: 400 });
    return new Connection(streams, url.pathname === "/stream", this.#options.clock);
  }

  /** Queues a frame for everyone subscribed to the stream; it leaves at the next `flush`. */
  publish(stream: string, frame: Uint8Array): void {
    for (const connection of this.#subscribers.get(stream) ?? []) {
      connection.queue(frame);
      this.counters.frames_sent++;
      this.counters.bytes_sent += frame.length;
    }
  }

  flush(): void {
    for (const connection of this.#connections) {
      connection.flush();
      if (connection.backlog_bytes > LIMITS.exchange_backlog_bytes_max) this.#waitFor(connection);
    }
  }

  /** A server about to go down says so; the connections stay for now. */
  announceShutdown(now_ms: number): void {
    const text = JSON.stringify({ e: "serverShutdown", E: now_ms });
    for (const connection of this.#connections) connection.sendText(text);
  }

  /** Ends every connection without a word, as a network failure does. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.end();
  }

  /** Nothing of any kind is sent on the present connections any more. */
  deafen(): void {
    for (const connection of this.#connections) connection.deaf = true;
  }

  get deaf_clients(): number {
    return [...this.#connections].filter(({ deaf }) => deaf).length;
  }

  /** Ends the connections that were deafened. */
  cutDeaf(): void {
    for (const connection of [...this.#connections]) if (connection.deaf) connection.end();
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.end(CLOSE.going_away);
  }

  readonly handler: WebSocketHandler<Connection> = {
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    maxPayloadLength: LIMITS.frame_bytes_max,
    // Never reached: the market waits long before. Were it reached, a frame must not go missing unseen.
    backpressureLimit: 1 << 30,
    closeOnBackpressureLimit: true,
    open: (socket) => this.#opened(socket),
    message: (socket, text) => this.#heard(socket, text),
    ping: (socket) => void this.#allowed(socket.data),
    pong: (socket, payload) => {
      if (this.#allowed(socket.data) && socket.data.answers(payload.toString())) socket.data.clear("pong");
    },
    drain: (socket) => {
      if (socket.data.backlog_bytes <= LIMITS.exchange_backlog_bytes_max) this.#caughtUp(socket.data);
    },
    close: (socket) => this.#closed(socket.data),
  };

  #opened(socket: Socket): void {
    const connection = socket.data;
    connection.open(socket);
    this.#connections.add(connection);
    this.counters.connections++;
    connection.set("lifetime", this.#options.cut_after_s, () => connection.end(CLOSE.lifetime));
    this.#pingLater(connection);
    this.#enlist(connection, new Set());
  }

  #heard(socket: Socket, text: string | Buffer): void {
    const connection = socket.data;
    if (!this.#allowed(connection)) return;
    const before = new Set(connection.streams);
    const answer = answerControl(text.toString(), connection);
    connection.sendText(answer);
    this.#enlist(connection, before);
  }

  #closed(connection: Connection): void {
    const before = new Set(connection.streams);
    this.#connections.delete(connection);
    connection.forget();
    this.#enlist(connection, before);
    this.#caughtUp(connection);
  }

  /** Brings the subscriber lists in line with what the connection's streams have become. */
  #enlist(connection: Connection, before: ReadonlySet<string>): void {
    for (const stream of before) {
      if (connection.streams.has(stream)) continue;
      const subscribers = this.#subscribers.get(stream);
      subscribers?.delete(connection);
      if (subscribers?.size === 0) this.#subscribers.delete(stream);
    }
    for (const stream of connection.streams) {
      const subscribers = this.#subscribers.get(stream);
      if (subscribers) subscribers.add(connection);
      else this.#subscribers.set(stream, new Set([connection]));
    }
    if (before.size === 0 && connection.streams.size > 0) this.#options.on_subscriber();
  }

  /** Counts what the client sent; one message too many in a second ends the connection. */
  #allowed(connection: Connection): boolean {
    if (connection.mayTalk()) return true;
    connection.end(CLOSE.too_many_requests);
    return false;
  }

  #pingLater(connection: Connection): void {
    connection.set("ping", this.#options.ping_every_s, () => {
      connection.ping(String(Math.floor(this.#options.clock.now() / 1e3)));
      if (!connection.waits("pong")) {
        connection.set("pong", this.#options.pong_within_s, () => connection.end(CLOSE.pong_timeout));
      }
      this.#pingLater(connection);
    });
  }

  #waitFor(connection: Connection): void {
    if (this.#behind.has(connection)) return;
    this.#behind.add(connection);
    connection.set("drain", LIMITS.exchange_drain_wait_s_max, () => {
      this.counters.cut_too_slow++;
      connection.end();
    });
  }

  #caughtUp(connection: Connection): void {
    connection.clear("drain");
    if (this.#behind.delete(connection) && this.#behind.size === 0) this.#options.on_drained();
  }

  #mayConnect(ip: string): boolean {
    const now_us = this.#options.clock.monotonicUs();
    const since_us = now_us - CONNECT_WINDOW_US;
    const times = (this.#connect_times_us.get(ip) ?? []).filter((time_us) => time_us > since_us);
    times.push(now_us);
    this.#connect_times_us.set(ip, times);
    return times.length <= LIMITS.exchange_connects_per_5min_max;
  }
}

/** The streams in the address: one after `/ws/`, several, separated by `/`, after `/stream?streams=`. */
function streamsOf(url: URL): string[] {
  const list =
    url.pathname === "/stream" ? url.searchParams.get("streams") : url.pathname.slice("/ws/".length);
  return (list ?? "").split("/").filter((stream) => stream !== "");
}
