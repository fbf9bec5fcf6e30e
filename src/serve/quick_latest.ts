/**
 * The way of most requests: `GET /latest` by anyone, for what is served, without the router and the checks of a query that
 * says nothing. It answers exactly as `app.ts` does, header by header, or not at all: then that is asked. What does not differ from
 * one request to the next is made once for each forecast, the head as the body: a head of a dozen fields made anew
 * costs more than all else together.
 */

import type { Clock } from "../base/clock.ts";
import { SERVED } from "../predict/series.ts";
import type { Access } from "./access/access.ts";
import { countedAddress } from "./access/gate.ts";
import { rateHeaders } from "./access/rates.ts";
import type { Sites } from "./access/sites.ts";
import { ACCESS_TABLE } from "./access/table.ts";
import { LatestAnswers, type LatestBytes } from "./messages/latest_bytes.ts";
import type { ServePorts } from "./ports.ts";
import { requestIdOf, requestSeconds, SAFE } from "./request/boundary.ts";
import { isKnown } from "./request/known.ts";
import type { RequestScope } from "./request/problem.ts";
import { cacheControl, maxAgeS } from "./routes/get_latest.ts";

type Server = RequestScope["Bindings"];

const ROUTE = "/latest";

/** A forecast's head. Only what every request sets anew is changed in it, and an answer takes a copy. */
interface Head {
  readonly answer: LatestBytes;
  readonly headers: Headers;
  max_age_s: number;
}

/** @returns undefined where the request is not of this kind, or the answer is a problem. */
export function quickLatest(
  ports: ServePorts,
  clock: Clock,
  access: Access,
  sites: Sites,
): (request: Request, server: Server) => Response | undefined {
  const answers = new LatestAnswers();
  const seconds = requestSeconds(ports.metrics);
  const of200 = seconds.labels({ route: ROUTE, status: "200" });
  const of304 = seconds.labels({ route: ROUTE, status: "304" });
  const symbols = new Map<string, string>([[ROUTE, ports.symbols[0]!]]);
  for (const symbol of ports.symbols) symbols.set(`${ROUTE}?symbol=${symbol}`, symbol);
  /** The newest of each symbol. */
  const heads = new Map<string, Head>();
  const headOf = (symbol: string, answer: LatestBytes): Head => {
    const there = heads.get(symbol);
    if (there?.answer === answer) return there;
    const made = { answer, headers: headersOf(answer, sites), max_age_s: -1 };
    heads.set(symbol, made);
    return made;
  };
  return (request, server) => {
    if (request.method !== "GET") return undefined;
    const { url, headers: asked } = request;
    const symbol = symbols.get(url.slice(url.indexOf("/", url.indexOf("://") + 3)));
    if (symbol === undefined || saysWho(asked)) return undefined;
    if (sites.depend_on_origin && asked.has("origin")) return undefined;
    if (!access.isFree(ACCESS_TABLE["GET /latest"]!)) return undefined;
    const started_us = clock.monotonicUs();
    const latest = ports.latest(symbol, SERVED);
    if ("reason" in latest) return undefined;
    const address = access.needs_address ? countedAddress(access, request, server) : undefined;
    const rate = access.take(undefined, address);
    if (rate && rate.wait_s > 0) return undefined;
    const head = headOf(symbol, answers.of(latest));
    const { answer, headers } = head;
    const max_age_s = maxAgeS(ports, clock, latest);
    if (max_age_s !== head.max_age_s) headers.set("cache-control", cacheControl(max_age_s));
    head.max_age_s = max_age_s;
    headers.set("x-request-id", requestIdOf(asked));
    const is_known = isKnown(asked, answer);
    const response = new Response(is_known ? null : answer.body, { status: is_known ? 304 : 200, headers });
    if (rate)
      for (const [name, value] of Object.entries(rateHeaders(rate))) response.headers.set(name, value);
    (is_known ? of304 : of200).observe((clock.monotonicUs() - started_us) / 1e6);
    return response;
  };
}

/** A request that has one of these means something else than the current forecast for anyone. */
const saysWho = (headers: Headers): boolean =>
  headers.has("authorization") ||
  headers.has("x-api-key") ||
  headers.has("x-client-id") ||
  headers.has("sec-websocket-protocol");

const headersOf = ({ headers }: LatestBytes, sites: Sites): Headers =>
  new Headers({ ...headers, ...SAFE, ...sites.headersWith(headers.vary) });
