/** The parameters of `/stream` and `/events`. */

import type { Context } from "hono";
import { z } from "zod";
import { STREAM_KINDS, type StreamKind } from "../../messages/stream.ts";
import type { ServePorts } from "../../ports.ts";
import type { Since, Subscription } from "../../stream/subscription.ts";
import type { RequestScope } from "../problem.ts";
import { type Checked, queryOf, servedSymbol, symbolParameter } from "./query.ts";
import { choiceOf, liveSeriesParameters } from "./series_query.ts";

const isKind = (text: string): text is StreamKind => (STREAM_KINDS as readonly string[]).includes(text);

const SINCE = /^(\d{1,10})(?:\.(\d{1,6}))?$/;

/** A tick, or the id of a message; undefined where it is neither. */
export function sinceOf(text: string): Since | undefined {
  const [, tick, place] = SINCE.exec(text) ?? [];
  if (tick === undefined) return undefined;
  return { tick: Number(tick), place: place === undefined ? undefined : Number(place) };
}

export const streamQuery = queryOf({
  symbol: symbolParameter,
  kinds: z
    .string()
    .transform((text, context) => {
      const kinds = [...new Set(text.split(","))];
      if (kinds.every(isKind)) return kinds;
      context.addIssue({ code: "custom", message: `expected a comma list of ${STREAM_KINDS.join(", ")}` });
      return z.NEVER;
    })
    .meta({
      type: "string",
      description: `Comma list of ${STREAM_KINDS.join(", ")}.`,
      example: "prediction,outcome",
    })
    .optional(),
  since: z
    .string()
    .transform((text, context): Since => {
      const since = sinceOf(text);
      if (since) return since;
      const message = "expected a tick such as 1732180039, or an id of /events such as 1732180039.2";
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .meta({
      type: "string",
      pattern: SINCE.source,
      description:
        "The last tick seen, or the last id: what came after it is sent first, as far as it is kept.",
      example: "1732180039",
    })
    .optional(),
  ...liveSeriesParameters,
});

export function subscriptionOf(
  c: Context<RequestScope>,
  ports: Pick<ServePorts, "symbols">,
  query: z.output<typeof streamQuery>,
): Checked<Subscription> {
  const symbol = servedSymbol(c, ports, query.symbol);
  if (!symbol.ok) return symbol;
  const symbols = query.symbol === undefined ? ports.symbols : [symbol.value];
  const kinds = query.kinds ?? (["prediction"] as const);
  return { ok: true, value: { symbols, kinds, choice: choiceOf(query, "served"), since: query.since } };
}

export const tooManyClients = (clients_max: number) =>
  ({
    code: "TOO_MANY_CLIENTS",
    detail: `At most ${clients_max} stream clients are served: try again later, or another host.`,
    headers: { "retry-after": "10" },
  }) as const;
