/**
 * The clients of `/events` (server-sent events): each is a place in the memory of messages and reads on from there as fast as
 * it takes them, so that a slow one holds nothing but its place, and is dropped once that is no longer kept.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Metrics } from "../../base/metrics.ts";
import { inTurns, nextTurn } from "../../base/turns.ts";
import type { CredentialWatch } from "./credential_watch.ts";
import type { StreamMemory } from "./memory.ts";
import { type Held, helloOf, type Subscription } from "./subscription.ts";

export interface EventClientsOptions {
  readonly memory: StreamMemory;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly symbols: readonly string[];
  readonly clients_max: number;
  readonly credentials: CredentialWatch;
}

/** How long a client that lost its connection is to wait (ms). */
const RETRY_MS = 1_000;
const HEARTBEAT = ": here\n\n";

interface Client {
  readonly subscription: Subscription;
  position: number;
  /** To be sent before messages: its greeting, or that the service is there. */
  due: string;
  /** The newest view of each symbol that it has not been sent. */
  readonly markets: Map<string, string>;
  wake: (() => void) | undefined;
  closed: boolean;
  /** What it is sent before its stream ends, because its credential is not valid any more. */
  last: string | undefined;
  /** Its credential is watched no more. */
  unwatch: (() => void) | undefined;
}

export class EventClients {
  readonly #options: EventClientsOptions;
  readonly #clients = new Set<Client>();
  #timer: Timer | undefined;
  #is_open = false;
  #is_waking = false;
  #refused = 0;
  #lost = 0;

  constructor(options: EventClientsOptions) {
    this.#options = options;
    const { metrics } = options;
    metrics.observe("gauge", "foretick_events_clients", "Clients of /events.", () => this.#clients.size);
    metrics.observe(
      "counter",
      "foretick_events_refused_total",
      "Clients of /events refused at the limit.",
      () => this.#refused,
    );
    metrics.observe(
      "counter",
      "foretick_events_lost_total",
      "Clients of /events dropped because they were too slow.",
      () => this.#lost,
    );
  }

  /** From here on clients are taken. */
  listen(): void {
    this.#is_open = true;
    this.#beat();
  }

  /** What a client is sent; undefined when no more are taken. `cancel` of the stream: the client has gone. */
  open(subscription: Subscription, held?: Held): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    const { memory, clients_max, clock, symbols } = this.#options;
    if (!this.#is_open || this.#clients.size >= clients_max) {
      this.#refused++;
      return undefined;
    }
    const { position, complete } = subscription.since
      ? memory.after(subscription.since)
      : { position: memory.end, complete: true };
    const hello = helloOf(subscription, complete, { symbols, server_time_us: clock.now() });
    const client: Client = {
      ...{ subscription, position, markets: new Map(), wake: undefined, closed: false },
      ...{ last: undefined, unwatch: undefined },
      due: `retry: ${RETRY_MS}\ndata: ${JSON.stringify(hello)}\n\n`,
    };
    this.#clients.add(client);
    if (held) {
      client.unwatch = this.#options.credentials.add(held.credential, held.identity, (ended) => {
        client.last = `event: closed\ndata: ${JSON.stringify(ended)}\n\n`;
        client.wake?.();
      });
    }
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const text = await this.#next(client);
          if (text !== undefined) controller.enqueue(encoder.encode(text));
          else if (this.#forget(client)) controller.close();
        },
        cancel: () => this.#leave(client),
      },
      { highWaterMark: 1 },
    );
  }

  /** There are new messages. Clients are woken after the tick, not in it. */
  onMessage(): void {
    if (this.#clients.size === 0 || this.#is_waking) return;
    this.#is_waking = true;
    void nextTurn().then(() => {
      this.#is_waking = false;
      return inTurns(this.#woken());
    });
  }

  wantsMarket(symbol: string): boolean {
    return this.#wanting(symbol).next().done !== true;
  }

  onMarket(symbol: string, text: string): void {
    for (const client of this.#wanting(symbol)) client.markets.set(symbol, text);
    this.onMessage();
  }

  close(): void {
    this.#is_open = false;
    this.#timer?.cancel();
    for (const client of this.#clients) {
      client.closed = true;
      client.wake?.();
    }
  }

  /** What is to be sent next, waited for; undefined where the client's stream ends. */
  async #next(client: Client): Promise<string | undefined> {
    for (;;) {
      if (client.closed) return undefined;
      if (client.last !== undefined) {
        client.closed = true;
        return client.last;
      }
      const text = this.#take(client);
      if (text !== "") return text;
      await new Promise<void>((resolve) => {
        client.wake = resolve;
      });
      client.wake = undefined;
    }
  }

  #take(client: Client): string | undefined {
    const { memory } = this.#options;
    let text = client.due;
    client.due = "";
    for (let taken = 0; taken < LIMITS.events_a_turn && client.position < memory.end; client.position++) {
      const kept = memory.at(client.position);
      if (!kept) {
        this.#lost++;
        return undefined;
      }
      if (!kept.isFor(client.subscription)) continue;
      text += `id: ${kept.id}\ndata: ${kept.text}\n\n`;
      taken++;
    }
    for (const market of client.markets.values()) text += `data: ${market}\n\n`;
    client.markets.clear();
    return text;
  }

  #leave(client: Client): void {
    client.closed = true;
    this.#forget(client);
    client.wake?.();
  }

  /** @returns false where it is forgotten already. */
  #forget(client: Client): boolean {
    client.unwatch?.();
    return this.#clients.delete(client);
  }

  *#woken(): Generator<number, void, void> {
    for (const { wake } of this.#clients) {
      wake?.();
      yield LIMITS.turn_rows_max / LIMITS.readers_a_turn;
    }
  }

  *#wanting(symbol: string): Generator<Client, void, void> {
    for (const client of this.#clients) {
      const { symbols, kinds } = client.subscription;
      if (kinds.includes("market") && symbols.includes(symbol)) yield client;
    }
  }

  #beat(): void {
    this.#timer = this.#options.clock.after(LIMITS.events_heartbeat_ms, () => {
      for (const client of this.#clients) client.due ||= HEARTBEAT;
      this.onMessage();
      this.#beat();
    });
  }
}
