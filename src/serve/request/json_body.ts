/** A body of JSON, read once and bounded, before its schema looks at it: a value JSON does not have is named. */

import type { MiddlewareHandler } from "hono";
import { LIMITS } from "../../base/limits.ts";
import { problem, type RequestScope } from "./problem.ts";

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;
/** As other languages write what JSON has no number for. */
const NO_NUMBER = /"((?:[^"\\]|\\.)*)"\s*:\s*(-?(?:NaN|Infinity|inf|nan))\b/;

/** @param bytes_max of the body; a larger one is a 413. */
export function jsonBody(bytes_max: number = LIMITS.request_body_bytes_max): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    const type = c.req.header("content-type");
    if (type !== undefined && !JSON_TYPE.test(type)) {
      const detail = `the body expected content-type application/json, was ${type.slice(0, 100)}.`;
      return problem(c, { code: "MEDIA_TYPE", field: "content-type", detail });
    }
    const said_bytes = Number(c.req.header("content-length") ?? 0);
    const text = said_bytes > bytes_max ? "" : await c.req.text();
    if (Math.max(said_bytes, text.length) > bytes_max) {
      const detail = `the body expected at most ${bytes_max} bytes, was larger.`;
      return problem(c, { code: "BODY_TOO_LARGE", field: "body", detail });
    }
    if (type === undefined && text !== "") {
      const detail = "the body expected content-type application/json, was none.";
      return problem(c, { code: "MEDIA_TYPE", field: "content-type", detail });
    }
    try {
      if (hasOddLength(text)) {
        const detail = "length expected a number, was a list or a record.";
        return problem(c, { code: "REQUEST_INVALID", field: "length", detail });
      }
    } catch (error) {
      const found = NO_NUMBER.exec(text);
      const field = found?.[1] ?? "body";
      const detail = found
        ? `${field} expected a finite number, was ${found[2]}.`
        : `the body expected JSON, was ${text === "" ? "empty" : "not: "}${text === "" ? "" : (error as Error).message.slice(0, 100)}.`;
      return problem(c, { code: "REQUEST_INVALID", field, detail });
    }
    return await next();
  };
}

/**
 * Whether something in the text has a length that cannot be one: the schemas throw on it (base/schema.ts).
 * @throws SyntaxError where the text is no JSON.
 */
function hasOddLength(text: string): boolean {
  let odd = false;
  const look = (name: string, value: unknown): unknown => {
    if (name === "length" && typeof value === "object" && value !== null) odd = true;
    return value;
  };
  // Its letters may be written as escapes.
  JSON.parse(text, text.includes("length") || text.includes("\\u") ? look : undefined);
  return odd;
}
