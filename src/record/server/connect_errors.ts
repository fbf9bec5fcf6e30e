/**
 * Why a connection could not be made, as one sentence with what to do. What the server says may be shown, since it never
 * holds the password; what was sent may not.
 */

import { ForetickError } from "../../base/errors.ts";
import { codeOf } from "../sql/store_errors.ts";
import { isSocketDirectory, placeOf, type ServerAddress } from "./address.ts";

type Reason = (address: ServerAddress, said: string) => string;

const NOT_VERIFIED: Reason = ({ sslmode, sslrootcert, host }) =>
  `its certificate was not signed by one that is trusted here. Set sslrootcert in DATABASE_URL to the file of the authority ` +
  `that signed it${sslrootcert ? ` (it is not in ${sslrootcert})` : ""}, or sslmode=require to encrypt without checking (sslmode is ${sslmode}, host ${host})`;

/** What a person has to change: trying again alone does not help. By SQLSTATE, or by the code of a socket or of TLS. */
const REFUSED: Readonly<Record<string, Reason>> = {
  "28P01": ({ user }) =>
    `the password of role ${user} is not the right one. Correct DATABASE_URL; a % that is followed by two digits or letters a to f is written %25`,
  "28000": (_, said) =>
    /no encryption|SSL off/.test(said)
      ? "it takes only encrypted connections from here. Add sslmode=require to DATABASE_URL"
      : `it does not let this role in (${said}). Add a line for it to pg_hba.conf, or correct DATABASE_URL`,
  "3D000": ({ database, user }) =>
    `it has no database ${database}. Run \`create database ${database} owner ${user}\`, or correct DATABASE_URL`,
  "42501": (_, said) => `it refuses this role (${said}). Run \`grant connect on database …\` as its owner`,
  "08P01": (_, said) =>
    /unsupported startup parameter/.test(said)
      ? `the pooler in front of it refuses a session's settings (${said}). Add them to ignore_startup_parameters in pgbouncer.ini, or connect to the server itself`
      : `what answers there speaks another protocol (${said}). Check host and port of DATABASE_URL`,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_VERIFIED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_VERIFIED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_VERIFIED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_VERIFIED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_VERIFIED,
  CERT_HAS_EXPIRED: () =>
    "its certificate has expired. Renew it, or set sslmode=require to encrypt without checking",
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }) =>
    `its certificate is not for host ${host}. Use the name it was made for, or sslmode=verify-ca to check only who signed it`,
};

/** What can pass by itself. */
const AWAY: Readonly<Record<string, Reason>> = {
  ENOTFOUND: ({ host }) => `host ${host} is not known. Check DATABASE_URL`,
  EAI_AGAIN: ({ host }) => `host ${host} could not be looked up. Check the network, or DATABASE_URL`,
  ECONNREFUSED: () => "nothing listens there. Start the database, or check DATABASE_URL",
  ENOENT: ({ host, port }) =>
    `there is no socket ${host}/.s.PGSQL.${port}. Start the database, or check DATABASE_URL`,
  EACCES: ({ host, port }) =>
    `the socket ${host}/.s.PGSQL.${port} may not be opened by this user. Give it the right, or use a host`,
  "53300": ({ user }, said) =>
    `role ${user} has no connection left (${said}). End other sessions, or raise it: \`alter role ${user} connection limit 20\``,
  "57P03": (_, said) => `it is starting or stopping (${said}). Wait for it`,
};

/**
 * @returns STORE_REFUSED for what a person has to change, STORE_UNREACHABLE for what can pass; undefined where the
 *   error is of another kind.
 */
export function connectError(error: unknown, address: ServerAddress): ForetickError | undefined {
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const refused = REFUSED[code];
  const away =
    isSocketDirectory(address.host) || !["ENOENT", "EACCES"].includes(code) ? AWAY[code] : undefined;
  const reason = refused ?? away;
  if (!reason) return undefined;
  const message = `database at ${placeOf(address)} expected to be connected to, was not: ${reason(address, said)}`;
  return new ForetickError(refused ? "STORE_REFUSED" : "STORE_UNREACHABLE", message, {
    cause: error,
    details: { sqlstate: code },
  });
}
