/** Rows of the store that are of use only where they are all there. */

/** @throws the signal's reason where it is cut, also after the last row: what was read may not be all there is. */
export async function* uncut<T>(rows: AsyncIterable<T>, cut: AbortSignal): AsyncGenerator<T> {
  for await (const row of rows) {
    cut.throwIfAborted();
    yield row;
  }
  cut.throwIfAborted();
}
