/** What people are told to look at is there: every setting that a sentence names. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { SETTING_NAMES } from "../../src/base/config.ts";
import { ERROR_TABLE } from "../../src/base/errors.ts";
import { ERROR_ADVICE } from "../../src/base/runbook/errors.ts";
import { PART_ADVICE } from "../../src/base/runbook/parts.ts";
import { readRules, SHIPPED_RULES } from "../../src/steer/alerts/rules/rules.ts";

const src = resolve(import.meta.dirname, "../../src");

/** What sentences may name beside settings and codes: filters of the exchange's own answers. */
const OTHERS = ["PRICE_FILTER", "LOT_SIZE"];
const KNOWN = new Set([...SETTING_NAMES, ...Object.keys(ERROR_TABLE), ...OTHERS]);

const unknownIn = (text: string): string[] =>
  [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)]
    .map(([name]) => name)
    .filter((name) => !KNOWN.has(name));

describe("a setting that is named", () => {
  it("in what the runbook says to do is one of the configuration's", () => {
    const advice = [...Object.values(ERROR_ADVICE), ...Object.values(PART_ADVICE)];
    const told = [
      ...advice.flatMap(({ means, to_do }) => [means, to_do]),
      ...readRules(SHIPPED_RULES).rules.flatMap(({ title, remedy }) => [title, remedy]),
    ];
    expect(told.length).toBeGreaterThan(150);
    expect(unknownIn("Check BUNDLE_STORE_URL and its keys.")).toEqual(["BUNDLE_STORE_URL"]);
    expect(told.flatMap(unknownIn)).toEqual([]);
  });

  it("in a message of the code is one of the configuration's", () => {
    const found: string[] = [];
    let sentences = 0;
    for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      const text = readFileSync(join(src, file), "utf8");
      for (const [, , words] of text.matchAll(/(["'`])((?:(?!\1)[^\n\\])*)\1/g)) {
        if (!words!.includes(" ")) continue;
        sentences++;
        for (const name of unknownIn(words!.replace(/\$\{[^}]*\}/g, ""))) found.push(`${file}: ${name}`);
      }
    }
    expect(sentences).toBeGreaterThan(1_000);
    expect(found).toEqual([]);
  });
});
