/**
 * How REST requests get their answer: one queue spends the exchange's weight carefully, obeys Retry-After for
 * all requests alike and spaces retries out; one deadline per try covers the body too. Source:
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
 */

import type { Clock } from "../../base/clock.ts";
import { describeError, ForetickError } from "../../base/errors.ts";
import { readText, redirectOf, retryAfterSeconds } from "../../base/http.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import { type Micros, US_PER_MS } from "../../base/units.ts";
import { type Backoff, backoffMs } from "../backoff.ts";
import { MACHINE_NETWORK, type Network } from "../network.ts";
import { refusalBody } from "./body.ts";
import { RateBudget } from "./budget.ts";
import { RequestQueue, type Ticket } from "./queue.ts";

export interface RestOptions {
  /** Without path, e.g. `https://api.binance.com`. */
  readonly origin: string;
  readonly api_key?: string | undefined;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** Default: the machine's. */
  readonly network?: Pick<Network, "fetch"> | undefined;
  /** The part of the exchange's weight limit used, in (0, 1]. */
  readonly budget_share?: number;
  readonly timeout_ms?: number;
  /** Tries of one request, the first included. */
  readonly tries_max?: number;
  /** A ban longer than this fails requests at once (REST_RATE_LIMIT) instead of holding them. */
  readonly wait_max_ms?: number;
  readonly backoff?: Backoff;
}

export interface RestCounters {
  requests: number;
  retries: number;
  /** Answers 429 and 418. */
  rate_limited: number;
  failures: number;
}

export interface RestLoad {
  readonly waiting: number;
  /** Weight spent in the last minute, others behind the same address included. */
  readonly weight_used: number;
  /** Weight we allow ourselves per minute. */
  readonly weight_allowed: number;
}

export interface RestAnswer {
  readonly text: string;
  /** When the whole body had come. */
  readonly received_us: Micros;
}

const TIMEOUT_MS = 10_000;
const TRIES_MAX = 5;
const WAIT_MAX_MS = 150_000;
const BACKOFF: Backoff = { first_ms: 500, cap_ms: 15_000 };
/** In force until exchangeInfo says otherwise. */
const WEIGHT_PER_MIN = 6_000;
/** Where a 429 or 418 comes without Retry-After: the weight's window has passed by then. */
const RETRY_AFTER_S = 60;

/** The result of one try. A failed one says whether another may help. */
type Attempt =
  | { readonly ok: true; readonly text: string; readonly received_us: Micros }
  | {
      readonly ok: false;
      readonly error: ForetickError;
      readonly again: "after_backoff" | "queue" | "never";
    };

