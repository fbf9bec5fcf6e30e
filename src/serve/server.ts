/** The listening server: HTTP and WebSocket on one port, and an orderly end. */

import { isIP } from "node:net";
import type { Server } from "bun";
import { type Clock, systemClock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Access } from "./access/access.ts";
import { isLoopback } from "./access/addresses.ts";
import { Sites } from "./access/sites.ts";
import { createApp, OPEN } from "./app.ts";
import { drained, type Listen, listenSentence, urlOf } from "./listening.ts";
import type { ServePorts } from "./ports.ts";
import { quickLatest } from "./quick_latest.ts";
import type { RequestScope } from "./request/problem.ts";
import { type StreamClient, StreamHub } from "./stream/hub.ts";

export interface ServerOptions extends Listen {
  readonly ports: ServePorts;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly access?: Access | undefined;
  /** Whose pages may ask from a browser; default any may read what is public. */
  readonly sites?: Sites | undefined;
  /** `/metrics` is on a port of its own, and not here. */
  readonly metrics_apart?: boolean | undefined;
  /** The most clients of `/stream`, and of `/events`. */
  readonly stream_clients_max?: number | undefined;
  /** What the log says once it listens; default "listening". */
  readonly said?: string;
}

export interface RunningServer {
  /** Where a person on this machine opens it, e.g. "http://localhost:8080". */
  readonly url: string;
  readonly port: number;
  /**
   * Stops accepting, closes stream clients (1001), waits for requests under way up to
   * `LIMITS.serve_drain_max_ms`, then cuts them. May be called twice.
   */
  close(): Promise<void>;
}

/** @throws ForetickError LISTEN_FAILED where the port is taken or not permitted. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { ports, hostname, log, clock = systemClock, access = OPEN, said = "listening" } = options;
  const { sites = new Sites(), metrics_apart = false } = options;
  const hub = new StreamHub(ports, clock, options.stream_clients_max, (credential) =>
    access.identify(credential),
  );
  const app = createApp({ ports, hub, clock, log, access, sites, metrics_apart });
  const quick = quickLatest(ports, clock, access, sites);
  const own =
    isIP(hostname) !== 0 && isLoopback(hostname) ? ofThisMachine(hostname, () => server) : undefined;
  let server: Server<StreamClient>;
  try {
    server = Bun.serve<StreamClient>({
      port: options.port,
      hostname,
      development: false,
      // Given explicitly, because Bun shares a port that is already taken where `development` is off.
      reusePort: false,
      // Of the largest that a route takes; each has its own limit.
      maxRequestBodySize: LIMITS.bundle_upload_bytes_max,
      fetch: (request, asked) => {
        const scope = own ?? asked;
        return quick(request, scope) ?? app.fetch(request, scope);
      },
      websocket: hub.handler,
    });
  } catch (cause) {
    hub.close();
    return fail("LISTEN_FAILED", listenSentence(options, "PORT", cause), { cause });
  }
  hub.listenOn(server);
  const port = server.port ?? options.port;
  const url = urlOf(hostname, port);
  log.info({ url }, said);

  let closing: Promise<void> | undefined;
  return { url, port, close: () => (closing ??= drained(server, clock, () => hub.close())) };
}

/**
 * What is asked of a server that listens on a loopback address: only this machine connects to it, so that nobody has to be
 * asked from where each request is, which is a good part of what one costs.
 */
function ofThisMachine(hostname: string, server: () => Server<StreamClient>): RequestScope["Bindings"] {
  const address = { address: hostname };
  return {
    requestIP: () => address,
    timeout: (request, seconds) => server().timeout(request, seconds),
  };
}
