/**
 * `GET /health` in tiers. Live: the process answers. Ready: no dependency is down, so its answers are worth
 * having. Dependencies: each with its state, the reason, and what there is to know.
 */

import type { Handler } from "hono";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { DependencyState, ServePorts } from "../ports.ts";
import type { RequestScope } from "../problem.ts";
import { parseQuery } from "../query.ts";

const noParameters = z.object({});

const WORST_FIRST: readonly DependencyState[] = ["down", "degraded"];

export function getHealth(ports: ServePorts, clock: Clock): Handler<RequestScope> {
  return (c) => {
    const query = parseQuery(c, noParameters);
    if (!query.ok) return query.response;
    const { version, started_at_us, dependencies } = ports.health();
    const status = WORST_FIRST.find((state) => dependencies.some((one) => one.state === state)) ?? "ok";
    const ready = status !== "down";
    const uptime_s = Math.floor((clock.now() - started_at_us) / US_PER_SEC);
    return c.json({ status, live: true, ready, version, uptime_s, dependencies }, ready ? 200 : 503);
  };
}

/** `GET /health/live`: asks nothing of anything, so that a slow dependency never gets the process restarted. */
export function getHealthLive(): Handler<RequestScope> {
  return (c) => c.json({ live: true });
}

/** `GET /health/ready`: the readiness alone, for a load balancer. */
export function getHealthReady(ports: ServePorts): Handler<RequestScope> {
  return (c) => {
    const ready = ports.health().dependencies.every((one) => one.state !== "down");
    return c.json({ ready }, ready ? 200 : 503);
  };
}
