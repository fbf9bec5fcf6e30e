/**
 * Before every route: may this caller? What is public and asked for without a credential costs a look into a map. A route
 * without a row in the table is refused, whoever asks.
 */

import type { Context, MiddlewareHandler, Next } from "hono";
import { matchedRoutes } from "hono/route";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Problem, problem, type RequestScope } from "../request/problem.ts";
import type { Access } from "./access.ts";
import { isLoopback } from "./addresses.ts";
import { ANONYMOUS, credentialOf, type Identity } from "./identity.ts";
import { ACCESS_TABLE, type Needed } from "./table.ts";

const RETRY_AFTER_S = 5;

const WITHOUT_ROW: Problem = {
  code: "FORBIDDEN",
  detail: "This route has no row in the table of who may call what, so nobody may.",
};

export function gate(
  access: Access,
  log: Logger,
  table: Readonly<Record<string, Needed>> = ACCESS_TABLE,
): MiddlewareHandler<RequestScope> {
  const exact = exactRows(table);

  async function asked(
    c: Context<RequestScope>,
    next: Next,
    needed: Needed,
    credential: string | undefined,
  ): Promise<Response | undefined> {
    const refused = await refusal(c, needed, credential).catch((error: unknown): Problem => {
      log.warn(
        { error: describeError(error), request_id: c.var.request_id },
        "who asks could not be looked up",
      );
      return {
        ...{ code: "STORE_UNREACHABLE", detail: "The keys are in the database, which gives no answer now." },
        headers: { "retry-after": String(RETRY_AFTER_S) },
      };
    });
    if (refused) return refuse(c, refused);
    await next();
    return undefined;
  }

  async function refusal(
    c: Context<RequestScope>,
    needed: Needed,
    credential: string | undefined,
  ): Promise<Problem | undefined> {
    const found = credential === undefined ? undefined : await access.identify(credential);
    const invalid = found && "code" in found ? found : undefined;
    const identity = found && !("code" in found) ? found : undefined;
    c.set("identity", identity);
    return tooOften(c, needed, identity) ?? invalid ?? (await access.objection(needed, identity));
  }

  function tooOften(
    c: Context<RequestScope>,
    needed: Needed,
    identity: Identity | undefined,
  ): Problem | undefined {
    if (needed === "open") return undefined;
    const rate = access.take(
      identity,
      access.needs_address ? countedAddress(access, c.req.raw, c.env) : undefined,
    );
    c.set("rate", rate);
    if (!rate || rate.wait_s === 0) return undefined;
    const detail = `${rate.per_s} requests a second are answered, ${rate.burst} at once: ask less often.`;
    return { code: "RATE_LIMITED", detail, headers: { "retry-after": String(Math.ceil(rate.wait_s)) } };
  }

  function refuse(c: Context<RequestScope>, refused: Problem): Response {
    const route = routeOf(c);
    access.refused({
      ...{ code: refused.code, route, address: addressOf(access, c.req.raw, c.env) },
      actor: c.var.identity?.actor ?? ANONYMOUS,
    });
    return problem(c, refused);
  }

  return (c, next) => {
    const method = methodOf(c);
    const needed = exact.get(method)?.get(c.req.path) ?? neededFor(c, method, table);
    // There is no such route: what follows says so.
    if (needed === "nothing there") return next();
    if (needed === undefined) return Promise.resolve(refuse(c, WITHOUT_ROW));
    const credential = credentialOf(c.req.raw.headers);
    if (credential === undefined && access.isFree(needed)) {
      const refused = tooOften(c, needed, undefined);
      return refused ? Promise.resolve(refuse(c, refused)) : next();
    }
    return asked(c, next, needed, credential);
  };
}

type Server = RequestScope["Bindings"] | undefined;

function addressOf(access: Access, request: Request, server: Server): string | undefined {
  const connected = server?.requestIP?.(request)?.address;
  if (connected === undefined) return undefined;
  return access.callerOf(connected, request.headers.get("x-forwarded-for"));
}

/** What comes from this machine itself, and not through a proxy on it, is not counted. */
export function countedAddress(access: Access, request: Request, server: Server): string | undefined {
  const address = addressOf(access, request, server);
  const is_own = address !== undefined && isLoopback(address) && !request.headers.has("x-forwarded-for");
  return is_own ? undefined : address;
}

/** As it is registered, without what a caller may put into it. */
function routeOf(c: Context<RequestScope>): string {
  const method = methodOf(c);
  return `${method} ${matchedRoutes(c).find((one) => one.method === method)?.path ?? "?"}`;
}

/** GET answers HEAD. */
const methodOf = ({ req: { method } }: Context<RequestScope>): string => (method === "HEAD" ? "GET" : method);

/** Of the route that answers; undefined where its row is missing. */
function neededFor(
  c: Context<RequestScope>,
  method: string,
  table: Readonly<Record<string, Needed>>,
): Needed | "nothing there" | undefined {
  const route = matchedRoutes(c).find((one) => one.method === method);
  return route ? rowOf(table, method, route.path) : "nothing there";
}

/** The row of a route as it is registered; one that ends in `/*` stands for all below it. */
export function rowOf(
  table: Readonly<Record<string, Needed>>,
  method: string,
  path: string,
): Needed | undefined {
  let found = table[`${method} ${path}`];
  for (let end = path.length; found === undefined && end > 0; ) {
    end = path.lastIndexOf("/", end - 1);
    found = table[`${method} ${path.slice(0, end)}/*`];
  }
  return found;
}

/** Those of paths without a parameter, by method: found without asking the router. */
function exactRows(table: Readonly<Record<string, Needed>>): Map<string, Map<string, Needed>> {
  const exact = new Map<string, Map<string, Needed>>();
  for (const [row, needed] of Object.entries(table)) {
    const [method = "", path = ""] = row.split(" ");
    if (/[:*{]/.test(path)) continue;
    const paths = exact.get(method) ?? new Map<string, Needed>();
    exact.set(method, paths.set(path, needed));
  }
  return exact;
}
