/** What the servers of this process have in common: why one could not listen, and an orderly end. */

import type { Server } from "bun";
import type { Clock } from "../base/clock.ts";
import { LIMITS } from "../base/limits.ts";

export interface Listen {
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on: "127.0.0.1" for this machine only, "0.0.0.0" for everyone. */
  readonly hostname: string;
}

/** Where a person on this machine opens it. */
export function urlOf(hostname: string, port: number): string {
  if (hostname === "0.0.0.0" || hostname === "::") return `http://localhost:${port}`;
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Stops accepting, waits for requests under way up to `LIMITS.serve_drain_max_ms`, then cuts them.
 * @param alsoClose what keeps connections open beside requests.
 */
export async function drained(
  server: Server<unknown>,
  clock: Clock,
  alsoClose: () => void = () => {},
): Promise<void> {
  const cut = clock.after(LIMITS.serve_drain_max_ms, () => void server.stop(true));
  const stopped = server.stop();
  alsoClose();
  await stopped;
  cut.cancel();
}

/** @param setting e.g. "PORT". */
export function listenSentence({ hostname, port }: Listen, setting: string, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const where = `port ${port} on ${hostname}`;
  if (code === "EADDRINUSE") {
    return `${where} is taken by another process: set ${setting} to a free one, or stop what listens there.`;
  }
  if (code === "EACCES") return `${where} may not be listened on: set ${setting} to 1024 or above.`;
  return `${where} could not be listened on (${String(code ?? cause)}): check HOST and ${setting}.`;
}
