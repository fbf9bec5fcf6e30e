/**
 * The whole service at a paper exchange, as `serve` runs it: on a database of the run's prepared server, or,
 * where a file runs alone, on an embedded one of its own.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import { PaperExchange } from "../../src/sim/exchange/exchange.ts";
import type { PaperExchangeOptions } from "../../src/sim/exchange/options.ts";
import { type Pipeline, startPipeline } from "../../src/system/pipeline.ts";
import type { SymbolWorker } from "../../src/system/symbol/symbol_worker.ts";
import { met } from "../met.ts";
import { type PreparedServer, preparedDatabase } from "../record/server/prepared.ts";

export { met };

export interface Running {
  readonly exchange: PaperExchange;
  readonly pipeline: Pipeline;
  readonly worker: SymbolWorker;
  readonly config: Config;
  readonly data_dir: string;
  /** What a command beside the service is told, so that it finds the same database. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops the service and starts it again on the same data. */
  restart(): Promise<Running>;
  close(): Promise<void>;
}

export async function startRunning(
  options: PaperExchangeOptions,
  overrides: Partial<Config> = {},
  {
    wait_for_database = true,
    rest_through = async (origin: string) => origin,
    streams_through = async (origin: string) => origin,
    clock = systemClock,
  } = {},
): Promise<Running> {
  const exchange = new PaperExchange(options);
  const origins = await exchange.start();
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  const database = "database_url" in overrides ? undefined : await preparedDatabase();
  const config: Config = {
    ...readConfig({ HOST: "127.0.0.1", PORT: "0", MODEL_DIR: join(data_dir, "models") }),
    data_dir,
    database_url: database?.url,
    symbols: [options.source.symbol],
    binance_sbe_url: await streams_through(origins.ws_origin),
    binance_rest_url: await rest_through(origins.rest_origin),
    binance_api_key: "paper",
    ...overrides,
  };
  return runOn(exchange, config, database, { wait_for_database, clock });
}

async function runOn(
  exchange: PaperExchange,
  config: Config,
  database: PreparedServer | undefined,
  how: { readonly wait_for_database: boolean; readonly clock: Clock },
): Promise<Running> {
  const { wait_for_database, clock } = how;
  const { data_dir, database_url } = config;
  const pipeline = await startPipeline({ config, clock, rng: seededRng(1), log: silentLogger });
  if (wait_for_database) await met("the database", () => pipeline.store.database !== undefined);
  const worker = pipeline.workers.get(config.symbols[0]!)!;
  return {
    exchange,
    pipeline,
    worker,
    config,
    data_dir,
    environment: { DATA_DIR: data_dir, ...(database_url ? { DATABASE_URL: database_url } : {}) },
    restart: async () => {
      await pipeline.close();
      return runOn(exchange, config, database, how);
    },
    close: async () => {
      await pipeline.close();
      await exchange.close();
      await database?.close();
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
}

/** How many seconds of the market the service has closed. */
export const secondsOf = ({ worker }: Running): number => worker.lane.counters.seconds_closed;

export async function secondsMore(one: Running, count: number): Promise<void> {
  const before = secondsOf(one);
  await met(`${count} seconds more`, () => secondsOf(one) > before + count);
}
