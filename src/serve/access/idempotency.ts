/** `Idempotency-Key` of changing requests: the same request sent twice is done once and answered the same. */

import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Begun, KeptAnswer, KeyedRequest } from "../../record/access/idempotency.ts";
import { problem, type RequestScope } from "../request/problem.ts";
import { ANONYMOUS } from "./identity.ts";

/** Where answers are kept. Every method rejects where that does not answer. */
export interface KeptAnswers {
  begin(request: KeyedRequest): Promise<Begun>;
  keep(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  forget(request: KeyedRequest): Promise<void>;
}

const KEY = /^[\x21-\x7e]{1,100}$/;

/** Of changing requests that name a key; others go on as they are. */
export function idempotent(kept: KeptAnswers | undefined, log: Logger): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (kept === undefined || key === undefined || c.req.method === "GET" || c.req.method === "HEAD") {
      return next();
    }
    if (!KEY.test(key)) {
      const detail = "Idempotency-Key expected 1 to 100 visible ASCII characters.";
      return problem(c, { code: "REQUEST_INVALID", field: "idempotency-key", detail });
    }
    // Read from a copy: the route reads the body too.
    const body = new Uint8Array(await c.req.raw.clone().arrayBuffer());
    const { pathname, search } = new URL(c.req.url);
    const hash = createHash("sha256").update(`${c.req.method} ${pathname}${search}\n`).update(body);
    const actor = c.var.identity?.id ?? ANONYMOUS;
    const request: KeyedRequest = { actor, key, request_sha256: hash.digest("hex") };
    const begun = await kept.begin(request).catch((error: unknown): undefined => {
      log.warn({ error: describeError(error), request_id: c.var.request_id }, "the key could not be kept");
    });
    if (begun === undefined) {
      const detail = "Idempotency keys are in the database, which gives no answer now: nothing was done.";
      return problem(c, { code: "STORE_UNREACHABLE", detail, headers: { "retry-after": "5" } });
    }
    if (begun.state === "other request") {
      const detail = "The Idempotency-Key was sent with another request before: take a new one.";
      return problem(c, { code: "IDEMPOTENCY_KEY", field: "idempotency-key", detail });
    }
    if (begun.state === "under way") {
      const detail = "A request with this Idempotency-Key is under way: ask again for its answer.";
      return problem(c, { code: "IDEMPOTENCY_BUSY", detail, headers: { "retry-after": "1" } });
    }
    if (begun.state === "answered") {
      const { status, content_type, body: text } = begun;
      const type = content_type === null ? {} : { "content-type": content_type };
      return new Response(text, { status, headers: { ...type, "idempotency-replayed": "true" } });
    }
    await next();
    const { status } = c.res;
    const text = status < 500 ? await c.res.clone().text() : "";
    const done =
      status < 500 && text.length <= LIMITS.idempotency_answer_chars_max
        ? kept.keep(request, { status, content_type: c.res.headers.get("content-type"), body: text })
        : kept.forget(request);
    await done.catch((error: unknown) => {
      log.warn({ error: describeError(error), request_id: c.var.request_id }, "the answer could not be kept");
    });
    return undefined;
  };
}
