/**
 * A second reading of the algebra: what expr.ts says a node means, evaluated one instant at a time by plain
 * recursion over raw events. Integers are BigInt, floats numbers, null is null. The referee for what set v1
 * does not use, and for sets to come.
 */

import { BAR_COLUMNS, type BarColumn, type BookSums } from "../../../src/features/algebra/columns.ts";
import type { Expr, WindowAggregate } from "../../../src/features/algebra/expr.ts";
import { pageLnr, type Sifted } from "./naive.ts";

type Value = bigint | number | boolean | null;

export interface World {
  readonly events: Sifted;
  readonly books: ReadonlyMap<number, BookSums>;
}

export class NaiveExpr {
  readonly #world: World;
  readonly #known = new WeakMap<Expr, Map<number, Value>>();
  readonly #columns = new Map<string, Value>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The value of a float expression at t; null also where it is not finite. */
  float(expr: Expr, t: number): number | null {
    const value = this.at(expr, t);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }

  at(expr: Expr, t: number): Value {
    let known = this.#known.get(expr);
    if (!known) {
      known = new Map();
      this.#known.set(expr, known);
    }
    if (!known.has(t)) {
      const value = this.#compute(expr, t);
      known.set(t, typeof value === "number" && Number.isNaN(value) ? null : value);
    }
    return known.get(t)!;
  }

  #compute(expr: Expr, t: number): Value {
    switch (expr.kind) {
      case "bar":
        return this.#column(expr.column, t);
      case "now_us":
        return BigInt(t) * 1_000_000n;
      case "int":
        return BigInt(expr.literal);
      case "float":
        return expr.literal;
      case "by_hour":
        return expr.table[new Date(t * 1_000).getUTCHours()]!;
      case "block_quantile": {
        const start = Math.floor(t / expr.block_s) * expr.block_s - expr.block_s;
        const inside = this.#world.events.trades.filter(
          ({ ts_us }) => ts_us >= start * 1e6 && ts_us < (start + expr.block_s) * 1e6,
        );
        return ranked(
          inside.map(({ qty_e8 }) => BigInt(qty_e8)),
          expr.num,
          expr.den,
        );
      }
      case "lag":
        return this.at(expr.of, t - expr.by_s);
      case "window": {
        const values: Value[] = [];
        for (let back = expr.count - 1; back >= 0; back--) {
          values.push(this.at(expr.of, t - back * expr.step_s));
        }
        return values.includes(null) ? null : aggregated(expr.aggregate, values);
      }
      case "when": {
        const condition = this.at(expr.condition, t);
        return condition === null ? null : this.at(condition ? expr.then : expr.otherwise, t);
      }
      case "coalesce":
        return this.at(expr.of, t) ?? this.at(expr.otherwise, t);
      default:
        return this.#strict(expr, t);
    }
  }

  /** Nodes that are null as soon as an operand is. */
  #strict(expr: Expr, t: number): Value {
    if (expr.kind === "to_float" || expr.kind === "sqrt" || expr.kind === "floor_div") {
      const of = this.at(expr.of, t);
      if (of === null) return null;
      if (expr.kind === "to_float") return Number(of);
      if (expr.kind === "sqrt") return Math.sqrt(of as number);
      const [value, by] = [of as bigint, BigInt(expr.by)];
      return value >= 0n ? value / by : -((-value + by - 1n) / by);
    }
    if (!("a" in expr)) throw new Error(`unexpected ${expr.kind}`);
    const a = this.at(expr.a, t);
    const b = this.at(expr.b, t);
    if (a === null || b === null) return null;
    if (expr.kind === "compare") return compared(expr.op, a, b);
    if (expr.kind === "lnr")
      return (a as bigint) > 0n && (b as bigint) > 0n ? pageLnr(a as bigint, b as bigint) : null;
    if (expr.kind === "div") return b === 0 ? null : (a as number) / (b as number);
    if (typeof a === "bigint" && typeof b === "bigint") {
      return expr.op === "add" ? a + b : expr.op === "sub" ? a - b : a * b;
    }
    const [x, y] = [a as number, b as number];
    return expr.op === "add" ? x + y : expr.op === "sub" ? x - y : x * y;
  }

  #column(column: BarColumn, t: number): Value {
    const key = `${column} ${t}`;
    if (!this.#columns.has(key)) this.#columns.set(key, this.#columnAt(column, t));
    return this.#columns.get(key)!;
  }

  #columnAt(column: BarColumn, t: number): Value {
    const { source } = BAR_COLUMNS[column];
    if (source === "book") {
      const value = this.#world.books.get(t - 1)?.[column as keyof BookSums];
      return value === undefined ? null : BigInt(value);
    }
    return source === "trades" ? this.#tradeColumn(column, t) : this.#quoteColumn(column, t);
  }

  #tradeColumn(column: BarColumn, t: number): bigint | null {
    const { trades } = this.#world.events;
    const inside = trades.filter(({ ts_us }) => ts_us >= (t - 1) * 1e6 && ts_us < t * 1e6);
    inside.sort((a, b) => a.trade_id - b.trade_id);
    const before = trades.filter(({ ts_us }) => ts_us < t * 1e6);
    const last = before.reduce((a, b) => (a && a.trade_id > b.trade_id ? a : b), before[0]);
    const big = (value: number | undefined): bigint | null => (value === undefined ? null : BigInt(value));
    const total = (of: (index: number) => bigint): bigint =>
      inside.reduce((sum, _, index) => sum + of(index), 0n);
    const prices = inside.map(({ price_e8 }) => price_e8 as number);
    const flat = last?.price_e8;
    switch (column) {
      case "n":
        return BigInt(inside.length);
      case "n_buy":
        return BigInt(inside.filter(({ is_buyer_maker }) => !is_buyer_maker).length);
      case "n_sell":
        return BigInt(inside.filter(({ is_buyer_maker }) => is_buyer_maker).length);
      case "open_e8":
        return big(prices[0] ?? flat);
      case "high_e8":
        return big(prices.length > 0 ? Math.max(...prices) : flat);
      case "low_e8":
        return big(prices.length > 0 ? Math.min(...prices) : flat);
      case "close_e8":
        return big(flat);
      case "buy_qty_e8":
        return total((index) => (inside[index]!.is_buyer_maker ? 0n : BigInt(inside[index]!.qty_e8)));
      case "sell_qty_e8":
        return total((index) => (inside[index]!.is_buyer_maker ? BigInt(inside[index]!.qty_e8) : 0n));
      case "notional_e16":
        return total((index) => BigInt(inside[index]!.price_e8) * BigInt(inside[index]!.qty_e8));
      case "qty_max_e8":
        return inside.reduce((most, { qty_e8 }) => (BigInt(qty_e8) > most ? BigInt(qty_e8) : most), 0n);
      case "last_trade_id":
        return big(last?.trade_id);
      case "last_trade_ts_us":
        return big(last?.ts_us);
      default:
        throw new Error(`no trade column ${column}`);
    }
  }

  #quoteColumn(column: BarColumn, t: number): bigint | null {
    const { quotes, markers_us } = this.#world.events;
    if (column === "n_quotes") {
      return BigInt(quotes.filter(({ ts_us }) => ts_us >= (t - 1) * 1e6 && ts_us < t * 1e6).length);
    }
    const before = quotes.filter(({ ts_us }) => ts_us < t * 1e6);
    before.sort((a, b) => a.update_id - b.update_id);
    const last = before.at(-1);
    if (!last || markers_us.some((us) => last.ts_us <= us && us < t * 1e6)) return null;
    if (column === "quote_update_id") return BigInt(last.update_id);
    if (column === "quote_ts_us") return BigInt(last.ts_us);
    return BigInt(last[column as "bid_price_e8" | "bid_qty_e8" | "ask_price_e8" | "ask_qty_e8"]);
  }
}

