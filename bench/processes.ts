/** The running product as the benches watch it from outside: a paper exchange and the service, each a process. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { fail } from "../src/base/errors.ts";
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

/** The service with everything on: embedded database, ONNX model, page and stream. */
export async function startService(exchange: RunningExchange): Promise<RunningService> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-bench-"));
  const child = start(["scripts/serve.ts"], {
    PORT: "0",
    HOST: "127.0.0.1",
    DATA_DIR: data_dir,
    MODEL_DIR: await benchModels(),
    BINANCE_SBE_URL: exchange.ws_origin,
    BINANCE_REST_URL: exchange.rest_origin,
    BINANCE_API_KEY: "paper",
    LOG_FORMAT: "json",
  });
  const close = async (): Promise<void> => {
    await child.close();
    rmSync(data_dir, { recursive: true, force: true });
  };
  try {
    const said = await child.hears(/"url":"(http:[^"]+)"/);
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
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    // What it says later is read too, or it would come to a stand at a full pipe; but not kept.
    for await (const chunk of stream) if (text.length < 1 << 16) text += decoder.decode(chunk);
  };
  void listen(child.stdout);
  void listen(child.stderr);
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

async function end(child: Subprocess): Promise<void> {
  child.kill("SIGTERM");
  await child.exited;
}
