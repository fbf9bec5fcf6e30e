import { defineConfig } from "vitest/config";

// The same files run under `bun test`; vitest is the second opinion, on Bun's runtime, in threads.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "threads",
    deps: { interopDefault: false },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
