/** The record at the end of a run, held against the exchange's own and against the naive referee. */

import { US_PER_SEC } from "../../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { floatsOf } from "../../../src/record/market_rows.ts";
import { NaiveV1, type Sifted } from "../../features/naive/naive.ts";
import type { Fault, FaultKind } from "../faults.ts";
import { quoteOf, tradeOf } from "../store/history.ts";
import type { StoredRow } from "../store/tables.ts";
import type { World } from "../world.ts";
import { hasAny } from "./shown.ts";

/** Every id between the first and the last stored is stored, or in a marked break; none is there twice. */
export function checkIds(world: World, schedule: readonly Fault[]): void {
  const renumbered = schedule.filter(({ kind }) => kind === "renumber").length;
  if (renumbered > 1) return;
  const lower_by = world.exchange.renumbering.trades_by;
  const first = world.truth.trades.keys().next().value ?? 0;
  const stored = new Map<number, number>();
  for (const row of world.store.tables.rows("trades")) {
    if (row.set_aside !== null) continue;
    const id = (row.trade_id as number) + ((row.trade_id as number) < first ? lower_by : 0);
    stored.set(id, (stored.get(id) ?? 0) + 1);
  }
  const twice = [...stored].filter(([, times]) => times > 1);
  if (
    twice.length > 0 &&
    !falseIdsAgree(schedule) &&
    !hasAny(schedule, ["mutate", "bogus_time", "exchange_clock"])
  ) {
    world.problem(`ids: ${twice.length} trades are stored twice, the first is ${twice[0]![0]}`);
  }
  const ids = [...stored.keys()].sort((a, b) => a - b);
  const breaks = world.store.tables
    .rows("disconnects")
    .filter(({ stream, filled_at }) => (stream === "all" || stream === "trade") && filled_at === null);
  // A false id within reach, believed, is a trade that has come when the true one comes (seed 169).
  if (schedule.some(({ kind, stream, by = 0 }) => kind === "bogus_ids" && stream === "trade" && by > 0))
    return;
  const lost: number[] = [];
  for (const [id, ts_us] of world.truth.trades) {
    if (id < ids[0]! || id > ids.at(-1)! || stored.has(id)) continue;
    const marked = breaks.some(
      ({ ts, until }) =>
        ts_us >= (ts as number) && ts_us <= ((until as number | null) ?? Number.POSITIVE_INFINITY),
    );
    if (!marked) lost.push(id);
  }
  if (lost.length > 0)
    world.problem(`ids: ${lost.length} trades are neither stored nor marked, the first is ${lost[0]}`);
}

/** Two messages in a row with false ids bear each other out: that is how a new numbering is believed (seeds 153, 1037). */
const falseIdsAgree = (schedule: readonly Fault[]): boolean =>
  schedule.some(({ kind, stream, count = 0 }) => kind === "bogus_ids" && stream === "trade" && count > 1);

const ID_STEP = 1e14;

/** Ids of a later numbering are higher. */
const ascending = <E extends TradeEvent | QuoteEvent>(event: E): E =>
  event.kind === "trade"
    ? { ...event, trade_id: event.trade_id + event.epoch * ID_STEP }
    : { ...event, update_id: (event as QuoteEvent).update_id + event.epoch * ID_STEP };

const isKnown = ({ late, set_aside }: StoredRow): boolean => late !== true && set_aside === null;

interface Break {
  readonly from_us: number;
  /** Vectors up to then were made before it was known of. */
  readonly marker_us: number;
  readonly of_quotes: boolean;
}

function breaksOf(world: World): Break[] {
  return world.store.tables.rows("disconnects").map((row) => ({
    from_us: row.ts as number,
    marker_us: Math.max(row.ts as number, (row.noticed as number | null) ?? 0),
    of_quotes: row.stream === "all" || row.stream === "quote",
  }));
}

function referee(world: World, breaks: readonly Break[]): NaiveV1 {
  const rows = world.store.tables;
  const events: Sifted = {
    trades: rows
      .rows("trades")
      .filter(isKnown)
      .map((row) => ascending(tradeOf(row))),
    quotes: rows
      .rows("quotes")
      .filter(isKnown)
      .map((row) => ascending(quoteOf(row))),
    markers_us: breaks.filter(({ of_quotes }) => of_quotes).map(({ marker_us }) => marker_us),
    late: new Set(),
  };
  return new NaiveV1(events, 0);
}

