/**
 * Where a server is and how it is to be spoken to, read once from a URL, so that both drivers understand it alike.
 * What libpq takes, this takes: IPv6 in brackets, directories of Unix sockets, `sslmode` and `sslrootcert`, and the
 * PG… variables for what the URL leaves out. A password with `%`, `@`, `/`, `?` or `#` in it need not be encoded.
 *
 * No message from here holds a part of the URL: any part may be a piece of the password.
 */

import { userInfo } from "node:os";
import { SCHEMA_NAME } from "../../base/config/in_schema.ts";
import { fail } from "../../base/errors.ts";

export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface ServerAddress {
  /** A name, an IPv4 or IPv6 address without brackets, or the absolute path of a Unix socket's directory. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslmode: SslMode;
  /** File of the certificates trusted; undefined: those of the system. */
  readonly sslrootcert: string | undefined;
  readonly sslcert: string | undefined;
  readonly sslkey: string | undefined;
  /** Of the database, where foretick's tables are, if not the one its role is led to; first in the `search_path`. */
  readonly schema: string | undefined;
  /** Further settings of a session, e.g. `options` or `search_path`. */
  readonly settings: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const EXPECTED = "expected postgres://user:password@host:port/database";
const SCHEME = /^postgres(?:ql)?:\/\//;
const PLACE =
  /^(?<host>\[[0-9a-zA-Z:.%]+\]|[^\s:/?#@[\]]*)(?::(?<port>\d*))?(?:\/(?<database>[^?@]*))?(?:\?(?<query>[^?]*))?$/;
const QUERY = /^(?:[A-Za-z_.]+=[^&]*)?(?:&[A-Za-z_.]+=[^&]*)*$/;

/** What libpq, or what managed servers put into their URLs for others, knows and neither driver does: it changes nothing about how we connect. */
const WITHOUT_EFFECT = new Set([
  "application_name",
  "channel_binding",
  "connect_timeout",
  "connection_limit",
  "fallback_application_name",
  "gssencmode",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "krbsrvname",
  "pgbouncer",
  "pool_timeout",
  "sslcompression",
  "sslnegotiation",
  "target_session_attrs",
]);

/**
 * @param name what the URL is called where it was set, for messages.
 * @throws ForetickError CONFIG_INVALID.
 */
export function parseAddress(
  url: string,
  environment: Environment = process.env,
  name = "DATABASE_URL",
): ServerAddress {
  const scheme = SCHEME.exec(url);
  if (!scheme) return fail("CONFIG_INVALID", `${name} ${EXPECTED}, was something else`);
  const { login, host, port, database, query } = split(url.slice(scheme[0].length), name);
  const parameters = new Map([...new URLSearchParams(query)]);
  const take = (key: string, variable?: string): string | undefined => {
    const value = parameters.get(key) || (variable ? environment[variable] : undefined);
    parameters.delete(key);
    return value === "" ? undefined : value;
  };
  const user = login.user || take("user", "PGUSER") || operatingUser();
  const address = {
    host: unbracketed(decoded(host) || take("host") || "localhost"),
    port: portOf(port || take("port") || "5432", name),
    user,
    password: login.password ?? take("password", "PGPASSWORD") ?? "",
    database: decoded(database) || take("dbname") || user,
    sslmode: modeOf(take("sslmode", "PGSSLMODE") ?? "prefer", name),
    sslrootcert: take("sslrootcert", "PGSSLROOTCERT"),
    sslcert: take("sslcert", "PGSSLCERT"),
    sslkey: take("sslkey", "PGSSLKEY"),
  };
  const schema = schemaOf(take("schema"), name);
  const settings = Object.fromEntries([...parameters].filter(([key]) => !WITHOUT_EFFECT.has(key)));
  // TimescaleDB's functions are in public, or where the URL says.
  if (schema !== undefined) settings.search_path = `${schema},${settings.search_path ?? "public"}`;
  return { ...address, schema, settings };
}

/** Whether `host` is the directory of a Unix socket, where TLS is neither offered nor needed. */
export const isSocketDirectory = (host: string): boolean => host.startsWith("/");

/** For people: where, without who and with what. e.g. "db.example.com:5432/foretick". */
export function placeOf({ host, port, database }: ServerAddress): string {
  const where = host.includes(":") ? `[${host}]` : host;
  return isSocketDirectory(host) ? `${host} (port ${port})/${database}` : `${where}:${port}/${database}`;
}

interface Parts {
  readonly login: { readonly user: string; readonly password: string | undefined };
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly query: string;
}

/** The login ends at the first @ after which a host follows: one in a password is none. */
function split(text: string, name: string): Parts {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const place = placeIn(text.slice(at + 1));
    if (place) return { login: loginOf(text.slice(0, at)), ...place };
  }
  const place = placeIn(text);
  if (place && !text.includes("@")) return { login: loginOf(""), ...place };
  return fail(
    "CONFIG_INVALID",
    `${name} ${EXPECTED}, its part after the @ is no host, port and database. ` +
      "Write special characters of the password as %40 for @, %2F for /, %3F for ?, %23 for #",
  );
}

function placeIn(text: string): Omit<Parts, "login"> | undefined {
  const groups = PLACE.exec(text)?.groups;
  if (!groups || !QUERY.test(groups.query ?? "")) return undefined;
  const { host = "", port = "", database = "", query = "" } = groups;
  return { host, port, database, query };
}

function loginOf(text: string): Parts["login"] {
  const colon = text.indexOf(":");
  if (colon < 0) return { user: decoded(text), password: undefined };
  return { user: decoded(text.slice(0, colon)), password: decoded(text.slice(colon + 1)) };
}

/** Percent signs that begin no encoded character are what they are. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

const unbracketed = (host: string): string => /^\[(.*)\]$/.exec(host)?.[1] ?? host;

function portOf(text: string, name: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  return fail("CONFIG_INVALID", `${name} expected a port from 1 to 65535, was none`);
}

function modeOf(text: string, name: string): SslMode {
  const mode = SSL_MODES.find((each) => each === text);
  return (
    mode ?? fail("CONFIG_INVALID", `sslmode of ${name} expected one of ${SSL_MODES.join(", ")}, was none`)
  );
}

function schemaOf(text: string | undefined, name: string): string | undefined {
  if (text === undefined || SCHEMA_NAME.test(text)) return text;
  return fail("CONFIG_INVALID", `schema of ${name} expected a name of a-z, 0-9 and _, was none`);
}

function operatingUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under an id that has no name.
    return "postgres";
  }
}
