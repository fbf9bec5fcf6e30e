/**
 * Recordings of the JSON streams as a market source: gzip text, one `<local receive time, ns> <raw JSON>` a
 * line, several contiguous files one after the other. What the exchange's SBE streams would have carried is
 * made from it: trades and depth diffs with the exchange's own times (milliseconds there, microseconds
 * here), and quotes, which have no time in JSON, at the time they arrived.
 *
 * The recorder's clock is not the exchange's. The constant between them is the largest (exchange time −
 * receive time) of the whole recording: the smallest constant under which nothing arrives before it was sent.
 */

import { fail } from "../../base/errors.ts";
import { micros, parseE8, parseQtyE8, tradeId, US_PER_MS, updateId } from "../../base/units.ts";
import type { MarketSource, SourceMessage, SourceSnapshot } from "../../binance/capture/market_source.ts";
import { type Levels, levelsOf } from "../../binance/events.ts";
import type { SbeMessage } from "../../binance/sbe/messages.ts";
import { gzipLines } from "./gzip_lines.ts";

/** The exponent of every mantissa a source gives. */
const E8_EXPONENT = -8;

interface RecordedLine {
  readonly where: string;
  readonly received_us: number;
  readonly json: string;
}

interface Survey {
  readonly symbol: string;
  readonly first_received_us: number;
  readonly last_received_us: number;
  readonly clock_offset_us: number;
  readonly snapshot: SourceSnapshot;
}

/**
 * Reads the files once to find the clock's constant and the REST snapshot; `messages()` reads them again.
 *
 * @throws ForetickError TAPE_INVALID naming file and line where a recording is not as described, or holds no
 *   REST depth snapshot.
 */
export async function recordingSource(paths: readonly string[]): Promise<MarketSource> {
  if (paths.length === 0) fail("TAPE_INVALID", "expected at least one recording, was none");
  const survey = surveyOf(paths);
  const from = new Date((survey.first_received_us + survey.clock_offset_us) / US_PER_MS).toISOString();
  const to = new Date((survey.last_received_us + survey.clock_offset_us) / US_PER_MS).toISOString();
  return {
    symbol: survey.symbol,
    description: `recording ${from.slice(0, 16)}Z to ${to.slice(0, 16)}Z`,
    start_us: survey.first_received_us + survey.clock_offset_us,
    snapshot: survey.snapshot,
    messages: () => messagesOf(paths, survey),
  };
}

function surveyOf(paths: readonly string[]): Survey {
  let symbol: string | undefined;
  let snapshot: SourceSnapshot | undefined;
  let clock_offset_us = Number.NEGATIVE_INFINITY;
  let first_received_us: number | undefined;
  let last_received_us = 0;
  for (const line of linesOf(paths)) {
    if (line.received_us < last_received_us) {
      fail(
        "TAPE_INVALID",
        `${line.where}: expected receive times that never decrease; order the files by time`,
      );
    }
    last_received_us = line.received_us;
    const sent_ms = /"E":(\d+)/.exec(line.json)?.[1];
    if (sent_ms !== undefined) {
      clock_offset_us = Math.max(clock_offset_us, Number(sent_ms) * US_PER_MS - line.received_us);
    }
    symbol ??= /"s":"([^"]+)"/.exec(line.json)?.[1];
    if (line.json.startsWith('{"stream"')) first_received_us ??= line.received_us;
    else snapshot ??= parsed(line, snapshotOf);
  }
  if (symbol === undefined || first_received_us === undefined || !Number.isFinite(clock_offset_us)) {
    return fail("TAPE_INVALID", `${paths[0]}: expected stream messages with times, found none`);
  }
  if (snapshot === undefined) {
    return fail(
      "TAPE_INVALID",
      `${paths[0]}: expected one line with the REST depth snapshot, found none; add the recording's first file`,
    );
  }
  return { symbol, first_received_us, last_received_us, clock_offset_us, snapshot };
}

function* messagesOf(paths: readonly string[], survey: Survey): Generator<SourceMessage, void> {
  for (const line of linesOf(paths)) {
    if (!line.json.startsWith('{"stream"')) continue;
    const at_us = line.received_us + survey.clock_offset_us;
    const message = parsed(line, (json) => messageOf(json, at_us));
    if (message) yield { at_us, message };
  }
}

