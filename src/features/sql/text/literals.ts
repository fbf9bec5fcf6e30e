/** Numbers as SQL writes them. */

export const intLiteral = (value: number, type = ""): string =>
  value < 0 ? `(${value}${type})` : `${value}${type}`;

/** JavaScript's shortest digits, which PostgreSQL reads back to the same float64; 1e8 for 100000000. */
function plainFloat(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const [plain, exponential] = [`${value}`, value.toExponential().replace("e+", "e")];
  return exponential.length < plain.length ? exponential : plain;
}

export function floatLiteral(value: number): string {
  const text = `${plainFloat(Object.is(value, -0) ? 0 : Math.abs(value))}::float8`;
  return value < 0 || Object.is(value, -0) ? `(-${text})` : text;
}

/** A table of float64s. */
export const floatArrayLiteral = (values: readonly number[]): string =>
  `'{${values.map(plainFloat).join(",")}}'::float8[]`;
