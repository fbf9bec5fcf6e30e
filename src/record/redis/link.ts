/**
 * One connection to Redis, made when it is needed and made anew after a failure. It never queues: what cannot be sent
 * has failed, and who sends keeps what it has. The client's own reconnecting is off, so that a command is never sent
 * twice behind the sender's back.
 */

import { Redis, type RedisOptions } from "ioredis";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import { placeOfRedis, type RedisAddress } from "./address.ts";
import { redisError } from "./errors.ts";

export interface RedisLinkOptions {
  readonly address: RedisAddress;
  /** How the connection is called in CLIENT LIST. */
  readonly name: string;
  readonly clock: Clock;
}

export interface RedisStatus {
  readonly state: "connecting" | "ok" | "away" | "refused";
  readonly since_us: Micros;
  /** Why it is away or refuses. */
  readonly error: ForetickError | undefined;
}

export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: Redis | undefined;
  #status: RedisStatus;
  #closed = false;
  #connects = 0;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#status = { state: "connecting", since_us: options.clock.now(), error: undefined };
  }

  get status(): RedisStatus {
    return this.#status;
  }

  /** Connections made. */
  get connects(): number {
    return this.#connects;
  }

  /**
   * What `run` asks, on the open connection or a new one. After a failure of the connection or a late answer it is cut.
   * @param ms how long the answer may take.
   * @throws ForetickError REDIS_UNREACHABLE, REDIS_REFUSED.
   */
  async ask<T>(run: (client: Redis) => Promise<T>, ms: number = LIMITS.redis_answer_ms): Promise<T> {
    const { address, clock } = this.#options;
    try {
      const client = await this.#connected();
      const answer = await withDeadline(run(client), {
        ...{ clock, ms, code: "REDIS_UNREACHABLE" },
        what: `the answer of Redis at ${placeOfRedis(address)}`,
        onGivenUp: () => this.#drop(client),
      });
      this.#set("ok", undefined);
      return answer;
    } catch (cause) {
      const error = redisError(cause, address);
      this.#set(error.code === "REDIS_REFUSED" ? "refused" : "away", error);
      throw error;
    }
  }

  /** Cuts it. May be called twice. */
  close(): void {
    this.#closed = true;
    if (this.#client) this.#drop(this.#client);
  }

  async #connected(): Promise<Redis> {
    if (this.#closed) throw new ForetickError("CANCELLED", "Redis is no longer asked");
    if (this.#client?.status === "ready") return this.#client;
    if (this.#client) this.#drop(this.#client);
    const { address, clock } = this.#options;
    const client = new Redis(optionsOf(this.#options));
    this.#client = client;
    // What it throws is only that it is closed; why, it tells by events.
    let told: Error | undefined;
    client.on("error", (error: Error) => {
      told ??= error;
    });
    try {
      await withDeadline(client.connect(), {
        ...{ clock, limit: "redis_connect_ms", code: "REDIS_UNREACHABLE" },
        what: `a connection to Redis at ${placeOfRedis(address)}`,
      });
      // A database that is not there: the connection would go on in another one.
      if (told) throw told;
    } catch (error) {
      this.#drop(client);
      throw told ?? error;
    }
    this.#connects++;
    return client;
  }

  #drop(client: Redis): void {
    if (this.#client === client) this.#client = undefined;
    client.disconnect();
  }

  #set(state: RedisStatus["state"], error: ForetickError | undefined): void {
    const since_us = this.#status.state === state ? this.#status.since_us : this.#options.clock.now();
    this.#status = { state, since_us, error };
  }
}

function optionsOf({ address, name }: RedisLinkOptions) {
  const { host, port, username, password, db, tls } = address;
  return {
    ...{ host, port, db, connectionName: name, lazyConnect: true, protocol: 2 },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
    connectTimeout: LIMITS.redis_connect_ms,
    retryStrategy: () => null,
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
    disableClientInfo: true,
  } satisfies RedisOptions;
}
