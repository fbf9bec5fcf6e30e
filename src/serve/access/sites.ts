/**
 * Whose pages may ask from a browser (CORS_ORIGINS). Without it any site may read what is public, with GET and nothing else.
 * With it the sites named may ask everything that their key allows, and no other site anything, `/stream` included:
 * a browser lets any page open a WebSocket, and only its origin says whose page that is.
 */

import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { LIMITS } from "../../base/limits.ts";
import type { RequestScope } from "../request/problem.ts";

/** What a page may read of an answer. */
const EXPOSED = [
  "etag",
  "x-request-id",
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
  "idempotency-replayed",
];
const SENT = [
  ...["authorization", "x-api-key", "content-type", "idempotency-key"],
  ...["x-client-id", "x-request-id", "last-event-id"],
];

/** On what any site may read. */
const ANY_SITE: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "etag, x-request-id, retry-after, ratelimit, ratelimit-policy",
};

export class Sites {
  /** Undefined: any site may read what is public. */
  readonly #named: readonly string[] | undefined;

  /** @param origins of CORS_ORIGINS: `["*"]`, `["none"]`, or origins such as https://host. */
  constructor(origins: readonly string[] = ["*"]) {
    if (origins[0] !== "*") this.#named = origins.filter((origin) => origin !== "none");
  }

  /** Before every route; undefined where none needs it. */
  get everywhere(): MiddlewareHandler<RequestScope> | undefined {
    const named = this.#named;
    if (!named || named.length === 0) return undefined;
    return cors({
      ...{ origin: [...named], allowMethods: ["GET", "HEAD", "POST"], allowHeaders: SENT },
      ...{ exposeHeaders: EXPOSED, maxAge: LIMITS.preflight_age_s },
    });
  }

  /** Before what is public: market data and forecasts, which carry no cookies. Health and metrics are the operator's. */
  get onPublic(): MiddlewareHandler<RequestScope> | undefined {
    if (this.#named) return undefined;
    return async (c, next) => {
      await next();
      for (const [name, value] of Object.entries(ANY_SITE)) c.res.headers.set(name, value);
    };
  }

  /** Whether an answer to a request for public data depends on whose page asks. */
  get depend_on_origin(): boolean {
    return this.#named !== undefined && this.#named.length > 0;
  }

  /**
   * What an answer to a request for public data has, as the middleware would give it to any page, or to one that says no
   * origin where it depends on that.
   * @param vary of the answer itself.
   */
  headersWith(vary: string): Readonly<Record<string, string>> {
    if (!this.#named) return ANY_SITE;
    if (this.#named.length === 0) return {};
    return { vary: `${vary}, Origin`, "access-control-expose-headers": EXPOSED.join(",") };
  }

  /** Whether a page may open `/stream`: any where any may read, else those named and our own. What is no browser says no origin. */
  mayOpen(c: Context<RequestScope>): boolean {
    const origin = c.req.header("origin");
    if (origin === undefined || !this.#named || this.#named.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === c.req.header("host");
  }
}
