/**
 * The query parameters of the exchange's REST, checked as Binance checks them and refused with its codes and
 * words (errors.md). A refusal is an ordinary value here: answering it is what this code is for.
 */

import { type Interval, intervalOf, zoneOf } from "./intervals.ts";

export interface Refusal {
  readonly code: number;
  readonly msg: string;
}

/** Parameters as their endpoint uses them. What was not sent is undefined. */
export interface Query {
  readonly symbol?: string;
  readonly symbols?: readonly string[];
  readonly limit?: number;
  readonly from_id?: number;
  /** Inclusive. */
  readonly start_us?: number;
  /** Inclusive; a millisecond includes all of its microseconds. */
  readonly end_us?: number;
  readonly interval?: Interval;
  readonly mini?: boolean;
  readonly symbol_status?: string;
  readonly show_permission_sets?: boolean;
}

export type ParamName =
  | "symbol"
  | "symbols"
  | "limit"
  | "fromId"
  | "startTime"
  | "endTime"
  | "interval"
  | "timeZone"
  | "type"
  | "symbolStatus"
  | "permissions"
  | "showPermissionSets";

export interface ParamRules {
  readonly allowed: readonly ParamName[];
  readonly required: readonly ParamName[];
}

export type Parsed = { readonly ok: true; readonly query: Query } | ({ readonly ok: false } & Refusal);

const SYMBOL = "^[A-Z0-9-_.]{1,20}$";
const SYMBOL_LIST = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$';
const DIGITS = "^[0-9]{1,20}$";
/** Times from here on are microseconds: as milliseconds they would be in the year 5138. */
const MICROSECONDS_FROM = 1e14;

export function parseQuery(search: URLSearchParams, rules: ParamRules): Parsed {
  const refusal = refuseNames(search, rules);
  if (refusal) return { ok: false, ...refusal };
  const fields: Record<string, unknown> = {};
  for (const name of rules.allowed) {
    const text = search.get(name);
    if (text === null) continue;
    const refused = readParam(name, text, fields);
    if (refused) return { ok: false, ...refused };
  }
  const interval = search.get("interval");
  if (interval !== null) {
    const known = intervalOf(interval, (fields.zone_us as number | undefined) ?? 0);
    if (!known) return { ok: false, code: -1120, msg: "Invalid interval." };
    fields.interval = known;
  }
  return { ok: true, query: fields };
}

function refuseNames(search: URLSearchParams, rules: ParamRules): Refusal | undefined {
  const names = [...search.keys()];
  if (new Set(names).size < names.length) {
    return { code: -1101, msg: "Duplicate values for a parameter detected." };
  }
  if (names.length > rules.allowed.length) {
    const msg = `Too many parameters; expected '${rules.allowed.length}' and received '${names.length}'.`;
    return { code: -1101, msg };
  }
  const read = names.filter((name) => (rules.allowed as readonly string[]).includes(name)).length;
  for (const name of names) {
    if (search.get(name) === "") return { code: -1105, msg: `Parameter '${name}' was empty.` };
  }
  for (const name of rules.required) {
    if (search.has(name)) continue;
    return {
      code: -1102,
      msg: `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
    };
  }
  if (read < names.length) {
    const msg = `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${names.length}'.`;
    return { code: -1104, msg };
  }
  return undefined;
}

/** Puts the parameter among the fields, or says why not. */
function readParam(name: ParamName, text: string, fields: Record<string, unknown>): Refusal | undefined {
  switch (name) {
    case "symbol":
      if (!new RegExp(SYMBOL).test(text)) return illegal(name, SYMBOL);
      fields.symbol = text;
      return undefined;
    case "symbols":
      if (!new RegExp(SYMBOL_LIST).test(text)) return illegal(name, SYMBOL_LIST);
      fields.symbols = JSON.parse(text);
      return undefined;
    case "limit":
      return readNumber(name, text, (value) => {
        if (value > 0) fields.limit = value;
        return value > 0;
      });
    case "fromId":
      return readNumber(name, text, (value) => {
        fields.from_id = value;
        return true;
      });
    case "startTime":
      return readNumber(name, text, (value) => {
        fields.start_us = value < MICROSECONDS_FROM ? value * 1000 : value;
        return true;
      });
    case "endTime":
      return readNumber(name, text, (value) => {
        fields.end_us = value < MICROSECONDS_FROM ? value * 1000 + 999 : value;
        return true;
      });
    case "timeZone":
      fields.zone_us = zoneOf(text);
      return fields.zone_us === undefined ? notValid(name) : undefined;
    case "type":
      fields.mini = text === "MINI";
      return text === "MINI" || text === "FULL" ? undefined : { code: -1139, msg: "Invalid ticker type." };
    case "symbolStatus":
      fields.symbol_status = text;
      return ["TRADING", "HALT", "BREAK"].includes(text)
        ? undefined
        : { code: -1122, msg: "Invalid symbolStatus." };
    case "showPermissionSets":
      fields.show_permission_sets = text === "true";
      return text === "true" || text === "false" ? undefined : notValid(name);
    default:
      return undefined;
  }
}

function readNumber(name: ParamName, text: string, take: (value: number) => boolean): Refusal | undefined {
  if (!new RegExp(DIGITS).test(text)) return illegal(name, DIGITS);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) return { code: -1108, msg: `Parameter '${name}' overflowed.` };
  return take(value) ? undefined : notValid(name);
}

function illegal(name: string, range: string): Refusal {
  return {
    code: -1100,
    msg: `Illegal characters found in parameter '${name}'; legal range is '${range}'.`,
  };
}

function notValid(name: string): Refusal {
  return { code: -1130, msg: `Data sent for parameter '${name}' is not valid.` };
}
