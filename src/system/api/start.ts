/**
 * An API machine: shows what the leaders give on through Redis, and the database's history where it has one. Needs no
 * exchange, leads nothing, writes nothing: any number of them may run.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { DrainReport } from "../../base/drain.ts";
import { describeError, fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { connectDatabase, type Database } from "../../record/database.ts";
import { DatabaseLink } from "../../record/link.ts";
import { redisOfConfig } from "../../record/redis/address.ts";
import { RedisReader } from "../../record/redis/reader.ts";
import { requireSchema } from "../../record/sql/install/schema_version.ts";
import { Sites } from "../../serve/access/sites.ts";
import { metricsServerOf } from "../../serve/metrics_server.ts";
import { startServer } from "../../serve/server.ts";
import { accessOver } from "../access.ts";
import { Ending } from "../ending.ts";
import { Store } from "../store/store.ts";
import { ApiPorts, noDatabase } from "./ports.ts";
import { SymbolView } from "./redis_view.ts";

export interface ApiOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Api {
  readonly url: string;
  readonly ports: ApiPorts;
  /** Stops listening, then ends the rest. Never rejects. May be called twice. */
  close(): Promise<DrainReport>;
}

/**
 * Resolves when it listens; Redis and the database may come later.
 * @throws ForetickError what an operator has to correct before a start makes sense.
 */
export async function startApi({ config, clock, log }: ApiOptions): Promise<Api> {
  const address =
    redisOfConfig(config) ?? fail("CONFIG_INVALID", "REDIS_URL expected with ROLE=api, was not set. Set it");
  const ending = new Ending(clock, log);
  try {
    const record = log.child({ stage: "record" });
    const views = new Map(config.symbols.map((symbol) => [symbol, new SymbolView(clock)]));
    const store = storeOf({ config, clock, log: record }, ending);
    const reader = new RedisReader({
      ...{ address, prefix: config.redis_prefix, symbols: config.symbols, clock, log: record },
      onPrediction: (prediction, live) => ports.onPrediction(prediction, live),
      onOutcome: (outcome, live) => ports.onOutcome(outcome, live),
      onVector: (aged) => views.get(aged.vector.symbol)?.onVector(aged),
      onState: (symbol, text) => views.get(symbol)?.onState(text),
    });
    const ports = new ApiPorts({
      ...{ config, clock, started_at_us: clock.now(), views, reader, store },
    });
    ending.add("service", "what callers ask of the database", () => ports.close());
    ending.add("service", "Redis", () => reader.close());
    const serving = log.child({ stage: "serve" });
    const doors = accessOver({
      ...{ config, store: store ?? { required: noDatabase }, clock, log: serving, metrics: ports.metrics },
    });
    ending.add("service", "the record of refusals", () => doors.close());
    ending.add("database", "requests with a key", () => doors.end());
    const server = await startServer({
      ...{ hostname: config.host, port: config.port, ports, clock, log: serving, access: doors.access },
      sites: new Sites(config.cors_origins),
      metrics_apart: config.metrics_port !== undefined,
      stream_clients_max: config.stream_clients_max,
    });
    const scraped = metricsServerOf({ config, metrics: () => ports.metrics, log: serving, clock });
    ending.add("intake", "the metrics", () => scraped?.close());
    ending.add("intake", "the server", () => server.close());
    reader.start();
    // A refusal ends no API machine: it shows what is in Redis.
    void store?.start().catch((error: unknown) => {
      record.error({ error: describeError(error) }, "the database is not usable: what is older is not shown");
    });
    return { url: server.url, ports, close: () => ending.run() };
  } catch (error) {
    await ending.run();
    throw error;
  }
}

/** Undefined without DATABASE_URL. It is only read, so it needs no data directory of its own. */
function storeOf({ config, clock, log }: ApiOptions, ending: Ending): Store | undefined {
  if (config.database_url === undefined) return undefined;
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-api-"));
  ending.add("database", "its folder", () => rmSync(data_dir, { recursive: true, force: true }));
  const link = new DatabaseLink({ url: config.database_url, data_dir, clock, log });
  const open = async (): Promise<Database> => {
    const database = await connectDatabase(link);
    try {
      requireSchema(database.schema);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  };
  const store = new Store({
    ...{ clock, log, onOpen: () => {} },
    link: { data_dir, open, close: () => link.close() },
  });
  ending.add("database", "the database", () => store.close());
  return store;
}
