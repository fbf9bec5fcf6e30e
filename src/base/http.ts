/**
 * Rules of every HTTP client here: a body is read up to a bound, a redirect is not followed with a key, a
 * proxy is not asked for this machine, and a request to wait is obeyed within reason.
 */

import { type ErrorCode, fail } from "./errors.ts";
import type { BodyName } from "./limits/kinds.ts";
import { LIMITS } from "./limits.ts";
import { limitReached } from "./reached.ts";

/** How large a body may be: a limit of this kind, or so many bytes that are no limit of the process. */
export type BodyBound = BodyName | number;

/**
 * The body as text, read piece by piece: one that is larger than it may be is left where it is.
 * @throws ForetickError `code` beyond the bound; what the connection fails with.
 */
export async function readText(response: Response, bound: BodyBound, code: ErrorCode): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, bound, code));
}

export async function readBytes(
  response: Response,
  bound: BodyBound,
  code: ErrorCode,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes_max = typeof bound === "number" ? bound : LIMITS[bound];
  const announced = Number(response.headers.get("content-length") ?? Number.NaN);
  if (announced > bytes_max) {
    await response.body?.cancel().catch(() => {});
    return tooLarge(response, announced, bound, code);
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > bytes_max) return tooLarge(response, bytes, bound, code);
    pieces.push(piece);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function tooLarge({ url }: Response, bytes: number, bound: BodyBound, code: ErrorCode): never {
  if (typeof bound !== "number") limitReached(bound);
  const bytes_max = typeof bound === "number" ? bound : LIMITS[bound];
  return fail(
    code,
    `the body of ${withoutQuery(url)} expected at most ${bytes_max} bytes, was ${bytes} or more: not read`,
  );
}

/** Where a redirect points, by origin; undefined where the answer is none. Asked with `redirect: "manual"`. */
export function redirectOf(response: Response, url: string): string | undefined {
  if (response.status < 300 || response.status > 399 || response.status === 304) return undefined;
  const location = response.headers.get("location") ?? "";
  return URL.canParse(location, url) ? new URL(location, url).origin : "nowhere";
}

/**
 * Seconds of a Retry-After header, which is a number or a date; undefined where it is neither.
 * @param s_max a longer wait is cut to it.
 */
export function retryAfterSeconds(headers: Headers, now_ms: number, s_max: number): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  const date_ms = /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) : Number.NaN;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (date_ms - now_ms) / 1_000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), s_max) : undefined;
}

/** Hosts of this machine: a paper exchange, a tracking server, a bundle store of one's own. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/**
 * Adds this machine to NO_PROXY: with HTTP_PROXY set, fetch would ask the proxy for it, which means another machine.
 * Run once, before anything is fetched.
 */
export function keepLoopbackFromProxy(environment: Record<string, string | undefined> = process.env): void {
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
  if (!proxies.some((name) => environment[name])) return;
  // Both spellings are read, and which one wins differs.
  const listed = [environment.NO_PROXY, environment.no_proxy].flatMap((list) => (list ?? "").split(","));
  const hosts = [...new Set([...listed.map((host) => host.trim()).filter(Boolean), ...LOOPBACK])].join(",");
  environment.NO_PROXY = hosts;
  environment.no_proxy = hosts;
}

const withoutQuery = (url: string): string => url.split("?")[0]!;
