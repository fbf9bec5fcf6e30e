/**
 * The k-th smallest of many doubles in constant memory: four passes over them, each of which fixes sixteen bits of the
 * answer, the highest first. Exact; the order is a sorted Float64Array's.
 */

const DIGITS = 4;
const DIGIT_BITS = 16;

/**
 * @param each calls `take` with every value, the same ones each time.
 * @param index from 0, in rising order. @returns NaN where there are not as many values.
 */
export function orderStatistic(each: (take: (value: number) => void) => void, index: number): number {
  const key = new Key();
  const found = new Uint16Array(DIGITS);
  let left = index;
  for (let digit = 0; digit < DIGITS; digit++) {
    const counts = new Float64Array(1 << DIGIT_BITS);
    each((value) => {
      key.set(value);
      if (key.begins(found, digit)) counts[key.digits[digit]!]!++;
    });
    let bucket = 0;
    while (bucket < counts.length && left >= counts[bucket]!) left -= counts[bucket++]!;
    if (bucket === counts.length) return Number.NaN;
    found[digit] = bucket;
  }
  return key.valueOf(found);
}

/** A double as four digits that compare as the double does: the sign turned, and with it the rest of a negative one. */
class Key {
  readonly digits = new Uint16Array(DIGITS);
  readonly #double = new Float64Array(1);
  readonly #bits = new Uint32Array(this.#double.buffer);

  set(value: number): void {
    this.#double[0] = value;
    const [low, high] = this.#bits as unknown as [number, number];
    const turn = high >>> 31 ? 0xffff_ffff : 0;
    this.#split((high ^ turn ^ (turn ? 0 : 0x8000_0000)) >>> 0, (low ^ turn) >>> 0);
  }

  begins(digits: Uint16Array, count: number): boolean {
    for (let at = 0; at < count; at++) if (this.digits[at] !== digits[at]) return false;
    return true;
  }

  valueOf(digits: Uint16Array): number {
    const high = ((digits[0]! << DIGIT_BITS) | digits[1]!) >>> 0;
    const low = ((digits[2]! << DIGIT_BITS) | digits[3]!) >>> 0;
    const positive = high >>> 31 === 1;
    this.#bits[1] = positive ? high ^ 0x8000_0000 : ~high;
    this.#bits[0] = positive ? low : ~low;
    return this.#double[0]!;
  }

  #split(high: number, low: number): void {
    this.digits[0] = high >>> DIGIT_BITS;
    this.digits[1] = high & 0xffff;
    this.digits[2] = low >>> DIGIT_BITS;
    this.digits[3] = low & 0xffff;
  }
}
