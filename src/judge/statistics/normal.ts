/** What of the normal and of Student's distribution intervals need. */

/** P(Z > z) of a standard normal, z ≥ 0, to 1e-7: Abramowitz and Stegun, 26.2.17. */
export function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

/** z with P(|Z| < z) = coverage, coverage in (0, 1 − 1e-5). */
function normalReach(coverage: number): number {
  const tail = (1 - coverage) / 2;
  let low = 0;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * t with P(|T| < t) = coverage for Student's T: Abramowitz and Stegun, 26.7.5; to a thousandth from ten degrees
 * of freedom on.
 */
export function studentReach(coverage: number, degrees: number): number {
  const z = normalReach(coverage);
  const z2 = z * z;
  const first = (z * (z2 + 1)) / 4;
  const second = (z * (3 + z2 * (16 + 5 * z2))) / 96;
  const third = (z * (-15 + z2 * (17 + z2 * (19 + 3 * z2)))) / 384;
  const fourth = (z * (-945 + z2 * (-1920 + z2 * (1482 + z2 * (776 + 79 * z2))))) / 92_160;
  return z + (first + (second + (third + fourth / degrees) / degrees) / degrees) / degrees;
}
