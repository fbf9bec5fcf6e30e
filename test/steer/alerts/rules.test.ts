/** The rules as data: what is shipped, its page, and one sentence for every fault of a file. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALERT_EVENT_KINDS } from "../../../src/record/alerts/alert_event.ts";
import { withRuleTable } from "../../../src/steer/alerts/rules/docs.ts";
import { parseRules, readRules, SHIPPED_RULES } from "../../../src/steer/alerts/rules/rules.ts";
import { healthRule } from "./world.ts";

const PAGE = join(import.meta.dirname, "../../../docs/alerts.md");
const shipped = readRules(SHIPPED_RULES);

describe("the shipped rules", () => {
  it("are in docs/alerts.md as they are (else: bun scripts/docs.ts)", () => {
    const page = readFileSync(PAGE, "utf8");
    expect(page).toBe(withRuleTable(page, shipped));
    for (const { name, remedy } of shipped.rules) {
      expect(page.split(`| \`${name}\` |`)).toHaveLength(2);
      expect(`${name}: ${remedy}`).not.toMatch(/[|\n]/);
    }
  });

  it("watch every kind of event, and what the plan names", () => {
    const kinds = shipped.rules.flatMap(({ watch }) => ("event" in watch ? [watch.event] : []));
    expect(kinds.sort()).toEqual([...ALERT_EVENT_KINDS].sort());
    const names = shipped.rules.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...["staleness", "latency_p95", "missed_ticks", "gap", "parity_mismatch", "drift", "realised_error"],
        ...["deployment", "training_failed", "journal", "disk", "database_away", "two_services"],
      ]),
    );
  });
});

describe("a file of rules", () => {
  const file = (rule: object, given: object = {}): string =>
    JSON.stringify({ ...{ group_wait_s: 2, group_young_s: 60, start_s: 0, rules: [rule] }, ...given });
  const metric = (watch: object) =>
    file(healthRule("a", { watch: { metric: "foretick_a", statistic: "last", above: 1, ...watch } }));

  it.each([
    ["no JSON", "{", "expected JSON"],
    ["a word of its own", file(healthRule("a", { forever: 1 })), 'rule a: Unrecognized key: "forever"'],
    ["no remedy", file(healthRule("a", { remedy: "" })), "rule a: remedy: expected a sentence"],
    [
      "a time that is none",
      file(healthRule("a", { for_s: -1 })),
      "rule a: for_s: expected a whole number of seconds",
    ],
    ["another severity", file(healthRule("a", { severity: "red" })), "rule a: severity"],
    [
      "a kind that is none",
      file(healthRule("a", { watch: { event: "rain" } })),
      "rule a: watch: expected {health",
    ],
    ["two bounds", metric({ below: 1 }), "rule a: watch: expected"],
    ["a window of the newest value", metric({ window_s: 60 }), "rule a: watch: expected"],
    ["well on the wrong side", metric({ clear_at: 2 }), "rule a: watch: expected"],
    [
      "a name twice",
      file({}, { rules: [healthRule("a"), healthRule("a")] }),
      "rule a: name: a is there twice",
    ],
    [
      "over before it is told",
      file(healthRule("a", { clear_for_s: 1 })),
      "rule a: clear_for_s: expected at least group_wait_s",
    ],
    ["no rule", file({}, { rules: [] }), "expected at least one rule"],
  ])("with %s is refused in a sentence", (_, text, sentence) => {
    expect(() => parseRules("ops/alerts.json", text)).toThrow(sentence);
    expect(() => parseRules("ops/alerts.json", text)).toThrow(
      /^ops\/alerts\.json: .*Correct the file and start again\.$/,
    );
  });

  it("that is not there, is refused by its path", () => {
    expect(() => readRules("/nowhere/alerts.json")).toThrow(
      "/nowhere/alerts.json: expected a file that can be read, was not (ENOENT)",
    );
  });
});
