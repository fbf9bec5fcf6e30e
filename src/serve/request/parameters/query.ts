/**
 * Query parameters, checked at the edge. A parameter that is unknown, repeated or malformed is refused by
 * name: a misspelt `limit` that is silently ignored is a wrong answer.
 */

import type { Context } from "hono";
import { z } from "zod";
import { type Micros, micros, US_PER_MS, US_PER_SEC } from "../../../base/units.ts";
import type { ServePorts } from "../../ports.ts";
import { problem, type RequestScope, type Untyped } from "../problem.ts";

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: Untyped };

/** An object of these members and no others; one too many is told which there are. */
export const membersOf = <Shape extends z.core.$ZodLooseShape>(shape: Shape, whose: "query" | "body") =>
  z.strictObject(shape, {
    error: ({ code }) => {
      if (code !== "unrecognized_keys") return undefined;
      const names = Object.keys(shape).join(", ");
      if (whose === "body") return `is no field of this body: expected only ${names}`;
      return `is no parameter of this path: ${names === "" ? "this path takes none" : `expected only ${names}`}`;
    },
  });

export const queryOf = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => membersOf(shape, "query");

/** A query without any parameter. */
export const noQuery = queryOf({});

/** Parameter `symbol`: optional; what it names is checked by `servedSymbol`. */
export const symbolParameter = z
  .string()
  .regex(/^[A-Z0-9]{2,20}$/, "expected upper-case letters and digits such as BTCUSDT")
  .meta({ description: "Must be one that is served; left out, the first of them.", example: "BTCUSDT" })
  .optional();

/** The symbol a request means: the one it names, which must be served, or the first served. */
export function servedSymbol(
  c: Context<RequestScope>,
  ports: Pick<ServePorts, "symbols">,
  symbol: string | undefined,
): Checked<string> {
  const value = symbol ?? ports.symbols[0]!;
  if (ports.symbols.includes(value)) return { ok: true, value };
  const detail = `symbol expected one of ${ports.symbols.join(", ")}, was ${value}.`;
  return { ok: false, response: problem(c, { code: "SYMBOL_UNKNOWN", field: "symbol", detail }) };
}

/** A query that is nothing but an optional symbol. */
export const symbolQuery = queryOf({ symbol: symbolParameter });

/** A whole number from `min` to `max`, plain digits. */
export const integerParameter = (min: number, max: number) =>
  z
    .string()
    .transform((text, context) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      context.addIssue({ code: "custom", message: `expected a whole number from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ type: "integer", minimum: min, maximum: max });

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/;
const isoCalendar = z.iso.datetime({ offset: true });

/** An instant: whole seconds since the epoch, or ISO 8601 with a zone and up to six decimals. */
export const instantParameter = z
  .string()
  .transform((text, context): Micros => {
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
  })
  .meta({
    type: "string",
    description: "Whole seconds since 1970, or ISO 8601 with a zone and up to six decimals.",
    example: "2026-01-31T12:00:00Z",
  });
