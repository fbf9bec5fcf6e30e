/**
 * `/metrics` on a port of its own (METRICS_PORT), for networks where the scraper may ask and callers may not. It asks for no key:
 * who reaches the port may read it.
 */

import type { Server } from "bun";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import { describeError, fail } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { drained, type Listen, listenSentence, urlOf } from "./listening.ts";
import { SAFE } from "./request/boundary.ts";

export interface MetricsServerOptions extends Listen {
  /** Asked anew at each request. */
  readonly metrics: () => Metrics;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface MetricsServer {
  /** e.g. "http://localhost:9090". */
  readonly url: string;
  /** As `RunningServer.close`. */
  close(): Promise<void>;
}

/** As the configuration says; undefined where `/metrics` is on the main port. */
export function metricsServerOf({
  config,
  ...parts
}: Omit<MetricsServerOptions, keyof Listen> & { readonly config: Config }): MetricsServer | undefined {
  const { metrics_port: port, metrics_host: hostname = config.host } = config;
  return port === undefined ? undefined : startMetricsServer({ ...parts, port, hostname });
}

const HEADERS = { ...SAFE, "cache-control": "no-store" };

/** @throws ForetickError LISTEN_FAILED where the port is taken or not permitted. */
export function startMetricsServer(options: MetricsServerOptions): MetricsServer {
  const { port, hostname, metrics, log, clock = systemClock } = options;
  const answer = async ({ method, url }: Request): Promise<Response> => {
    const text = (status: number, sentence: string, more = {}): Response =>
      new Response(`${sentence}\n`, { status, headers: { ...HEADERS, ...more } });
    if (new URL(url).pathname !== "/metrics") return text(404, "There is GET /metrics and nothing else.");
    if (method !== "GET" && method !== "HEAD")
      return text(405, `/metrics answers GET and HEAD, not ${method}.`, { allow: "GET, HEAD" });
    const { contentType } = metrics();
    try {
      return new Response(await metrics().text(), { headers: { ...HEADERS, "content-type": contentType } });
    } catch (error) {
      log.error({ error: describeError(error) }, "the metrics could not be read");
      return text(500, "The metrics could not be read.");
    }
  };
  let server: Server<undefined>;
  try {
    server = Bun.serve({ port, hostname, development: false, reusePort: false, fetch: answer });
  } catch (cause) {
    return fail("LISTEN_FAILED", listenSentence(options, "METRICS_PORT", cause), { cause });
  }
  const url = urlOf(hostname, server.port ?? port);
  log.info({ url: `${url}/metrics` }, "metrics are on a port of their own");
  let closing: Promise<void> | undefined;
  return { url, close: () => (closing ??= drained(server, clock)) };
}
