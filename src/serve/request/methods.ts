/** A path that is there and asked with another method is refused by name, with those it has. */

import type { Hono } from "hono";
import { problem, type RequestScope } from "./problem.ts";

/** After all routes: what they do not answer comes here. */
export function refuseOtherMethods(app: Hono<RequestScope>): void {
  const methods = new Map<string, string[]>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    const there = methods.get(path) ?? [];
    for (const name of method === "GET" ? ["GET", "HEAD"] : [method]) {
      if (!there.includes(name)) there.push(name);
    }
    methods.set(path, there);
  }
  for (const [path, there] of methods) {
    const answers =
      there.length > 2 ? `${there.slice(0, -1).join(", ")} and ${there.at(-1)}` : there.join(" and ");
    app.all(path, (c) =>
      problem(c, {
        code: "METHOD_NOT_ALLOWED",
        detail: `${path} answers ${answers}, not ${c.req.method}.`,
        headers: { allow: there.join(", ") },
      }),
    );
  }
}
