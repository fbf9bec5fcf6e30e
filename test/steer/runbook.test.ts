/** The runbook says what the code's own tables say, and no word of trouble is missing in it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runbook } from "../../scripts/docs/runbook.ts";
import { readRules, SHIPPED_RULES } from "../../src/steer/alerts/rules/rules.ts";

it("docs/runbook.md is what `bun scripts/docs.ts` writes, with a line for every code, part, rule and limit", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/runbook.md"), "utf8");
  expect(page).toBe(runbook(readRules(SHIPPED_RULES)));
});
