/** What the machine gives: the port, memory, open files. */

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { freemem } from "node:os";
import { z } from "zod";
import type { Config } from "../../src/base/config.ts";
import { fail } from "../../src/base/errors.ts";
import { readText } from "../../src/base/http.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { bad, type Check, type Finding, ok, warn } from "./check.ts";

type Of = Pick<Config, "host" | "port">;

/** What of `/health` is read. */
const healthSchema = z.object({
  status: z.enum(["ok", "degraded", "down"]),
  version: z.string(),
  dependencies: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      reason: z.string().nullable(),
      symbol: z.string().optional(),
    }),
  ),
});

export const machineChecks = (config: Of): Check[] => [
  { name: "port", settings: ["PORT", "HOST"], remedy: "check HOST and PORT", run: () => portOf(config) },
  {
    name: "memory",
    settings: [],
    remedy: "see the system's own tools",
    run: async () => memory(availableBytes()),
  },
  { name: "open files", settings: [], remedy: "see ulimit -n", run: async () => openFiles(filesMax()) },
];

async function portOf({ host, port }: Of): Promise<Finding> {
  if (port === 0) return ok("any free port is taken");
  const code = await listenError(host, port);
  if (code === undefined) return ok(`${host}:${port} is free`);
  if (code === "EACCES") return bad(`${host}:${port} may not be listened on`, "set PORT to 1024 or above");
  if (code !== "EADDRINUSE")
    return bad(`${host}:${port} cannot be listened on (${code})`, "check HOST and PORT");
  const holder = await healthAt(host, port).catch(() => undefined);
  if (!holder) return bad(`port ${port} is held by another program`, "stop it, or set PORT to a free one");
  const unwell = holder.dependencies.filter(({ state }) => state !== "ok");
  const found = `port ${port} is held by a running foretick ${holder.version}, ${holder.status}`;
  if (unwell.length === 0) return ok(found);
  const why = unwell
    .map(({ name, symbol, reason }) => `${symbol ? `${symbol} ` : ""}${name}: ${reason}`)
    .join("; ");
  return warn(`${found} (${why})`, "see docs/runbook.md, or wait where it has just begun");
}

/** The code it is refused with; undefined where the port can be had. */
function listenError(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** @throws ForetickError REST_BODY where it is no foretick. */
async function healthAt(host: string, port: number) {
  const here = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const response = await fetch(`http://${here}:${port}/health`, {
    signal: AbortSignal.timeout(LIMITS.doctor_answer_ms),
    redirect: "manual",
  });
  const text = await readText(response, "terminal_body_bytes_max", "REST_BODY");
  return (
    healthSchema.safeParse(JSON.parse(text)).data ?? fail("REST_BODY", "expected the health of a foretick")
  );
}

export function memory(bytes: number): Finding {
  const found = `${Math.round(bytes / 2 ** 20)} MiB can be had`;
  const remedy = `a service with its database wants ${LIMITS.doctor_memory_low_bytes >> 20} MiB: stop something, or take a larger machine`;
  if (bytes < LIMITS.doctor_memory_min_bytes) return bad(found, remedy);
  return bytes < LIMITS.doctor_memory_low_bytes ? warn(found, remedy) : ok(found);
}

/** @param limit Infinity: none. */
export function openFiles(limit: number): Finding {
  const wanted = LIMITS.stream_clients_max + LIMITS.doctor_files_min;
  const found = limit === Number.POSITIVE_INFINITY ? "no limit" : `${limit} at once`;
  const remedy = `raise it to ${wanted}: ulimit -n, or LimitNOFILE= of the unit`;
  if (limit < LIMITS.doctor_files_min) return bad(found, remedy);
  return limit < wanted
    ? warn(`${found}: too few for ${LIMITS.stream_clients_max} clients of /stream`, remedy)
    : ok(found);
}

/** The system's, or what a container may have, whichever is less (bytes). */
function availableBytes(): number {
  const kib = Number(/^MemAvailable:\s+(\d+) kB/m.exec(textOf("/proc/meminfo"))?.[1] ?? Number.NaN);
  const system = Number.isFinite(kib) ? kib * 1024 : freemem();
  const max = Number.parseInt(textOf("/sys/fs/cgroup/memory.max"), 10);
  const current = Number.parseInt(textOf("/sys/fs/cgroup/memory.current"), 10);
  const group = max - current;
  return Number.isFinite(group) ? Math.min(system, Math.max(0, group)) : system;
}

function filesMax(): number {
  const soft = /^Max open files\s+(\S+)/m.exec(textOf("/proc/self/limits"))?.[1];
  return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Empty where there is no such file: another system, or no container. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
