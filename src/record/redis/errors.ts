/** What went wrong with Redis, as one sentence with what to do: what can pass by itself, and what a person has to change. */

import { ForetickError } from "../../base/errors.ts";
import { placeOfRedis, type RedisAddress } from "./address.ts";

type Kind = "REDIS_UNREACHABLE" | "REDIS_REFUSED";
type Told = (address: RedisAddress, said: string) => string;

const NOT_TRUSTED: Told = () =>
  "its certificate was not signed by one that is trusted here. Set REDIS_CA to the file of the authority that signed it";

/** By the code of a socket or of TLS. */
const BY_CODE: Readonly<Record<string, readonly [Kind, Told]>> = {
  ECONNREFUSED: ["REDIS_UNREACHABLE", () => "nothing listens there. Start Redis, or check REDIS_URL"],
  ENOTFOUND: ["REDIS_UNREACHABLE", ({ host }) => `host ${host} is not known. Check REDIS_URL`],
  EAI_AGAIN: ["REDIS_UNREACHABLE", ({ host }) => `host ${host} could not be looked up. Check the network`],
  ETIMEDOUT: [
    "REDIS_UNREACHABLE",
    ({ tls }) =>
      tls
        ? "it did not answer in time. Check host and port, and that TLS is spoken there: where it is not, write redis:// in REDIS_URL"
        : "it did not answer in time. Check host and port of REDIS_URL",
  ],
  ECONNRESET: [
    "REDIS_UNREACHABLE",
    ({ tls }) =>
      tls
        ? "it cut the connection"
        : "it cut the connection. Where it takes only TLS, write rediss:// in REDIS_URL",
  ],
  SELF_SIGNED_CERT_IN_CHAIN: ["REDIS_REFUSED", NOT_TRUSTED],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["REDIS_REFUSED", NOT_TRUSTED],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["REDIS_REFUSED", NOT_TRUSTED],
  UNABLE_TO_GET_ISSUER_CERT: ["REDIS_REFUSED", NOT_TRUSTED],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["REDIS_REFUSED", NOT_TRUSTED],
  CERT_HAS_EXPIRED: ["REDIS_REFUSED", () => "its certificate has expired. Renew it"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "REDIS_REFUSED",
    ({ host }) => `its certificate is not for host ${host}. Write the name it was made for in REDIS_URL`,
  ],
};

/** By the word an error reply of Redis begins with. */
const BY_WORD: Readonly<Record<string, Told>> = {
  OOM: () =>
    "it has no memory left (OOM). Raise its maxmemory, lower REDIS_STREAM_MAXLEN, or let it evict (maxmemory-policy volatile-ttl)",
  WRONGPASS: () => "user or password is not the right one. Correct REDIS_URL",
  NOAUTH: () => "it asks for a password. Write it in REDIS_URL: redis://:password@host:port",
  NOPERM: (_, said) => `this user may not do that (${said}). Give it the right by ACL SETUSER`,
  READONLY: () => "it is a replica, which takes no writes. Write the address of the primary in REDIS_URL",
  MISCONF: () => "it takes no writes because it cannot save to its disk. See its log",
  MOVED: () => "it is a cluster, which is not supported. Use a single Redis",
};

/** @param error of the client; a ForetickError is returned as it is. */
export function redisError(error: unknown, address: RedisAddress): ForetickError {
  if (error instanceof ForetickError) return error;
  const { code = "", message: said = String(error) } = error as { code?: string; message?: string };
  const place = `Redis at ${placeOfRedis(address)}`;
  const known = BY_CODE[code];
  if (known) return new ForetickError(known[0], `${place}: ${known[1](address, said)}`, { cause: error });
  const word = /^(?:ERR )?([A-Z]{3,})/.exec(said)?.[1] ?? "";
  const told = BY_WORD[word];
  if (told) {
    return new ForetickError("REDIS_REFUSED", `${place}: ${told(address, said)}`, {
      cause: error,
      details: { word },
    });
  }
  if (said === "Connection is closed.") {
    return new ForetickError("REDIS_UNREACHABLE", `${place}: the connection was cut`, { cause: error });
  }
  const kind: Kind = (error as Error).name === "ReplyError" ? "REDIS_REFUSED" : "REDIS_UNREACHABLE";
  return new ForetickError(kind, `${place}: ${said}`, { cause: error });
}
