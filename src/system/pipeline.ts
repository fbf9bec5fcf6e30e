/**
 * The data's way on one screen: streams → workers → predictor → journal, database and server. Everything is started
 * here, in the order it depends on; `ending.ts` says in which it ends. Only the feed is needed to start: the database
 * may come later, and some model serves in any case.
 */

import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { DrainReport } from "../base/drain.ts";
import { ForetickError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { Rng } from "../base/rng.ts";
import type { MarketEvent, StreamName } from "../binance/events.ts";
import { RestClient } from "../binance/rest/client.ts";
import { requireServable } from "../binance/rest/servable.ts";
import { StreamClient } from "../binance/stream/client.ts";
import { SymbolStatus } from "../binance/stream/symbol_status.ts";
import { FEATURE_SETS } from "../features/sets/all.ts";
import { DeadlineWatch } from "../predict/deadline_watch.ts";
import { LoopLag } from "../predict/loop_lag.ts";
import type { Database } from "../record/database.ts";
import type { FillHistory } from "../record/fill_history.ts";
import { redisOfConfig } from "../record/redis/address.ts";
import { Publisher } from "../record/redis/publisher.ts";
import { bundleStoreOf } from "../record/registry/bundle_store.ts";
import { Writer } from "../record/write/writer.ts";
import { Sites } from "../serve/access/sites.ts";
import { metricsServerOf } from "../serve/metrics_server.ts";
import type { RunningServer } from "../serve/server.ts";
import type { Alerts } from "../steer/alerts/alerts.ts";
import { readRules, SHIPPED_RULES } from "../steer/alerts/rules/rules.ts";
import { alertOf } from "../steer/alerts/steer_alert.ts";
import type { SteerEvent } from "../steer/events.ts";
import { accessOver } from "./access.ts";
import { asksOver } from "./asked/wiring.ts";
import { Capture } from "./capture/capture.ts";
import { Ending } from "./ending.ts";
import { Leadership } from "./lead/leadership.ts";
import { StandbyPorts } from "./lead/standby.ts";
import type { ModelsInUse } from "./model/served_models.ts";
import { type Outside, THE_MACHINE } from "./outside.ts";
import { PipelinePorts } from "./ports.ts";
import { Store } from "./store/store.ts";
import type { StoredParts } from "./store/stored_parts.ts";
import { SymbolWorker } from "./symbol/symbol_worker.ts";
import { Tickers } from "./symbol/tickers.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** What is subscribed to, for every symbol. */
const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk", "depth"];

export interface PipelineOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** What was done on a judgement: a champion taken back, a deployment's step. It is in the log in any case. */
  readonly onSteer?: (event: SteerEvent) => void;
  /** Ends a start that waits for another service to end. */
  readonly stop?: AbortSignal;
  /** Trains beside the service; started once that listens, ended with it. */
  readonly worker?: WorkerProcess | undefined;
  /** Default: the machine it runs on. */
  readonly outside?: Outside;
}

export interface Pipeline {
  readonly url: string;
  readonly ports: PipelinePorts;
  readonly workers: ReadonlyMap<string, SymbolWorker>;
  readonly feed: StreamClient;
  readonly writer: Writer;
  readonly store: Store;
  readonly alerts: Alerts | undefined;
  /** @throws ForetickError STORE_UNREACHABLE until it is open. */
  readonly database: Database;
  /** Resolves when this service has to end by itself: another has taken over, or a symbol has an internal error. */
  readonly ended: Promise<Error>;
  /** Stops listening, puts what was decided on disk, then ends the rest. Never rejects. May be called twice. */
  close(): Promise<DrainReport>;
}