function compared(op: string, a: Value, b: Value): boolean {
  const [x, y] = [a as number, b as number];
  const table: Record<string, boolean> = {
    lt: x < y,
    le: x <= y,
    gt: x > y,
    ge: x >= y,
    eq: x === y,
    ne: x !== y,
  };
  return table[op]!;
}

function aggregated(aggregate: WindowAggregate, values: readonly Value[]): Value {
  if (aggregate.op === "quantile") return ranked(values as bigint[], aggregate.num, aggregate.den);
  if (aggregate.op === "min") return ranked(values as bigint[], 1, values.length);
  if (aggregate.op === "max") return ranked(values as bigint[], 1, 1);
  if (typeof values[0] === "bigint") return (values as bigint[]).reduce((a, b) => a + b);
  const x = values as number[];
  if (aggregate.op === "sum") return x.reduce((a, b) => a + b);
  if (aggregate.op === "weighted") {
    return x.map((value, index) => aggregate.weights[index]! * value).reduce((a, b) => a + b);
  }
  const m = x.reduce((a, b) => a + b) / x.length;
  return Math.sqrt(x.map((value) => (value - m) * (value - m)).reduce((a, b) => a + b) / (x.length - 1));
}

/** The smallest r with r·den ≥ count·num, counted from 1; + 0 takes the sign off a zero. */
function ranked<T extends bigint | number>(values: readonly T[], num: number, den: number): T | null {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let rank = 1;
  while (BigInt(rank) * BigInt(den) < BigInt(values.length) * BigInt(num)) rank++;
  const value = sorted[rank - 1];
  if (value === undefined) return null;
  return (typeof value === "number" ? value + 0 : value) as T;
}
