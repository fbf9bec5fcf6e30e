/** How long a test or a hook may take before it counts as hung, under either runner (ms). */
export const TEST_LIMIT_MS = 300_000;

/** How long a test waits for one thing, so that it can name it before its own limit ends it (ms). */
export const WAIT_LIMIT_MS = 240_000;
