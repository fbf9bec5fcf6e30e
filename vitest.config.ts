import { defineConfig } from "vitest/config";
import { TEST_LIMIT_MS } from "./test/limit.ts";
import { RUNTIME_SUBJECTS } from "./test/second_runner.ts";

/** Set by `npm run test:full`: every file, not only those whose subject is the runtime. */
const every_file = process.env.FORETICK_TEST_FULL === "1";

const globOf = (path: string): string =>
  path.endsWith(".ts") ? `test/${path}` : `test/${path}/**/*.test.ts`;

// The same files run under `bun test`; vitest is the second opinion, on Bun's runtime, in threads.
export default defineConfig({
  test: {
    include: every_file ? ["test/**/*.test.ts"] : RUNTIME_SUBJECTS.flatMap(({ paths }) => paths.map(globOf)),
    pool: "threads",
    deps: { interopDefault: false },
    testTimeout: TEST_LIMIT_MS,
    hookTimeout: TEST_LIMIT_MS,
  },
});
