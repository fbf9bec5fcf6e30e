/**
 * What the exchange answers to the JSON text a client sends over its stream connection, wording included.
 * Source: web-socket-streams.md, "Live Subscribing/Unsubscribing to streams" and its table of errors.
 */

import { LIMITS } from "../../../base/limits.ts";

// TypeScript's library does not know the source text of JSON numbers yet (ECMAScript 2026).
declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source: string }) => unknown,
    ): unknown;
    rawJSON(text: string): object;
    isRawJSON(value: unknown): value is object;
  }
}

/** The part of a connection that control messages read and change. */
export interface Subscriptions {
  /** In the order of subscription, as the client wrote them. */
  readonly streams: Set<string>;
  /** Has no effect on binary frames; kept because it can be asked for. */
  combined: boolean;
}

type RequestId = object | string | null;

interface Request {
  readonly method?: unknown;
  readonly params?: unknown;
  readonly id?: unknown;
}

const METHODS = ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"] as const;

/** Applies one message to `to` and gives the text to answer. */
export function answerControl(text: string, to: Subscriptions): string {
  const request = parseRequest(text);
  if (request === undefined) {
    return JSON.stringify({ code: 3, msg: "Invalid JSON: expected value at line 1 column 1" });
  }
  const { method, id, params } = request;
  if (method === undefined) return invalid(`missing field \`method\` at line 1 column ${text.length}`);
  if (!METHODS.includes(method as (typeof METHODS)[number])) return unknownMethod(text, method);
  if (!isRequestId(id)) return invalid("request ID must be an unsigned integer");
  switch (method as (typeof METHODS)[number]) {
    case "SUBSCRIBE":
      return changeStreams(params, id, to, (stream) => to.streams.add(stream));
    case "UNSUBSCRIBE":
      return changeStreams(params, id, to, (stream) => to.streams.delete(stream));
    case "LIST_SUBSCRIPTIONS":
      if (Array.isArray(params) && params.length > 0) return invalid("too many parameters");
      return done([...to.streams], id);
    case "SET_PROPERTY":
      return setProperty(params, id, to);
    case "GET_PROPERTY":
      return getProperty(params, id, to);
  }
}

/** undefined: not JSON. Numbers of the id keep their text: an id is an int64, more than a double holds. */
function parseRequest(text: string): Request | undefined {
  try {
    const body: unknown = JSON.parse(text, (key, value, context) =>
      key === "id" && typeof value === "number" ? JSON.rawJSON(context.source) : value,
    );
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return undefined;
  }
}

function isRequestId(id: unknown): id is RequestId {
  if (id === null) return true;
  if (typeof id === "string") return /^[A-Za-z0-9]{1,36}$/.test(id);
  return JSON.isRawJSON(id) && /^-?\d{1,19}$/.test(JSON.stringify(id));
}

function changeStreams(
  params: unknown,
  id: RequestId,
  to: Subscriptions,
  change: (stream: string) => void,
): string {
  if (!Array.isArray(params)) return invalid("missing field `params`");
  if (!params.every((stream) => typeof stream === "string")) return invalid("params must be strings");
  const streams = new Set([...to.streams, ...params]);
  if (streams.size > LIMITS.exchange_streams_max) return invalid("too many parameters");
  for (const stream of params) change(stream);
  return done(null, id);
}

function setProperty(params: unknown, id: RequestId, to: Subscriptions): string {
  const [name, value, ...more] = Array.isArray(params) ? params : [];
  if (typeof name !== "string") return invalid("property name must be a string");
  if (more.length > 0) return invalid("too many parameters");
  if (name !== "combined") return JSON.stringify({ code: 0, msg: "Unknown property", id });
  if (typeof value !== "boolean") {
    return JSON.stringify({ code: 1, msg: "Invalid value type: expected Boolean" });
  }
  to.combined = value;
  return done(null, id);
}

function getProperty(params: unknown, id: RequestId, to: Subscriptions): string {
  const [name, ...more] = Array.isArray(params) ? params : [];
  if (typeof name !== "string") return invalid("property name must be a string");
  if (more.length > 0) return invalid("too many parameters");
  if (name !== "combined") return JSON.stringify({ code: 0, msg: "Unknown property", id });
  return done(to.combined, id);
}

function unknownMethod(text: string, method: unknown): string {
  const name = typeof method === "string" ? method : JSON.stringify(method);
  const expected = METHODS.map((known) => `\`${known}\``).join(", ");
  const column = text.indexOf(name) + name.length + (typeof method === "string" ? 1 : 0);
  return invalid(`unknown variant \`${name}\`, expected one of ${expected} at line 1 column ${column}`);
}

function done(result: unknown, id: RequestId): string {
  return JSON.stringify({ result, id });
}

function invalid(reason: string): string {
  return JSON.stringify({ code: 2, msg: `Invalid request: ${reason}` });
}
