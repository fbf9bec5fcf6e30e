/** `Idempotency-Key` of changing requests: the same request sent twice is done once and answered the same. */

import { createHash } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Doing, KeyedRequest, Once, Outcome } from "../../record/access/idempotency.ts";
import { type Problem, problem, type RequestScope } from "../request/problem.ts";
import { ANONYMOUS } from "./identity.ts";

/** Where answers are kept. */
export interface KeptAnswers {
  /** As `doneOnce`; "too many" where as many as may are under way. @throws as that. */
  once(request: KeyedRequest, doing: Doing): Promise<Once | { readonly state: "too many" }>;
}

const KEY = /^[\x21-\x7e]{1,100}$/;

/** Why a request was not done. */
const NOT_DONE: Readonly<Record<"other request" | "under way" | "too many", Problem>> = {
  "other request": {
    ...{ code: "IDEMPOTENCY_KEY", field: "idempotency-key" },
    detail: "The Idempotency-Key was sent with another request before: take a new one.",
  },
  "under way": {
    ...{ code: "IDEMPOTENCY_BUSY", headers: { "retry-after": "1" } },
    detail: "A request with this Idempotency-Key is under way: ask again for its answer.",
  },
  "too many": {
    ...{ code: "BUSY", headers: { "retry-after": "1" } },
    detail: "As many requests with an Idempotency-Key as may are under way: ask again.",
  },
};

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
    const request = await keyedRequest(c, key);
    let begun = false;
    try {
      const once = await kept.once(request, async (work) => {
        begun = true;
        c.set("work", work);
        await next();
        return await outcomeOf(c.res);
      });
      if (once.state === "done") return undefined;
      if (once.state !== "answered") return problem(c, NOT_DONE[once.state]);
      const { status, content_type, body } = once;
      const type = content_type === null ? {} : { "content-type": content_type };
      return new Response(body, { status, headers: { ...type, "idempotency-replayed": "true" } });
    } catch (error) {
      log.warn({ error: describeError(error), request_id: c.var.request_id }, "a keyed request was not done");
      const refused = problem(c, {
        code: "STORE_UNREACHABLE",
        detail: begun
          ? "The database went away before it said that this was done: send it again with the same Idempotency-Key, and it is done once."
          : "Idempotency keys are in the database, which gives no answer now: nothing was done.",
        headers: { "retry-after": "5" },
      });
      // In place of an answer that is not true.
      if (begun) c.res = refused;
      return begun ? undefined : refused;
    }
  };
}

async function keyedRequest(c: Context<RequestScope>, key: string): Promise<KeyedRequest> {
  // Read from a copy: the route reads the body too.
  const body = new Uint8Array(await c.req.raw.clone().arrayBuffer());
  const { pathname, search } = new URL(c.req.url);
  const hash = createHash("sha256").update(`${c.req.method} ${pathname}${search}\n`).update(body);
  return { actor: c.var.identity?.id ?? ANONYMOUS, key, request_sha256: hash.digest("hex") };
}

async function outcomeOf(response: Response): Promise<Outcome> {
  const { status, headers } = response;
  if (status >= 500) return { stays: false };
  const body = await response.clone().text();
  const fits = body.length <= LIMITS.idempotency_answer_chars_max;
  return {
    stays: true,
    answer: fits ? { status, content_type: headers.get("content-type"), body } : undefined,
  };
}
