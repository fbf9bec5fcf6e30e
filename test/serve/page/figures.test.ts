/** What drawings count and say, without a browser. */

import { describe, expect, it } from "vitest";
import type { EvidenceJson } from "../../../src/serve/messages/operate/experiments.ts";
import { latencyBins, quantileOf } from "../../../src/serve/page/live/latency_bins.ts";
import { evidenceWords } from "../../../src/serve/page/pages/evidence_words.ts";
import { hoursText } from "../../../src/serve/page/words.ts";

describe("the page's figures", () => {
  it("count a latency at the step that holds it, and what is beyond the last in the last", () => {
    expect(latencyBins([0.1, 0.25, 0.26, 64, 64.1, 900])).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
    expect(quantileOf([3, 1, 2], 0.5)).toBe(2);
    expect(quantileOf([3, 1, 2], 0.99)).toBe(3);
    expect(quantileOf([], 0.5)).toBeUndefined();
  });

  it("tell hours as people do", () => {
    expect([0, 0.4, 7.2, 52].map(hoursText)).toEqual(["1 min", "24 min", "7 h 12 min", "2 d 4 h"]);
  });

  it("say of an experiment what is known: too little, undecided, decided, over", () => {
    const evidence: EvidenceJson = {
      ...{ experiment_id: "5f3c", decided_at: null },
      ...{ winner: "inconclusive", mean: 0.002, lower: -0.001, upper: 0.005, confidence_level: 0.95 },
      ...{ n_blocks: 400, expected_h: null, points: [] },
    };
    const words = (changes: object, is_over = false) =>
      evidenceWords({ ...evidence, ...changes } as EvidenceJson, is_over);
    expect(words({ n_blocks: 12, lower: null })).toMatch(/^12 of the 30 blocks before which nothing is said/);
    expect(words({})).toMatch(/At this rate no decision is in sight\.$/);
    expect(words({ expected_h: 3 })).toMatch(/Not decided: about 3 h 0 min more at this rate\.$/);
    expect(words({ winner: "b", lower: 0.001, expected_h: 0 })).toMatch(/b is better\.$/);
    expect(words({ mean: -0.002 })).toContain("b errs 2.00 ‰ more than a");
    expect(words({}, true)).toMatch(/No difference was shown\.$/);
  });
});
