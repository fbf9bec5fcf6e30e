/** Bodies of the exchange's REST API, by each schema: typed values, or REST_BODY naming the field. */

import type { z } from "zod";
import {
  aggTradesBody,
  bookTickerBody,
  depthBody,
  exchangeInfoBody,
  klinesBody,
  readBodyText,
  refusalBody,
  serverTimeBody,
  tradesBody,
} from "../../../src/binance/rest/body.ts";
import { picked } from "../mutate_bytes.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, type Target, textOfBytes } from "../target.ts";

const time = 1_764_280_000_123_456;
const trade = { id: 5_000_001, price: "91234.56000000", qty: "0.00120000", quoteQty: "109.48", time };
const aggregate = { a: 9, p: "91234.56", q: "0.0012", f: 7, l: 8, T: time, m: true, M: true };
const volumes = ["12.5", time + 59_999_999, "1140432.1", 31, "6.25", "570216.05", "0"];
const kline = [time, "91234.56", "91240.00", "91230.00", "91235.01", ...volumes];
const side = [
  ["91234.56", "0.5"],
  ["91234.55", "1.25"],
];
const ticker = { symbol: "BTCUSDT", bidPrice: "91234.56", bidQty: "0.5", askPrice: "91234.57", askQty: "2" };
const filters = [
  { filterType: "PRICE_FILTER", tickSize: "0.01000000" },
  { filterType: "LOT_SIZE", stepSize: "0.00001000" },
];
const rate = { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 6_000 };
const info = { rateLimits: [rate], symbols: [{ symbol: "BTCUSDT", status: "TRADING", filters }] };

const BODIES: Readonly<Record<string, { readonly schema: z.ZodType; readonly good: unknown }>> = {
  trades: { schema: tradesBody, good: [{ ...trade, isBuyerMaker: true, isBestMatch: true }] },
  aggTrades: { schema: aggTradesBody, good: [aggregate, aggregate] },
  klines: { schema: klinesBody, good: [kline] },
  depth: { schema: depthBody, good: { lastUpdateId: 81_000_000_000, bids: side, asks: side } },
  time: { schema: serverTimeBody, good: { serverTime: time } },
  bookTicker: { schema: bookTickerBody, good: ticker },
  exchangeInfo: { schema: exchangeInfoBody, good: info },
  refusal: { schema: refusalBody, good: { code: -1_003, msg: "Too much request weight used" } },
};

const open = (): Target => ({
  codes: ["REST_BODY"],
  // The first line says which body it is.
  input: (rng) => {
    const name = picked(rng, Object.keys(BODIES));
    return bytesOfText(`${name}\n${mutatedJson(rng, [BODIES[name]!.good])}`);
  },
  attempt: (input) => {
    const text = textOfBytes(input);
    const end = text.indexOf("\n");
    const { schema } = BODIES[text.slice(0, end)]!;
    readBodyText(schema, text.slice(end + 1), "https://exchange.test/api/v3/body");
  },
});

export const rest: Door = { name: "rest", what: "REST bodies", runs: 1_000_000, short_runs: 3_000, open };
