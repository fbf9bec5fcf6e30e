/**
 * The database of a simulated run, in memory: it takes what the writer and the lease send over connections of their
 * own, after a while, and can be slow, silent, away or started again.
 */

import type { Sql } from "postgres";
import { withDeadline } from "../../../src/base/deadline.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { Rng } from "../../../src/base/rng.ts";
import { US_PER_MS } from "../../../src/base/units.ts";
import type { Database } from "../../../src/record/database.ts";
import type { StoreLink } from "../../../src/system/store/store.ts";
import type { SimulatedClock } from "../clock.ts";
import type { SimulatedProcess } from "../process.ts";
import { type StoredRow, Tables } from "./tables.ts";

export type StoreFault = "slow" | "hung" | "refusing";

const ANSWER_MS = 2;
const SLOW_MS = 1_500;

interface Lease {
  fence: number;
  holder: string;
  expires_us: number;
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

export class SimulatedStore {
  fault: StoreFault | undefined;
  readonly tables = new Tables();
  readonly #clock: SimulatedClock;
  readonly #rng: Rng;
  readonly #leases = new Map<string, Lease>();
  readonly #connections = new Set<Connection>();

  constructor(clock: SimulatedClock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  /** Its sessions end; it answers again at once. */
  restart(): void {
    for (const one of [...this.#connections]) one.cut("57P01", "terminating connection");
  }

  link(process: SimulatedProcess, data_dir: string): StoreLink {
    return {
      data_dir,
      open: () =>
        process.gate(
          withDeadline(
            this.answer(() => this.#opened(process, data_dir)),
            {
              ...{ clock: process.clock, limit: "database_look_ms", code: "STORE_UNREACHABLE" },
              what: "the simulated store's answer",
            },
          ),
        ),
      close: async () => {},
    };
  }

  /** What `run` returns, once it is asked and has answered; nothing where it is silent. */
  answer<T>(run: () => T, onGone?: (reject: (error: Error) => void) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    onGone?.(reject);
    const wait_ms = this.fault === "slow" ? SLOW_MS * (0.5 + this.#rng.uniform()) : ANSWER_MS;
    this.#clock.after(wait_ms / 2, () => {
      if (this.fault === "refusing") return reject(failure("ECONNREFUSED", "connect ECONNREFUSED"));
      if (this.fault === "hung") return;
      try {
        const value = run();
        this.#clock.after(wait_ms / 2, () => {
          // It may have done it and not said so.
          if (this.fault !== "hung") resolve(value);
        });
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  statement(text: string, parameters: readonly unknown[]): unknown {
    const table = this.tables.tableOf(text);
    if (table) {
      const values = parameters as (string | null)[];
      this.#requireFences(values.at(-1));
      const count = this.tables.insert(table, values);
      return Object.assign([], { count });
    }
    if (text.startsWith("insert into leases")) return this.#take(parameters as [string, string, string]);
    if (text.startsWith("update leases")) return this.#renew(parameters[0] as string, text);
    throw failure("42601", `a statement the simulated store does not know: ${text.slice(0, 60)}`);
  }

  #opened(process: SimulatedProcess, data_dir: string): Database {
    const connect = (): Sql => {
      const connection = new Connection(this, process, (gone) => this.#connections.delete(gone));
      this.#connections.add(connection);
      return connection as unknown as Sql;
    };
    return {
      ...{ capability: "postgres", description: "in memory", data_dir, connect },
      close: async () => {},
    } as unknown as Database;
  }

  #requireFences(fences: string | null | undefined): void {
    const told = JSON.parse(fences ?? "{}") as Record<string, number>;
    for (const [symbol, fence] of Object.entries(told)) {
      if (this.#leases.get(symbol)?.fence !== fence) throw failure("FT001", "the lease is another's");
    }
  }

  #take([symbol, holder]: [string, string, string]): StoredRow[] {
    const before = this.#leases.get(symbol);
    const now_us = this.#clock.now();
    if (before && before.holder !== holder && before.expires_us >= now_us) return [];
    const fence = (before?.fence ?? 0) + 1;
    this.#leases.set(symbol, { fence, holder, expires_us: now_us + LIMITS.lease_ms * US_PER_MS });
    return [{ fence: String(fence) }];
  }

  #renew(fences: string, text: string): StoredRow[] {
    const told = JSON.parse(fences) as Record<string, number>;
    const release = text.includes("-infinity");
    return Object.entries(told).flatMap(([symbol, fence]) => {
      const lease = this.#leases.get(symbol);
      if (lease?.fence !== fence) return [];
      lease.expires_us = release ? 0 : this.#clock.now() + LIMITS.lease_ms * US_PER_MS;
      return [{ symbol }];
    });
  }
}

/** What is used of the driver's client. */
class Connection {
  readonly #store: SimulatedStore;
  readonly #process: SimulatedProcess;
  readonly #onEnd: (connection: Connection) => void;
  readonly #pending = new Set<(error: Error) => void>();

  constructor(store: SimulatedStore, process: SimulatedProcess, onEnd: (connection: Connection) => void) {
    this.#store = store;
    this.#process = process;
    this.#onEnd = onEnd;
    process.onDeath(() => this.#onEnd(this));
  }

  unsafe(text: string, parameters: readonly unknown[]): Promise<unknown> {
    let given: ((error: Error) => void) | undefined;
    const answer = this.#store.answer(
      () => this.#store.statement(text, parameters),
      (reject) => {
        given = reject;
        this.#pending.add(reject);
      },
    );
    const settled = (): void => void this.#pending.delete(given!);
    answer.then(settled, settled);
    return this.#process.gate(answer);
  }

  /** Nothing is rolled back: the lease's transactions are of one statement. */
  async begin<T>(run: (own: Connection) => Promise<T>): Promise<T> {
    return await run(this);
  }

  async end(): Promise<void> {
    this.#onEnd(this);
    this.cut("CONNECTION_DESTROYED", "write CONNECTION_DESTROYED");
  }

  cut(code: string, message: string): void {
    for (const reject of [...this.#pending]) reject(failure(code, message));
    this.#pending.clear();
  }
}
