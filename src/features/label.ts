/**
 * What a forecast is of: y(t) = lnr(price(t + horizon), price(t)), of one of two prices. Both are as of an instant:
 * they hold what has an exchange time before it, and nothing else.
 */

export const LABELS = ["mid", "last"] as const;

/**
 * `mid`: bid + ask of the last quote, twice the mid price. The default: the last trade bounces between bid and ask.
 * `last`: the price of the last trade, for a history that has no quotes.
 */
export type Label = (typeof LABELS)[number];

/** The price, for people. */
export const LABEL_PRICES: Readonly<Record<Label, string>> = {
  mid: "mid price",
  last: "price of the last trade",
};

/** The stream whose breaks leave the label unknown. */
export const LABEL_STREAMS = { mid: "quote", last: "trade" } as const satisfies Record<Label, string>;

export const otherLabel = (label: Label): Label => (label === "mid" ? "last" : "mid");
