/** What is checked without running anything: format and lint, types, what is unused. */

import { join } from "node:path";
import { ROOT, type Step } from "./step.ts";

export const bin = (name: string): string => join(ROOT, "node_modules", ".bin", name);

export const CHECKS: readonly Step[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "--colors=off", "--error-on-warnings", "."] },
  { name: "types", command: [bin("tsc")] },
  { name: "types of the page", command: [bin("tsc"), "-p", "src/serve/page"] },
  { name: "nothing unused", command: [bin("knip"), "--no-progress"] },
];
