/**
 * The database as the service has it: perhaps not yet. The service needs only the feed to start. Where the database
 * is away, rows wait in the journal, and it is connected in the background; what needs it begins when it is open.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { retrying } from "../../base/retrying.ts";
import type { ConnectOptions, Database } from "../../record/database.ts";
import { storeError } from "../../record/sql/store_errors.ts";

/** The way to a database that may be away. */
export interface StoreLink {
  readonly data_dir: string;
  /** One attempt: looks, migrates where that is this service's, and connects. */
  open(): Promise<Database>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Closed with the store. */
  readonly link: StoreLink;
  /** Begins what needs the database, once it is open. A failure is one of opening, and tried again. */
  readonly onOpen: (database: Database) => void | Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Store {
  readonly data_dir: string;
  readonly #options: StoreOptions;
  readonly #closing = new AbortController();
  #database: Database | undefined;
  #opening: Promise<void> | undefined;
  #error: ForetickError | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.data_dir = options.link.data_dir;
  }

  /** Undefined until it is open. */
  get database(): Database | undefined {
    return this.#database;
  }

  /** Why it is not open; undefined before the first attempt has failed, and once it is. */
  get error(): ForetickError | undefined {
    return this.#error;
  }

  /** @throws ForetickError STORE_UNREACHABLE until it is open. */
  required(): Database {
    if (this.#database) return this.#database;
    const why = this.#error ? `: ${this.#error.message}` : "";
    throw new ForetickError("STORE_UNREACHABLE", `the database is not open yet${why}`);
  }

  /**
   * A client of its own, as a writer needs it: rows are not sent to tables that may still be migrated.
   * @throws ForetickError STORE_UNREACHABLE until it is open.
   */
  connect(options?: ConnectOptions): Sql {
    return this.required().connect(options);
  }

  /**
   * Begins to open, in the background. Resolves when it is open, or after a while where it is not: the service goes
   * on without.
   * @throws ForetickError what an operator has to correct before a start makes sense (`isRefusal`), where
   * that is known by then.
   */
  async start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#opening ??= this.#open(first).catch((error: unknown) => first.reject(error));
    await Promise.race([first.promise, this.#patience()]);
    // It answers: what begins it may take its time, such as the wait for another service to end.
    if (this.#database) await first.promise;
    if (this.#database || this.#closing.signal.aborted) return;
    this.#options.log.warn(
      { error: this.#error?.message ?? "no answer yet" },
      "starting without the database: rows wait in the journal, and it is connected in the background",
    );
  }

  /** Ends the attempt under way, the connections, an embedded server. May be called twice. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort();
      await this.#opening;
      await this.#database?.close();
      await this.#options.link.close();
    })();
    return this.#closed;
  }

  async #patience(): Promise<void> {
    await pause(this.#options.clock, LIMITS.store_wait_ms, this.#closing.signal);
  }

  /**
   * `first` is called with the result of the first attempt. A refusal ends the start; later on it can only be
   * waited out.
   */
  async #open(first: PromiseWithResolvers<void>): Promise<void> {
    const { clock, log } = this.#options;
    let waited_for = true;
    void this.#patience().then(() => {
      waited_for = false;
    });
    await retrying(() => this.#attempt(), {
      ...{ clock, what: "the database", signal: this.#closing.signal },
      backoffMs: (failures) => Math.min(LIMITS.store_retry_ms_max, 1_000 * 2 ** Math.min(failures - 1, 10)),
      worthAnother: (error) => !(waited_for && isRefusal(error)),
      onFailure: (error, failures) => {
        if (failures === 1)
          log.warn(
            { error: describeError(error) },
            "the database does not open: trying again in the background",
          );
        else log.debug({ error: describeError(error), failures }, "the database does not open");
        first.resolve();
      },
    }).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) throw error;
    });
    first.resolve();
  }

  async #attempt(): Promise<void> {
    const { link, onOpen, log } = this.#options;
    try {
      const database = await link.open();
      try {
        if (this.#closing.signal.aborted)
          throw new ForetickError("CANCELLED", "the database is no longer opened");
        this.#database = database;
        await onOpen(database);
      } catch (error) {
        this.#database = undefined;
        await database.close();
        throw error;
      }
      if (this.#error) log.info("the database is open");
      this.#error = undefined;
    } catch (error) {
      this.#error = storeError(error, "STORE_SERVER");
      throw this.#error;
    }
  }
}

/** Refused for what waiting does not change: a version, a right, a password, a database that is not there. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ForetickError)) return false;
  return error.remedy === "stop" || /^(28...|3D000)$/.test(String(error.details.sqlstate ?? ""));
}