/**
 * Resolves when it listens; the feed connects in the background, and so does a database that is away.
 * @throws ForetickError what an operator has to correct before a start makes sense.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, clock, rng, log, stop, worker: trainer, onSteer = () => {} } = options;
  const { outside = THE_MACHINE } = options;
  const { network } = outside;
  const ending = new Ending(clock, log);
  try {
    const redis = redisOfConfig(config);
    const rules = readRules(config.alert_rules ?? SHIPPED_RULES);
    const metrics = new Metrics();
    const record = log.child({ stage: "record" });
    const ended = Promise.withResolvers<Error>();
    const workers = new Map<string, SymbolWorker>();
    const api_key = config.binance_api_key;
    const wire = { clock, rng, log: log.child({ stage: "binance" }), api_key, network };
    const rest = new RestClient({ ...wire, origin: config.binance_rest_url });
    const servable = requireServable(config.symbols, rest, clock);
    // Awaited below; until then its refusal is nobody's.
    servable.catch(() => {});
    let stored: StoredParts | undefined;
    let history: FillHistory | undefined;
    let models: ModelsInUse | undefined;
    let standby: RunningServer | undefined;
    let alerts: Alerts | undefined;
    const serving = log.child({ stage: "serve" });
    const store = new Store({
      ...{ clock, log: record, link: outside.link({ config, clock, log: record }) },
      onOpen: async (database) => {
        // A start without the database has begun with all symbols, and goes on with all or none.
        await leadership.take(models ? "all" : "any").catch((error: unknown) => {
          // Where the service runs already, it can no longer refuse to start.
          if (models && error instanceof ForetickError && error.code === "STORE_LEASED") ended.resolve(error);
          throw error;
        });
        begin(database);
      },
    });
    const begin = (database: Database): void => {
      history = outside.history(database);
      stored = outside.storedParts({
        ...{ database, config, writer, clock, rng, log, rest },
        symbols: config.symbols.filter((symbol) => leadership.leads(symbol)),
        fences: () => leadership.fences(),
        isWarmedUp: (symbol) => workers.get(symbol)?.warm_up.pending === false,
        onHealed: (symbol) => workers.get(symbol)?.warm_up.wantAgain("trades of its look-back were repaired"),
        begun: async () => {
          for (const { warm_up } of workers.values()) await warm_up.markStart();
        },
        onMaybeMoved: async () => (await models?.refresh()) ?? true,
        signals: () => [...workers].map(([symbol, { signals }]) => [symbol, signals] as const),
        calibrations: () => [...workers].map(([symbol, { calibrations }]) => [symbol, calibrations] as const),
        steering: {
          leads: (symbol) => leadership.leads(symbol),
          refusedOf: (symbol, version) => models?.refusedOf(symbol, version),
          standDown: (symbol, version, why) => models?.standDown(symbol, version, why),
          championOf: (symbol) => workers.get(symbol)?.roster.champion.current,
          onEvent: (event) => {
            onSteer(event);
            const alert = alertOf(event);
            if (alert) alerts?.onEvent(alert);
          },
        },
        onOutcome: (outcome) => workers.get(outcome.symbol)?.onStoredOutcome(outcome),
        onMinutes: (symbol, from_minute, rows) => workers.get(symbol)?.quality.take(from_minute, rows),
      });
      stored?.start();
    };
    ending.add("database", "the database", () => store.close());
    const doors = accessOver({ config, store, clock, log: serving, metrics });
    ending.add("service", "the record of refusals", () => doors.close());
    ending.add("database", "requests with a key", () => doors.end());
    const listen = {
      hostname: config.host,
      log: serving,
      clock,
      access: doors.access,
      sites: new Sites(config.cors_origins),
      metrics_apart: config.metrics_port !== undefined,
      stream_clients_max: config.stream_clients_max,
    };
    let shown = metrics;
    const scraped = metricsServerOf({ config, metrics: () => shown, log: serving, clock });
    ending.add("service", "the metrics", () => scraped?.close());
    const leadership = new Leadership({
      ...{ config, database: store, clock, stop, log: record, onLost: ended.resolve },
      holder: outside.holder(store.data_dir),
      onStandby: async () => {
        if (models) return;
        const reason = (symbol: string): string => leadership.standingBy(symbol);
        const ports = new StandbyPorts({ symbols: config.symbols, clock, reason });
        shown = ports.metrics;
        standby ??= await outside.listen({ ...listen, ports, port: config.port, said: "standing by" });
      },
    });
    ending.add("service", "the standby", () => standby?.close());
    ending.add("lease", "the lease", () => leadership.close());
    const fences = (): string => leadership.fences();
    const writer = new Writer({ database: store, disk: outside.disk, log: record, clock, fences });
    const publisher =
      redis &&
      new Publisher({
        ...{
          address: redis,
          prefix: config.redis_prefix,
          maxlen: config.redis_stream_maxlen,
          clock,
          log: record,
        },
        fenceOf: (symbol) => leadership.fenceOf(symbol),
        stateOf: (symbol) => ports.stateOf(symbol),
      });
    ending.add("service", "Redis", () => publisher?.close());
    ending.add("journal", "the journal", () => writer.secure());
    ending.add("writer", "the writer", () => writer.close());
    ending.add("service", "what works on the database", async () => stored?.close());
    await store.start();
    await servable;
    models = await outside.models({
      ...{ symbols: config.symbols, model_dir: config.model_dir, data_dir: config.data_dir },
      ...{ clock, log: log.child({ stage: "model" }) },
      registry: () => stored?.roles,
      ...{ store: bundleStoreOf(config, clock), seal: config.bundle_key },
    });
    const served = models;
    ending.add("service", "the models", () => served.close());
    // A champion that moved while the models were loaded.
    if (stored) void served.refresh();

    const capture =
      config.capture === "1" ? new Capture({ config, streams: STREAMS, clock, log: record }) : undefined;
    ending.add("journal", "the capture", () => capture?.close());
    capture?.start();
    const patience = outside.patience({ ...wire, data_dir: config.data_dir });
    const feed = new StreamClient({
      ...wire,
      learnt: await patience.read(),
      url: config.binance_sbe_url,
      symbols: config.symbols,
      streams: STREAMS,
      onFrame: capture && ((frame, received_us) => capture.tap.onFrame(frame, received_us)),
      onEvent: (event: MarketEvent) => workers.get(event.symbol)?.onEvent(event),
      onSilent: (symbol) => status.onSilent(symbol),
      newestTrade: async (symbol) => (await rest.trades(symbol, 1)).at(-1)?.trade_id,
    });
    const status = new SymbolStatus({
      ...{ clock, log: wire.log },
      ask: async (symbol, signal) => (await rest.until(signal).exchangeInfo(symbol)).status,
      lastSeen: (symbol) => Math.max(...STREAMS.map((stream) => feed.liveness(symbol, stream)!.last_seen_us)),
    });
    ending.add("intake", "the symbols' status", () => status.close());
    const asked = asksOver({ config, workers, store, clock, log: log.child({ stage: "serve" }) });
    ending.add("service", "the models that callers ask", () => asked.close());
    const ports = new PipelinePorts({
      ...{ config, clock, metrics, store, writer, publisher, models, rest, feed, workers, capture, log },
      asks: asked.asks,
      started_at_us: clock.now(),
      stored: () => stored,
      alerts: () => alerts,
      statusOf: (symbol) => status.of(symbol),
      standingBy: (symbol) => (leadership.leads(symbol) ? undefined : leadership.standingBy(symbol)),
    });
    const tickers = new Tickers({ rest, clock, log: log.child({ stage: "predict" }) });
    ending.add("intake", "the ticker", async () => tickers.close());
    const work = (symbol: string): void => {
      const worker = new SymbolWorker({
        ...{
          symbol,
          sets: FEATURE_SETS,
          streams: STREAMS,
          writer,
          publisher,
          clock,
          parts: capture?.partsOf(symbol),
        },
        rest: (signal) => rest.until(signal),
        history: () => history,
        roster: models.rosterOf(symbol),
        signals: config,
        grace_ms: config.close_grace_ms,
        deadline_ms: config.deadline_ms,
        interval_ms: config.predict_interval_ms,
        fallback: config.fallback === "on",
        tickers: {
          // The price of a symbol that does not trade is nobody's forecast.
          want: (name, onReading) => {
            if (status.of(name) === undefined) tickers.want(name, onReading);
          },
        },
        log: log.child({ stage: "predict" }),
        onPrediction: (prediction) => ports.announce({ kind: "prediction", prediction }),
        onOutcome: (outcome) => ports.announce({ kind: "outcome", outcome }),
        onDefect: ended.resolve,
      });
      workers.set(symbol, worker);
      publisher?.lead(symbol);
      ending.add("symbols", symbol, () => worker.close());
    };
    for (const symbol of config.symbols) if (leadership.leads(symbol)) work(symbol);

    // Before the workers, which wait for what they have asked of it.
    ending.add("intake", "REST", () => rest.close());
    await standby?.close();
    shown = metrics;
    const server = await outside.listen({ ...listen, ports, port: standby?.port ?? config.port });
    ending.add("service", "what callers ask of the database", () => ports.close());
    ending.add("service", "the server", () => server.close());
    const watch = new DeadlineWatch({
      clock,
      lag: new LoopLag(metrics),
      deadline: () => soonest(workers.values()),
      look: () => {
        for (const worker of workers.values()) worker.onTime();
      },
    });
    ending.add("intake", "the watch", () => watch.close());
    ending.add("intake", "the feed", () => feed.close());
    feed.start();
    patience.keep(() => feed.learnt);
    ending.add("service", "the streams' usual pauses", () => patience.close());
    ending.add("service", "the worker", () => trainer?.close());
    trainer?.start();
    const told = outside.alerts({ rules, config, metrics, ports, workers, store, clock, log });
    alerts = told;
    // First of all: what ends because the service ends is no fault.
    ending.add("intake", "the looks at alert rules", () => told?.stop());
    ending.add("service", "the alerts", () => told?.close());
    await told?.start();
    let closing = false;
    ending.add("intake", "the takeover", () => {
      closing = true;
    });
    leadership.takeRest(async (symbols) => {
      if (closing) return;
      for (const symbol of symbols) work(symbol);
      // Its parts know their symbols from the beginning: they begin again.
      await stored?.close().catch(() => {});
      if (!closing) begin(store.required());
    });
    return {
      ...{ url: server.url, ports, workers, feed, writer, store, alerts: told, ended: ended.promise },
      close: () => ending.run(),
      get database() {
        return store.required();
      },
    };
  } catch (error) {
    // The error that prevented the start is thrown; what went wrong in closing is in the log.
    await ending.run();
    throw error;
  }
}

/** When the clock alone closes a symbol's next second (µs); ∞ where none is open. */
function soonest(workers: Iterable<SymbolWorker>): number {
  let deadline_us = Number.POSITIVE_INFINITY;
  for (const { lane } of workers) deadline_us = Math.min(deadline_us, lane.clockDeadline);
  return deadline_us;
}
