/** The exchange's description: `GET /api/v3/exchangeInfo`, in Binance's fields and their order. */

/** Assets a symbol may be quoted in, longest first, so that "BTCFDUSD" is not read as "…USD". */
const QUOTE_ASSETS = ["FDUSD", "TUSD", "USDT", "USDC", "EUR", "BTC", "ETH", "BNB"] as const;

export interface ExchangeInfoOptions {
  readonly symbol: string;
  readonly status: string;
  readonly server_time: number;
  readonly weight_per_minute: number;
  /** false where the asked symbols, permissions or status leave the exchange's one symbol out. */
  readonly with_symbol: boolean;
  readonly show_permission_sets: boolean;
}

export function exchangeInfo(options: ExchangeInfoOptions): unknown {
  return {
    timezone: "UTC",
    serverTime: options.server_time,
    rateLimits: [
      {
        rateLimitType: "REQUEST_WEIGHT",
        interval: "MINUTE",
        intervalNum: 1,
        limit: options.weight_per_minute,
      },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 100 },
      { rateLimitType: "ORDERS", interval: "DAY", intervalNum: 1, limit: 200_000 },
      { rateLimitType: "RAW_REQUESTS", interval: "MINUTE", intervalNum: 5, limit: 300_000 },
    ],
    exchangeFilters: [],
    symbols: options.with_symbol ? [symbolInfo(options)] : [],
  };
}

function symbolInfo({ symbol, status, show_permission_sets }: ExchangeInfoOptions): unknown {
  const quote = QUOTE_ASSETS.find((asset) => symbol.endsWith(asset) && symbol !== asset) ?? "USDT";
  return {
    symbol,
    status,
    baseAsset: symbol.endsWith(quote) ? symbol.slice(0, -quote.length) : symbol,
    baseAssetPrecision: 8,
    quoteAsset: quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: [
      "LIMIT",
      "LIMIT_MAKER",
      "MARKET",
      "STOP_LOSS",
      "STOP_LOSS_LIMIT",
      "TAKE_PROFIT",
      "TAKE_PROFIT_LIMIT",
    ],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    opoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    pegInstructionsAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: true,
    filters: FILTERS,
    permissions: [],
    permissionSets: show_permission_sets ? [["SPOT", "MARGIN"]] : [],
    defaultSelfTradePreventionMode: "EXPIRE_MAKER",
    allowedSelfTradePreventionModes: ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
  };
}

/** BTCUSDT's: prices in cents, quantities in 0.00001. */
const FILTERS = [
  {
    filterType: "PRICE_FILTER",
    minPrice: "0.01000000",
    maxPrice: "1000000.00000000",
    tickSize: "0.01000000",
  },
  { filterType: "LOT_SIZE", minQty: "0.00001000", maxQty: "9000.00000000", stepSize: "0.00001000" },
  { filterType: "ICEBERG_PARTS", limit: 100 },
  { filterType: "MARKET_LOT_SIZE", minQty: "0.00000000", maxQty: "120.00000000", stepSize: "0.00000000" },
  {
    filterType: "NOTIONAL",
    minNotional: "5.00000000",
    applyMinToMarket: true,
    maxNotional: "9000000.00000000",
    applyMaxToMarket: false,
    avgPriceMins: 5,
  },
  { filterType: "MAX_NUM_ORDERS", maxNumOrders: 200 },
  { filterType: "MAX_NUM_ALGO_ORDERS", maxNumAlgoOrders: 5 },
];
