/** What is wrong with a request, as its schemas find it: the first fault, by the name of its parameter or field. */

import type { Context } from "hono";
import type { ZodError, z } from "zod";
import { problem, type RequestScope, type Untyped } from "./problem.ts";

type Issue = z.core.$ZodIssue;

const SHOWN_CHARS_MAX = 40;

type Result =
  | { readonly success: true; readonly target: string }
  | { readonly success: false; readonly target: string; readonly error: ZodError };

/** Called with what the schemas of a request say; answers where they refuse. */
export async function refuseInvalid(result: Result, c: Context<RequestScope>): Promise<Untyped | undefined> {
  if (result.success) return undefined;
  const { target, error } = result;
  const issue = error.issues[0]!;
  if (target === "query") {
    const given = c.req.queries();
    const name = String(issue.path[0]);
    if ((given[name]?.length ?? 0) > 1) {
      return refuse(c, { field: name, detail: `${name} was given more than once: give it once.` });
    }
    const once = Object.fromEntries(Object.entries(given).map(([key, texts]) => [key, texts[0]]));
    return refuse(c, faultOf(issue, once, target));
  }
  return refuse(c, faultOf(issue, await bodyOf(c, target), target));
}

/** The field at fault and a sentence about it. @param given what the schema was shown. */
export function faultOf(
  issue: Issue,
  given: unknown,
  target: string,
): { readonly field: string; readonly detail: string } {
  if (issue.code === "unrecognized_keys") {
    const field = pathText([...issue.path, issue.keys[0]!]);
    return { field, detail: `${shown(issue.keys[0])} ${issue.message}.` };
  }
  const field = pathText(issue.path) || target;
  return { field, detail: `${field} ${sentence(issue, at(given, issue.path))}.` };
}

const refuse = (c: Context<RequestScope>, fault: { field: string; detail: string }): Untyped =>
  problem(c, { code: "REQUEST_INVALID", ...fault });

function sentence(issue: Issue, found: unknown): string {
  if (found === undefined) return `${expectedOf(issue)}, is missing`;
  return `${expectedOf(issue)}, was ${shown(found)}`;
}

/** zod's own sentences begin with a title ("Too big: expected …"). */
function expectedOf(issue: Issue): string {
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  return issue.message.replace(/^[A-Z][a-z ]*: (?=expected|must)/, "");
}

/** e.g. `requests[3].features.ret_1s`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cut = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
  return typeof value === "string" ? JSON.stringify(cut) : cut;
}

async function bodyOf(c: Context<RequestScope>, target: string): Promise<unknown> {
  if (target === "param") return c.req.param();
  if (target === "form") return await c.req.parseBody();
  return target === "json" ? await c.req.json() : undefined;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<PropertyKey, unknown>)[key];
  }
  return found;
}