function* linesOf(paths: readonly string[]): Generator<RecordedLine, void> {
  for (const path of paths) {
    let number = 0;
    for (const text of gzipLines(path)) {
      number++;
      const where = `${path} line ${number}`;
      // The last three of 19 digits are dropped as text: nanoseconds since 1970 exceed 2^53.
      const match = /^(\d{13,16})\d{3} (\{.*)$/.exec(text);
      if (!match) fail("TAPE_INVALID", `${where}: expected "<nanoseconds> <JSON>", was ${text.slice(0, 60)}`);
      yield { where, received_us: Number(match![1]), json: match![2]! };
    }
  }
}

function parsed<T>(line: RecordedLine, read: (json: unknown) => T): T {
  try {
    return read(JSON.parse(line.json));
  } catch (cause) {
    return fail("TAPE_INVALID", `${line.where}: expected a message of the JSON streams, could not read it`, {
      cause,
    });
  }
}

type RawLevel = readonly [price: string, qty: string];

interface RawDepth {
  readonly lastUpdateId: number;
  readonly bids: readonly RawLevel[];
  readonly asks: readonly RawLevel[];
}

/** `@trade`: event time, transact time (ms), trade id, price, quantity, buyer is the maker. */
interface RawTrade {
  readonly E: number;
  readonly T: number;
  readonly s: string;
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly m: boolean;
}

/** `@bookTicker`: update id, best bid and its quantity, best ask and its quantity. No time. */
interface RawBookTicker {
  readonly u: number;
  readonly s: string;
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

/** `@depth`: event time (ms), first and last update id, changed bids and asks. */
interface RawDepthUpdate {
  readonly E: number;
  readonly s: string;
  readonly U: number;
  readonly u: number;
  readonly b: readonly RawLevel[];
  readonly a: readonly RawLevel[];
}

function snapshotOf(json: unknown): SourceSnapshot {
  const raw = json as RawDepth;
  return {
    last_update_id: updateId(raw.lastUpdateId),
    bids: flatLevels(raw.bids),
    asks: flatLevels(raw.asks),
  };
}

/** undefined: a stream that SBE has no counterpart of. */
function messageOf(json: unknown, at_us: number): SbeMessage | undefined {
  const { stream, data } = json as { readonly stream: string; readonly data: unknown };
  const name = stream.slice(stream.indexOf("@") + 1);
  if (name === "trade") return tradeOf(data as RawTrade);
  if (name === "bookTicker") return quoteOf(data as RawBookTicker, at_us);
  if (name === "depth" || name.startsWith("depth@")) return diffOf(data as RawDepthUpdate);
  return undefined;
}

function tradeOf(raw: RawTrade): SbeMessage {
  const price = parseE8("price", raw.p);
  const qty = parseQtyE8("qty", raw.q);
  return {
    kind: "trades",
    event_time_us: micros(raw.E * US_PER_MS),
    transact_time_us: micros(raw.T * US_PER_MS),
    price_exponent: E8_EXPONENT,
    qty_exponent: E8_EXPONENT,
    trades: [{ id: tradeId(raw.t), price, qty, is_buyer_maker: raw.m === true }],
    symbol: raw.s,
  };
}

function quoteOf(raw: RawBookTicker, at_us: number): SbeMessage {
  return {
    kind: "best_bid_ask",
    event_time_us: micros(at_us),
    book_update_id: updateId(raw.u),
    price_exponent: E8_EXPONENT,
    qty_exponent: E8_EXPONENT,
    bid_price: parseE8("bid price", raw.b),
    bid_qty: parseQtyE8("bid qty", raw.B),
    ask_price: parseE8("ask price", raw.a),
    ask_qty: parseQtyE8("ask qty", raw.A),
    symbol: raw.s,
  };
}

function diffOf(raw: RawDepthUpdate): SbeMessage {
  return {
    kind: "depth_diff",
    event_time_us: micros(raw.E * US_PER_MS),
    first_book_update_id: updateId(raw.U),
    last_book_update_id: updateId(raw.u),
    price_exponent: E8_EXPONENT,
    qty_exponent: E8_EXPONENT,
    bids: flatLevels(raw.b),
    asks: flatLevels(raw.a),
    symbol: raw.s,
  };
}

function flatLevels(levels: readonly RawLevel[]): Levels {
  return levelsOf(levels.flatMap(([price, qty]) => [parseE8("price", price), parseQtyE8("qty", qty)]));
}
