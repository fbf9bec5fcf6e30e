/**
 * Limits that come in kinds: for each kind, what happens at one of it, by all of them; and that nothing meets one of a kind but through
 * the place that takes it by its name and counts it.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { whileProgressing, withDeadline } from "../../src/base/deadline.ts";
import { ForetickError } from "../../src/base/errors.ts";
import { readText } from "../../src/base/http.ts";
import { LIMIT_KINDS, type LimitKindName } from "../../src/base/limits/kinds.ts";
import { LIMITS, type LimitName } from "../../src/base/limits.ts";
import { isFull, reachedLimits, timesReached } from "../../src/base/reached.ts";
import { rejection } from "./rejection.ts";
import { UNTESTED } from "./untested_limits.ts";

const START_US = 1_800_000_000_000_000;
const NEVER = new Promise<never>(() => {});

const root = resolve(import.meta.dirname, "../..");
const sources = (folder: string): { readonly name: string; readonly text: string }[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") }));
const code = [...sources("src"), ...sources("scripts")].filter(
  ({ name }) => !name.startsWith("src/base/limits"),
);

const ofKind = (kind: LimitKindName): readonly LimitName[] => LIMIT_KINDS[kind].limits;

describe("a limit of a kind", () => {
  it("that is a deadline gives the wait up at its milliseconds, not before, cuts the work, and is counted", async () => {
    for (const limit of LIMIT_KINDS.deadline.limits) {
      for (const wait of [
        withDeadline,
        (...[it, options]: Parameters<typeof withDeadline>) => whileProgressing(it, () => 0, options),
      ]) {
        const clock = new ManualClock(START_US);
        const before = timesReached(limit);
        let cut = 0;
        const waited = rejection(wait(NEVER, { clock, limit, what: "it", onGivenUp: () => cut++ }));
        clock.advance(LIMITS[limit] - 1);
        expect([cut, timesReached(limit) - before]).toEqual([0, 0]);
        clock.advance(1);
        const error = await waited;
        expect(error).toBeInstanceOf(ForetickError);
        expect((error as ForetickError).code).toBe("DEADLINE");
        expect([cut, timesReached(limit) - before]).toEqual([1, 1]);
      }
    }
  });

  it("that is a body's is not read beyond its bytes, whatever length is announced, and is counted", async () => {
    for (const limit of LIMIT_KINDS.body.limits) {
      const before = timesReached(limit);
      const announced = new Response("x", { headers: { "content-length": String(LIMITS[limit] + 1) } });
      expect(await rejection(readText(announced, limit, "REST_BODY"))).toMatchObject({ code: "REST_BODY" });
      const body = new Blob([new Uint8Array(LIMITS[limit] + 1)]).stream();
      expect(await rejection(readText(new Response(body), limit, "REST_BODY"))).toMatchObject({
        code: "REST_BODY",
      });
      expect(timesReached(limit) - before).toBe(2);
      const small = new Response("x".repeat(1_000));
      expect(await readText(small, limit, "REST_BODY")).toHaveLength(1_000);
    }
  });

  it("that is a queue's takes as many as it says and no more, and is counted", () => {
    for (const limit of LIMIT_KINDS.queue.limits) {
      const before = timesReached(limit);
      expect(isFull(limit, LIMITS[limit] - 1)).toBe(false);
      expect(timesReached(limit) - before).toBe(0);
      expect(isFull(limit, LIMITS[limit])).toBe(true);
      expect(timesReached(limit) - before).toBe(1);
      expect([...reachedLimits()]).toContainEqual([limit, timesReached(limit)]);
    }
  });

  it("is met only where it is named: no wait, body or queue takes its value past the count", () => {
    const values = new Set<string>(Object.values(LIMIT_KINDS).flatMap(({ limits }) => [...limits]));
    const past = code.flatMap(({ name, text }) => [
      ...[...text.matchAll(/(?<![a-z_])ms: LIMITS\.([a-z0-9_]+)/g)].map(([, limit]) => `${name}: ${limit}`),
      ...[...text.matchAll(/read(?:Text|Bytes)\([^;]*?LIMITS\.([a-z0-9_]+)/g)].map(
        ([, limit]) => `${name}: ${limit}`,
      ),
    ]);
    expect(values.size).toBeGreaterThan(50);
    expect(past).toEqual([]);
    const used = new Set(
      code.flatMap(({ text }) => [...text.matchAll(/"([a-z0-9_]+)"/g)].map(([, word]) => word)),
    );
    expect([...values].filter((limit) => !used.has(limit))).toEqual([]);
  });

  it("is of one kind", () => {
    const all = Object.keys(LIMIT_KINDS).flatMap((kind) => [...ofKind(kind as LimitKindName)]);
    expect(all.length).toBe(new Set(all).size);
  });
});

describe("every other limit", () => {
  it("is named in a test, or is on the list of those that are not yet, which gets no longer", () => {
    const tests = sources("test").filter(({ name }) => !name.endsWith("untested_limits.ts"));
    const words = new Set(
      tests.flatMap(({ text }) => [...text.matchAll(/\b[a-z0-9_]+\b/g)].map(([word]) => word)),
    );
    const kinds = new Set<string>(Object.values(LIMIT_KINDS).flatMap(({ limits }) => [...limits]));
    const missing = Object.keys(LIMITS).filter((limit) => !kinds.has(limit) && !words.has(limit));
    expect(missing.filter((limit) => !UNTESTED.includes(limit))).toEqual([]);
    // One that has a test now goes from the list.
    expect(UNTESTED.filter((limit) => !missing.includes(limit))).toEqual([]);
  });
});
