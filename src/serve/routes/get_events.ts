/** `GET /events`: the messages of `/stream` as server-sent events, each under its id, so that a browser goes on where it was. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../../base/limits.ts";
import { problems } from "../describe/answers.ts";
import type { ServePorts } from "../ports.ts";
import { heldBy } from "../request/held.ts";
import { sinceOf, streamQuery, subscriptionOf, tooManyClients } from "../request/parameters/stream_query.ts";
import { problem, type RequestScope, type Untyped } from "../request/problem.ts";
import type { StreamHub } from "../stream/hub.ts";

export const eventsRoute = createRoute({
  ...{ method: "get", path: "/events", tags: ["Reading"] },
  summary: "Server-sent events: every prediction as it is made",
  request: { query: streamQuery },
  responses: {
    200: {
      description: "The messages of /stream; `id` is the tick and the place in it.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...problems(400, 404, 503),
  },
});

export function getEvents(ports: ServePorts, hub: StreamHub): RouteHandler<typeof eventsRoute, RequestScope> {
  return (c) => {
    const subscription = subscriptionOf(c, ports, c.req.valid("query"));
    if (!subscription.ok) return subscription.response;
    const last_id = c.req.header("last-event-id");
    const since = last_id === undefined || last_id === "" ? subscription.value.since : sinceOf(last_id);
    if (last_id && !since) {
      const detail = "last-event-id expected an id of this path such as 1732180039.2, was none.";
      return problem(c, { code: "REQUEST_INVALID", field: "last-event-id", detail });
    }
    // A proxy that collects an answer before it passes it on would hold every event back.
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    if (c.req.method === "HEAD") return c.body(null, 200, headers) as Untyped;
    const stream = hub.events.open({ ...subscription.value, since }, heldBy(c));
    if (!stream) return problem(c, tooManyClients(hub.clients_max));
    c.env?.timeout?.(c.req.raw, LIMITS.events_idle_max_s);
    return c.body(stream, 200, headers) as Untyped;
  };
}
