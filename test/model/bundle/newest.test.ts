import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { setHash } from "../../../src/base/units.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { type BundleContents, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { newestBundle } from "../../../src/model/bundle/newest.ts";
import { rejection } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../sample.ts";

afterAll(removeFolders);
const OTHER = setHash("cd".repeat(32));

function bundle(
  version: string,
  day: number,
  changes: Partial<BundleContents["manifest"]> = {},
): BundleContents {
  const created_at = `2026-11-${String(day).padStart(2, "0")}T00:00:00.000Z`;
  const contents = sampleContents({ version, created_at, ...changes });
  const { set_hash, feature_set } = contents.manifest;
  return { ...contents, columns: { ...contents.columns, set_hash, feature_set } };
}

describe("the bundle to serve", () => {
  it("is none where there is none, or no folder at all", async () => {
    const folder = await freshFolder();
    expect(await newestBundle(folder, [v1])).toEqual({ dir: undefined, passed_over: [] });
    expect(await newestBundle(join(folder, "missing"), [v1])).toEqual({ dir: undefined, passed_over: [] });
  });

  it("is the newest servable one of the set, and the rest are passed over with their reason", async () => {
    const folder = await freshFolder();
    await writeBundle(folder, bundle("z-old", 1));
    const newest = await writeBundle(folder, bundle("a-new", 9, { name: "other-name" }));
    await writeBundle(folder, bundle("failed", 10, { servable: false }));
    await writeBundle(folder, bundle("stranger", 11, { set_hash: OTHER }));
    await mkdir(join(folder, "ridge-v1", "broken"), { recursive: true });
    await mkdir(join(folder, "ridge-v1", ".draft"), { recursive: true });
    const { dir, passed_over } = await newestBundle(folder, [v1]);
    expect(dir).toBe(newest);
    const reasons = Object.fromEntries(
      passed_over.map((entry) => [entry.dir.split("/").at(-1), entry.reason]),
    );
    expect(Object.keys(reasons).sort()).toEqual(["broken", "failed", "stranger", "z-old"]);
    expect(reasons["z-old"]).toBe("a newer one exists");
    expect(reasons.failed).toBe("marked not servable");
    expect(reasons.stranger).toContain("another definition of v1");
    expect(reasons.broken).toContain("BUNDLE_INVALID");
  });

  it("is the newest of every set the service computes, and none of a set it does not", async () => {
    const folder = await freshFolder();
    const of_v1 = await writeBundle(folder, bundle("1", 1));
    const of_trades = { feature_set: trades.name, set_hash: trades.hash, label: "last" } as const;
    const newer = await writeBundle(folder, bundle("2", 2, of_trades));
    expect((await newestBundle(folder, [v1, trades])).dir).toBe(newer);
    const { dir, passed_over } = await newestBundle(folder, [v1]);
    expect([dir, passed_over]).toEqual([of_v1, [{ dir: newer, reason: "trained on the set trades" }]]);
    await writeFile(join(folder, "champion"), "ridge-v1/2\n");
    expect((await newestBundle(folder, [v1, trades])).dir).toBe(newer);
  });

  it("is the one named by the file champion, older or not", async () => {
    const folder = await freshFolder();
    const old = await writeBundle(folder, bundle("old", 1));
    await writeBundle(folder, bundle("new", 2));
    await writeFile(join(folder, "champion"), "ridge-v1/old\n");
    expect((await newestBundle(folder, [v1])).dir).toBe(old);
  });

  it("is never quietly another than the champion named", async () => {
    const folder = await freshFolder();
    await writeBundle(folder, bundle("good", 1));
    await writeBundle(folder, bundle("stranger", 2, { set_hash: OTHER }));
    const expected: [text: string, code: string][] = [
      ["ridge-v1/stranger", "FEATURE_SET_MISMATCH"],
      ["ridge-v1/missing", "BUNDLE_INVALID"],
      ["../ridge-v1/good", "BUNDLE_INVALID"],
      ["", "BUNDLE_INVALID"],
    ];
    for (const [text, code] of expected) {
      await writeFile(join(folder, "champion"), text);
      expect(await rejection(newestBundle(folder, [v1]))).toEqual(expect.objectContaining({ code }));
    }
  });
});
