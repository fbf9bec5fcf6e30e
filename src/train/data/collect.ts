/**
 * The runtime counts the memory of numeric arrays late: with a month of rows at hand, what one model's scoring
 * throws away can be a gigabyte before it is collected by itself. Called where much has just become garbage. A
 * collection looks at the whole heap, which costs more than a small dataset's arrays are worth: it waits until the
 * process has grown.
 */

/** So much may the process grow before it is worth a collection (bytes). */
const GROWN_BYTES = 64 * 2 ** 20;

/** What the process held when its garbage had just been collected (bytes); at first, nothing. */
let collected_bytes = 0;

export function collectGarbage(): void {
  if (typeof Bun === "undefined" || process.memoryUsage.rss() < collected_bytes + GROWN_BYTES) return;
  Bun.gc(true);
  collected_bytes = process.memoryUsage.rss();
}
