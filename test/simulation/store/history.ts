/** What a look-back reads of the simulated store. */

import { micros, priceE8, tradeId, updateId } from "../../../src/base/units.ts";
import type {
  BrokenStream,
  DisconnectEvent,
  QuoteEvent,
  SetAside,
  TradeEvent,
} from "../../../src/binance/events.ts";
import type { FillHistory, Received, StoredTrade } from "../../../src/record/fill_history.ts";
import { exactQty } from "../../../src/record/sql/columns.ts";
import type { SimulatedProcess } from "../process.ts";
import type { SimulatedStore } from "./store.ts";
import type { StoredRow } from "./tables.ts";

export function tradeOf(row: StoredRow): TradeEvent {
  return {
    kind: "trade",
    symbol: row.symbol as string,
    epoch: Number(row.epoch ?? 0),
    ts_us: micros(row.ts as number),
    received_us: micros(row.received_at as number),
    trade_id: tradeId(row.trade_id as number),
    price_e8: priceE8(row.price_e8 as number),
    qty_e8: exactQty(String(row.qty_e8)),
    is_buyer_maker: row.is_buyer_maker as boolean,
  };
}

export function quoteOf(row: StoredRow): QuoteEvent {
  return {
    kind: "quote",
    symbol: row.symbol as string,
    epoch: Number(row.epoch ?? 0),
    ts_us: micros(row.ts as number),
    received_us: micros(row.received_at as number),
    update_id: updateId(row.update_id as number),
    bid_price_e8: priceE8(row.bid_price_e8 as number),
    bid_qty_e8: exactQty(String(row.bid_qty_e8)),
    ask_price_e8: priceE8(row.ask_price_e8 as number),
    ask_qty_e8: exactQty(String(row.ask_qty_e8)),
  };
}

function disconnectOf(row: StoredRow): DisconnectEvent {
  const optional = (name: "until" | "noticed"): object =>
    row[name] === null ? {} : { [`${name}_us`]: row[name] };
  return {
    kind: "disconnect",
    symbol: row.symbol as string,
    ts_us: micros(row.ts as number),
    received_us: micros(row.received_at as number),
    reason: row.reason as string,
    ...(row.stream === "all" ? {} : { stream: row.stream as BrokenStream }),
    ...optional("until"),
    ...optional("noticed"),
    ...(row.fillable === false ? { fillable: false as const } : {}),
  };
}

const byNumber = (a: TradeEvent | QuoteEvent, b: TradeEvent | QuoteEvent): number =>
  a.epoch - b.epoch || idOf(a) - idOf(b);
const idOf = (event: TradeEvent | QuoteEvent): number =>
  event.kind === "trade" ? event.trade_id : event.update_id;

export function historyOf(store: SimulatedStore, process: SimulatedProcess): FillHistory {
  const ask = <T>(run: () => T): Promise<T> => process.gate(store.answer(run));
  async function* each<T>(run: () => readonly T[]): AsyncGenerator<T> {
    yield* await ask(run);
  }
  const newest = <T extends TradeEvent | QuoteEvent>(
    events: readonly T[],
    before_us: number,
    own: Received | undefined,
  ): T | undefined =>
    events
      .filter(({ ts_us }) => ts_us < before_us)
      .filter(({ received_us }) => !own || received_us < own.from_us || received_us > own.until_us)
      .sort((a, b) => b.ts_us - a.ts_us || byNumber(b, a))[0];
  const rows = store.tables.rows.bind(store.tables);
  return {
    tradesSince: (_, from_us) =>
      each(() =>
        rows("trades")
          .filter(({ ts }) => (ts as number) >= from_us)
          .map((row): StoredTrade => {
            return {
              trade: tradeOf(row),
              late: row.late === true,
              set_aside: row.set_aside as SetAside | null,
            };
          })
          .sort((a, b) => byNumber(a.trade, b.trade)),
      ),
    quotesSince: (_, from_us) =>
      each(() =>
        rows("quotes")
          .filter(({ ts, late, set_aside }) => (ts as number) >= from_us && !late && set_aside === null)
          .map(quoteOf)
          .sort(byNumber),
      ),
    lastTrade: (_, before_us = micros(Number.MAX_SAFE_INTEGER), own) =>
      ask(() => newest(rows("trades").filter(isBelieved).map(tradeOf), before_us, own)),
    lastQuote: (_, before_us = micros(Number.MAX_SAFE_INTEGER), own) =>
      ask(() => newest(rows("quotes").filter(isBelieved).map(quoteOf), before_us, own)),
    lastVectorAt: (_, before_us = micros(Number.MAX_SAFE_INTEGER)) =>
      ask(() => {
        const times = rows("features_live").map(({ ts }) => ts as number);
        const found = times.filter((ts) => ts <= before_us).sort((a, b) => b - a)[0];
        return found === undefined ? undefined : micros(found);
      }),
    disconnectsSince: (_, from_us) =>
      ask(() =>
        rows("disconnects")
          .map(disconnectOf)
          .filter(({ ts_us, until_us }) => ts_us >= from_us || (until_us ?? 0) >= from_us)
          .sort((a, b) => a.ts_us - b.ts_us || a.received_us - b.received_us),
      ),
    absentTrades: () => ask(() => []),
  };
}

const isBelieved = ({ set_aside }: StoredRow): boolean => set_aside === null;
