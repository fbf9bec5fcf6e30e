/**
 * Clients of a server: postgres.js for nearly everything, pg where rows travel by COPY, whose errors postgres.js
 * loses. Both from one address, so that what one reaches the other does.
 */

import { Client } from "pg";
import postgres, { type Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { isSocketDirectory, parseAddress, type ServerAddress } from "./address.ts";
import { connectError } from "./connect_errors.ts";
import { encryptionOf, offersTls, requireTls, UNCHECKED } from "./tls.ts";

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
  /** A connection that is needed now and then: closed while it is idle where a role has few. */
  readonly passing?: boolean;
  /** Connections are closed after so long without use (s); default never. */
  readonly idle_s?: number;
  /**
   * false: a connection is sent a query only once the one before it is answered, and cannot begin transactions. For queries
   * that may be cancelled: the driver takes the answer of a cancelled one in a pipeline for that of the next.
   */
  readonly pipelined?: boolean;
  /** The role the session works as, where it is not the user's own. */
  readonly role?: string;
}

const asText = (value: string): string => value;

const addressOf = (target: string | ServerAddress): ServerAddress =>
  typeof target === "string" ? parseAddress(target) : target;

/**
 * A client of the server. It hands times and int8 over as text, even where drizzle is used, sends parameters
 * as they are, and tries to reconnect at once, since its user has deadlines of its own.
 *
 * Every option is given: the driver would take a missing one from a PG… variable.
 */
export function connectTo(target: string | ServerAddress, options: ConnectOptions = {}): Sql {
  const address = addressOf(target);
  const encryption = encryptionOf(address);
  const { host, port, user, password, database, settings } = address;
  return postgres({
    host: [host],
    port: [port],
    ...(isSocketDirectory(host) ? { path: `${host}/.s.PGSQL.${port}` } : {}),
    database,
    username: user,
    password,
    ssl: encryption === "if_offered" ? "prefer" : (encryption as false | object),
    sslnegotiation: null,
    max: options.connections ?? 1,
    connect_timeout: LIMITS.database_connect_ms / 1_000,
    idle_timeout: options.idle_s ?? null,
    keep_alive: 60,
    prepare: true,
    ...(options.pipelined === false ? { max_pipeline: 0 } : {}),
    debug: false,
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
      ...settings,
      application_name: options.application_name ?? "foretick",
      TimeZone: "UTC",
      ...(options.statement_timeout_ms ? { statement_timeout: options.statement_timeout_ms } : {}),
      ...(options.synchronous_commit === false ? { synchronous_commit: "off" } : {}),
      ...(options.role ? { role: options.role } : {}),
    },
  } as unknown as postgres.Options<Record<string, never>>) as unknown as Sql;
}

/**
 * What pg is told to reach a server, TLS decided.
 * @throws ForetickError STORE_UNREACHABLE where the server does not answer in time.
 */
export async function pgOptions(
  target: string | ServerAddress,
  { application_name, clock }: { readonly application_name: string; readonly clock: Clock },
) {
  const address = addressOf(target);
  const { host, port, user, password, database, settings } = address;
  const encryption = encryptionOf(address);
  await requireTls(address, clock);
  const ssl =
    encryption === "if_offered" ? (await offersTls(address, clock)) && { ...UNCHECKED } : encryption;
  return {
    ...{ host, port, user, password, database, application_name },
    // pg sends what it knows; the rest of a session's settings travels in `options`.
    options: optionsOf(settings),
    ssl: ssl as false | object,
    keepAlive: true,
    connectionTimeoutMillis: LIMITS.database_connect_ms,
  };
}

/**
 * A connected pg client. A lost connection fails the statement under way, which is where the error is seen.
 * @throws what the server or the socket reports; STORE_UNREACHABLE where neither answers in time.
 */
export async function connectPg(
  target: string | ServerAddress,
  options: { readonly application_name: string; readonly clock: Clock },
): Promise<Client> {
  const address = addressOf(target);
  const client = new Client(await pgOptions(address, options));
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw connectError(error, address) ?? error;
  }
}

/** @example { search_path: "a b" } → "-c search_path=a\\ b" */
function optionsOf({ options = "", ...settings }: Readonly<Record<string, string>>): string {
  const written = Object.entries(settings).map(
    ([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, "\\$&")}`,
  );
  return [options, ...written].filter((part) => part !== "").join(" ");
}
