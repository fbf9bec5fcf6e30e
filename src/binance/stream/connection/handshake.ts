/**
 * Why the exchange refused a WebSocket. Bun's client gives the HTTP status inside a sentence and drops the
 * body, so after a refusal the same address is asked once more with a plain GET: its answer carries the body
 * ("No X-MBX-APIKEY header") and Retry-After. What is made of it is a sentence a person can act on.
 */

import type { Clock } from "../../../base/clock.ts";
import { ForetickError } from "../../../base/errors.ts";
import { readText, retryAfterSeconds } from "../../../base/http.ts";
import { LIMITS } from "../../../base/limits.ts";
import { US_PER_MS } from "../../../base/units.ts";
import type { Network } from "../../network.ts";

export interface Refusal {
  readonly error: ForetickError;
  /** The exchange's Retry-After, 0 where it gave none. */
  readonly retry_after_ms: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retry_after_ms: number;
}

const EXPLAIN_TIMEOUT_MS = 3_000;
const EXPLAIN_BYTES_MAX = 1 << 16;

/** Where the exchange bans without saying for how long: its shortest ban. */
const BAN_MS = 120_000;

export async function explainRefusal(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What Bun's error event said. */
  readonly said: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fetch: Network["fetch"];
}): Promise<Refusal> {
  const { url, said } = options;
  const status = Number(/status code: (\d{3})/.exec(said)?.[1] ?? Number.NaN);
  if (!Number.isFinite(status)) {
    const message = `expected a WebSocket at ${url}, was: ${said}; check the network and BINANCE_SBE_URL`;
    return { error: new ForetickError("WS_HANDSHAKE", message), retry_after_ms: 0 };
  }
  const answer = await ask(options);
  // A GET that is no upgrade may be answered otherwise: its body explains only the status it belongs to.
  const body = answer?.status === status ? answer.body : "";
  const has_key = options.headers["X-MBX-APIKEY"] !== undefined;
  const was = body ? `${status} (${body})` : String(status);
  const message = `expected HTTP 101 from ${url}, was ${was}; ${remedyOf(status, has_key)}`;
  const error = new ForetickError("WS_HANDSHAKE", message, { details: { status, body } });
  const banned = status === 418 || status === 429;
  return { error, retry_after_ms: Math.max(answer?.retry_after_ms ?? 0, 0) || (banned ? BAN_MS : 0) };
}

function remedyOf(status: number, has_key: boolean): string {
  if (status === 418 || status === 429) return "too many connections from this address: waiting as it asks";
  if (status === 404) {
    return "check BINANCE_SBE_URL: an origin without path, e.g. wss://stream-sbe.binance.com:9443";
  }
  if (status === 451) {
    return "the exchange does not serve this region, whatever the key: run from another one";
  }
  if (status >= 300 && status < 400) {
    return "it points elsewhere, which is not followed with the key: set BINANCE_SBE_URL to the exchange's own address";
  }
  if (status >= 500) return "the exchange has trouble of its own: trying again";
  if (!has_key) return "set BINANCE_API_KEY to an Ed25519 key (it needs no permissions)";
  return "check that BINANCE_API_KEY is an Ed25519 key and that its IP whitelist holds this address";
}

async function ask(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fetch: Network["fetch"];
}): Promise<Answer | undefined> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const deadline = options.clock.after(EXPLAIN_TIMEOUT_MS, abort);
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    const url = options.url.replace(/^ws/, "http");
    const response = await options.fetch(url, {
      headers: options.headers,
      signal: controller.signal,
      redirect: "manual",
    });
    const body = (await readText(response, EXPLAIN_BYTES_MAX, "WS_HANDSHAKE")).trim().slice(0, 120);
    const now_ms = options.clock.now() / US_PER_MS;
    const retry_after_s = retryAfterSeconds(response.headers, now_ms, LIMITS.retry_after_s_max) ?? 0;
    return { status: response.status, body, retry_after_ms: retry_after_s * 1000 };
  } catch {
    return undefined; // The explanation is optional; the refusal is reported without it.
  } finally {
    deadline.cancel();
    options.signal.removeEventListener("abort", abort);
  }
}
