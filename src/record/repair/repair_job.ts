/**
 * Repairs stored history while the service runs: trades that an outage longer than the look-back, or anything else,
 * has left out are fetched by REST, the newest first, within a share of REST's weight. On connections of its own,
 * which are left behind where they hang. Only the service that holds the lease repairs.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { whileProgressing, withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import { HistoryLoader } from "../backfill/history_loader.ts";
import { type BackfillJob, emptyTally } from "../backfill/job.ts";
import { KnownHistory } from "../backfill/known_history.ts";
import type { Span } from "../bars/bars.ts";
import type { Refresher } from "../bars/refresher.ts";
import type { Database } from "../database.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { RestShare } from "./rest_share.ts";
import { type RepairTools, SymbolRepair, type SymbolRepairStats } from "./symbol_repair.ts";

/** What the repair asks of REST. */
export interface RepairRest {
  readonly load: RestClient["load"];
  /** The same, its requests cut at the signal. */
  until(signal: AbortSignal): Pick<RestClient, "tradesBetween">;
}

export interface RepairJobOptions {
  readonly database: Pick<Database, "connect" | "url">;
  readonly refresher: Pick<Refresher, "again">;
  /** What has been decided must be stored before it counts as missing. */
  readonly writer: { flush(): Promise<void> };
  readonly rest: RepairRest;
  readonly symbols: readonly string[];
  /** The fences of the leases held. */
  readonly fences: () => string | null;
  /** Whether the symbol's own look-back has been fetched: that goes first. */
  readonly isWarmedUp: (symbol: string) => boolean;
  /** What is stored within the longest look-back has changed: the lane's own is out of date. */
  readonly onHealed?: (symbol: string) => void;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
}

export interface RepairStats {
  readonly rounds: number;
  readonly failures: number;
  /** Why the last round could not be finished; undefined where it was. */
  readonly last_error: ForetickError | undefined;
  readonly symbols: readonly SymbolRepairStats[];
}

const BACKOFF = { first_ms: 500, cap_ms: 30_000 };

export class RepairJob extends RoundJob {
  readonly #options: RepairJobOptions;
  readonly #symbols: readonly SymbolRepair[];
  readonly #share: RestShare;
  /** Its share of REST's weight was spent: the next round comes as soon as there is some again. */
  #cut = false;

  constructor(options: RepairJobOptions) {
    super({
      ...{ clock: options.clock, first_ms: LIMITS.repair_first_ms },
      round: (signal) => this.#round(signal),
      pauseMs: (last_error) => this.#pauseMs(last_error),
      onFailed: ({ code, message }, before) => {
        if (code === before?.code) return;
        options.log.warn(
          { code, reason: message },
          "missing trades could not be fetched; trying again later",
        );
      },
    });
    this.#options = options;
    this.#symbols = options.symbols.map((symbol) => new SymbolRepair(symbol));
    this.#share = new RestShare(options.clock, () => options.rest.load);
  }

  get stats(): RepairStats {
    const { rounds, failures, last_error } = this;
    return {
      ...{ rounds, failures, last_error },
      symbols: this.#symbols.map(({ stats }) => stats),
    };
  }

  #pauseMs(last_error: ForetickError | undefined): number {
    if (last_error || !this.#cut) return roundPauseMs(LIMITS.repair_every_ms, last_error);
    return Math.min(LIMITS.repair_every_ms, Math.max(LIMITS.repair_again_ms_min, this.#share.delay_ms));
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const resources = new RoundResources();
    let steps = 0;
    try {
      const tools = this.#tools(resources, () => steps++);
      await whileProgressing(this.#repair(tools), () => steps, {
        ...{ clock, limit: "repair_stall_ms_max", what: "a round of repairs", signal },
        onGivenUp: () => resources.leave(),
      });
    } finally {
      resources.leave();
    }
  }

  async #repair(tools: RepairTools): Promise<void> {
    const { symbols, writer, clock, isWarmedUp } = this.#options;
    this.#cut = false;
    await withDeadline(writer.flush(), {
      ...{ clock, limit: "repair_flush_ms_max", what: "the rows written before a repair" },
      signal: tools.signal,
    });
    for (const repair of this.#symbols) await repair.look(tools);
    for (const [index, repair] of this.#symbols.entries()) {
      if (!isWarmedUp(symbols[index]!)) continue;
      this.#cut = (await repair.heal(tools)).cut || this.#cut;
    }
  }

  #tools(resources: RoundResources, onStep: () => void): RepairTools {
    const { database, refresher, rest, clock, rng, log, fences } = this.#options;
    const { onHealed = () => {} } = this.#options;
    const { signal } = resources;
    const sql = database.connect({
      connections: 1,
      statement_timeout_ms: LIMITS.repair_statement_ms_max,
      application_name: "foretick repair",
      passing: true,
    });
    resources.sql = sql;
    const known = new KnownHistory({ sql });
    const jobOf = async (symbol: string, span: Span, epoch: number): Promise<BackfillJob> => ({
      loader: await resources.loaderOf(symbol, () =>
        HistoryLoader.open({ url: database.url, symbol, clock, epoch, fences }),
      ),
      ...{ stretch: { symbol, ...span }, known, sql, epoch, clock, log, rng, signal, kind: "trades" },
      ...{ tally: emptyTally(), batch_rows: LIMITS.load_batch_rows_max, backoff: BACKOFF, again: false },
      onProgress: onStep,
    });
    return {
      sql,
      rest: rest.until(signal),
      share: this.#share,
      refresher,
      jobOf,
      clock,
      log,
      signal,
      onStep,
      onHealed,
    };
  }
}

/** What a round holds open. Left, it is ended without waiting: a connection that hangs does not answer its end either. */
class RoundResources {
  readonly #left = new AbortController();
  readonly #loaders = new Map<string, Promise<HistoryLoader>>();
  sql: Sql | undefined;

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  loaderOf(symbol: string, open: () => Promise<HistoryLoader>): Promise<HistoryLoader> {
    const opened = this.#loaders.get(symbol) ?? open();
    this.#loaders.set(symbol, opened);
    return opened;
  }

  leave(): void {
    if (this.#left.signal.aborted) return;
    this.#left.abort();
    void this.sql?.end({ timeout: 0 }).catch(() => {});
    for (const loader of this.#loaders.values()) {
      void loader.then(
        (opened) => opened.close(),
        () => {},
      );
    }
  }
}
