/** `GET /stream`: the upgrade to a WebSocket that is sent every prediction of the champion, and more on request. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { STREAM_PROTOCOL } from "../access/identity.ts";
import type { Sites } from "../access/sites.ts";
import { problems } from "../describe/answers.ts";
import type { ServePorts } from "../ports.ts";
import { heldBy } from "../request/held.ts";
import { streamQuery, subscriptionOf, tooManyClients } from "../request/parameters/stream_query.ts";
import { problem, type RequestScope, type Untyped } from "../request/problem.ts";
import type { StreamHub } from "../stream/hub.ts";

export const streamRoute = createRoute({
  ...{ method: "get", path: "/stream", tags: ["Reading"] },
  summary: "WebSocket: every prediction as it is made",
  request: { query: streamQuery },
  responses: { 101: { description: "A WebSocket." }, ...problems(400, 404, 426, 503) },
});

export function getStream(
  ports: ServePorts,
  hub: StreamHub,
  sites: Sites,
): RouteHandler<typeof streamRoute, RequestScope> {
  return (c) => {
    const subscription = subscriptionOf(c, ports, c.req.valid("query"));
    if (!subscription.ok) return subscription.response;
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      const detail = "Open this path as a WebSocket: ws://…/stream (wss:// behind TLS).";
      return problem(c, { code: "UPGRADE_REQUIRED", detail, headers: { upgrade: "websocket" } });
    }

    if (!sites.mayOpen(c)) {
      const detail = "The page of this origin may not open the stream here: CORS_ORIGINS does not name it.";
      return problem(c, { code: "FORBIDDEN", field: "origin", detail });
    }
    const offered = c.req
      .header("sec-websocket-protocol")
      ?.split(",")
      .map((name) => name.trim());
    const headers = {
      "x-request-id": c.var.request_id,
      // A browser gives up a handshake in which none of what it offered is taken.
      ...(offered?.includes(STREAM_PROTOCOL) ? { "sec-websocket-protocol": STREAM_PROTOCOL } : {}),
    };
    if (hub.accept(c.req.raw, subscription.value, headers, heldBy(c))) return new Response(null) as Untyped;
    return problem(c, tooManyClients(hub.clients_max));
  };
}
