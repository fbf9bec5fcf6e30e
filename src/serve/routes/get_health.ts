/**
 * `GET /health` in tiers. Live: the process makes progress. Ready: its answers are worth having, of one symbol at
 * least. Dependencies: each with its state, the reason, and what there is to know.
 */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Clock } from "../../base/clock.ts";
import type { Advice } from "../../base/runbook/errors/advice.ts";
import { PART_ADVICE } from "../../base/runbook/parts.ts";
import { isoOf, micros, US_PER_SEC } from "../../base/units.ts";
import { json, problems } from "../describe/answers.ts";
import { healthSchema, liveSchema, readySchema } from "../messages/health.ts";
import type { Dependency, ServePorts } from "../ports.ts";
import { noQuery } from "../request/parameters/query.ts";
import type { RequestScope } from "../request/problem.ts";

const tags = ["Health"];

export const healthRoute = createRoute({
  ...{ method: "get", path: "/health", tags, summary: "Every part of the service, with its state now" },
  request: { query: noQuery },
  responses: {
    200: json(healthSchema, "Ready: its answers are worth having."),
    ...problems(400),
    503: json(healthSchema, "Not ready."),
  },
});

export const healthLiveRoute = createRoute({
  ...{ method: "get", path: "/health/live", tags, summary: "Whether the process makes progress" },
  responses: {
    200: json(liveSchema, "It does."),
    ...problems(),
    503: json(liveSchema, "Start it again."),
  },
});

export const healthReadyRoute = createRoute({
  ...{ method: "get", path: "/health/ready", tags, summary: "The readiness alone, for a load balancer" },
  responses: {
    200: json(readySchema, "Send clients here."),
    ...problems(),
    503: json(readySchema, "Send none."),
  },
});

export function getHealth(ports: ServePorts, clock: Clock): RouteHandler<typeof healthRoute, RequestScope> {
  return (c) => {
    const { version, started_at_us, liveness, dependencies } = ports.health();
    const ready = isReady(dependencies);
    const well = dependencies.every(({ state }) => state === "ok");
    const status = !ready ? "down" : well ? "ok" : "degraded";
    const uptime_s = Math.floor((clock.now() - started_at_us) / US_PER_SEC);
    const parts = dependencies.map((part) => ({ ...part, facts: { ...part.facts }, to_do: toDo(part) }));
    const loaded = ports.operator?.loaded(ports.symbols[0]!);
    const current_training_id = ports.operator?.runningTraining() ?? null;
    const body = {
      ...({ status, live: liveness.live, ready, version, uptime_s } as const),
      model_loaded: loaded !== undefined,
      model_version: loaded?.model_version ?? null,
      model_load_time: loaded ? isoOf(micros(loaded.loaded_us)) : null,
      ...{ is_training: current_training_id !== null, current_training_id, dependencies: parts },
    };
    return c.json(body, ready ? 200 : 503);
  };
}

/** `GET /health/live`: whether seconds close. A slow database or a feed that is down never gets the process restarted. */
export function getHealthLive(ports: ServePorts): RouteHandler<typeof healthLiveRoute, RequestScope> {
  return (c) => {
    const { live, reason } = ports.health().liveness;
    return c.json(live ? { live } : { live, reason }, live ? 200 : 503);
  };
}

/** `GET /health/ready`: the readiness alone, for a load balancer. */
export function getHealthReady(ports: ServePorts): RouteHandler<typeof healthReadyRoute, RequestScope> {
  return (c) => {
    const ready = isReady(ports.health().dependencies);
    return c.json({ ready }, ready ? 200 : 503);
  };
}

/** By the first word of its name: "book BTCUSDT" is a book. */
function toDo({ name, state }: Dependency): string | null {
  const advice: Readonly<Record<string, Advice>> = PART_ADVICE;
  return state === "ok" ? null : (advice[name.split(" ")[0]!]?.to_do ?? null);
}

/** Nothing that all symbols need is down, and one symbol at least has nothing down: one symbol unreadies no other. */
function isReady(dependencies: readonly Dependency[]): boolean {
  const down = dependencies.filter(({ state }) => state === "down");
  if (down.some(({ symbol }) => symbol === undefined)) return false;
  const symbols = new Set(dependencies.flatMap(({ symbol }) => symbol ?? []));
  return (
    symbols.size === 0 || down.length === 0 || new Set(down.map(({ symbol }) => symbol)).size < symbols.size
  );
}
