/** The running product as the benches watch it from outside: a paper exchange and the service, each a process. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { fail } from "../../src/base/errors.ts";
import { benchModels, ROOT } from "./stage.ts";

export interface Running {
  readonly pid: number;
  close(): Promise<void>;
}

export interface RunningExchange extends Running {
  readonly ws_origin: string;
  readonly rest_origin: string;
}

export interface RunningService extends Running {
  readonly url: string;
  readonly data_dir: string;
}

/** The service's script. */
export const SERVICE = "scripts/serve.ts";
/** What it prints when it listens, and where. */
export const LISTENS = /"url":"(http:[^"]+)"/;

/** How long a process has to say what it is waited for (ms). */
const START_MAX_MS = 60_000;

/** @param flags as `bun run exchange` takes them; the port is any free one. */
export const startExchange = (flags: readonly string[]): Promise<RunningExchange> =>
  startExchangeBy(["scripts/exchange.ts", "--port", "0", "--now", ...flags]);

/** @param command a script that prints its exchange's origins as `bun run exchange` does. */
export async function startExchangeBy(command: readonly string[]): Promise<RunningExchange> {
  const child = start(command, {});
  const said = await child.hears(/BINANCE_SBE_URL=(\S+)\s+BINANCE_REST_URL=(\S+)/);
  return { pid: child.pid, close: child.close, ws_origin: said[1]!, rest_origin: said[2]! };
}

/** The settings of a service at `exchange`, on any free port. */
export const serviceEnvironment = (
  exchange: Pick<RunningExchange, "ws_origin" | "rest_origin">,
  data_dir: string,
  model_dir: string,
): Record<string, string> => ({
  PORT: "0",
  HOST: "127.0.0.1",
  DATA_DIR: data_dir,
  MODEL_DIR: model_dir,
  BINANCE_SBE_URL: exchange.ws_origin,
  BINANCE_REST_URL: exchange.rest_origin,
  BINANCE_API_KEY: "paper",
  LOG_FORMAT: "json",
});

/**
 * The service with everything on: embedded database, ONNX model, page and stream.
 * @param environment settings beside these, such as DATABASE_URL.
 */
export async function startService(
  exchange: RunningExchange,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  const settings = serviceEnvironment(exchange, data_dir, await benchModels());
  const child = start([SERVICE], { WORKER: "off", ...settings, ...environment });
  const close = async (): Promise<void> => {
    await child.close();
    rmSync(data_dir, { recursive: true, force: true });
  };
  try {
    const said = await child.hears(LISTENS);
    return { pid: child.pid, close, url: said[1]!, data_dir };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resolves when the service has made its first forecast. */
export async function firstForecast({ url }: RunningService): Promise<void> {
  const deadline_ms = performance.now() + START_MAX_MS;
  while (!(await fetch(`${url}/latest`)).ok) {
    if (performance.now() > deadline_ms) fail("INVARIANT", "expected a forecast within a minute, was none");
    await Bun.sleep(100);
  }
}

/** Runs a part of a bench, its own file with `args`, in a process beside it. */
export const startPart = (file: string, args: readonly string[]): Listened => start([file, ...args], {});

export interface Listened extends Running {
  /** What the process printed, once it matches. */
  hears(pattern: RegExp): Promise<RegExpExecArray>;
}

function start(command: readonly string[], environment: Readonly<Record<string, string>>): Listened {
  let text = "";
  const child = spawnHeard(command, environment, (more) => {
    if (text.length < 1 << 16) text += more;
  });
  const hears = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline_ms = performance.now() + START_MAX_MS;
    for (;;) {
      const found = pattern.exec(text);
      if (found) return found;
      if (child.exitCode !== null || performance.now() > deadline_ms) {
        return fail("INVARIANT", `${command.join(" ")} expected to print ${pattern}, printed: ${text}`);
      }
      await Bun.sleep(20);
    }
  };
  return { pid: child.pid, hears, close: () => end(child) };
}

export type Spawned = Subprocess<"ignore", "pipe", "pipe">;

/** A script as a process of its own, all it prints given to `onText`: a full pipe would block it. */
export function spawnHeard(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  onText: (text: string) => void,
): Spawned {
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) onText(decoder.decode(chunk, { stream: true }));
  };
  void listen(child.stdout);
  void listen(child.stderr);
  return child;
}

async function end(child: Spawned): Promise<void> {
  child.kill("SIGTERM");
  await child.exited;
}
