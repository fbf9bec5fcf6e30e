/**
 * The way of most requests: `GET /latest` by anyone, for what is served, without the router and the checks of a query that
 * says nothing. It answers exactly as `app.ts` does, header by header, or not at all: then that is asked.
 */

import type { Clock } from "../base/clock.ts";
import { SERVED } from "../predict/series.ts";
import type { Access } from "./access/access.ts";
import { countedAddress } from "./access/gate.ts";
import { rateHeaders } from "./access/rates.ts";
import type { Sites } from "./access/sites.ts";
import { ACCESS_TABLE } from "./access/table.ts";
import { LatestAnswers } from "./messages/latest_bytes.ts";
import type { ServePorts } from "./ports.ts";
import { requestIdOf, requestSeconds, SAFE } from "./request/boundary.ts";
import { isKnown } from "./request/known.ts";
import type { RequestScope } from "./request/problem.ts";
import { cacheControl } from "./routes/get_latest.ts";

type Server = RequestScope["Bindings"];

/** A request that has one of these means something else than the current forecast for anyone. */
const OTHERS = ["authorization", "x-api-key", "x-client-id", "sec-websocket-protocol"];
const ROUTE = "/latest";

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
  return (request, server) => {
    if (request.method !== "GET") return undefined;
    const { url, headers } = request;
    const symbol = symbols.get(url.slice(url.indexOf("/", url.indexOf("://") + 3)));
    if (symbol === undefined || OTHERS.some((name) => headers.has(name))) return undefined;
    if (!access.isFree(ACCESS_TABLE["GET /latest"]!)) return undefined;
    const started_us = clock.monotonicUs();
    const latest = ports.latest(symbol, SERVED);
    if ("reason" in latest) return undefined;
    const answer = answers.of(latest);
    const of_sites = sites.headersFor(request, answer.headers.vary);
    if (of_sites === undefined) return undefined;
    const address = access.needs_address ? countedAddress(access, request, server) : undefined;
    const rate = access.take(undefined, address);
    if (rate && rate.wait_s > 0) return undefined;
    const is_known = isKnown(headers, answer);
    const response = new Response(is_known ? null : answer.body, {
      status: is_known ? 304 : 200,
      headers: {
        ...answer.headers,
        ...SAFE,
        ...of_sites,
        ...(rate ? rateHeaders(rate) : {}),
        "cache-control": cacheControl(ports, clock, latest),
        "x-request-id": requestIdOf(headers),
      },
    });
    (is_known ? of304 : of200).observe((clock.monotonicUs() - started_us) / 1e6);
    return response;
  };
}
