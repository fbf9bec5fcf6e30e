/** Waits for what real sockets bring, by looking every millisecond; time itself stands on a ManualClock. */

export async function eventually(what: string, holds: () => boolean, timeout_ms = 5_000): Promise<void> {
  const give_up_at = performance.now() + timeout_ms;
  while (!holds()) {
    if (performance.now() > give_up_at) throw new TypeError(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Long enough for a loopback request to have come, were there one. For proofs that nothing is sent. */
export function quietly(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}
