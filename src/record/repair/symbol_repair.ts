/**
 * The holes of one symbol's stored trades: looks for them, fetches what is missing, the newest hole first, has the
 * touched bars computed again and marks the breaks that are whole. What it has not finished it finds again.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type TradeId, US_PER_SEC } from "../../base/units.ts";
import { markFilled } from "../backfill/filled_breaks.ts";
import type { BackfillJob } from "../backfill/job.ts";
import { KnownHistory, type MissingIds } from "../backfill/known_history.ts";
import type { BackfillRest } from "../backfill/rest_source.ts";
import { cut, joined, type Span } from "../bars/bars.ts";
import type { Refresher } from "../bars/refresher.ts";
import { AbsentTrades, noteAbsent } from "./absent_trades.ts";
import { type FetchEnd, fetchRange } from "./fetch_range.ts";
import { around, type Hole, idsOf, secondFloor } from "./holes.ts";
import { RestReach } from "./rest_reach.ts";
import type { RestShare } from "./rest_share.ts";
import { daysOf, epochsOf, misdatedTrades, repairable, spansOfBreaks, spansWithHoles } from "./silences.ts";

/** What a round works with. */
export interface RepairTools {
  readonly sql: Sql;
  readonly rest: Pick<BackfillRest, "tradesBetween">;
  readonly share: RestShare;
  readonly refresher: Pick<Refresher, "again">;
  /** A backfill of a span, its loader open. */
  readonly jobOf: (symbol: string, span: Span, epoch: number) => Promise<BackfillJob>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told of each step that is done. */
  readonly onStep: () => void;
  /** Told once a round has changed what is known within the longest look-back. */
  readonly onHealed: (symbol: string) => void;
}

/** What becomes of the ids that are missing; `none`: no id is. */
export type RepairState = "none" | "repairing" | "waiting_for_rest" | "left_to_backfill";

export interface SymbolRepairStats {
  readonly symbol: string;
  /** Undefined before the first look. */
  readonly ids_missing: number | undefined;
  /** Ids the exchange itself has no trade of. */
  readonly ids_absent: number;
  /** Since the process began. */
  readonly ids_repaired: number;
  readonly state: RepairState;
}

export class SymbolRepair {
  readonly #symbol: string;
  #holes: Hole[] = [];
  #looked = false;
  #absent: AbsentTrades | undefined;
  #ids_repaired = 0;
  #state: RepairState = "none";
  #epoch = 0;
  #looked_to_us = 0;
  /** Up to where this round has changed what is known (µs); 0: nowhere. */
  #healed_us = 0;
  #walk_due_us = 0;
  readonly #reach = new RestReach();

  constructor(symbol: string) {
    this.#symbol = symbol;
  }

  get stats(): SymbolRepairStats {
    return {
      symbol: this.#symbol,
      ids_missing: this.#looked ? idsOf(this.#holes) : undefined,
      ids_absent: this.#absent?.ids ?? 0,
      ids_repaired: this.#ids_repaired,
      state: this.#state,
    };
  }