/** A vector that says it is warm equals the referee's from the stored rows, bit for bit. */
export function checkFeatures(world: World, schedule: readonly Fault[]): void {
  // The referee orders trades by id alone, and asks nothing of times that run back.
  if (hasAny(schedule, ["exchange_clock", "bogus_time", "mutate"])) return;
  if (falseIdsAgree(schedule)) return;
  const breaks = breaksOf(world);
  const naive = referee(world, breaks);
  let wrong = 0;
  for (const row of world.store.tables.rows("features_live")) {
    if (row.feature_set !== v1.name || row.warm !== true) continue;
    const ts_us = row.ts as number;
    // What a break has hidden until it was noticed is filled later.
    const hidden = breaks.some(({ from_us, marker_us }) => from_us < ts_us && marker_us >= ts_us);
    if (hidden || endedUnaware(world, ts_us)) continue;
    const values = floatsOf(row.values as string);
    const expected = naive.at(ts_us / US_PER_SEC).values;
    const found = v1.names.findIndex((_, i) => !Object.is(values[i], expected[i] ?? Number.NaN));
    if (found < 0) continue;
    if (++wrong > 3) continue;
    const at = ts_us / US_PER_SEC;
    world.problem(
      `features: ${v1.names[found]} as of ${at} is ${values[found]}, the referee says ${expected[found]}`,
    );
  }
}

/** An outcome is what the stored quotes say, or null. */
export function checkLabels(world: World, schedule: readonly Fault[]): void {
  // Where the exchange's clock is set back, the same seconds are there twice.
  if (hasAny(schedule, ["exchange_clock"])) return;
  const breaks = breaksOf(world);
  const naive = referee(world, breaks);
  const end_us = world.clock.now();
  // The referee's labels are of the mid; what stands in where there are no quotes may forecast the last price.
  const ofLastPrice = new Set(
    world.shown
      .filter(({ prediction }) => prediction.label === "last")
      .map(({ prediction }) => `${prediction.ts_sec * US_PER_SEC} ${prediction.model_version}`),
  );
  for (const row of world.store.tables.rows("outcomes")) {
    const realized = row.realized_log_return as number | null;
    if (realized === null || ofLastPrice.has(`${row.ts} ${row.model_version}`)) continue;
    const ts_sec = (row.ts as number) / US_PER_SEC;
    const horizon_s = row.horizon_s as number;
    if ((ts_sec + horizon_s) * US_PER_SEC > end_us - 2 * US_PER_SEC) continue;
    const label = naive.label(ts_sec, horizon_s);
    if (label !== realized)
      world.problem(`labels: stored as of ${ts_sec} is ${realized}, the stored quotes say ${label}`);
    const truth = world.truth.label(ts_sec, horizon_s);
    const told =
      !endedUnaware(world, row.ts as number) && !endedUnaware(world, (ts_sec + horizon_s) * US_PER_SEC);
    if (told && isTrueToTheEnd(schedule) && truth !== undefined && truth !== realized) {
      world.problem(`labels: stored as of ${ts_sec} is ${realized}, in truth it was ${truth}`);
    }
  }
}

/**
 * Whether a process ended so soon after this time that it could not notice a silence: the next start dates its mark at
 * the last vector (seeds 240, 277).
 */
const endedUnaware = (world: World, ts_us: number): boolean =>
  world.ends.some(({ at_us }) => ts_us > at_us - UNAWARE_S * US_PER_SEC && ts_us <= at_us);

const UNAWARE_S = 6;

/** Longest silence of quotes that need not be noticed (s): the ceiling of what is learnt, and a look at it. */
const SILENCE_S = 12;

/** Faults by which no quote is lost, changed or late without being noticed. */
const LEAVES_QUOTES: readonly FaultKind[] = [
  ...(["rest_error", "rest_hang", "rest_stale", "rest_huge", "store_slow", "store_hung"] as const),
  ...(["store_refusing", "store_restarted", "disk_full", "disk_torn", "disk_hung", "disk_slow"] as const),
  ...(["disk_lost_sync", "model_dead", "model_silent", "model_slow", "model_nan", "model_swapped"] as const),
  ...(["cut", "half_open", "network_down", "shutdown", "killed", "stopped", "power_cut"] as const),
];

const isTrueToTheEnd = (schedule: readonly Fault[]): boolean =>
  schedule.every(
    ({ kind, stream, for_s }) =>
      LEAVES_QUOTES.includes(kind) ||
      (kind === "stall" && (stream !== "bestBidAsk" || for_s > SILENCE_S)) ||
      (kind === "stall_all" && for_s > SILENCE_S),
  );
