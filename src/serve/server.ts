/** The listening server: HTTP and WebSocket on one port, and an orderly end. */

import type { Server } from "bun";
import { type Clock, systemClock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Access } from "./access/access.ts";
import { createApp, OPEN } from "./app.ts";
import type { ServePorts } from "./ports.ts";
import { quickLatest } from "./quick_latest.ts";
import { type StreamClient, StreamHub } from "./stream/hub.ts";

export interface ServerOptions {
  readonly ports: ServePorts;
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on: "127.0.0.1" for this machine only, "0.0.0.0" for everyone. */
  readonly hostname: string;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly access?: Access | undefined;
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
  const { ports, hostname, log, clock = systemClock, access, said = "listening" } = options;
  const hub = new StreamHub(ports, clock, options.stream_clients_max);
  const app = createApp({ ports, hub, clock, log, ...(access ? { access } : {}) });
  const quick = quickLatest(ports, clock, access ?? OPEN);
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
      fetch: (request, asked) => quick(request, asked) ?? app.fetch(request, asked),
      websocket: hub.handler,
    });
  } catch (cause) {
    hub.close();
    return fail("LISTEN_FAILED", listenSentence(options, cause), { cause });
  }
  hub.listenOn(server);
  const port = server.port ?? options.port;
  const url = `http://${authority(hostname)}:${port}`;
  log.info({ url }, said);

  let closing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    const cut = clock.after(LIMITS.serve_drain_max_ms, () => void server.stop(true));
    const stopped = server.stop();
    hub.close();
    await stopped;
    cut.cancel();
  };
  return { url, port, close: () => (closing ??= drain()) };
}

function authority(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "localhost";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function listenSentence({ hostname, port }: ServerOptions, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const where = `port ${port} on ${hostname}`;
  if (code === "EADDRINUSE") {
    return `${where} is taken by another process: set PORT to a free one, or stop what listens there.`;
  }
  if (code === "EACCES") return `${where} may not be listened on: set PORT to 1024 or above.`;
  return `${where} could not be listened on (${String(code ?? cause)}): check HOST and PORT.`;
}
