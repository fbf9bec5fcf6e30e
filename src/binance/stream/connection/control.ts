/**
 * The JSON text frames between the binary ones: what we ask, what the exchange answers, and its
 * notice before it shuts down. Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 * ("Live Subscribing/Unsubscribing to streams").
 */

import { z } from "zod";
import { parsedBy } from "../../../base/input/schema.ts";
import type { StreamName } from "../../events.ts";

export type ControlFrame =
  /** The request with this id is done. */
  | { readonly kind: "done"; readonly id: number }
  /** A request was refused. Some refusals carry no id: then every open request may be the one. */
  | {
      readonly kind: "refused";
      readonly id: number | undefined;
      readonly code: number;
      readonly message: string;
    }
  /** The server goes away; a new connection is needed at once. */
  | { readonly kind: "server_shutdown"; readonly at_ms: number | undefined }
  /** Text that is none of these; its first 200 characters for the log. */
  | { readonly kind: "unknown"; readonly text: string };

const idSchema = z.union([z.number(), z.string(), z.null()]).optional();
const doneSchema = z.object({ result: z.null(), id: idSchema });
const refusalSchema = z.object({ code: z.number(), msg: z.string(), id: idSchema });
// The WebSocket API nests its refusals; the streams do not today. Reading both costs nothing.
const nestedRefusalSchema = z.object({
  error: z.object({ code: z.number(), msg: z.string() }),
  id: idSchema,
});
const shutdownSchema = z.object({ e: z.literal("serverShutdown"), E: z.number().optional() });
const wrappedShutdownSchema = z.object({ stream: z.string().optional(), data: shutdownSchema });

/** The stream's name on the wire; the exchange takes the symbol in lower case. */
export function streamOf(symbol: string, stream: StreamName): string {
  return `${symbol.toLowerCase()}@${stream}`;
}

export function subscribeText(streams: readonly string[], id: number): string {
  return JSON.stringify({ method: "SUBSCRIBE", params: streams, id });
}

/** Reads a text frame. Never throws: text from outside is an expected case, whatever it holds. */
export function readControl(text: string): ControlFrame {
  const unknown: ControlFrame = { kind: "unknown", text: text.slice(0, 200) };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return unknown;
  }
  const shutdown = parsedBy(shutdownSchema, body).data ?? parsedBy(wrappedShutdownSchema, body).data?.data;
  if (shutdown) return { kind: "server_shutdown", at_ms: shutdown.E };
  const refusal = parsedBy(refusalSchema, body).data;
  if (refusal) return refused(refusal.code, refusal.msg, refusal.id);
  const nested = parsedBy(nestedRefusalSchema, body).data;
  if (nested) return refused(nested.error.code, nested.error.msg, nested.id);
  const done = parsedBy(doneSchema, body).data;
  return typeof done?.id === "number" ? { kind: "done", id: done.id } : unknown;
}

function refused(code: number, message: string, id: unknown): ControlFrame {
  return { kind: "refused", code, message, id: typeof id === "number" ? id : undefined };
}
