/** What prices are checked against: the last believed trade, the last believed quote, and the book. */

import type { Witness } from "./row_faults.ts";

interface LastPrice extends Witness {
  price_e8: number;
  ts_us: number;
}

export class Witnesses {
  readonly trade: LastPrice = { price_e8: 0, ts_us: 0 };
  readonly quote: LastPrice = { price_e8: 0, ts_us: 0 };
  readonly #book: () => Witness | undefined;

  /** @param book the middle of the rebuilt book, where it is in step; asked only when a price is in doubt. */
  constructor(book: () => Witness | undefined = () => undefined) {
    this.#book = book;
  }

  all(): readonly Witness[] {
    const book = this.#book();
    return book ? [this.trade, this.quote, book] : [this.trade, this.quote];
  }
}
