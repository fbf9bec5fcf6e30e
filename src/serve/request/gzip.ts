/** Answers made smaller where that pays: the caller takes gzip, and the answer is larger than a packet. */

import { LIMITS } from "../../base/limits.ts";

/** Whether a caller takes gzip by its Accept-Encoding; one that is refused with `q=0` is not taken. */
export function takesGzip(headers: Headers): boolean {
  const accepted = headers.get("accept-encoding");
  return accepted !== null && /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(accepted);
}

/** Of an answer that stays the same: made once. Undefined where it does not pay. */
export function gzipped(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < LIMITS.gzip_bytes_min) return undefined;
  const small = Bun.gzipSync(bytes);
  return small.length < bytes.length ? small : undefined;
}
