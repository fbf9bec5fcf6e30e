/**
 * The way to a database, held from the start to the end of a process: the data directory, taken for this process
 * alone, and the server's address, which an embedded server has once it runs. Making a link sends nothing: a
 * service can hold one, and keep a journal, while its database is away.
 */

import { resolve } from "node:path";
import type { Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import { ForetickError, fail } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { parseAddress, placeOf, type ServerAddress } from "./server/address.ts";
import { type ConnectOptions, connectTo } from "./server/client.ts";
import { connectError } from "./server/connect_errors.ts";
import { type DataDirLock, lockDataDir } from "./server/embedded/data_dir_lock.ts";
import { EmbeddedServer } from "./server/embedded/embedded.ts";
import { type Preflight, preflight } from "./server/preflight.ts";
import { storeError } from "./sql/store_errors.ts";

export interface LinkOptions {
  /** e.g. `DATABASE_URL`; without it the database is embedded. */
  readonly url?: string | undefined;
  /** Holds the embedded database and the journal; taken for this process alone. */
  readonly data_dir: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** How long a connection that is needed now and then is kept where a role has few (s). */
const IDLE_S = 1;
const NOT_STARTED = "the embedded database expected to run, has not started yet. It is being started";

export class DatabaseLink {
  readonly data_dir: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly embedded: boolean;
  readonly #lock: DataDirLock;
  #url: string | undefined;
  #address: ServerAddress | undefined;
  #server: EmbeddedServer | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #preflight: Preflight | undefined;

  /**
   * @throws ForetickError STORE_DATA_DIR where the directory is in use or cannot be written; CONFIG_INVALID for a
   *   URL that is none.
   */
  constructor({ url, data_dir, log, clock }: LinkOptions) {
    this.#url = url;
    this.#address = url === undefined ? undefined : parseAddress(url);
    this.embedded = url === undefined;
    this.data_dir = resolve(data_dir);
    this.log = log;
    this.clock = clock;
    this.#lock = takeDataDir(this.data_dir);
  }

  /**
   * Where the server is. Holds the password: not for logs.
   * @throws ForetickError STORE_UNREACHABLE before an embedded server has started.
   */
  get address(): ServerAddress {
    return this.#address ?? fail("STORE_UNREACHABLE", NOT_STARTED);
  }

  /** As `address`, in one text. */
  get url(): string {
    return this.#url ?? fail("STORE_UNREACHABLE", NOT_STARTED);
  }

  /**
   * Starts the embedded server and makes its database; with a server of others, does nothing. After a failure it
   * may be called again.
   * @throws ForetickError STORE_SERVER, STORE_VERSION with what a person can do.
   */
  ready(): Promise<void> {
    if (!this.embedded) return Promise.resolve();
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** A client of its own; its owner ends it. One connection by default. */
  connect(options: ConnectOptions = {}): Sql {
    const few = this.#preflight?.connections_max !== undefined;
    return connectTo(this.address, few && options.passing ? { ...options, idle_s: IDLE_S } : options);
  }

  /**
   * What a look at the server found, before anything is relied on; looked at once.
   * @throws ForetickError STORE_REFUSED, STORE_UNREACHABLE with what a person can do.
   */
  async preflight(): Promise<Preflight> {
    if (this.#preflight) return this.#preflight;
    await this.ready();
    const { address, clock, log } = this;
    try {
      const connect = (options: ConnectOptions): Sql =>
        connectTo(address, { application_name: "foretick start", ...options });
      this.#preflight = this.embedded
        ? { connections_max: undefined }
        : await this.#inTime(preflight({ address, connect, clock, log }));
      return this.#preflight;
    } catch (error) {
      throw connectError(error, address) ?? storeError(error, "STORE_SERVER");
    }
  }

  /**
   * What `run` asks the server by `sql`, which is ended where no answer comes.
   * @throws ForetickError STORE_UNREACHABLE after LIMITS.database_look_ms.
   */
  inTime<T>(sql: Sql, run: () => Promise<T>): Promise<T> {
    return this.#inTime(run(), () => void sql.end({ timeout: 0 }).catch(() => {}));
  }

  /** Stops the embedded server, releases the directory. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#starting?.catch(() => {});
      await this.#server?.close();
      this.#lock.release();
    })();
    return this.#closing;
  }

  #inTime<T>(answer: Promise<T>, onGivenUp?: () => void): Promise<T> {
    return withDeadline(answer, {
      ...{ clock: this.clock, limit: "database_look_ms", code: "STORE_UNREACHABLE" },
      what: `the answer of the database at ${placeOf(this.address)}`,
      remedy: "Start the database, or check DATABASE_URL",
      ...(onGivenUp ? { onGivenUp } : {}),
    });
  }

  async #start(): Promise<void> {
    const { data_dir, clock, log } = this;
    if (this.#closing) throw new ForetickError("CANCELLED", "the database is no longer started");
    this.#server ??= await EmbeddedServer.start({ data_dir, clock, log });
    await createDatabase(this.#server);
    this.#url = this.#server.url();
    this.#address = parseAddress(this.#url, {});
  }
}

async function createDatabase(embedded: EmbeddedServer): Promise<void> {
  const sql = connectTo(embedded.url("postgres"));
  try {
    const found = await sql`select 1 from pg_database where datname = 'foretick'`;
    if (found.length === 0) await sql`create database foretick`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Takes the directory; what the system refuses becomes a sentence. */
function takeDataDir(data_dir: string): DataDirLock {
  try {
    return lockDataDir(data_dir);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof ForetickError || code === undefined) throw cause;
    return fail(
      "STORE_DATA_DIR",
      `data directory ${data_dir} expected to be written to, was refused (${code}). ` +
        "Give this user the right to write there, or set DATA_DIR to another folder",
      { cause },
    );
  }
}
