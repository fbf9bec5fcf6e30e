/**
 * What `sslmode` means, once for both drivers. As libpq has it: `prefer` encrypts where the server offers it and
 * checks nothing, `require` checks nothing unless a root certificate is named, `verify-ca` checks who signed the
 * certificate, `verify-full` also whose it is.
 */

import { connect as connectSocket } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { fail } from "../../base/errors.ts";
import { isSocketDirectory, placeOf, type ServerAddress } from "./address.ts";
import { certificateFile } from "./certificate_file.ts";

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined;
}

/** `if_offered`: encrypted where the server offers it, unchecked. */
export type Encryption = false | TlsOptions | "if_offered";

/** @throws ForetickError CONFIG_INVALID where a certificate cannot be read. */
export function encryptionOf(address: ServerAddress): Encryption {
  const { host, sslmode, sslrootcert, sslcert, sslkey } = address;
  if (isSocketDirectory(host) || sslmode === "disable") return false;
  const system = sslrootcert === "system";
  const root = sslrootcert === undefined || system ? undefined : certificateFile("sslrootcert", sslrootcert);
  if (sslmode === "prefer" || sslmode === "allow") return "if_offered";
  const checked = sslmode !== "require" || root !== undefined || system;
  const named = sslmode === "verify-full" || system;
  return {
    rejectUnauthorized: checked,
    ...(root === undefined ? {} : { ca: root }),
    ...(sslcert === undefined ? {} : { cert: certificateFile("sslcert", sslcert) }),
    ...(sslkey === undefined ? {} : { key: certificateFile("sslkey", sslkey) }),
    // The drivers name an address of numbers differently, or not at all: what counts is the host of the URL.
    checkServerIdentity: (_, certificate) => (named ? checkServerIdentity(host, certificate) : undefined),
  };
}

/** Encrypted and unchecked: `prefer` with a server that offers it. */
export const UNCHECKED: TlsOptions = { rejectUnauthorized: false, checkServerIdentity: () => undefined };

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Whether the server offers encryption: asked as every client does, before it says anything else. */
export async function offersTls({ host, port }: ServerAddress, clock: Clock): Promise<boolean> {
  const socket = connectSocket({ host, port });
  const answer = new Promise<boolean>((resolve, reject) => {
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", (bytes: Buffer) => resolve(bytes[0] === 0x53));
    socket.once("error", reject);
    socket.once("close", () => resolve(false));
  });
  try {
    return await withDeadline(answer, {
      ...{ clock, limit: "database_connect_ms", code: "STORE_UNREACHABLE" },
      what: "the database's answer",
      remedy: "Start the database, or check DATABASE_URL",
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Asked before a driver asks for TLS: where there is none, drivers fail in ways that name no reason.
 * @throws ForetickError STORE_REFUSED.
 */
export async function requireTls(address: ServerAddress, clock: Clock): Promise<void> {
  const encryption = encryptionOf(address);
  if (encryption === false || encryption === "if_offered" || (await offersTls(address, clock))) return;
  fail(
    "STORE_REFUSED",
    `database at ${placeOf(address)} expected to offer TLS, since sslmode is ${address.sslmode}, does not. ` +
      "Turn ssl on there, or set sslmode=disable where the way to it is safe",
  );
}
