/** One client of the paper exchange's streams: what it subscribed to, what waits for it, what it has sent. */

import type { ServerWebSocket } from "bun";
import type { Clock, Timer } from "../../../base/clock.ts";
import { LIMITS } from "../../../base/limits.ts";
import { US_PER_SEC } from "../../../base/units.ts";
import type { Subscriptions } from "./control.ts";

/** Close codes as Binance uses them; reasons are what its clients see. */
export const CLOSE = {
  too_many_requests: { code: 1008, reason: "Too many requests" },
  pong_timeout: { code: 1008, reason: "Pong timeout" },
  lifetime: { code: 1001, reason: "Connection lifetime reached" },
  going_away: { code: 1001, reason: "" },
} as const;

type TimerName = "ping" | "pong" | "lifetime" | "drain";

export class Connection implements Subscriptions {
  readonly streams = new Set<string>();
  combined: boolean;
  /** Open, and carries nothing: a fault. */
  deaf = false;
  readonly #clock: Clock;
  #socket: ServerWebSocket<Connection> | undefined;
  #pending: Uint8Array[] = [];
  #timers = new Map<string, Timer>();
  /** Times of the client's latest messages, for the rate rule. */
  #message_times_us: number[] = [];
  /** Pings not answered yet, by payload. */
  readonly #pings = new Set<string>();

  constructor(streams: Iterable<string>, combined: boolean, clock: Clock) {
    for (const stream of streams) this.streams.add(stream);
    this.combined = combined;
    this.#clock = clock;
  }

  open(socket: ServerWebSocket<Connection>): void {
    this.#socket = socket;
  }

  /** Puts a frame behind those that wait for the end of the step. */
  queue(frame: Uint8Array): void {
    this.#pending.push(frame);
  }

  /** Sends what waits, in as few packets as it fits. */
  flush(): void {
    const frames = this.#pending;
    const socket = this.#socket;
    if (frames.length === 0 || socket === undefined) return;
    this.#pending = [];
    if (this.deaf) return;
    socket.cork(() => {
      for (const frame of frames) socket.sendBinary(frame);
    });
  }

  sendText(text: string): void {
    this.flush();
    if (!this.deaf) this.#socket?.sendText(text);
  }

  /** Bytes handed over that the network has not taken yet. */
  get backlog_bytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  /** Counts a message of the client; false where it was one too many. */
  mayTalk(): boolean {
    const now_us = this.#clock.monotonicUs();
    const times = this.#message_times_us;
    times.push(now_us);
    while (times[0]! <= now_us - US_PER_SEC) times.shift();
    return times.length <= LIMITS.exchange_client_messages_per_s_max;
  }

  ping(payload: string): void {
    this.#pings.add(payload);
    if (!this.deaf) this.#socket?.ping(payload);
  }

  /** true where the payload is that of a ping: any other pong is allowed and keeps nothing alive. */
  answers(payload: string): boolean {
    if (!this.#pings.has(payload)) return false;
    this.#pings.clear();
    return true;
  }

  /** Runs once, unless `clear` or another `set` of the name comes first. */
  set(name: TimerName, delay_s: number, run: () => void): void {
    this.clear(name);
    const timer = this.#clock.after(delay_s * 1e3, () => {
      this.#timers.delete(name);
      run();
    });
    this.#timers.set(name, timer);
  }

  /** true from `set` until it has run or was cleared. */
  waits(name: TimerName): boolean {
    return this.#timers.has(name);
  }

  clear(name: TimerName): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  /** With a reason the client gets a close frame; without one the socket just ends. */
  end(reason?: { readonly code: number; readonly reason: string }): void {
    if (reason) this.#socket?.close(reason.code, reason.reason);
    else this.#socket?.terminate();
  }

  /** The socket is gone. */
  forget(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#socket = undefined;
    this.#pending = [];
    this.streams.clear();
  }
}
