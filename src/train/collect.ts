/**
 * The runtime counts the memory of numeric arrays late: with a month of rows at hand, what one model's scoring
 * throws away can be a gigabyte before it is collected by itself. Called where much has just become garbage; it
 * takes a few milliseconds, for arrays of numbers are not searched.
 */
export function collectGarbage(): void {
  if (typeof Bun !== "undefined") Bun.gc(true);
}
