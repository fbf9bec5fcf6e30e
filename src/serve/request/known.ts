/** Conditional requests (RFC 9110, section 13): whether the caller has the answer already, so that a 304 is enough. */

export interface Validators {
  /** Quoted, strong. */
  readonly etag: string;
  /** Whole seconds since 1970; undefined where no time is said. */
  readonly modified_sec?: number;
}

/** If-None-Match counts where it is sent, else If-Modified-Since; a date that cannot be read is as if it were not sent. */
export function isKnown(headers: Headers, { etag, modified_sec }: Validators): boolean {
  const tags = headers.get("if-none-match");
  if (tags !== null) return tags.split(",").some((tag) => isMatch(tag.trim(), etag));
  const since = headers.get("if-modified-since");
  if (since === null || modified_sec === undefined) return false;
  return Date.parse(since) >= modified_sec * 1_000;
}

const isMatch = (tag: string, etag: string): boolean => tag === "*" || tag.replace(/^W\//, "") === etag;
