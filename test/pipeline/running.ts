/** The whole service at a paper exchange, as `serve` runs it, with an embedded database of its own. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import { type Pipeline, startPipeline } from "../../src/pipeline.ts";
import { PaperExchange, type PaperExchangeOptions } from "../../src/sim/exchange.ts";
import type { SymbolLine } from "../../src/symbol_line.ts";

export interface Running {
  readonly exchange: PaperExchange;
  readonly pipeline: Pipeline;
  readonly line: SymbolLine;
  readonly data_dir: string;
  /** Stops the service and starts it anew on the same data. */
  restart(): Promise<Running>;
  close(): Promise<void>;
}

export async function startRunning(
  options: PaperExchangeOptions,
  overrides: Partial<Config> = {},
): Promise<Running> {
  const exchange = new PaperExchange(options);
  const origins = await exchange.start();
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  const config: Config = {
    ...readConfig({ HOST: "127.0.0.1", PORT: "0", MODEL_DIR: join(data_dir, "models") }),
    data_dir,
    symbols: [options.source.symbol],
    binance_sbe_url: origins.ws_origin,
    binance_rest_url: origins.rest_origin,
    binance_api_key: "paper",
    ...overrides,
  };
  return runOn(exchange, config, data_dir);
}

async function runOn(exchange: PaperExchange, config: Config, data_dir: string): Promise<Running> {
  const pipeline = await startPipeline({ config, clock: systemClock, rng: seededRng(1), log: silentLogger });
  const line = pipeline.lines.get(config.symbols[0]!)!;
  return {
    exchange,
    pipeline,
    line,
    data_dir,
    restart: async () => {
      await pipeline.close();
      return runOn(exchange, config, data_dir);
    },
    close: async () => {
      await pipeline.close();
      await exchange.close();
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
}

/** Waits for a condition of the running service; real sockets tell nobody when all is through. */
export async function met(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 45_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