  /** Finds what is missing. All of the history once an hour; else what is recent, and what was missing before. */
  async look({ sql, clock, signal, onStep }: RepairTools): Promise<void> {
    const symbol = this.#symbol;
    const within = await repairable(sql, symbol);
    if (!within) return this.#found([]);
    const all = clock.monotonicUs() >= this.#walk_due_us;
    const recent_us = Math.max(
      within.from_us,
      Math.min(this.#looked_to_us, within.to_us) - LIMITS.repair_recent_s * US_PER_SEC,
    );
    const spans = all
      ? daysOf(within)
      : [...this.#holes.map(({ span }) => span), ...daysOf({ from_us: recent_us, to_us: within.to_us })];
    const found: Span[] = await spansOfBreaks(sql, { symbol, ...within });
    for (const span of spans) {
      found.push(...(await spansWithHoles(sql, { symbol, ...span })));
      onStep();
      if (all && spans.length > 1) await pause(clock, LIMITS.repair_walk_pause_ms, signal);
      signal.throwIfAborted();
    }
    const ended = found.filter(({ from_us, to_us }) => from_us >= within.from_us && to_us <= within.to_us);
    ended.sort((a, b) => a.from_us - b.from_us);
    await this.#list(sql, within, joined(ended, -US_PER_SEC).slice(-LIMITS.repair_spans_max));
    this.#looked_to_us = within.to_us;
    if (all) this.#walk_due_us = clock.monotonicUs() + LIMITS.repair_walk_every_s * US_PER_SEC;
  }

  /** Fetches what is missing, as far as the share of REST's weight goes. @returns whether that was spent. */
  async heal(tools: RepairTools): Promise<{ cut: boolean }> {
    let ended: FetchEnd = "answered";
    this.#healed_us = 0;
    try {
      for (const hole of [...this.#holes].reverse()) {
        ended = await this.#healHole(hole, tools);
        if (ended === "cut") break;
      }
    } finally {
      const look_back_us = LIMITS.look_back_s_max * US_PER_SEC;
      if (this.#healed_us >= this.#looked_to_us - look_back_us) tools.onHealed(this.#symbol);
    }
    this.#state = this.#stateAfter(ended === "cut", tools.clock);
    return { cut: ended === "cut" };
  }

  /** What is missing in each span, by id. */
  async #list(sql: Sql, within: Span, spans: readonly Span[]): Promise<void> {
    const symbol = this.#symbol;
    const known = new KnownHistory({ sql });
    this.#epoch = (await epochsOf(sql, { symbol, ...within }))?.newest ?? 0;
    this.#absent = await AbsentTrades.read(sql, symbol, this.#epoch);
    const holes: Hole[] = [];
    for (const span of spans) {
      const stretch = { symbol, ...span };
      const epochs = await epochsOf(sql, stretch);
      // Ids join nothing across numberings, and REST knows the newest alone.
      if (epochs?.least !== this.#epoch || epochs.newest !== this.#epoch) continue;
      holes.push({ span, missing: await this.#missing(known, span) });
    }
    for (const { trade_id, ts_us } of await misdatedTrades(sql, symbol, within.from_us)) {
      const id = trade_id as TradeId; // stored as one
      const span = { from_us: secondFloor(ts_us), to_us: secondFloor(ts_us) + US_PER_SEC };
      const missing = this.#absent.leaveOut([
        { from: id, to: id, before_us: undefined, after_us: undefined },
      ]);
      const listed = holes.some((hole) => hole.missing.some(({ from, to }) => from <= id && id <= to));
      if (missing.length > 0 && !listed) holes.push({ span, missing });
    }
    this.#found(holes);
  }

  #found(holes: Hole[]): void {
    this.#holes = holes;
    this.#looked = true;
    if (idsOf(holes) === 0) this.#state = "none";
    else if (this.#state === "none") this.#state = "repairing";
  }

  async #missing(known: KnownHistory, span: Span): Promise<MissingIds[]> {
    const stretch = { symbol: this.#symbol, ...span };
    const within = await known.extent(stretch);
    if (!within) return [];
    return this.#absent!.leaveOut(
      await known.missing(stretch, within, "aggTrades", LIMITS.backfill_gaps_max),
    );
  }

  async #healHole(hole: Hole, tools: RepairTools): Promise<FetchEnd> {
    const { sql, clock, log } = tools;
    const symbol = this.#symbol;
    const answered: MissingIds[] = [];
    let end: FetchEnd = "answered";
    let touched: Span | undefined;
    let job: BackfillJob | undefined;
    try {
      for (const gap of [...hole.missing].reverse()) {
        if (!this.#reach.mayAsk(gap, clock)) continue;
        job ??= await tools.jobOf(symbol, hole.span, this.#epoch);
        end = await fetchRange(job, tools.rest, gap, tools.share, (span) => {
          touched = around(touched, span);
        });
        tools.onStep();
        if (end === "answered") answered.push(gap);
        else if (end === "out_of_reach") this.#reach.askLater(gap, clock);
        else if (end === "cut") break;
      }
    } finally {
      // What was loaded before REST failed counts.
      this.#ids_repaired += job?.tally.rows_added ?? 0;
      if (touched) this.#healed_us = Math.max(this.#healed_us, touched.to_us);
      if (touched) await this.#refresh(hole.span, touched, tools);
    }
    const added = job?.tally.rows_added ?? 0;
    const missing = await this.#leftOf(hole, answered, tools);
    const marked = await markFilled(sql, { symbol, ...hole.span }, missing, clock.now());
    this.#holes = this.#holes.map((one) => (one === hole ? { ...hole, missing } : one));
    // Ids the exchange has no trade of are known to be none as well.
    if (added + marked > 0 || missing.length < hole.missing.length)
      this.#healed_us = Math.max(this.#healed_us, hole.span.to_us);
    if (added + marked > 0) {
      const left = idsOf([{ ...hole, missing }]);
      log.info({ symbol, added, left, breaks_filled: marked }, "missing trades fetched by REST");
    }
    return end;
  }

  /** What is still missing; what REST has answered without is noted. */
  async #leftOf(
    hole: Hole,
    answered: readonly MissingIds[],
    { sql, clock }: RepairTools,
  ): Promise<MissingIds[]> {
    const [symbol, epoch] = [this.#symbol, this.#epoch];
    const known = new KnownHistory({ sql });
    const left: MissingIds[] = [];
    for (const gap of hole.missing) {
      const span = { from_us: gap.before_us ?? 0, to_us: (gap.after_us ?? clock.now()) + 1 };
      left.push(...(await known.missing({ symbol, ...span }, gap, "aggTrades", LIMITS.backfill_gaps_max)));
    }
    for (const gap of left) {
      if (answered.some(({ from, to }) => from <= gap.from && gap.to <= to)) {
        await noteAbsent(sql, { symbol, epoch }, gap, clock.now());
      }
    }
    this.#absent = await AbsentTrades.read(sql, symbol, epoch);
    return this.#absent.leaveOut(left);
  }

  /** By force, and from the beginning of the silence on: bars may think they are up to date. */
  async #refresh(silence: Span, touched: Span, { refresher, onStep }: RepairTools): Promise<void> {
    const span = {
      from_us: Math.min(silence.from_us, secondFloor(touched.from_us)),
      to_us: secondFloor(touched.to_us) + US_PER_SEC,
    };
    for (const step of cut(span, LIMITS.repair_refresh_s * US_PER_SEC)) {
      await refresher.again(step);
      onStep();
    }
  }

  #stateAfter(cut: boolean, clock: Clock): RepairState {
    if (idsOf(this.#holes) === 0) return "none";
    if (cut) return "waiting_for_rest";
    const more = this.#holes.some(({ missing }) => missing.some((gap) => this.#reach.mayAsk(gap, clock)));
    return more ? "repairing" : "left_to_backfill";
  }
}
