/** The latest things of one kind, oldest first, at most a stated number: what an exchange can be asked about. */

export class History<T> {
  readonly #kept_max: number;
  #items: T[] = [];

  constructor(kept_max: number) {
    this.#kept_max = kept_max;
  }

  get length(): number {
    return this.#items.length;
  }

  get last(): T | undefined {
    return this.#items[this.#items.length - 1];
  }

  at(index: number): T | undefined {
    return this.#items[index];
  }

  /** Drops the oldest, a quarter of the bound at a time, so that adding stays cheap. */
  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= this.#kept_max * 1.25) this.#items = this.#items.slice(-this.#kept_max);
  }

  slice(from: number, to: number): T[] {
    return this.#items.slice(Math.max(0, from), Math.max(0, to));
  }

  /** Index of the first item whose key is `value` or more; `length` where there is none. Keys never decrease. */
  firstFrom(value: number, keyOf: (item: T) => number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyOf(this.#items[middle]!) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
