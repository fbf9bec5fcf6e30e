/** The listening server: HTTP and WebSocket on one port, and an orderly end. */

import type { Server } from "bun";
import { type Clock, systemClock } from "../base/clock.ts";
import { fail } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import { createApp } from "./app.ts";
import type { ServePorts } from "./ports.ts";
import { StreamHub, type Subscription } from "./stream_hub.ts";

export interface ServerOptions {
  readonly ports: ServePorts;
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on: "127.0.0.1" for this machine only, "0.0.0.0" for everyone. */
  readonly hostname: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface RunningServer {
  /** Where a person on this machine opens it, e.g. "http://localhost:8080". */
  readonly url: string;
  readonly port: number;
  /**
   * Stops accepting, says goodbye to stream clients (1001), waits for requests under way up to
   * `LIMITS.serve_drain_max_ms`, then cuts them. May be called twice.
   */
  close(): Promise<void>;
}

/** @throws ForetickError LISTEN_FAILED where the port is taken or not permitted. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { ports, hostname, log, clock = systemClock } = options;
  const hub = new StreamHub(ports, clock);
  const app = createApp({ ports, hub, clock, log });
  let server: Server<Subscription>;
  try {
    server = Bun.serve<Subscription>({
      port: options.port,
      hostname,
      development: false,
      // Said aloud, because Bun shares the port with whoever has it already where `development` is off.
      reusePort: false,
      maxRequestBodySize: LIMITS.request_body_bytes_max,
      fetch: (request) => app.fetch(request),
      websocket: hub.handler,
    });
  } catch (cause) {
    hub.close();
    return fail("LISTEN_FAILED", listenSentence(options, cause), { cause });
  }
  hub.listenOn(server);
  const port = server.port ?? options.port;
  const url = `http://${authority(hostname)}:${port}`;
  log.info({ url }, "listening");

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
