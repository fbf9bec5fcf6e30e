/** The forms a setting's value may have, and what is said where it has another. */

import { isIP } from "node:net";
import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { sealOf } from "../seal/keys.ts";
import { thresholdsOf } from "./thresholds.ts";

export const origin = (schemes: readonly string[]) =>
  z.string().superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const plain = url && schemes.includes(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
    if (!plain) {
      context.addIssue({
        code: "custom",
        message: `expected an origin without a path such as ${schemes[0]}//host:port`,
      });
    }
  });

const bounded = (form: RegExp, what: string) => (unit: string, min: number, max: number) =>
  z.string().transform((text, context) => {
    const value = form.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    context.addIssue({ code: "custom", message: `expected ${what} of ${unit} from ${min} to ${max}` });
    return z.NEVER;
  });
export const integer = bounded(/^\d+$/, "a whole number");
export const decimal = bounded(/^\d+(\.\d+)?$/, "a number");

export const choice = <const T extends readonly [string, ...string[]]>(options: T) =>
  z.enum(options, { error: `expected one of ${options.join(", ")}` });

export const separated = z.string().transform((text) => text.split(",").map((part) => part.trim()));

export const list = (expected: string) =>
  separated.refine((names) => names.every((name) => /^[a-z0-9_-]+$/.test(name)), {
    error: `expected ${expected}, separated by commas`,
  });

export const addresses = separated.refine(
  (found) => found.length <= LIMITS.alert_addresses_max && found.every(isAddress),
  { error: `expected up to ${LIMITS.alert_addresses_max} mail addresses, separated by commas` },
);

/** An address, or a network such as 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const parts = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text);
  const family = isIP(parts?.[1] ?? "");
  return family !== 0 && Number(parts?.[2] ?? 0) <= (family === 6 ? 128 : 32);
}

/** An origin as a browser writes it. */
export const isSite = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

export const isAlone = (origins: readonly string[]): boolean =>
  origins.length === 1 && (origins[0] === "*" || origins[0] === "none");

export const isAddress = (text: string): boolean => /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(text);

export const webhook = z.url({
  protocol: /^https?$/,
  error: "expected the address of a webhook such as https://host/path",
});

export const thresholds = <Value>(example: string, valueIn: (text: string) => Value | undefined) =>
  separated.transform((parts, context) => {
    const table = thresholdsOf(parts, valueIn);
    if (table) return table;
    const message = `expected thresholds from 100 down and what holds from each on, such as ${example}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

export const sealKeys = separated.transform((texts, context) => {
  const seal = sealOf(texts);
  if (typeof seal !== "string") return seal;
  context.addIssue({ code: "custom", message: seal });
  return z.NEVER;
});
