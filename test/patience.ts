/**
 * Read before the tests under bun. No test is decided by how long it takes: this limit only ends one that
 * hangs, and is far above what a machine with other work needs.
 */

import { setDefaultTimeout } from "bun:test";
import { plugin } from "bun";
import { TEST_LIMIT_MS } from "./limit.ts";

// Bun goes back to its own five seconds before each file, so each file sets the limit as it is found.
plugin({
  name: "patience",
  setup(build) {
    build.onResolve({ filter: /\.test\.ts$/ }, () => {
      setDefaultTimeout(TEST_LIMIT_MS);
      return undefined;
    });
  },
});
