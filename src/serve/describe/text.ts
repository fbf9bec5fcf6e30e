/** The description as a file, made without a service: the routes are there, and nobody asks them. */

import { systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { createApp } from "../app.ts";
import type { ServePorts } from "../ports.ts";
import { StreamHub } from "../stream/hub.ts";
import { documentOf } from "./document.ts";

/** docs/openapi.json as it should be. */
export function openApiText(): string {
  const unasked = { metrics: new Metrics(), symbols: [], subscribe: () => () => {} };
  const ports = unasked as unknown as ServePorts;
  const hub = new StreamHub(ports, systemClock);
  const app = createApp({ ports, hub, clock: systemClock, log: silentLogger });
  hub.close();
  return `${JSON.stringify(documentOf(app), null, 2)}\n`;
}
