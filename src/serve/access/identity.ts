/** Who asks, and the credential that says so. */

import type { AccessRole } from "../../record/access/access_role.ts";

export interface Identity {
  /** For records of changes, without secrets: `ci (key 4f2k9x1a)`, `anna (token)`. */
  readonly actor: string;
  readonly role: AccessRole;
  /** What its rate is counted under. */
  readonly id: string;
  /** When the credential expires (µs); null or none: it does not. */
  readonly expires_us?: number | null;
  /** An open stream's credential is looked at again after so long (ms); default as a key's. */
  readonly again_ms?: number;
}

/** Nobody in particular: has no role, and reads what is public. */
export const ANONYMOUS = "anonymous";

/** The subprotocol by which a browser's WebSocket, which cannot send headers, carries its credential. */
export const STREAM_PROTOCOL = "foretick";
const STREAM_CREDENTIAL = /(?:^|,)\s*bearer\.([\w.~-]+)\s*(?:,|$)/;

/**
 * From `Authorization: Bearer …`, `X-API-Key: …`, or, of a WebSocket, `Sec-WebSocket-Protocol: foretick, bearer.…`; never
 * from the address, which is written to logs. Undefined where there is none; "" where it has another form.
 */
export function credentialOf(headers: Headers): string | undefined {
  const authorization = headers.get("authorization");
  if (authorization !== null) return /^bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? "";
  const key = headers.get("x-api-key");
  if (key !== null) return key.trim();
  const protocols = headers.get("sec-websocket-protocol");
  return protocols === null ? undefined : STREAM_CREDENTIAL.exec(protocols)?.[1];
}
