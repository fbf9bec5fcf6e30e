import { WAIT_LIMIT_MS } from "./limit.ts";

/**
 * Waits for what real sockets, servers and processes bring, by looking every `look_ms`: they do not report
 * when all is through. Its limit ends a wait that hangs; no test is decided by it.
 */
export async function met(what: string, holds: () => boolean | Promise<boolean>, look_ms = 5): Promise<void> {
  const deadline_ms = performance.now() + WAIT_LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline_ms) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, look_ms));
  }
}
