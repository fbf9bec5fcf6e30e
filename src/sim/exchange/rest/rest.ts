/**
 * The REST side of the paper exchange: one request in, one response out, weighed, checked and written as
 * Binance does. It does not use sockets.
 */

import type { Clock } from "../../../base/clock.ts";
import type { PaperMarket } from "../market.ts";
import { ENDPOINTS, type Endpoint } from "./endpoints.ts";
import type { TimeFormat } from "./klines.ts";
import { type Parsed, parseQuery, type Query, type Refusal } from "./params.ts";
import { type Admission, RequestWeights, type WeightLimits } from "./weights.ts";

export interface RestOptions {
  readonly market: PaperMarket;
  readonly market_us: () => number;
  /** What the server's clock shows; the market's, but for a fault. */
  readonly server_us: () => number;
  readonly clock: Clock;
  readonly limits?: WeightLimits;
}

const PREFIX = "/api/v3/";

export class RestServer {
  readonly counters = { requests: 0, refused: 0, limited: 0, truncated: 0 };
  readonly #options: RestOptions;
  readonly #weights: RequestWeights;
  /** The symbol's, as exchangeInfo says it. */
  status = "TRADING";
  #truncate: { how: "short" | "cut"; count: number } = { how: "short", count: 0 };

  constructor(options: RestOptions) {
    this.#options = options;
    this.#weights = new RequestWeights(options.clock, options.limits);
  }

  /** A fault for tests: every request is answered 429 for `seconds`. */
  refuseFor(seconds: number): void {
    this.#weights.refuseFor(seconds);
  }

  /**
   * A fault for tests: of the next `count` lists with more than one row, only the first half comes, either as
   * a shorter list ("short") or as a text that breaks off ("cut").
   */
  truncateNext(how: "short" | "cut", count: number): void {
    this.#truncate = { how, count };
  }

  answer(request: Request, url: URL, ip: string): Response {
    this.counters.requests++;
    const name = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : "";
    const endpoint = Object.hasOwn(ENDPOINTS, name) ? ENDPOINTS[name] : undefined;
    if (!endpoint) return new Response(null, { status: 404 });
    if (request.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
    const parsed = parseQuery(url.searchParams, endpoint);
    const admission = this.#weights.admit(ip, parsed.ok ? endpoint.weight(parsed.query) : 1);
    if (admission.kind !== "admitted") return this.#limited(admission);
    const time = timeFormat(request.headers.get("x-mbx-time-unit"));
    const refusal = this.#refusalOf(endpoint, parsed, time);
    if (refusal) {
      this.counters.refused++;
      return json(refusal, 400, admission.used);
    }
    const { market, market_us, server_us } = this.#options;
    const query = (parsed as { readonly query: Query }).query;
    const weight_per_minute = this.#weights.limit;
    const times = { market_us: market_us(), server_us: server_us(), time: time! };
    const asked = { query, market, ...times, weight_per_minute, status: this.status };
    return this.#answered(endpoint.answer(asked), admission.used);
  }

  #answered(body: unknown, used: number): Response {
    const fault = this.#truncate;
    if (fault.count === 0 || !Array.isArray(body) || body.length < 2) return json(body, 200, used);
    fault.count--;
    this.counters.truncated++;
    if (fault.how === "short") return json(body.slice(0, body.length >> 1), 200, used);
    const text = JSON.stringify(body);
    return jsonText(text.slice(0, text.length >> 1), 200, used);
  }

  #refusalOf(endpoint: Endpoint, parsed: Parsed, time: TimeFormat | undefined): Refusal | undefined {
    if (!time) {
      return {
        code: -1194,
        msg: "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
      };
    }
    if (!parsed.ok) return { code: parsed.code, msg: parsed.msg };
    const { symbol, symbols, symbol_status } = parsed.query;
    const strangers = [symbol, ...(symbols ?? [])].filter(
      (one) => one && one !== this.#options.market.symbol,
    );
    if (strangers.length > 0) return { code: -1121, msg: "Invalid symbol." };
    if (symbols && new Set(symbols).size < symbols.length) {
      return { code: -1151, msg: "Symbol is present multiple times in the list." };
    }
    const refusal = endpoint.refuse?.(parsed.query);
    if (refusal) return refusal;
    if (symbol && symbol_status && symbol_status !== "TRADING") {
      return { code: -1220, msg: "The symbol's status does not match the requested symbolStatus." };
    }
    return undefined;
  }

  #limited(admission: Exclude<Admission, { readonly kind: "admitted" }>): Response {
    this.counters.limited++;
    const retry = { "retry-after": String(admission.retry_after_s) };
    if (admission.kind === "banned") {
      const msg = `Way too much request weight used; IP banned until ${admission.until_ms}. Please use WebSocket Streams for live updates to avoid bans.`;
      return json({ code: -1003, msg }, 418, admission.used, retry);
    }
    const msg = `Too much request weight used; current limit is ${this.#weights.limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`;
    return json({ code: -1003, msg }, 429, admission.used, retry);
  }
}

/** How times are written; undefined where the header asks for a unit that does not exist. */
function timeFormat(header: string | null): TimeFormat | undefined {
  const unit = header?.toUpperCase() ?? "MILLISECOND";
  if (unit === "MICROSECOND") return (time_us) => time_us;
  return unit === "MILLISECOND" ? (time_us) => Math.floor(time_us / 1000) : undefined;
}

function json(body: unknown, status: number, used: number, more: Record<string, string> = {}): Response {
  return jsonText(JSON.stringify(body), status, used, more);
}

function jsonText(text: string, status: number, used: number, more: Record<string, string> = {}): Response {
  return new Response(text, {
    status,
    headers: {
      "content-type": "application/json;charset=UTF-8",
      "cache-control": "no-cache, no-store, must-revalidate",
      "x-mbx-used-weight": String(used),
      "x-mbx-used-weight-1m": String(used),
      ...more,
    },
  });
}
