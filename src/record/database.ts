/**
 * Opens the store: an embedded PostgreSQL below the data directory, or the server that a URL names. Either
 * way over the wire with one driver, found out what it can do, migrated, and ready to be read and written.
 */

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { FEATURE_SETS } from "../features/sets.ts";
import { type Capability, createExtension, detectServer, type Server } from "./capability.ts";
import { type DataDirLock, lockDataDir } from "./data_dir_lock.ts";
import { EmbeddedServer } from "./embedded_server.ts";
import { installFeatureFunctions } from "./feature_functions.ts";
import { migrate } from "./migrations.ts";
import * as schema from "./schema.ts";
import { storeError } from "./store_errors.ts";

export interface DatabaseOptions {
  /** e.g. `DATABASE_URL`; without it the database is embedded. */
  readonly url?: string | undefined;
  /** Holds the embedded database and the journal; taken for this process alone. */
  readonly data_dir: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Database {
  /** What the tables are kept with. */
  readonly capability: Capability;
  /** For people, without secrets: "embedded PostgreSQL 18.4, plain tables". */
  readonly description: string;
  readonly server: Server;
  /** Holds the password: not for logs. */
  readonly url: string;
  readonly data_dir: string;
  /** Typed reading through drizzle. */
  readonly db: PostgresJsDatabase<typeof schema>;
  /** The client below `db`, for cursors and for SQL that drizzle cannot say. Times and int8 come as text. */
  readonly sql: Sql;
  /** A client of its own with one connection, for a writer; whoever asks for it ends it. */
  connect(options?: ConnectOptions): Sql;
  /** Ends the connections, stops the embedded server, gives the directory free. May be called twice. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly connections?: number;
  /** The server ends a statement that takes longer (ms). */
  readonly statement_timeout_ms?: number;
  readonly application_name?: string;
  /** Called for what the server notifies of, once the client has sent `listen <channel>`. */
  readonly onNotify?: (channel: string, payload: string) => void;
  /** Called when a connection has closed, for whatever reason. */
  readonly onClose?: () => void;
  /** false: a commit does not wait for the disk. For what can be computed again; commits keep their order. */
  readonly synchronous_commit?: boolean;
}

const asText = (value: string): string => value;

/**
 * A client of `url`. It hands times and int8 over as text, whatever drizzle does to it, sends parameters
 * as they are, and tries to reconnect at once, since whoever writes waits on its own terms.
 */
export function connectTo(url: string, options: ConnectOptions = {}): Sql {
  return postgres(url, {
    max: options.connections ?? 1,
    connect_timeout: 10,
    fetch_types: false,
    // Connections live as long as their owner: advisory locks and LISTEN belong to one.
    max_lifetime: null,
    onnotice: () => {},
    ...(options.onNotify ? { onnotify: options.onNotify } : {}),
    ...(options.onClose ? { onclose: options.onClose } : {}),
    backoff: () => 0,
    types: {
      timestamptz: { to: 1184, from: [1184], serialize: asText, parse: asText },
    },
    connection: {
      application_name: options.application_name ?? "foretick",
      TimeZone: "UTC",
      ...(options.statement_timeout_ms ? { statement_timeout: options.statement_timeout_ms } : {}),
      ...(options.synchronous_commit === false ? { synchronous_commit: "off" } : {}),
    },
  }) as unknown as Sql;
}

/**
 * @throws ForetickError STORE_DATA_DIR (in use), STORE_SERVER, STORE_UNREACHABLE, STORE_VERSION,
 *   STORE_MIGRATION, each with what a person can do.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const data_dir = resolve(options.data_dir);
  mkdirSync(data_dir, { recursive: true });
  const closers: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    const lock: DataDirLock = lockDataDir(data_dir);
    closers.push(() => lock.release());
    const embedded =
      options.url === undefined ? await EmbeddedServer.start({ ...options, data_dir }) : undefined;
    if (embedded) closers.push(() => embedded.close());
    if (embedded) await createDatabase(embedded);
    const url = options.url ?? embedded!.url();
    const { server, capability } = await prepare(url, options.log);
    const sql = connectTo(url, { connections: 4, application_name: "foretick reader" });
    closers.push(() => sql.end({ timeout: 5 }));
    const description = describe(server, capability, embedded !== undefined);
    options.log.info({ capability }, `database: ${description}`);
    let closing: Promise<void> | undefined;
    return {
      capability,
      description,
      server,
      url,
      data_dir,
      db: drizzle(sql, { schema }),
      sql,
      connect: (connect) => connectTo(url, connect),
      close: () => {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await closeAll().catch((second) => options.log.error(describeError(second)));
    throw storeError(error, "STORE_SERVER");
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

async function prepare(url: string, log: Logger): Promise<{ server: Server; capability: Capability }> {
  const connect = (): Sql => connectTo(url, { application_name: "foretick migrations" });
  await createExtension(connect, log);
  const sql = connect();
  try {
    const server = await detectServer(sql);
    const capability = await migrate({ sql, capability: server.capability, log });
    await installFeatureFunctions(sql, FEATURE_SETS, log);
    return { server, capability };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function describe(server: Server, capability: Capability, embedded: boolean): string {
  const kept = {
    timescale: `TimescaleDB ${server.timescale_version} (community licence)`,
    "timescale-apache": `TimescaleDB ${server.timescale_version} (Apache licence: hypertables only)`,
    postgres: "plain tables",
  }[capability];
  return `${embedded ? "embedded " : ""}PostgreSQL ${server.postgres_version}, ${kept}`;
}
