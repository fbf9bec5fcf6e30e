/**
 * Whether a symbol's numbers can be kept exactly: quantities up to 92 billion, prices up to 90 million, both at 1e-8. Asked
 * once, at the start: a symbol that cannot be served is better refused than forecast from what fits of it.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { ForetickError, fail } from "../../base/errors.ts";
import type { RestClient } from "./client.ts";

/**
 * Goes on where the exchange does not answer in time: nothing is known then.
 *
 * @throws ForetickError CONFIG_INVALID naming the symbol whose best prices or quantities cannot be kept.
 */
export async function requireServable(
  symbols: readonly string[],
  rest: RestClient,
  clock: Clock,
): Promise<void> {
  await Promise.all(symbols.map((symbol) => requireOne(symbol, rest, clock)));
}

async function requireOne(symbol: string, rest: RestClient, clock: Clock): Promise<void> {
  const cut = new AbortController();
  try {
    await withDeadline(rest.until(cut.signal).bookTicker(symbol), {
      ...{ clock, limit: "servable_ms_max", what: `the best prices of ${symbol}` },
      onGivenUp: () => cut.abort(),
    });
  } catch (error) {
    const is_refused = error instanceof ForetickError && error.details.refused === "UNIT_RANGE";
    if (!is_refused) return;
    fail("CONFIG_INVALID", `${symbol} cannot be served, take it out of SYMBOLS: ${error.message}`, {
      cause: error,
    });
  }
}
