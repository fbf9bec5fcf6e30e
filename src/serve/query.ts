/**
 * Query parameters, checked at the edge. A parameter that is unknown, repeated or malformed is refused by
 * name: a misspelt `limit` that is silently ignored is a wrong answer.
 */

import type { Context } from "hono";
import { z } from "zod";
import { type Micros, micros, US_PER_MS, US_PER_SEC } from "../base/units.ts";
import type { ServePorts } from "./ports.ts";
import { problem, type RequestScope } from "./problem.ts";

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: Response };

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Parses the request's query with `schema`; what is wrong is answered with 400 and the field's name. */
export function parseQuery<Shape extends z.core.$ZodLooseShape>(
  c: Context<RequestScope>,
  schema: z.ZodObject<Shape>,
): Checked<z.output<z.ZodObject<Shape>>> {
  const refuse = (field: string, detail: string) => ({
    ok: false as const,
    response: problem(c, { code: "REQUEST_INVALID", field, detail }),
  });
  const known = Object.keys(schema.shape);
  const given: Record<string, string> = {};
  for (const [name, text] of new URL(c.req.url).searchParams) {
    if (!known.includes(name)) {
      const names = known.length > 0 ? `expected only ${known.join(", ")}` : "this path takes none";
      return refuse(name, `${quoted(name)} is no parameter of this path: ${names}.`);
    }
    if (Object.hasOwn(given, name)) return refuse(name, `${name} was given more than once: give it once.`);
    given[name] = text;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? "query");
  return refuse(field, `${field} ${issue?.message}, was ${quoted(given[field] ?? "")}.`);
}

/** Parameter `symbol`: optional; what it names is checked by `servedSymbol`. */
export const symbolParameter = z
  .string()
  .regex(/^[A-Z0-9]{2,20}$/, "expected upper-case letters and digits such as BTCUSDT")
  .optional();

/** The symbol a request means: the one it names, which must be served, or the first served. */
export function servedSymbol(
  c: Context<RequestScope>,
  ports: ServePorts,
  symbol: string | undefined,
): Checked<string> {
  const value = symbol ?? ports.symbols[0]!;
  if (ports.symbols.includes(value)) return { ok: true, value };
  const detail = `symbol expected one of ${ports.symbols.join(", ")}, was ${value}.`;
  return { ok: false, response: problem(c, { code: "SYMBOL_UNKNOWN", field: "symbol", detail }) };
}

const symbolSchema = z.object({ symbol: symbolParameter });

/** A query that is nothing but an optional symbol. */
export function symbolQuery(c: Context<RequestScope>, ports: ServePorts): Checked<string> {
  const query = parseQuery(c, symbolSchema);
  return query.ok ? servedSymbol(c, ports, query.value.symbol) : query;
}

/** A whole number from `min` to `max`, plain digits. */
export const integerParameter = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    context.addIssue({ code: "custom", message: `expected a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/;
const isoCalendar = z.iso.datetime({ offset: true });

/** An instant: whole seconds since the epoch, or ISO 8601 with a zone and up to six decimals. */
export const instantParameter = z.string().transform((text, context): Micros => {
  if (/^\d{1,10}$/.test(text)) return micros(Number(text) * US_PER_SEC);
  const iso = ISO.exec(text);
  if (iso && isoCalendar.safeParse(text).success) {
    const whole_us = Date.parse(`${iso[1]}${iso[3]}`) * US_PER_MS;
    if (whole_us >= 0) return micros(whole_us + Number((iso[2] ?? "").padEnd(6, "0")));
  }
  context.addIssue({
    code: "custom",
    message:
      "expected seconds since 1970 such as 1732180000, or ISO 8601 with a zone such as 2026-01-31T12:00:00Z " +
      "(write the + of an offset as %2B)",
  });
  return z.NEVER;
});
