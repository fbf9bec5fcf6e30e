/**
 * What is worth telling a person, as data: ops/alerts.json. Read and checked at the start; a fault in it stops the
 * start with one sentence that names it.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "../../../base/errors.ts";
import { parsedBy } from "../../../base/input/schema.ts";
import { LIMITS } from "../../../base/limits.ts";
import { SEVERITIES } from "../../../record/alerts/alert.ts";
import { ALERT_EVENT_KINDS } from "../../../record/alerts/alert_event.ts";

/** The rules that come with the product. */
export const SHIPPED_RULES = join(import.meta.dirname, "../../../../ops/alerts.json");

const seconds = (min: number, max: number) => {
  const error = `expected a whole number of seconds from ${min} to ${max}`;
  return z.int({ error }).min(min, error).max(max, error);
};
const number = z.number({ error: "expected a number" });
const word = z.string().regex(/^[a-z][a-z0-9_]{0,40}$/, "expected lower-case letters, digits and _");
const sentence = (chars_max: number) =>
  z
    .string({ error: "expected a sentence" })
    .trim()
    .min(1, "expected a sentence")
    .max(chars_max, `expected at most ${chars_max} characters`);

const watchSchema = z.union(
  [
    /** A part of /health; of a symbol's part without the symbol: "forecast". */
    z.strictObject({ health: sentence(40), state: z.enum(["degraded", "down"]) }),
    z
      .strictObject({
        metric: z.templateLiteral(["foretick_", z.string()]),
        /** Over `window_s`; `last` has none. `increase` is of a counter. */
        statistic: z.enum(["last", "p95", "increase"]),
        window_s: seconds(2, 3_600).optional(),
        above: number.optional(),
        below: number.optional(),
        /** Well again only past this; in between it stays what it was. Default: the bound itself. */
        clear_at: number.optional(),
      })
      .refine((w) => (w.above === undefined) !== (w.below === undefined), "expected either above or below")
      .refine(
        (w) => (w.statistic === "last") === (w.window_s === undefined),
        "expected window_s with p95 and increase, and not with last",
      )
      .refine(
        ({ above, below, clear_at: clear }) =>
          clear === undefined || (above !== undefined ? clear <= above : clear >= below!),
        "expected clear_at on the well side of the bound",
      ),
    z.strictObject({ event: z.enum(ALERT_EVENT_KINDS) }),
  ],
  {
    error:
      "expected {health, state: degraded or down}, {metric: foretick_…, statistic: last, p95 or increase, window_s, above or below, clear_at}, or {event: " +
      `${ALERT_EVENT_KINDS.join(", ")}}`,
  },
);

const ruleSchema = z
  .strictObject({
    name: word,
    /** The fault in a few words, as the first line of a message. */
    title: sentence(80),
    severity: z.enum(SEVERITIES),
    /** What is found together under one group, of the same symbols, is one fault. */
    group: word,
    watch: watchSchema,
    /** Not looked at before `start_s` has passed: what a start brings with it is no fault. */
    after_start: z.boolean().default(false),
    /** Wrong for so long before it counts. */
    for_s: seconds(0, 86_400),
    /** Well for so long before it is over; of an event, how long none must follow. */
    clear_for_s: seconds(1, 30 * 86_400),
    /** What it means, and what a person does about it. */
    remedy: sentence(400),
  })
  .refine(({ watch, for_s }) => !("event" in watch) || for_s === 0, {
    path: ["for_s"],
    error: "expected 0: an event counts at once",
  });

const fileSchema = z
  .strictObject({
    /** What is found within this of the first finding of a group is told together with it. */
    group_wait_s: seconds(0, 300),
    /** Until this long after its beginning an alert takes in what else of its group goes wrong, whatever the symbol. */
    group_young_s: seconds(0, 3_600),
    /** What has not been well since the start is not told of before this. */
    start_s: seconds(0, 3_600),
    rules: z.array(ruleSchema).min(1, "expected at least one rule").max(100),
  })
  .superRefine(({ rules, group_wait_s }, context) => {
    const add = (index: number, field: string, message: string): void =>
      context.addIssue({ code: "custom", path: ["rules", index, field], message });
    for (const [index, { name, clear_for_s }] of rules.entries()) {
      if (rules.findIndex((other) => other.name === name) < index)
        add(index, "name", `${name} is there twice`);
      if (clear_for_s < group_wait_s) add(index, "clear_for_s", "expected at least group_wait_s");
    }
  });

export type Rule = z.output<typeof ruleSchema>;
export type Rules = z.output<typeof fileSchema>;
export type MetricWatch = Extract<Rule["watch"], { metric: string }>;

/** @throws ForetickError CONFIG_INVALID with one sentence for each fault. */
export function readRules(path: string): Rules {
  return parseRules(path, textOf(path));
}

/**
 * @param names of the metrics there are.
 * @throws ForetickError CONFIG_INVALID where a rule watches another.
 */
export function requireMetrics(path: string, { rules }: Rules, names: ReadonlySet<string>): void {
  const unknown = rules.flatMap(({ name, watch }) =>
    "metric" in watch && !names.has(watch.metric)
      ? [`rule ${name}: watch.metric: ${watch.metric} is no metric of this service: /metrics lists them`]
      : [],
  );
  if (unknown.length > 0) refuse(path, unknown);
}

/** @throws ForetickError CONFIG_INVALID with one sentence for each fault. */
export function parseRules(path: string, text: string): Rules {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return refuse(path, [`expected JSON, was not: ${(error as Error).message}`]);
  }
  const result = parsedBy(fileSchema, content);
  if (result.success) return result.data;
  const named = content as { rules?: { name?: unknown }[] };
  const faults = result.error.issues.map(({ path: [first, index, ...rest], message }) => {
    const name = first === "rules" && typeof index === "number" ? named.rules?.[index]?.name : undefined;
    const place =
      first === "rules" && index !== undefined ? [`rule ${name ?? index}`, rest.join(".")] : [first];
    return `${place.filter(Boolean).join(": ") || "file"}: ${message}`;
  });
  return refuse(path, faults);
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    const max = LIMITS.alert_rules_bytes_max;
    if (size > max) return refuse(path, [`expected at most ${max} bytes, was ${size}`]);
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return refuse(path, [
      `expected a file that can be read, was not (${(error as NodeJS.ErrnoException).code})`,
    ]);
  }
}

const refuse = (path: string, faults: readonly string[]): never =>
  fail("CONFIG_INVALID", `${path}: ${faults.join("; ")}. Correct the file and start again.`);
