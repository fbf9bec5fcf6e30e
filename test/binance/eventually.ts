/** Waits for what real sockets bring, by looking every millisecond; time itself is a ManualClock's. */

import { met } from "../met.ts";

export const eventually = (what: string, holds: () => boolean): Promise<void> => met(what, holds, 1);

/** Long enough for a loopback request to have come, were there one. For proofs that nothing is sent. */
export function quietly(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}
