/** `GET /stream`: the upgrade to a WebSocket that is sent every prediction, and more on request. */

import type { Handler } from "hono";
import { z } from "zod";
import { LIMITS } from "../../base/limits.ts";
import { STREAM_KINDS, type StreamKind } from "../messages.ts";
import type { ServePorts } from "../ports.ts";
import { problem, type RequestScope } from "../problem.ts";
import { parseQuery, servedSymbol, symbolParameter } from "../query.ts";
import type { StreamHub } from "../stream_hub.ts";

const isKind = (text: string): text is StreamKind => (STREAM_KINDS as readonly string[]).includes(text);

const schema = z.object({
  symbol: symbolParameter,
  kinds: z
    .string()
    .transform((text, context) => {
      const kinds = [...new Set(text.split(","))];
      if (kinds.every(isKind)) return kinds;
      context.addIssue({ code: "custom", message: `expected a comma list of ${STREAM_KINDS.join(", ")}` });
      return z.NEVER;
    })
    .optional(),
});

export function getStream(ports: ServePorts, hub: StreamHub): Handler<RequestScope> {
  return (c) => {
    const query = parseQuery(c, schema);
    if (!query.ok) return query.response;
    const symbol = servedSymbol(c, ports, query.value.symbol);
    if (!symbol.ok) return symbol.response;
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      const detail = "Open this path as a WebSocket: ws://…/stream (wss:// behind TLS).";
      return problem(c, { code: "UPGRADE_REQUIRED", detail, headers: { upgrade: "websocket" } });
    }

    const symbols = query.value.symbol === undefined ? ports.symbols : [symbol.value];
    const subscription = { symbols, kinds: query.value.kinds ?? (["prediction"] as const) };
    if (hub.accept(c.req.raw, subscription, { "x-request-id": c.var.request_id })) return new Response(null);
    const detail = `At most ${LIMITS.stream_clients_max} stream clients are served: try again later, or another host.`;
    return problem(c, { code: "TOO_MANY_CLIENTS", detail, headers: { "retry-after": "10" } });
  };
}
