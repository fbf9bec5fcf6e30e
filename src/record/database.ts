/**
 * Connecting, migrating and installing are three things:
 *
 * - `connectDatabase` looks: what the server is, which schema it has. It changes nothing, and any role that may read
 *   can do it. It fails fast, and may be called again.
 * - `migrateDatabase` lays the tables out, under a lock, as the role that owns them (`migrate.ts`).
 * - `installFunctions` installs the SQL side of the feature sets (there too).
 *
 * `openDatabase` is the three in a row: what the service does by default.
 */

import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { describeError, fail } from "../base/errors.ts";
import { DatabaseLink, type LinkOptions } from "./link.ts";
import { installFunctions, migrateDatabase } from "./migrate.ts";
import { type Capability, detectServer, type Server } from "./server/capability.ts";
import type { ConnectOptions } from "./server/client.ts";
import { requireOwnSchema } from "./server/own_schema.ts";
import { CONNECTIONS_MIN } from "./server/preflight.ts";
import { keeperRole, requireServiceRights } from "./server/rights.ts";
import {
  describeSchema,
  isOwn,
  readSchemaVersion,
  requireSchema,
  type SchemaVersion,
} from "./sql/install/schema_version.ts";
import * as schema from "./sql/schema.ts";
import { storeError } from "./sql/store_errors.ts";

export type { ConnectOptions };

/** Queries that readers have under way at once. */
const READERS = 4;

export interface DatabaseOptions extends LinkOptions {
  /** false: another role migrates and installs; this one only checks that it was done (default true). */
  readonly migrate?: boolean;
}

export interface Database {
  /** What the tables are kept with. */
  readonly capability: Capability;
  /** For people, without secrets: "embedded PostgreSQL 18.4, plain tables, schema 9". */
  readonly description: string;
  readonly server: Server;
  /** Which schema was found. */
  readonly schema: SchemaVersion;
  /** Holds the password: not for logs. */
  readonly url: string;
  readonly data_dir: string;
  /** Connections its role may have to it; undefined: no bound that matters. */
  readonly connections_max?: number | undefined;
  /** The role under which bars and chunks are kept; undefined: the session's own. */
  readonly keeper_role?: string | undefined;
  /** Typed reading through drizzle. */
  readonly db: PostgresJsDatabase<typeof schema>;
  /** The client below `db`, for cursors and for SQL that drizzle cannot say. Times and int8 come as text. */
  readonly sql: Sql;
  /** A client of its own with one connection, for a writer; its owner ends it. */
  connect(options?: ConnectOptions): Sql;
  /** Ends the connections and, of an opened database, the link too. May be called twice. */
  close(): Promise<void>;
}

/**
 * Looks at the database behind `link` and is ready to read and write it. Runs no DDL. Where the database has another
 * schema than this version writes, it says so in the log; `requireSchema` refuses what cannot be worked with.
 *
 * @throws ForetickError STORE_UNREACHABLE within LIMITS.database_look_ms; STORE_SERVER, STORE_VERSION.
 */
export async function connectDatabase(link: DatabaseLink): Promise<Database> {
  const { log } = link;
  try {
    const { connections_max } = await link.preflight();
    const sql = link.connect({
      connections: readersOf(connections_max),
      application_name: "foretick reader",
    });
    try {
      const { server, version, keeper_role } = await link.inTime(sql, async () => {
        await requireOwnSchema(sql, link.address.schema);
        const found = await detectServer(sql);
        return {
          server: found,
          version: await readSchemaVersion(sql, found.capability),
          keeper_role: await keeperRole(sql),
        };
      });
      const capability = version.laid_out ?? server.capability;
      const description = describe(server, capability, version, link.embedded);
      if (isOwn(version)) log.info({ capability }, `database: ${description}`);
      else log.warn({ capability, schema: version.found }, `database: ${description}`);
      return {
        ...{ capability, description, server, schema: version, sql, keeper_role, connections_max },
        url: link.url,
        data_dir: link.data_dir,
        db: drizzle(sql, { schema }),
        connect: (options) => link.connect(options),
        close: once(() => sql.end({ timeout: 5 })),
      };
    } catch (error) {
      await sql.end({ timeout: 0 }).catch(() => {});
      throw error;
    }
  } catch (error) {
    throw storeError(error, "STORE_SERVER");
  }
}

/**
 * The database behind `link`, migrated unless another role does that, and connected. After a failure it may be called
 * again.
 * @throws ForetickError STORE_SERVER, STORE_UNREACHABLE, STORE_VERSION, STORE_MIGRATION, each with what a person
 *   can do.
 */
export async function openLink(link: DatabaseLink, { migrate = true } = {}): Promise<Database> {
  const { connections_max } = await link.preflight();
  requireConnections(connections_max, link.address.user);
  if (migrate) {
    await migrateDatabase(link);
    await installFunctions(link);
  }
  const database = await connectDatabase(link);
  try {
    requireSchema(database.schema);
    await requireServiceRights(database.sql, database.keeper_role);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * As `openLink`, with a link of its own.
 * @throws ForetickError as `openLink`; STORE_DATA_DIR.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const link = new DatabaseLink(options);
  try {
    return withLink(await openLink(link, { migrate: options.migrate ?? true }), link);
  } catch (error) {
    await link.close().catch((second) => options.log.error(describeError(second)));
    throw storeError(error, "STORE_SERVER");
  }
}

/** Readers have what the writer, the lease, the refresher and the passing ones leave. */
const readersOf = (connections_max: number | undefined): number =>
  connections_max === undefined
    ? READERS
    : Math.max(1, Math.min(READERS, connections_max - CONNECTIONS_MIN + 1));

/** @throws ForetickError STORE_REFUSED where the parts of a service would not all find a connection. */
export function requireConnections(connections_max: number | undefined, role: string): void {
  if (connections_max === undefined || connections_max >= CONNECTIONS_MIN) return;
  fail(
    "STORE_REFUSED",
    `role ${role} expected to have at least ${CONNECTIONS_MIN} connections for a service, may have ${connections_max}. ` +
      `Run \`alter role ${role} connection limit 20\`, or raise that of the database or the server`,
  );
}

/** `database`, whose `close` closes the link behind it too. */
export function withLink(database: Database, link: DatabaseLink): Database {
  const close = once(async () => {
    await database.close();
    await link.close();
  });
  return { ...database, close };
}

function describe(server: Server, capability: Capability, version: SchemaVersion, embedded: boolean): string {
  const kept = {
    timescale: `TimescaleDB ${server.timescale_version} (community licence)`,
    "timescale-apache": `TimescaleDB ${server.timescale_version} (Apache licence: hypertables only)`,
    postgres: "plain tables",
  }[capability];
  const where = embedded ? "embedded " : "";
  return `${where}PostgreSQL ${server.postgres_version}, ${kept}, ${describeSchema(version)}`;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
