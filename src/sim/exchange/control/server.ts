/**
 * The control port of the paper exchange: `POST /` with a fault as JSON, `GET /` for what is wrong now and what can be
 * asked for. A port of its own, off unless asked for, so that no client of the market meets it.
 */

import type { Server } from "bun";
import { fail } from "../../../base/errors.ts";
import { isoOf } from "../../../base/units.ts";
import type { PaperExchange } from "../exchange.ts";
import { applyCommand, help, parseCommand } from "./commands.ts";

export interface ControlOptions {
  readonly exchange: PaperExchange;
  /** 0: any free port. */
  readonly port: number;
  readonly hostname: string;
}

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 64 << 10;

/** @throws ForetickError CONFIG_INVALID where the port is taken. */
export function startControl({ exchange, port, hostname }: ControlOptions): ControlServer {
  let server: Server<undefined>;
  try {
    server = Bun.serve({
      ...{ port, hostname, development: false, reusePort: false, maxRequestBodySize: BODY_BYTES_MAX },
      fetch: (request) => answer(exchange, request),
    });
  } catch (cause) {
    const message = `control port ${port} of ${hostname} expected to be free, could not be listened on; choose another`;
    return fail("CONFIG_INVALID", message, { cause });
  }
  return { url: `http://${hostname}:${server.port}`, close: () => server.stop(true) };
}

async function answer(exchange: PaperExchange, request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== "/")
    return Response.json({ error: "the one path is /" }, { status: 404 });
  if (request.method === "GET") return Response.json({ now: stateOf(exchange), faults: help() });
  if (request.method !== "POST") {
    return Response.json({ error: `/ answers GET and POST, not ${request.method}` }, { status: 405 });
  }
  const body: unknown = await request.json().catch(() => undefined);
  const parsed = parseCommand(body);
  if ("error" in parsed) return Response.json(parsed, { status: 400 });
  applyCommand(exchange, parsed.command);
  return Response.json({ done: parsed.command, now: stateOf(exchange) });
}

function stateOf(exchange: PaperExchange): object {
  const { faults, rest, rest_faults, streams } = exchange;
  return {
    market: isoOf(exchange.market_us),
    clients: streams.clients,
    deaf_clients: streams.deaf_clients,
    ...faults.state,
    rest: rest_faults.fault ?? null,
    status: rest.status,
  };
}
