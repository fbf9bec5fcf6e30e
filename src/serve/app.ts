/** The service's paths, on one screen. Needs no port: `app.request("/latest")` answers as the server would. */

import type { Handler } from "hono";
import { Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { loadAssets } from "./assets.ts";
import { boundary, measured, readableFromAnywhere } from "./boundary.ts";
import type { ServePorts } from "./ports.ts";
import { problem, type RequestScope } from "./problem.ts";
import { getAsset } from "./routes/get_asset.ts";
import { getFeaturesLatest } from "./routes/get_features_latest.ts";
import { getHealth, getHealthLive, getHealthReady } from "./routes/get_health.ts";
import { getLatest } from "./routes/get_latest.ts";
import { getMetrics } from "./routes/get_metrics.ts";
import { getParity } from "./routes/get_parity.ts";
import { getPredictions } from "./routes/get_predictions.ts";
import { getStream } from "./routes/get_stream.ts";
import type { StreamHub } from "./stream_hub.ts";

export interface AppOptions {
  readonly ports: ServePorts;
  readonly hub: StreamHub;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createApp({ ports, hub, clock, log }: AppOptions): Hono<RequestScope> {
  const app = new Hono<RequestScope>();
  const measure = measured(ports.metrics, () => clock.monotonicUs());
  /** One path: GET (and so HEAD) is answered, any other method is refused by name. */
  const path = (route: string, handler: Handler<RequestScope>): void => {
    app.use(route, measure(route));
    app.get(route, handler);
    app.all(route, (c) =>
      problem(c, {
        code: "METHOD_NOT_ALLOWED",
        detail: `${route} answers GET and HEAD, not ${c.req.method}.`,
        headers: { allow: "GET, HEAD" },
      }),
    );
  };

  app.use(boundary());
  for (const route of ["/latest", "/features/latest", "/predictions", "/parity"])
    app.use(route, readableFromAnywhere());
  path("/latest", getLatest(ports));
  path("/features/latest", getFeaturesLatest(ports));
  path("/predictions", getPredictions(ports, clock, log));
  path("/parity", getParity(ports, clock, log));
  path("/stream", getStream(ports, hub));
  path("/health", getHealth(ports, clock));
  path("/health/live", getHealthLive());
  path("/health/ready", getHealthReady(ports));
  path("/metrics", getMetrics(ports));
  for (const [name, asset] of loadAssets()) {
    path(name === "index.html" ? "/" : `/page/${name}`, getAsset(asset));
  }

  app.notFound((c) =>
    problem(c, { code: "NOT_FOUND", detail: "GET / is the page; GET /latest the current prediction." }),
  );
  app.onError((error, c) => {
    log.error(
      { error: describeError(error), stack: error.stack, request_id: c.var.request_id },
      "request failed",
    );
    return problem(c, { code: "INTERNAL" });
  });
  return app;
}
