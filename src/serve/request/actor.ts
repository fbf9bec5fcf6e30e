/** Who changes something. A changing route is closed to whoever is not known, whatever else lets them by. */

import type { Context, MiddlewareHandler } from "hono";
import { problem, type RequestScope } from "./problem.ts";

export function known(): MiddlewareHandler<RequestScope> {
  return async (c, next) => {
    if (c.var.identity) return await next();
    return problem(c, {
      code: "FORBIDDEN",
      detail: "This changes something, so it needs a key of an operator.",
    });
  };
}

/** For the record of the change. */
export const actorOf = (c: Context<RequestScope>): string => c.var.identity!.actor;
