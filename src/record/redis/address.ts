/**
 * Where Redis is and how it is spoken to, read once from REDIS_URL. No message from here holds the password.
 */

import type { Config } from "../../base/config.ts";
import { fail } from "../../base/errors.ts";
import { certificateFile } from "../server/certificate_file.ts";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** Certificates trusted where the connection is encrypted: those of REDIS_CA, or the system's. Undefined: not encrypted. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

const EXPECTED =
  "expected redis://user:password@host:port/database (rediss:// for TLS), without a query; a special character of the password is written %40 for @";

/** @throws ForetickError CONFIG_INVALID where it is no such URL, or the file of certificates cannot be read. */
export function redisAddress(url: string, ca_file?: string): RedisAddress {
  if (!URL.canParse(url)) return fail("CONFIG_INVALID", `REDIS_URL ${EXPECTED}, was something else`);
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(url);
  const db = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  if (db === undefined || search !== "" || hash !== "" || hostname === "") {
    return fail("CONFIG_INVALID", `REDIS_URL ${EXPECTED}, was something else`);
  }
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || "6379"),
    username: decoded(username),
    password: decoded(password),
    db: Number(db),
    tls:
      protocol === "rediss:"
        ? { ca: ca_file === undefined ? undefined : certificateFile("REDIS_CA", ca_file) }
        : undefined,
  };
}

/** Undefined where Redis is not used. */
export const redisOfConfig = ({
  redis_url,
  redis_ca,
}: Pick<Config, "redis_url" | "redis_ca">): RedisAddress | undefined =>
  redis_url === undefined ? undefined : redisAddress(redis_url, redis_ca);

/** For people and logs. */
export const placeOfRedis = ({ host, port, db }: RedisAddress): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}${db === 0 ? "" : `/${db}`}`;

function decoded(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return fail("CONFIG_INVALID", `REDIS_URL ${EXPECTED}; a % in it is written %25`);
  }
}