export class RestTransport {
  readonly counters: RestCounters = { requests: 0, retries: 0, rate_limited: 0, failures: 0 };
  readonly #options: RestOptions;
  readonly #budget: RateBudget;
  readonly #queue: RequestQueue;
  readonly #headers: Record<string, string>;
  readonly #in_flight = new Set<AbortController>();
  #weight_per_min = WEIGHT_PER_MIN;
  #closed = false;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#budget = new RateBudget(options.clock, WEIGHT_PER_MIN, options.budget_share ?? 0.8);
    this.#queue = new RequestQueue(options.clock, this.#budget, options.wait_max_ms ?? WAIT_MAX_MS);
    // One trade must have one time from every source: the streams use microseconds, so REST must too.
    this.#headers = { "X-MBX-TIME-UNIT": "MICROSECOND" };
    if (options.api_key) this.#headers["X-MBX-APIKEY"] = options.api_key;
  }

  /** What the exchange allows an address (weight a minute); kept to from the next request on. */
  get weight_per_min(): number {
    return this.#weight_per_min;
  }

  set weight_per_min(limit: number) {
    this.#weight_per_min = limit;
    this.#budget.limit = limit;
  }

  get load(): RestLoad {
    const { used, allowance } = this.#budget;
    return { waiting: this.#queue.depth, weight_used: used, weight_allowed: allowance };
  }

  /**
   * The text of the answer to a GET that costs `weight`.
   * @throws ForetickError REST_*; CANCELLED once `signal` is aborted, waiting or on its way.
   */
  async get(url: string, weight: number, signal?: AbortSignal): Promise<RestAnswer> {
    const ticket = this.#queue.ticket(weight);
    const tries_max = this.#options.tries_max ?? TRIES_MAX;
    for (let tries = 1; ; tries += 1) {
      await this.#queue.acquire(ticket, signal);
      let attempt: Attempt;
      try {
        attempt = await this.#attempt(url, ticket, signal);
      } finally {
        this.#queue.release(ticket);
      }
      if (attempt.ok) return attempt;
      if (signal?.aborted) throw new ForetickError("CANCELLED", `${url} is no longer wanted`);
      if (attempt.again === "never" || tries >= tries_max || this.#closed) {
        this.counters.failures += 1;
        throw attempt.error;
      }
      this.counters.retries += 1;
      const { clock, rng, log } = this.#options;
      if (attempt.again === "after_backoff") {
        const delay_ms = backoffMs(this.#options.backoff ?? BACKOFF, tries, rng);
        ticket.not_before_us = clock.monotonicUs() + delay_ms * US_PER_MS;
      }
      log.warn({ code: attempt.error.code, tries }, attempt.error.message);
    }
  }

  /** One request under one deadline, body included. Every way to fail is an answer here. */
  async #attempt(url: string, ticket: Ticket, signal: AbortSignal | undefined): Promise<Attempt> {
    const { clock, network = MACHINE_NETWORK } = this.#options;
    const timeout_ms = this.#options.timeout_ms ?? TIMEOUT_MS;
    const controller = new AbortController();
    let timed_out = false;
    const deadline = clock.after(timeout_ms, () => {
      timed_out = true;
      controller.abort();
    });
    const abort = (): void => controller.abort();
    signal?.addEventListener("abort", abort, { once: true });
    this.#in_flight.add(controller);
    this.counters.requests += 1;
    try {
      const response = await network.fetch(url, {
        headers: this.#headers,
        signal: controller.signal,
        redirect: "manual",
      });
      this.#observeWeight(response, ticket);
      const elsewhere = redirectOf(response, url);
      if (elsewhere !== undefined) return redirected(url, response, elsewhere);
      const text = await readText(response, "rest_body_bytes_max", "REST_BODY");
      if (response.ok) return { ok: true, text, received_us: clock.now() };
      return this.#refused(url, response, text);
    } catch (cause) {
      if (cause instanceof ForetickError) return { ok: false, error: cause, again: "never" };
      const error = timed_out
        ? new ForetickError(
            "REST_TIMEOUT",
            `expected an answer from ${url} within ${timeout_ms} ms, was none`,
          )
        : new ForetickError("REST_UNREACHABLE", `no answer from ${url}: ${describeError(cause)}`, { cause });
      return { ok: false, error, again: "after_backoff" };
    } finally {
      deadline.cancel();
      signal?.removeEventListener("abort", abort);
      this.#in_flight.delete(controller);
    }
  }

  #observeWeight(response: Response, ticket: Ticket): void {
    const used = Number(response.headers.get("X-MBX-USED-WEIGHT-1M") ?? Number.NaN);
    // This request is in the exchange's count already, the others on their way may not be.
    if (Number.isFinite(used)) this.#budget.observe(used, this.#queue.inFlightWeight - ticket.weight);
  }

  #refused(url: string, response: Response, text: string): Attempt {
    const { status } = response;
    const { code, msg } = refusalOf(text);
    const details = { status, code, msg };
    if (status === 429 || status === 418) {
      const now_ms = this.#options.clock.now() / US_PER_MS;
      const wait_s = retryAfterSeconds(response.headers, now_ms, LIMITS.retry_after_s_max) ?? RETRY_AFTER_S;
      this.counters.rate_limited += 1;
      this.#queue.block(wait_s * 1000);
      const message = `${url} answered ${status}: this address sends too many requests; all of them wait ${wait_s} s (${msg})`;
      return { ok: false, error: new ForetickError("REST_RATE_LIMIT", message, { details }), again: "queue" };
    }
    const remedy = remedyOf(url, status, code);
    const message = `expected HTTP 200 from ${url}, was ${status} (code ${code ?? "none"}: ${msg})${remedy}`;
    const error = new ForetickError("REST_STATUS", message, { details });
    return { ok: false, error, again: status >= 500 ? "after_backoff" : "never" };
  }

  close(): void {
    this.#closed = true;
    this.#queue.close();
    for (const controller of this.#in_flight) controller.abort();
  }
}

/** Binance's code and message, or the start of whatever else was said (a WAF answers HTML). */
function refusalOf(text: string): { code: number | undefined; msg: string } {
  try {
    const refusal = refusalBody.safeParse(JSON.parse(text)).data;
    if (refusal) return refusal;
  } catch {
    // Not JSON: said below.
  }
  return { code: undefined, msg: text.trim().slice(0, 120) };
}

/** The key goes along with every request: it is not shown to another host. */
function redirected(url: string, response: Response, elsewhere: string): Attempt {
  void response.body?.cancel().catch(() => {});
  const message =
    `expected an answer from ${url}, was sent on to ${elsewhere} (HTTP ${response.status}): not followed, ` +
    "since the API key would go along. Set BINANCE_REST_URL to the exchange's own address";
  const error = new ForetickError("REST_STATUS", message, { details: { status: response.status } });
  return { ok: false, error, again: "never" };
}

function remedyOf(url: string, status: number, code: number | undefined): string {
  if (status === 451) {
    return "; the exchange does not serve this region, whatever the key: run from another one, or set BINANCE_REST_URL to https://data-api.binance.vision";
  }
  if (code === -2014 || code === -2015) {
    return "; set BINANCE_API_KEY to a key of the exchange (it needs no permissions), and check its IP whitelist";
  }
  if (status === 403) return "; the address is blocked there: try from another network or BINANCE_REST_URL";
  if (status === 404 && url.includes("/historicalTrades")) {
    return "; data-api.binance.vision does not serve it: set BINANCE_REST_URL to https://api.binance.com";
  }
  return "";
}
