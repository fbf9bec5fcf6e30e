/**
 * The data's way on one screen: streams → lanes → predictor → database and server. Everything is started
 * here, in the order it depends on, and closed here in the opposite one.
 */

import type { Clock } from "./base/clock.ts";
import type { Config } from "./base/config.ts";
import { describeError } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import { Metrics } from "./base/metrics.ts";
import type { Rng } from "./base/rng.ts";
import type { MarketEvent, StreamName } from "./binance/events.ts";
import { RestClient } from "./binance/rest.ts";
import { StreamClient } from "./binance/stream.ts";
import { FEATURE_SETS } from "./features/sets.ts";
import { ServedModels } from "./pipeline_models.ts";
import { PipelinePorts } from "./pipeline_ports.ts";
import { DeadlineWatch } from "./predict/deadline_watch.ts";
import { bundleStoreOf } from "./record/bundle_store.ts";
import { ChampionWatch } from "./record/champion_watch.ts";
import { type Database, openDatabase } from "./record/database.ts";
import { installFeatureFunctions } from "./record/feature_functions.ts";
import { Maintenance } from "./record/maintenance.ts";
import { ParityJob } from "./record/parity_job.ts";
import { Queries } from "./record/queries.ts";
import { Refresher } from "./record/refresher.ts";
import { RegistryRows } from "./record/registry_rows.ts";
import { Writer } from "./record/writer.ts";
import { startServer } from "./serve/server.ts";
import { SymbolLine } from "./symbol_line.ts";

/** What is subscribed to, for every symbol. */
const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];

export interface PipelineOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
}

export interface Pipeline {
  readonly url: string;
  readonly ports: PipelinePorts;
  readonly lines: ReadonlyMap<string, SymbolLine>;
  readonly feed: StreamClient;
  readonly writer: Writer;
  readonly database: Database;
  /** Stops listening, answers what was asked, writes what was decided, stops the database. May be called twice. */
  close(): Promise<void>;
}

/** Resolves when it listens; the feed connects in the background. */
export async function startPipeline({ config, clock, rng, log }: PipelineOptions): Promise<Pipeline> {
  const closers: (() => Promise<void>)[] = [];
  const close = once(() => closeAll(closers, log));
  try {
    const metrics = new Metrics();
    const database = await openDatabase({
      url: config.database_url,
      data_dir: config.data_dir,
      log: log.child({ stage: "record" }),
      clock,
    });
    closers.push(() => database.close());
    await installFeatureFunctions(database.sql, FEATURE_SETS, log.child({ stage: "record" }));
    const writer = new Writer({ database, log: log.child({ stage: "record" }), clock });
    closers.push(() => writer.close());
    const refresher = new Refresher({ database, clock, log: log.child({ stage: "record" }) });
    closers.push(() => refresher.close());
    refresher.start();
    const maintenance = new Maintenance({
      ...{ database, refresher, clock, log: log.child({ stage: "record" }) },
      raw_retention_days: config.raw_retention_days,
      compress_after_days: config.compress_after_days,
    });
    closers.push(() => maintenance.close());
    maintenance.start();
    const parity = new ParityJob({
      ...{ database, bars: refresher, writer, symbols: config.symbols, sets: FEATURE_SETS, clock },
      every_s: config.parity_every_s,
      lag_s: config.parity_lag_s,
      log: log.child({ stage: "parity" }),
    });
    closers.push(() => parity.close());
    if (config.parity_every_s > 0) parity.start();
    const queries = new Queries(database);
    const models = await ServedModels.start({
      ...{ symbols: config.symbols, model_dir: config.model_dir, log: log.child({ stage: "model" }) },
      registry: new RegistryRows(database.sql),
      store: bundleStoreOf(config, clock),
    });
    closers.push(() => models.close());
    const champions = new ChampionWatch({
      ...{ database, clock, log: log.child({ stage: "model" }), poll_s: config.model_poll_s },
      onMaybeMoved: () => models.refresh(),
    });
    closers.push(() => champions.close());
    champions.start();

    const wire = { clock, rng, log: log.child({ stage: "binance" }), api_key: config.binance_api_key };
    const rest = new RestClient({ ...wire, origin: config.binance_rest_url });
    const lines = new Map<string, SymbolLine>();
    const feed = new StreamClient({
      ...wire,
      url: config.binance_sbe_url,
      symbols: config.symbols,
      streams: STREAMS,
      onEvent: (event: MarketEvent) => lines.get(event.symbol)?.onEvent(event),
    });
    const ports = new PipelinePorts({
      config,
      clock,
      metrics,
      database,
      writer,
      queries,
      models,
      rest,
      feed,
      lines,
      parity,
      refresher,
      maintenance,
    });
    for (const symbol of config.symbols) {
      const line = new SymbolLine({
        ...{ symbol, sets: FEATURE_SETS, streams: STREAMS, rest, writer, history: queries, clock },
        slot: models.slotOf(symbol),
        grace_ms: config.close_grace_ms,
        deadline_ms: config.deadline_ms,
        interval_ms: config.predict_interval_ms,
        log: log.child({ stage: "predict" }),
        onPrediction: (prediction) => ports.announce({ kind: "prediction", prediction }),
        onOutcome: (outcome) => ports.announce({ kind: "outcome", outcome }),
      });
      lines.set(symbol, line);
      closers.push(() => line.close());
    }

    // Before the lines, which wait for what they have asked of it.
    closers.push(() => rest.close());

    const server = await startServer({
      ports,
      port: config.port,
      hostname: config.host,
      log: log.child({ stage: "serve" }),
      clock,
    });
    closers.push(() => server.close());
    const watch = new DeadlineWatch({
      clock,
      deadline: () => soonest(lines.values()),
      look: () => {
        for (const line of lines.values()) line.onTime();
      },
    });
    closers.push(async () => watch.close());
    closers.push(() => feed.close());
    feed.start();
    return { url: server.url, ports, lines, feed, writer, database, close };
  } catch (error) {
    // What kept it from starting is what to tell; what went wrong in closing is in the log.
    await close().catch(() => {});
    throw error;
  }
}

/** When the clock alone closes a symbol's next second (µs); ∞ where none is open. */
function soonest(lines: Iterable<SymbolLine>): number {
  let deadline_us = Number.POSITIVE_INFINITY;
  for (const { lane } of lines) deadline_us = Math.min(deadline_us, lane.clockDeadline);
  return deadline_us;
}

/** Last started, first closed. One that fails keeps none of the others open; the first failure is thrown. */
async function closeAll(closers: (() => Promise<void>)[], log: Logger): Promise<void> {
  const failures: unknown[] = [];
  for (const step of closers.reverse()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
      log.error({ error: describeError(error) }, "a part of the service did not close as it should");
    }
  }
  if (failures.length > 0) throw failures[0];
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
